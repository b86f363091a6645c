"""Hostile mail costs milliseconds or is refused; no bytes make the parser raise.

The bound here is a second, for slow and busy machines; on a quiet core each of these takes well under 50 ms. What grows
with a square of the size would take minutes.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.mail.limits import DEFAULT_LIMITS
from detection.mail.message import Message, Skip
from detection.mail.parse import parse, read_message

_HEAD = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nDate: Fri, 8 Sep 2023 05:47:04 +0000\r\n"
_HTML = _HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n"
_MIXED = _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def header(line: bytes) -> bytes:
    return line + b"\r\n" + _HEAD + b"\r\nhello\r\n"


def nested(depth: int) -> bytes:
    parts = [b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(depth)]
    return _HEAD + b"".join(parts) + b"Content-Type: text/plain\r\n\r\nhi\r\n"


def foreign_recipients(count: int) -> bytes:
    draw = random.Random(1)
    label = lambda: "".join(chr(draw.randint(0x400, 0x4FF)) for _ in range(12))  # noqa: E731
    return ("To: " + ",".join(f"a@{label()}.{label()}.{label()}.example" for _ in range(count))).encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a megabyte of encoded words": lambda: header(b"Subject: " + b" ".join([b"=?utf-8?B?aGVsbG8=?="] * 45_000)),
    "a megabyte of folded encoded words": lambda: header(b"Subject: " + b"\r\n ".join([b"=?utf-8?Q?a_b?="] * 60_000)),
    "a megabyte of beginnings of encoded words": lambda: header(b"Subject: " + b"=?u?Q?" * 170_000),
    "50,000 parts": lambda: _MIXED + b"--b\r\n\r\nx\r\n" * 50_000 + b"--b--",
    "50,000 HTML parts": lambda: (
        _MIXED + b"--b\r\nContent-Type: text/html\r\n\r\n<a href=http://x.example/>y</a>\r\n" * 50_000
    ),
    "50,000 attachments": lambda: _MIXED + b"--b\r\nContent-Type: a/b; name=x.pdf\r\n\r\nAAAA\r\n" * 50_000,
    "40 large HTML parts": lambda: (
        _MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>&notit;" * 10_000 + b"\r\n") * 40
    ),
    "50,000 recipients": lambda: header(b"To: " + b", ".join(b"n <u%d@example.com>" % i for i in range(50_000))),
    "3,000 recipients of foreign domains": lambda: header(foreign_recipients(3_000)),
    "commas in To": lambda: header(b"To: " + b"a," * 500_000),
    "commas in From": lambda: header(b"From: " + b"a," * 500_000),
    "at signs": lambda: header(b"To: " + b"@," * 500_000),
    "20,000 opening parentheses": lambda: header(b"To: " + b"(" * 20_000),
    "20,000 opening parentheses in From": lambda: header(b"From: " + b"(" * 20_000),
    "500 levels": lambda: nested(500),
    "5,000 levels": lambda: nested(5_000),
    "5,000 messages in messages": lambda: _HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    "a boundary on every line": lambda: _MIXED.replace(b"=b", b"=-") + b"\n---" * 2_000_000,
    "100,000 headers": lambda: header(b"\r\n".join(b"X-%d: y" % i for i in range(100_000))),
    "a header of 5 megabytes": lambda: header(b"X: " + b"a" * 5_000_000),
    "a line of 5 megabytes": lambda: b"a" * 5_000_000,
    "parameters": lambda: header(b"Content-Type: text/plain" + b"; a=b" * 8_000),
    "blanks among parameters": lambda: header(b"Content-Type: text/plain;" + b" " * 60_000),
    "20,000 Received": lambda: header(
        b"Received: from a (b [8.8.4.4]) by c; Fri, 8 Sep 2023 05:47:04\r\n" * 20_000 + b"X: y"
    ),
    "200,000 references": lambda: header(b"References: " + b"<a@b> " * 200_000),
    "results": lambda: header(b"Authentication-Results: x" + b"; dkim=pass header.d=a.example" * 20_000),
    "100,000 nested elements": lambda: _HTML + b"<div>" * 100_000,
    "40,000 hidden elements": lambda: _HTML + b'<div style="display:none">' * 40_000,
    "ends that close nothing": lambda: _HTML + b"<div hidden>" + b"<b>" * 600 + b"</i>" * 200_000,
    "100,000 attributes": lambda: _HTML + b"<a " + b" ".join(b"a%d=1" % i for i in range(100_000)) + b">",
    "a megabyte of <": lambda: _HTML + b"<" * 1_000_000,
    "a megabyte of <a b=quote": lambda: _HTML + b'<a b="' * 170_000,
    "a megabyte of <!--": lambda: _HTML + b"<!--" * 250_000,
    "a megabyte of <script>": lambda: _HTML + b"<script>" * 125_000,
    "character references": lambda: _HTML + b"&notit;" * 140_000,
    "references in links": lambda: _HTML + b'<a href="http://a.example/%s">x</a>' % (b"&notin" * 100) * 3_000,
    "style sheets": lambda: _HTML + b"<style>" + b"@a{" * 100_000,
    "30,000 styles": lambda: _HTML + b"".join(b'<p style="color:red;x:%d">y' % i for i in range(30_000)),
    "addresses in text": lambda: _HEAD + b"\r\n" + b"http://x " * 110_000,
    "colons and slashes": lambda: _HEAD + b"\r\n" + b"x://" * 250_000,
    "www": lambda: _HEAD + b"\r\n" + b"(www." * 200_000,
    "brackets after addresses": lambda: _HEAD + b"\r\n" + (b"http://a.example/" + b")" * 1_900 + b" ") * 500,
    "bytes outside windows-1253": lambda: _HTML.replace(b"utf-8", b"cp1253") + b"\xd2" * 1_000_000,
    "bytes outside UTF-16": lambda: _HTML.replace(b"utf-8", b"utf-16") + b"\x00\xd8" * 500_000,
    "bytes outside UTF-8": lambda: _HTML + b"\xff" * 1_000_000,
    "a broken base64 of 6 megabytes": lambda: _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=" * 3_000_000,
    "uuencoded lines": lambda: (
        _HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n" + b"#0V%T\n" * 900_000
    ),
    "a megabyte of noise": lambda: _HEAD + b"\r\n" + random.Random(1).randbytes(1_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_within_its_bound(name: str) -> None:
    content = HOSTILE[name]()
    begun = time.process_time()
    result = read_message(content, DEFAULT_LIMITS)
    assert time.process_time() - begun < 1
    assert isinstance(result, Message | Skip)
    if isinstance(result, Message):
        assert_fits_the_schema(result)


def assert_fits_the_schema(message: Message) -> None:
    """Every text can be written down, and the bounds hold."""
    limits = DEFAULT_LIMITS
    texts = [message.subject, message.text, message.message_id, message.mailer, message.list_id, message.charset]
    texts += [r.mailbox.name + r.mailbox.address for r in message.recipients]
    texts += [link.url + link.host + link.shown + link.shown_host for link in message.links]
    texts += [file.name + file.extension for file in message.attachments]
    if message.sender is not None:
        assert message.sender.address == message.sender.address.lower()
        assert "@" in message.sender.address
        texts.append(message.sender.name + message.sender.address)
    for text in texts:
        text.encode("utf-8")
        assert "\0" not in text
    for host in [link.host for link in message.links] + [r.mailbox.domain for r in message.recipients]:
        assert host.isascii() or ":" in host
    assert len(message.text) <= limits.text_characters
    assert len(message.links) <= limits.links
    assert len(message.recipients) <= limits.recipients
    assert len(message.content_types) <= limits.parts
    assert message.date is None or abs(message.date) < 1 << 40


_SEEDS = (
    _HTML + b'<p style="display:none">x</p><a href="https://x.example/?a&amp;b">x.example</a><form action=y><img>',
    _MIXED
    + b"--b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"=1B$B=\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y\r\n\r\nz\r\n--b\r\nContent-Disposition: attachment;"
    b" filename*0*=utf-8''%41; filename*1=b\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n",
    b"Return-Path: <>\r\nReceived: from a (b [8.8.4.4]) by c (1.2.3.4); Fri, 8 Sep 2023 05:47:04 +0000\r\n"
    b"Authentication-Results: x; spf=pass (a (b)) smtp.mailfrom=a@b; dkim=fail header.d=b\r\n"
    b"Received-SPF: pass client-ip=1.2.3.4\r\nARC-Authentication-Results: i=1; x; dmarc=pass\r\n"
    b'From: =?utf-8?Q?=C3=BC?= "a, b" ,_<a@b.example> (c), d@e\r\nTo: g: <a@\xc3\xbc.example>, "x" y@z;\r\n'
    b"X-From: A, B </O=C>\r\nX-To: A, B\r\nDate: 1 Jan 99 1:2 PST\r\nList-Id: x <y>\r\nReferences: <a> <b\r\n"
    b"\r\nwww.x.example\r\n",
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    for one in (content, _HEAD + content, _HTML + content, _MIXED + b"--b\n" + content):
        result = read_message(one, DEFAULT_LIMITS)
        if isinstance(result, Message):
            assert_fits_the_schema(result)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_SEEDS), st.randoms(use_true_random=False), st.integers(1, 12))
def test_no_change_to_a_mail_makes_it_raise(seed: bytes, draw: random.Random, changes: int) -> None:
    content = bytearray(seed)
    for _ in range(changes):
        at = draw.randrange(len(content) + 1)
        to = min(len(content), at + draw.randrange(1, 9))
        what = draw.randrange(5)
        if what == 0:
            del content[at:to]
        elif what == 1:
            content[at:at] = bytes(draw.choices(b"\0\r\n\"<>()@,;:=?\\'&%-[] \xff\xc3", k=draw.randrange(1, 6)))
        elif what == 2:
            content[at:at] = content[at:to] * draw.randrange(2, 30)
        elif what == 3:
            content[at:to] = bytes(draw.choices(range(256), k=to - at))
        elif len(content) > 2:
            content = content[:at] if draw.random() < 0.3 else content
    result = read_message(bytes(content), DEFAULT_LIMITS)
    if isinstance(result, Message):
        assert_fits_the_schema(result)


_ODD = Path(__file__).parents[3] / "corpora" / "odd-mime"


@pytest.mark.skipif(not _ODD.is_dir(), reason="corpora/odd-mime is not there: unpack the corpora to run this")
def test_every_strange_message_of_other_parsers_goes_through() -> None:
    paths = [path for path in _ODD.rglob("*") if path.is_file()]
    assert len(paths) > 100
    read = 0
    for path in paths:
        result = read_message(path.read_bytes(), DEFAULT_LIMITS)
        if isinstance(result, Message):
            assert_fits_the_schema(result)
            read += 1
    assert read > 0.9 * len(paths)


def test_a_mistake_of_the_parser_becomes_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("detection.mail.parse.way_of", fail)
    result = parse(_HEAD + b"\r\nx")
    assert isinstance(result, Skip)
    assert result.reason == "unreadable"
    assert "planted" in result.detail


def test_unknown_charsets_leave_no_trace_in_memory() -> None:
    from encodings import _cache  # type: ignore[attr-defined]

    before = len(_cache)
    for _ in range(50):
        name = os.urandom(8).hex().encode()
        parse(_HEAD + b"Content-Type: text/plain; charset=" + name + b"\r\n\r\n\xff")
    assert len(_cache) == before
