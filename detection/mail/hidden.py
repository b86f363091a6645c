"""Which parts of an HTML mail a reader cannot see: by style, by attribute, by a simple class rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from detection.mail.defects import Defects
from detection.mail.limits import Limits
from detection.mail.message import Defect

_SHOWN, _ZERO_FONT, _HIDDEN = range(3)

_SURE = (
    "display:none",
    "visibility:hidden",
    "visibility:collapse",
    "max-height:0;",
    "max-height:0px",
    "text-indent:-9",
)
_OPACITY = re.compile(r"(?<![\w-])opacity:(?:0?\.0+|0)(?![\d.%])")
_FONT_SIZE = re.compile(r"font-size:\s*+([\d.]{1,9})")
_COLOURS = re.compile(r"(?:^|[;\"'{])(color|background(?:-color)?):(#[0-9a-f]{3,6}|[a-z]{3,20}|rgb\([\d,]{5,11}\))")
_ATTRIBUTE = re.compile(r"""(?:^|[\s"'/])hidden(?=[\s=/]|\Z)""", re.IGNORECASE)
_CLASS = re.compile(r"""class\s*+=\s*+["']?([^"'>]{1,300})""", re.IGNORECASE)
_BRACE = re.compile(r"([{}])")
_SELECTOR = re.compile(r"(?:^|,)\s*[a-z]{0,10}\.([\w-]{1,60})\s*(?=,|\Z)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")

_MARKS = (b"display:none", b"visibility:", b"font-size:0", b"font-size:.", b"font-size:1px", b"opacity:0", b"opacity:.")
_MORE_MARKS = (
    b"max-height:0",
    b"text-indent:-9",
    b"hidden",
    b"background:",
    b"background-color:",
    b"/*",
    b"&#",
    b"&colon",
)
_BLANK = b" \t\r\n\f"

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_BLOCK_NAMES = "p div table ul ol h1 h2 h3 h4 h5 h6 blockquote form hr center section"
_CLOSES_PARAGRAPH = frozenset(_BLOCK_NAMES.split())
_LOOK_BACK = 16
_MOST_CLASSES = 50
_MOST_BRACES = 4_000


def may_hide(html: str) -> bool:
    """Whether anything in it could hide text: a cheap no for most mail."""
    squeezed = html.encode("ascii", "ignore").lower().translate(None, _BLANK)
    return any(mark in squeezed for mark in _MARKS) or any(mark in squeezed for mark in _MORE_MARKS)


class Hidden:
    """Follows the tags of one HTML part and says after each whether text there is hidden.

    Elements are followed only from the first one that hides: the stack is empty in what is plainly visible. A font of
    no size hides its text until an element inside sets a real one, which is how many layouts are built.
    """

    def __init__(
        self, raw_names: Sequence[str | None], raw_texts: Sequence[str | None], limits: Limits, defects: Defects
    ) -> None:
        self.limits = limits
        self.defects = defects
        self.classes = _hiding_classes(raw_names, raw_texts)
        self.open: list[tuple[str, int]] = []
        """Open elements since the first that hides, each with the state before it."""
        self.state = _SHOWN

    def after(self, name: str, attributes: str) -> int:
        """Tell of a tag (`name` with its slash when it closes); nonzero when the text after it is hidden."""
        if name[0] == "/":
            if self.open:
                self._close(name[1:].lower())
            return self.state
        following = self.open
        if not following and len(attributes) < 8 and not self.classes:
            return self.state
        effect = self._effect(attributes) if self.state != _HIDDEN and attributes else None
        if not following and (effect is None or effect == _SHOWN):
            return self.state
        name = name.lower()
        if name in _VOID:
            return self.state
        if following and name in _CLOSES_PARAGRAPH and following[-1][0] == "p":
            self.state = following.pop()[1]
            if effect is None or effect == _SHOWN:
                effect = None
        if len(following) >= self.limits.html_nesting:
            self.defects.add(Defect.CAPPED_HTML)
            return self.state
        if following or effect:
            following.append((name, self.state))
            if effect is not None:
                self.state = effect
        return self.state

    def _close(self, name: str) -> None:
        following = self.open
        for back in range(1, min(_LOOK_BACK, len(following)) + 1):
            if following[-back][0] == name:
                self.state = following[-back][1]
                del following[-back:]
                return

    def _effect(self, attributes: str) -> int | None:
        """What a tag's attributes do to visibility; None: nothing."""
        if self.classes and "lass" in attributes.lower():
            found = _CLASS.search(attributes)
            if found and not self.classes.isdisjoint(found[1].split()):
                return _HIDDEN
        style = attributes.replace(" ", "").lower()
        if "hidden" in style and "hidden" in attributes.lower() and _ATTRIBUTE.search(attributes):
            return _HIDDEN
        if ":" in style or "&" in style:
            return _style_effect(style, self.state)
        return None


def _style_effect(style: str, state: int) -> int | None:
    """What a style (lower case, without spaces) does to visibility in `state`."""
    if "\n" in style or "\t" in style:
        style = "".join(style.split())
    if "&" in style:
        style = style.replace("&#58;", ":").replace("&#x3a;", ":").replace("&colon;", ":")
    if "/*" in style:
        style = _COMMENT.sub("", style)
    for mark in _SURE:
        if mark in style:
            return _HIDDEN
    if "opacity:" in style and _OPACITY.search(style):
        return _HIDDEN
    effect: int | None = None
    if "font-size:" in style:
        size = _FONT_SIZE.search(style)
        if size is not None:
            effect = _font_effect(size[1], state)
        elif state == _ZERO_FONT:
            effect = _SHOWN
    if effect is None and "color:" in style and "background" in style:
        colours = dict(_COLOURS.findall(style))
        ink = colours.get("color")
        if ink and ink in (colours.get("background-color"), colours.get("background")):
            return _HIDDEN
    return effect


def _font_effect(size: str, state: int) -> int | None:
    try:
        points = float(size)
    except ValueError:
        return None
    if points == 0 or points == 1:
        return _ZERO_FONT
    return _SHOWN if state == _ZERO_FONT else None


def _hiding_classes(names: Sequence[str | None], texts: Sequence[str | None]) -> frozenset[str]:
    """Classes that a style sheet hides on every screen (rules within @media apply to some only)."""
    found: set[str] = set()
    for name, text in zip(names, texts, strict=True):
        if name is None or text is None or name.lower() != "style" or "{" not in text:
            continue
        for selector, declarations in _plain_rules(_COMMENT.sub("", text[:50_000])):
            if _style_effect("".join(declarations.lower().split()), _SHOWN) == _HIDDEN:
                found.update(_SELECTOR.findall(selector.strip()[-1_000:]))
            if len(found) > _MOST_CLASSES:
                return frozenset(found)
    return frozenset(found)


def _plain_rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selector and declarations of the rules that stand in no at-rule."""
    depth = 0
    selector = before = ""
    for piece in _BRACE.split(sheet, maxsplit=_MOST_BRACES):
        if piece == "{":
            depth += 1
            if depth == 1:
                selector = before.rpartition(";")[2].strip()
        elif piece == "}":
            if depth == 1 and not selector.startswith("@"):
                yield selector, before
            depth -= depth > 0
        else:
            before = piece
