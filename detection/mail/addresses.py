"""Address lists (RFC 5322 section 3.4) read as mail programs show them, and the sender above all.

Attackers write From lines that programs read differently. The list is read leniently, and where the strict reading and
the lenient one name different senders, that is recorded: the disagreement is evidence of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from detection.mail.headers import Headers
from detection.mail.hosts import ascii_host
from detection.mail.message import Defect, Mailbox

LONGEST_ADDRESS = 320
_LONGEST_NAME = 20
_MOST_TOKENS = 20_000

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"?+|<([^>]*+)>?+|([(),;:])|([^"<(),;:)]++)', re.DOTALL)
_ONE = re.compile(r'\s*+(?:"([^"\\]*+)"|([^"<>(),;:@\\]*+))\s*+<([^<>\s",;:()@]++@[^<>\s",;:()@]++)>\s*+\Z')
_BARE = re.compile(r"\s*+([^\s<>\",;:()@\[\]]++@[^\s<>\",;:()@\[\]]++)\s*+\Z")
_ANGLE = re.compile(r"<\s*+([^<>@\s]{1,256}@[^<>@\s]{1,256})\s*+>?")
_NOT_BARE = re.compile(r"[\"<>(:;]")
_COMMENT = re.compile(r"\([^()]*+\)")
_DELIMITER = re.compile(r"[\s<>\",;:()@\[\]]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def sender_of(headers: Headers) -> Mailbox | None:
    """The first From mailbox; None when none can be read. Records what is wrong with it among the defects."""
    defects = headers.defects
    values = headers.values.get("from")
    if not values:
        defects.add(Defect.NO_FROM)
        return None
    sender = _sender_in(values[0], headers)
    for value in values[1:4]:
        defects.add(Defect.SEVERAL_FROM)
        other = _sender_in(value, headers)
        if other is not None and sender is not None and other.address != sender.address:
            defects.add(Defect.PARSERS_DISAGREE)
        sender = sender or other
    return sender


def mailbox_of(headers: Headers, name: str) -> Mailbox | None:
    """The first mailbox of a field such as Reply-To or Return-Path; None when there is none."""
    values = headers.values.get(name)
    if not values:
        return None
    text = headers.characters(values[0], headers.limits.value_bytes)
    return next((found for found, _ in mailboxes(text, headers)), None) or _anywhere(text, "", headers)


def mailboxes(text: str, headers: Headers) -> Iterator[tuple[Mailbox, bool]]:
    """The mailboxes of a list, in order, each with whether it keeps the grammar.

    `text` holds encoded words undecoded, so that an encoded comma does not split a name. Text without an address is
    taken as the beginning of the next display name (`Smith, John <john@acme.example>`), which breaks the grammar.
    """
    one = _ONE.match(text)
    if one is not None:
        box = _mailbox(one[1] or one[2] or "", one[3], headers)
        if box is not None:
            yield box, True
            return
    if _NOT_BARE.search(text) is None:
        plain = [_bare(piece) for piece in map(str.strip, text.split(",", _MOST_TOKENS)) if piece]
        if None not in plain:
            yield from ((box, True) for box in plain if box is not None)
            return
    entry = _Entry()
    depth = 0
    for count, token in enumerate(_TOKEN.finditer(text)):
        quoted, in_angle, mark, word = token.groups()
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= depth > 0
        elif depth:
            entry.comment = entry.comment or quoted or in_angle or word or ""
        elif word is not None:
            if not word.isspace():
                entry.open_at = entry.open_at or "@" in word
            entry.words.append(word)
        elif quoted is not None:
            entry.words.append(_ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted)
        elif in_angle is not None:
            entry.kept_grammar = entry.kept_grammar and not entry.angle
            entry.angle = entry.angle or in_angle
        elif mark == ":" and not entry.angle:
            # A group's name (RFC 5322 section 3.4), or "mailto:".
            entry.words.clear()
        elif entry.angle or entry.open_at:
            yield from _finished(entry, headers)
            entry = _Entry()
        elif entry.words:
            # No address yet: the name goes on after the comma. Empty elements are allowed (obs-mbox-list).
            entry.kept_grammar = entry.kept_grammar and all(map(str.isspace, entry.words))
            if len(entry.words) > _LONGEST_NAME:
                entry.words.clear()
            elif not entry.kept_grammar:
                entry.words.append(", ")
        if count == _MOST_TOKENS:
            headers.defects.add(Defect.CAPPED_RECIPIENTS)
            break
    yield from _finished(entry, headers)


@lru_cache(maxsize=1 << 14)
def _bare(address: str) -> Mailbox | None:
    """The mailbox of an ordinary address without a name; None for anything else. An organisation's own recur all day."""
    if len(address) > LONGEST_ADDRESS or not address.isascii() or _BARE.match(address) is None or "'" in address:
        return None
    local, _, domain = address.lower().rpartition("@")
    domain = domain.strip(".")
    return Mailbox("", f"{local}@{domain}", domain) if domain else None


