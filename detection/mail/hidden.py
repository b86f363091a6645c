"""Which parts of an HTML mail a reader cannot see: by style, by attribute, by a simple class rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detection.mail.defects import Defects
from detection.mail.limits import Limits
from detection.mail.message import Defect

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
_CLASS = re.compile(r"""class\s*+=\s*+["']?([^"'>]{1,300})""", re.IGNORECASE)
_NO_DISPLAY = re.compile(r"display\s*+:\s*+none")
_NOT_VISIBLE = re.compile(r"visibility\s*+:\s*+(?:hidden|collapse)")
_SELECTOR = re.compile(r"(?:^|,)\s*[a-z]{0,10}\.([\w-]{1,60})\s*(?=,|\Z)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")
_COLON = re.compile(r"&(?:#58|#x3a|colon);?", re.IGNORECASE)

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_BLOCK_NAMES = "p div table ul ol h1 h2 h3 h4 h5 h6 blockquote form hr center section"
_CLOSES_PARAGRAPH = frozenset(_BLOCK_NAMES.split())
_LOOK_BACK = 16
_MOST_CLASSES = 50
_SHEET = 50_000


class Effects(dict[str, int]):
    """The effect of each attribute text of one HTML part, worked out once: most tags repeat an earlier one.

    `raw_names` and `raw_texts` are the part's elements of raw text, style sheets among them, and their contents.
    """

    def __init__(self, raw_names: Sequence[str | None], raw_texts: Sequence[str | None]) -> None:
        super().__init__()
        self.classes = _hiding_classes(raw_names, raw_texts)

    def __missing__(self, attributes: str) -> int:
        if self.classes:
            found = _CLASS.search(attributes)
            if found and not self.classes.isdisjoint(found[1].split()):
                self[attributes] = HIDES
                return HIDES
        effect = _known.get(attributes, -1)
        if effect < 0:
            effect = effect_of(attributes)
            if len(attributes) <= _LONGEST_KNOWN:
                if len(_known) >= _MOST_KNOWN:
                    _known.clear()
                _known[attributes] = effect
        self[attributes] = effect
        return effect


_LONGEST_KNOWN = 400
_MOST_KNOWN = 20_000
_known: dict[str, int] = {}
"""Effects of attribute texts met in earlier mail: templates repeat theirs in every mail, and from mail to mail."""


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


class Hidden:
    """Follows the tags of one HTML part and says after each whether text there is hidden.

    Elements are followed only from the first one that hides: the stack is empty in what is plainly visible. Many
    layouts are built in a font of no size, and set a real one where text stands.
    """

    __slots__ = ("defects", "effects", "nesting", "open", "state", "watched")

    def __init__(self, effects: Effects, limits: Limits, defects: Defects) -> None:
        self.effects = effects
        self.nesting = limits.html_nesting
        self.defects = defects
        self.open: list[tuple[str, int]] = []
        """Open elements since the first that hides, each with the state before it."""
        self.state = NOTHING
        self.watched: frozenset[str] = frozenset()
        """While `state` is HIDES: the tags (lower case) that can end it; nothing else inside matters."""

    def after(self, name: str, attributes: str) -> int:
        """Tell of a tag (`name` with its slash when it closes); nonzero when the text after it is hidden.

        To be told of every tag while anything is open (of the `watched` ones while it hides), else only of tags whose
        effect hides.
        """
        name = name.lower()
        following = self.open
        if name[0] == "/":
            self._close(name[1:])
            return self.state
        if name in _VOID:
            return self.state
        if following and name in _CLOSES_PARAGRAPH and following[-1][0] == "p":
            self.state = following.pop()[1]
        if len(following) >= self.nesting:
            self.defects.add(Defect.CAPPED_HTML)
            return self.state
        state = self.state
        effect = self.effects[attributes] if attributes and state != HIDES else NOTHING
        following.append((name, state))
        if effect >= ZERO_FONT:
            self.state = effect
            if effect == HIDES:
                self.watched = frozenset((name, "/" + name)) | (_CLOSES_PARAGRAPH if name == "p" else frozenset())
        elif (state == ZERO_FONT and effect & REAL_FONT) or (state == INK_IS_PAPER and effect & COLOUR):
            self.state = NOTHING
        return self.state

    def _close(self, name: str) -> None:
        following = self.open
        for back in range(1, min(_LOOK_BACK, len(following)) + 1):
            if following[-back][0] == name:
                self.state = following[-back][1]
                del following[-back:]
                return


def _hiding_classes(names: Sequence[str | None], texts: Sequence[str | None]) -> frozenset[str]:
    """Classes that a style sheet hides on every screen (rules within @media and the like apply to some only)."""
    found: set[str] = set()
    for name, text in zip(names, texts, strict=True):
        if name is None or text is None or name.lower() != "style":
            continue
        sheet = text[:_SHEET]
        if "/*" in sheet:
            sheet = _COMMENT.sub("", sheet)
        lowered = sheet.lower() if sheet.isascii() else sheet
        for pattern in (_NO_DISPLAY, _NOT_VISIBLE):
            for count, match in enumerate(pattern.finditer(lowered)):
                if count == _MOST_CLASSES:
                    break
                found.update(_selected(sheet, lowered, match.start()))
    return frozenset(found)


def _selected(sheet: str, lowered: str, at: int) -> list[str]:
    """The classes whose rule the declaration at a place of a style sheet belongs to; none inside an at-rule."""
    if lowered.count("{", 0, at) - lowered.count("}", 0, at) != 1:
        return []
    opens = lowered.rfind("{", 0, at)
    begins = max(lowered.rfind(mark, max(0, opens - 1_000), opens) for mark in ("}", ";", ">"))
    selector = sheet[max(begins + 1, opens - 1_000) : opens].strip()
    return [] if selector.startswith("@") else _SELECTOR.findall(selector)
