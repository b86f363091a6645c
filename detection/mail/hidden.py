"""What a tag's attributes do to the text within: whether a reader can see it."""

from __future__ import annotations

import re

NOTHING, REAL_FONT, COLOUR = 0, 1, 2
"""What a tag's attributes do to the text within; the last two are bits."""
ZERO_FONT, INK_IS_PAPER, HIDES = 4, 5, 6
"""Effects that hide. The first two hide until an element inside sets a real font size, or a colour."""

_SURE = ("display:none", "visibility:hidden", "visibility:collapse", "text-indent:-9")
_NOT_QUITE_ZERO = re.compile(r"(?:max-height|opacity):0(?:\.0*+)?+[1-9][^;]*+", re.IGNORECASE)
_FONT_SIZE = re.compile(r"font-size:\s*+([\d.]{1,9})")
_INK = re.compile(r"color:(?<![\w-]color:)([^;\"'}]{1,40})")
_PAPER = re.compile(r"background(?:-color)?:([^;\"'}]{1,40})")
_ATTRIBUTE = re.compile(r"""(?:^|[\s"'/])hidden(?=[\s=/]|\Z)""", re.IGNORECASE)
_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")
_COLON = re.compile(r"&(?:#58|#x3a|colon);?", re.IGNORECASE)


def effect_of(attributes: str) -> int:
    """What the attributes of a tag do to the text within, whatever the style sheets say."""
    if ":" not in attributes and "&" not in attributes and "idde" not in attributes and "IDDE" not in attributes:
        return NOTHING
    style = attributes.replace(" ", "").lower()
    if "hidden" in style and style.count("hidden") > style.count(":hidden") and _ATTRIBUTE.search(attributes):
        return HIDES
    if "style" not in style:
        return NOTHING
    if "&" in style:
        style = _COLON.sub(":", style)
    if "\n" in style or "\t" in style:
        style = "".join(style.split())
    if "/*" in style:
        style = _COMMENT.sub("", style)
    return style_effect(style)


def style_effect(style: str) -> int:
    """What a style (lower case, without white space) does.

    >>> style_effect("color:red;display:none") == HIDES, style_effect("opacity:0.9") == NOTHING
    (True, True)
    """
    for mark in _SURE:
        if mark in style:
            return HIDES
    if "opacity:0" in style or ("max-height:0" in style and "overflow:hidden" in style):
        rest = _NOT_QUITE_ZERO.sub("", style)
        if "opacity:0" in rest or "max-height:0" in rest:
            return HIDES
    effect = NOTHING
    if "color:" in style:
        if "background" in style and style.count("color:") > style.count("-color:") and _ink_is_paper(style):
            return INK_IS_PAPER
        effect = COLOUR
    if "font-size:" in style:
        if "font-size:0" in style or "font-size:1" in style or "font-size:." in style:
            size = _FONT_SIZE.search(style)
            if size is not None and _is_zero(size[1]):
                return ZERO_FONT
        effect |= REAL_FONT
    return effect


def _ink_is_paper(style: str) -> bool:
    paper = _PAPER.search(style)
    ink = _INK.search(style) if paper is not None else None
    return ink is not None and paper is not None and ink[1] == paper[1] and ink[1] not in ("inherit", "transparent")


def _is_zero(size: str) -> bool:
    try:
        return float(size) <= 1
    except ValueError:
        return False