class _Entry:
    """One element of a list while it is read."""

    __slots__ = ("angle", "comment", "kept_grammar", "open_at", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.comment = ""
        self.angle = ""
        self.open_at = False
        """Whether an @ stands outside quotes, comments and angle brackets."""
        self.kept_grammar = True


def _finished(entry: _Entry, headers: Headers) -> Iterator[tuple[Mailbox, bool]]:
    name = "".join(entry.words)
    kept_grammar = entry.kept_grammar
    if entry.angle:
        box = _mailbox(name, entry.angle, headers)
        if entry.open_at and box is not None:
            # An address in the open before the angle bracket: some programs take the one, some the other.
            kept_grammar = kept_grammar and _address_in(name)[1].lower() in ("", box.address)
        kept_grammar = kept_grammar and entry.angle.count("@") == 1
    elif entry.open_at:
        bare = _BARE.match(name)
        if bare is not None:
            box = _mailbox(entry.comment, bare[1], headers)
        else:
            before, address = _address_in(name)
            box = _mailbox(before, address, headers)
            kept_grammar = False
    else:
        return
    if box is not None:
        yield box, kept_grammar


def _sender_in(value: bytes, headers: Headers) -> Mailbox | None:
    defects = headers.defects
    text = headers.characters(value, headers.limits.value_bytes)
    one = _ONE.match(text)
    if one is not None:
        return _mailbox(one[1] or one[2] or "", one[3], headers)
    bare = _BARE.match(text)
    if bare is not None:
        return _mailbox("", bare[1], headers)
    found = [pair for pair, _ in zip(mailboxes(text, headers), range(2), strict=False)]
    angles = _ANGLE.findall(text)
    lenient = _mailbox(_before_last_angle(text), angles[-1], headers) if angles else None
    if not found:
        lenient = lenient or _anywhere(headers.decoded(text), "", headers)
        defects.add(Defect.BROKEN_FROM)
        if lenient is not None:
            defects.add(Defect.PARSERS_DISAGREE)
        return lenient
    strict, kept_grammar = found[0]
    if len(found) > 1:
        defects.add(Defect.SEVERAL_FROM)
    if not kept_grammar:
        defects.add(Defect.BROKEN_FROM)
        defects.add(Defect.PARSERS_DISAGREE)
    elif lenient is not None and lenient.address != strict.address:
        defects.add(Defect.PARSERS_DISAGREE)
    return strict


def _before_last_angle(text: str) -> str:
    return text[: text.rfind("<")].strip(" \t,;(")


def _anywhere(text: str, name: str, headers: Headers) -> Mailbox | None:
    before, address = _address_in(text)
    return _mailbox(name or before, address, headers) if address else None


def _address_in(text: str) -> tuple[str, str]:
    """The first thing in a text that looks like an address, and what stands before it; empty when there is none."""
    at = text.find("@")
    for _ in range(_LONGEST_NAME):
        if at < 0:
            break
        local = _DELIMITER.split(text[max(0, at - 256) : at])[-1]
        domain = _DELIMITER.split(text[at + 1 : at + 257], maxsplit=1)[0]
        if local and domain:
            return text[: at - len(local)], f"{local}@{domain}"
        at = text.find("@", at + 1)
    return "", ""


def _mailbox(name: str, address: str, headers: Headers) -> Mailbox | None:
    if "<" in address:
        address = address.rpartition("<")[2]
    if "(" in address:
        address = _COMMENT.sub("", address)
    if ":" in address:
        # A source route (RFC 5322 section 4.4), "mailto:", or a group's name that got into the brackets.
        address = address.rpartition(":")[2]
    address = address.strip(" \t'")
    if '"' in address:
        address = address.strip('"') if address.endswith('"') or address.count('"') == 1 else address
    local, at, domain = address.rpartition("@")
    if not at or len(address) > LONGEST_ADDRESS:
        return None
    if " " in address:
        local, domain = "".join(local.split()), "".join(domain.split())
    domain = ascii_host(domain, headers.foreign)
    if not local or not domain:
        return None
    return Mailbox(display_name(name, headers), local.lower() + "@" + domain, domain)


def display_name(name: str, headers: Headers) -> str:
    """A display name as shown: encoded words decoded, white space and outer quotes removed, cut."""
    if not name:
        return ""
    name = " ".join(headers.decoded(name).split()).strip("\"' ,;<(")
    if name.endswith(", _"):
        # What "Name ,_<address>" leaves: a comma meant to stop parsers, not part of the name.
        name = name[:-3].rstrip()
    return name[: headers.limits.name_characters]
