"""A subject's shape: what is left of it when the marks that differ from mail to mail of one campaign are gone."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_SUBJECT = 400
"""Characters of a subject that are looked at."""

# Reply and forward marks as mail programs write them in the languages of Europe and East Asia.
_REPLIES = "re|aw|antw|antwort|res|resp|rif|r|sv|vs|vá|odp|ynt|ref|συ|απ|回复|回覆|答复|返信|답장|회신"
_FORWARDS = "fwd|fw|wg|tr|enc|rv|i|doorst|vl|vb|vs|továbbítás|pd|ilt|encaminhada|reenv|προωθ|转发|轉寄|轉發|転送|전달"
_MARK = re.compile(
    rf"\s*(?:(?P<reply>{_REPLIES})|(?P<forward>{_FORWARDS}))\s*(?:\[\d+\]|\(\d+\)|\^\d+|\*\d+)?\s*[:：]", re.IGNORECASE
)
_TAG = re.compile(r"\s*(?:\[[^\[\]]{1,60}\]|【[^【】]{1,60}】)")
_DIGITS = re.compile(r"\d+")
_RUN = re.compile(r"[\s_]+")


class Subject(NamedTuple):
    """A subject taken apart."""

    shape: str
    is_reply: bool
    is_forward: bool
    upper_share: float
    """Share of the letters that are upper case; NaN without letters."""


def subject_of(subject: str) -> Subject:
    """The shape of a subject: without reply marks and list tags, digits as `#`, lower case, white space collapsed.

    >>> subject_of("AW: RE: [Sales] Invoice 4711-B")[:3]
    ('invoice #-b', True, False)
    """
    subject = subject[:LONGEST_SUBJECT]
    bare, is_reply, is_forward = _without_marks(subject)
    shape = _RUN.sub(" ", _DIGITS.sub("#", bare.lower())).strip()
    return Subject(shape, is_reply, is_forward, _upper_share(bare))


def _without_marks(subject: str) -> tuple[str, bool, bool]:
    is_reply = is_forward = False
    at = 0
    while True:
        if mark := _MARK.match(subject, at):
            is_reply |= mark.group("reply") is not None
            is_forward |= mark.group("forward") is not None
            at = mark.end()
        elif (tag := _TAG.match(subject, at)) and subject[tag.end() :].strip():
            at = tag.end()
        else:
            return subject[at:], is_reply, is_forward


def _upper_share(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters) if letters else float("nan")
