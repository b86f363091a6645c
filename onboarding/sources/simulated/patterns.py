"""Templates of letters as text files: how they are written, read, checked and expanded.

A file holds the templates of one kind; the folder that it lies in says what such mail is (`benign`, `phishing`,
`fraud`, `spam`). A template begins with a line `@ LANGUAGE`, or `@ LANGUAGE plain` for mail that is only ever plain
text; the next line is the subject, and all up to the next `@` is the body:

    @ en
    {Your parcel|Parcel {number}} {is waiting|could not be delivered}
    {hello},

    please [[confirm your address]] before {date}.

    {bye}

`{a|b|c}` is one of its alternatives, which may be empty or hold others; `{name}` is a slot, alike all through a
letter; `[[words]]` is a link. Lines that begin with `#` above the first template are comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from onboarding.sources.simulated.randomness import Draw

FOLDER = Path(__file__).parent / "wording" / "training"
LABELS = ("benign", "phishing", "fraud", "spam")
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh", "ru", "tr", "he", "ar")


class PatternError(ValueError):
    """A template cannot be read: the message names the file, the line and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several texts."""

    texts: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that is alike all through a letter."""

    name: str


Piece = str | Slot | Choice
Pattern = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of letter, before chance and names."""

    name: str
    """Its file and place in it: `phishing/parcel/3`."""
    label: str
    kind: str
    language: str
    plain: bool
    subject: Pattern
    body: Pattern


@cache
def templates() -> tuple[Template, ...]:
    """Every template, in the order of their files. Raises PatternError for one that cannot be read."""
    found: list[Template] = []
    for label in LABELS:
        for path in sorted((FOLDER / label).glob("*.txt")):
            found.extend(read_templates(path.read_text(encoding="utf-8"), label, path.stem))
    return tuple(found)


def read_templates(text: str, label: str, kind: str) -> Iterator[Template]:
    """The templates of one file."""
    where = f"{label}/{kind}"
    for number, (line, head, lines) in enumerate(_sections(text, where), start=1):
        language, _, form = head.partition(" ")
        if language not in LANGUAGES or form not in ("", "plain"):
            raise PatternError(f"{where}, line {line}: {head!r} is not a language, with `plain` behind it or nothing")
        while lines and not lines[-1].strip():
            lines.pop()
        if len(lines) < 2 or not lines[0].strip():
            raise PatternError(f"{where}, line {line}: a template is a line of subject and a body below it")
        subject, body = lines[0].strip(), "\n".join(lines[1:]).strip("\n")
        yield Template(
            f"{where}/{number}",
            label,
            kind,
            language,
            form == "plain",
            read_pattern(subject, f"{where}, line {line + 1}"),
            read_pattern(body, f"{where}, line {line + 2}"),
        )


def _sections(text: str, where: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line number, what stands behind the `@`, and the lines below it."""
    line, head, lines = 0, "", list[str]()
    for number, written in enumerate(text.split("\n"), start=1):
        if written.startswith("@ "):
            if line:
                yield line, head, lines
            line, head, lines = number, written[2:].strip(), []
        elif line:
            lines.append(written.rstrip())
        elif written.strip() and not written.startswith("#"):
            raise PatternError(f"{where}, line {number}: text before the first `@ LANGUAGE`")
    if line:
        yield line, head, lines


_TOKEN = re.compile(r"[{}|]")
_NAME = re.compile(r"[a-z]+[0-9]?\Z")


def read_pattern(text: str, where: str = "pattern") -> Pattern:
    """A text with slots and alternatives, taken apart. `where` names it in errors.

    >>> read_pattern("{a dog|}, {day}")
    (Choice(texts=(('a dog',), ())), ', ', Slot(name='day'))
    """
    pattern, at = _sequence(text, 0, where, 0)
    if at < len(text):
        raise PatternError(f"{where}: a brace is closed that was not opened, after {text[max(0, at - 30) : at]!r}")
    return pattern


def _sequence(text: str, at: int, where: str, depth: int) -> tuple[Pattern, int]:
    pieces: list[Piece] = []
    while True:
        token = _TOKEN.search(text, at)
        stop = token.start() if token else len(text)
        if stop > at:
            pieces.append(text[at:stop])
        if token is None or token.group() == "}" or (token.group() == "|" and depth):
            return tuple(pieces), stop
        if token.group() == "|":
            pieces.append("|")
            at = stop + 1
            continue
        inside, at = _braces(text, stop + 1, where, depth + 1)
        pieces.append(inside)


def _braces(text: str, start: int, where: str, depth: int) -> tuple[Piece, int]:
    texts: list[Pattern] = []
    at = start
    while True:
        pattern, at = _sequence(text, at, where, depth)
        texts.append(pattern)
        if at >= len(text):
            raise PatternError(f"{where}: a brace is not closed: {text[start - 1 : start + 30]!r}")
        if text[at] == "}":
            break
        at += 1
    if len(texts) > 1 or any(not isinstance(piece, str) for piece in texts[0]):
        return Choice(tuple(texts)), at + 1
    name = text[start:at]
    if not _NAME.match(name):
        raise PatternError(f"{where}: {{{name}}} is neither a slot's name nor alternatives with | between them")
    return Slot(name), at + 1


def slots_of(pattern: Pattern) -> Iterator[str]:
    """The names of all slots of a pattern."""
    for piece in pattern:
        if isinstance(piece, Slot):
            yield piece.name
        elif isinstance(piece, Choice):
            for text in piece.texts:
                yield from slots_of(text)


def letters_of(pattern: Pattern) -> int:
    """How many different texts a pattern has, values of slots apart."""
    count = 1
    for piece in pattern:
        if isinstance(piece, Choice):
            count *= sum(map(letters_of, piece.texts))
    return count


def expanded(pattern: Pattern, draw: Draw, value: Callable[[str], str]) -> str:
    """One text of a pattern; `value` gives what stands in a slot."""
    out: list[str] = []
    _expand(pattern, draw, value, out)
    return "".join(out)


def _expand(pattern: Pattern, draw: Draw, value: Callable[[str], str], out: list[str]) -> None:
    for piece in pattern:
        if isinstance(piece, str):
            out.append(piece)
        elif isinstance(piece, Slot):
            out.append(value(piece.name))
        else:
            _expand(draw.pick(piece.texts), draw, value, out)
