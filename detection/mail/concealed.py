"""Which texts of an HTML mail a reader cannot see: by style, by attribute, by a simple class rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detection.mail.defects import Defects
from detection.mail.hidden import COLOUR, HIDES, INK_IS_PAPER, NOTHING, REAL_FONT, ZERO_FONT
from detection.mail.limits import Limits
from detection.mail.message import Defect
from detection.mail.tags import Tag

_CLASS = re.compile(r"""class\s*+=\s*+["']?([^"'>]{1,300})""", re.IGNORECASE)
_NO_DISPLAY = re.compile(r"display\s*+:\s*+none")
_NOT_VISIBLE = re.compile(r"visibility\s*+:\s*+(?:hidden|collapse)")
_SELECTOR = re.compile(r"(?:^|,)\s*[a-z]{0,10}\.([\w-]{1,60})\s*(?=,|\Z)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_BLOCK_NAMES = "p div table ul ol h1 h2 h3 h4 h5 h6 blockquote form hr center section"
_CLOSES_PARAGRAPH = frozenset(_BLOCK_NAMES.split())
_LOOK_BACK = 16
_MOST_CLASSES = 50
_SHEET = 50_000


def conceal(
    tags: Sequence[Tag], texts: list[str], sheets: Sequence[str], limits: Limits, defects: Defects
) -> list[str]:
    """Takes the texts that a reader cannot see out of `texts`, which keeps its length, and returns them.

    Elements are followed only from one that hides until it is closed: nothing else can hide.
    """
    effects = [tag.effect for tag in tags]
    classes = _hiding_classes(sheets) if sheets else frozenset()
    if classes:
        effects = [HIDES if _has(classes, tag.attributes) else tag.effect for tag in tags]
    if not effects or max(effects) < ZERO_FONT:
        return []
    concealed: list[str] = []
    hidden = _Hidden(limits, defects)
    done = 0
    for start in [at for at, effect in enumerate(effects) if effect >= ZERO_FONT]:
        if start < done:
            continue
        done = len(tags)
        state = NOTHING
        for at in range(start, len(tags)):
            name = tags[at].name
            if name and (at == start or state != HIDES or name in hidden.watched):
                state = hidden.after(name, effects[at])
            if state and texts[at]:
                concealed.append(texts[at])
                texts[at] = ""
            if not hidden.open:
                done = at + 1
                break
    return concealed


def _has(classes: frozenset[str], attributes: str) -> bool:
    found = _CLASS.search(attributes) if attributes else None
    return found is not None and not classes.isdisjoint(found[1].split())


class _Hidden:
    """Follows tags from one that hides, and says after each whether text there is hidden.

    Many layouts are built in a font of no size, and set a real one where text stands.
    """

    __slots__ = ("defects", "nesting", "open", "state", "watched")

    def __init__(self, limits: Limits, defects: Defects) -> None:
        self.nesting = limits.html_nesting
        self.defects = defects
        self.open: list[tuple[str, int]] = []
        """Open elements since the first that hides, each with the state before it."""
        self.state = NOTHING
        self.watched: frozenset[str] = frozenset()
        """While `state` is HIDES: the tags that can end it; nothing else inside matters."""

    def after(self, name: str, effect: int) -> int:
        """Tell of a tag (`name` with its slash when it closes); nonzero when the text after it is hidden.

        To be told of every tag while anything is open (of the `watched` ones while it hides), else only of tags whose
        effect hides.
        """
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
        following.append((name, state))
        if state == HIDES:
            return state
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


def _hiding_classes(sheets: Sequence[str]) -> frozenset[str]:
    """Classes that a style sheet hides on every screen (rules within @media and the like apply to some only)."""
    found: set[str] = set()
    for whole in sheets:
        sheet = whole[:_SHEET]
        if "/*" in sheet:
            sheet = _COMMENT.sub("", sheet)
        lowered = sheet.lower() if sheet.isascii() else sheet
        for word, pattern in (("display", _NO_DISPLAY), ("visibility", _NOT_VISIBLE)):
            if word not in lowered:
                continue
            depth = since = 0
            for count, match in enumerate(pattern.finditer(lowered)):
                if count == _MOST_CLASSES:
                    break
                at = match.start()
                depth += lowered.count("{", since, at) - lowered.count("}", since, at)
                since = at
                if depth == 1:
                    found.update(_selected(sheet, lowered, at))
    return frozenset(found)


def _selected(sheet: str, lowered: str, at: int) -> list[str]:
    """The classes whose rule the declaration at a place of a style sheet belongs to; none inside an at-rule."""
    opens = lowered.rfind("{", 0, at)
    begins = max(lowered.rfind(mark, max(0, opens - 1_000), opens) for mark in ("}", ";", ">"))
    selector = sheet[max(begins + 1, opens - 1_000) : opens].strip()
    return [] if selector.startswith("@") else _SELECTOR.findall(selector)
