"""What a mail's bytes say, field by field."""

from __future__ import annotations

import pytest

from detection.mail.message import Authentication, Defect, Message, Role, Skip, SkipReason
from detection.mail.parse import parse

_FIELDS = b"From: Ann Smith <Ann@Acme.example>\r\nTo: bob@acme.example\r\nDate: Fri, 8 Sep 2023 05:47:04 +0200\r\n"


def read(content: bytes) -> Message:
    message = parse(content)
    assert isinstance(message, Message), message
    return message


def with_headers(*lines: str | bytes, body: bytes = b"hello\r\n") -> Message:
    raw = b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
    return read(raw + b"\r\n" + body)


def has(message: Message, defect: Defect) -> bool:
    return bool(message.defects & defect)


def test_an_ordinary_mail_is_read_whole() -> None:
    message = read(
        _FIELDS
        + b"Cc: =?utf-8?q?J=C3=BCrgen?= <j@partner.example>\r\nSubject: Lunch\r\n today\r\nMessage-ID: <1@acme.example>\r\n"
        b"In-Reply-To: <0@acme.example>\r\nReferences: <a@x> <0@acme.example>\r\nX-Mailer: Pony 1.0\r\n"
        b"Reply-To: team@acme.example\r\nReturn-Path: <bounce@acme.example>\r\n\r\nSee https://acme.example/menu.\r\n"
    )
    assert message.sender is not None
    assert (message.sender.name, message.sender.address, message.sender.domain) == (
        "Ann Smith",
        "ann@acme.example",
        "acme.example",
    )
    assert [(r.mailbox.address, r.mailbox.name, r.role) for r in message.recipients] == [
        ("bob@acme.example", "", Role.TO),
        ("j@partner.example", "Jürgen", Role.CC),
    ]
    assert message.date == 1694144824
    assert message.subject == "Lunch today"
    assert message.message_id == "1@acme.example"
    assert message.in_reply_to == "0@acme.example"
    assert message.references == ("a@x", "0@acme.example")
    assert message.mailer == "Pony 1.0"
    assert message.reply_to is not None
    assert message.reply_to.address == "team@acme.example"
    assert message.envelope_sender is not None
    assert message.envelope_sender.address == "bounce@acme.example"
    assert message.text == "See https://acme.example/menu."
    assert [(link.url, link.host) for link in message.links] == [("https://acme.example/menu", "acme.example")]
    assert message.content_types == ("text/plain",)
    assert {"from", "to", "reply-to", "x-mailer"} <= message.headers_present
    assert message.defects == 0
    assert not message.bulk


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", SkipReason.NOT_A_MESSAGE),
        (b"\r\n\r\n", SkipReason.NOT_A_MESSAGE),
        (bytes(range(256)) * 10, SkipReason.NOT_A_MESSAGE),
        (b"Note: this is prose\nTodo: write a mail\n\nthe end", SkipReason.NOT_A_MESSAGE),
        (b"x" * 50_000_001, SkipReason.TOO_LARGE),
    ],
)
def test_what_is_no_message_is_skipped_with_its_reason(content: bytes, reason: SkipReason) -> None:
    skip = parse(content)
    assert isinstance(skip, Skip)
    assert skip.reason is reason


@pytest.mark.parametrize(
    "start", [b"From x@y Mon Jan 1 00:00:00 2024\n", b">From x@y Mon\n", b"\r\n\r\n", b"\xef\xbb\xbf"]
)
def test_what_stands_before_the_first_field_is_passed_over(start: bytes) -> None:
    message = read(start + _FIELDS + b"\r\nhi")
    assert message.sender is not None
    assert message.sender.address == "ann@acme.example"


def test_line_ends_of_every_kind_read_alike() -> None:
    crlf = _FIELDS + b"Subject: a\r\n b\r\n\r\nhi\r\nthere\r\n"
    variants = [crlf, crlf.replace(b"\r\n", b"\n"), crlf.replace(b"\r\n", b"\r")]
    read_alike = {(m.subject, m.text, m.date, m.sender) for m in map(read, variants)}
    assert len(read_alike) == 1
    assert next(iter(read_alike))[1] == "hi\nthere"


def test_headers_without_body_or_final_newline() -> None:
    message = read(b"From: a@acme.example\r\nSubject: last line")
    assert message.subject == "last line"
    assert message.text == ""


@pytest.mark.parametrize(
    ("written", "address", "name", "disagree"),
    [
        ("Account team ,_<x1@evil.example>", "x1@evil.example", "Account team", True),
        ("Shop Team,(<x@evil.example>)", "x@evil.example", "Shop Team", True),
        ('"Gift", <x@evil.example>', "x@evil.example", "Gift", True),
        ('"boss@acme.example", <x@evil.example>', "x@evil.example", "boss@acme.example", True),
        ("Smith, Ann <ann@acme.example>", "ann@acme.example", "Smith, Ann", True),
        ("boss@acme.example <x@evil.example>", "x@evil.example", "boss@acme.example", True),
        ("a@acme.example, b@evil.example", "a@acme.example", "", False),
        ("<a@acme.example>, <b@evil.example>", "a@acme.example", "", True),
        ("x@acme.example <x@acme.example>", "x@acme.example", "x@acme.example", False),
        ('"boss@acme.example" <x@evil.example>', "x@evil.example", "boss@acme.example", False),
        ("Ann <a@acme.example >", "a@acme.example", "Ann", False),
        ("a@acme.example (Ann Smith)", "a@acme.example", "Ann Smith", False),
        ("Ann <@relay.example:a@acme.example>", "a@acme.example", "Ann", True),
        ("Ann a@acme.example", "a@acme.example", "Ann", True),
        ("=?utf-8?q?Ann_=3Ca=40acme=2Eexample=3E?=", "a@acme.example", "Ann", True),
        ("Ann <a@müller.example>", "a@xn--mller-kva.example", "Ann", False),
        ("=?utf-8?b?QW5uLCBhbmQ=?= <a@acme.example>", "a@acme.example", "Ann, and", False),
    ],
)
def test_the_sender_is_found_however_from_is_written(written: str, address: str, name: str, disagree: bool) -> None:
    message = with_headers("From: " + written)
    assert message.sender is not None
    assert (message.sender.address, message.sender.name) == (address, name)
    assert has(message, Defect.PARSERS_DISAGREE) is disagree


@pytest.mark.parametrize("written", ["", "Ann", '"Ann" <>', "<@acme.example>", "undisclosed-recipients:;"])
def test_a_sender_without_an_address_is_none(written: str) -> None:
    message = with_headers("From: " + written, "Subject: x")
    assert message.sender is None
    assert has(message, Defect.BROKEN_FROM)


def test_two_from_headers_with_different_senders_are_told() -> None:
    message = with_headers("From: a@acme.example", "From: b@evil.example")
    assert message.sender is not None
    assert message.sender.address == "a@acme.example"
    for defect in (Defect.SEVERAL_FROM, Defect.DUPLICATE_HEADER, Defect.PARSERS_DISAGREE):
        assert has(message, defect)


def test_names_that_an_exchange_export_keeps_beside_the_addresses() -> None:
    message = with_headers(
        "From: ann.smith@acme.example",
        "To: bob@acme.example, carl@acme.example",
        "Cc: dan@acme.example",
        "X-From: Smith, Ann </O=ACME/OU=NA/CN=RECIPIENTS/CN=ASMITH>",
        "X-To: Bob B Jones, Carl Carlson",
        "X-cc: Dan, Dora",
    )
    assert message.sender is not None
    assert message.sender.name == "Smith, Ann"
    # One name for each address, or none at all: "Dan, Dora" may be one name or two.
    assert [r.mailbox.name for r in message.recipients] == ["Bob B Jones", "Carl Carlson", ""]


def test_recipients_of_every_spelling_and_each_once() -> None:
    message = with_headers(
        "From: a@acme.example",
        'To: Team: "Jones, Bob" <bob@acme.example>, carl@acme.example; , BOB@acme.example',
        "Cc: (the boss) dora@acme.example, Erik (x) <erik@acme.example>",
        "Bcc: carl@acme.example",
    )
    assert [(r.mailbox.address, r.mailbox.name) for r in message.recipients] == [
        ("bob@acme.example", "Jones, Bob"),
        ("carl@acme.example", ""),
        ("dora@acme.example", "the boss"),
        ("erik@acme.example", "Erik"),
    ]


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        (b"=?utf-8?B?w6nDqQ==?= =?utf-8?B?w6k=?=", "ééé"),
        (b"=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=A9?=", "é"),
        (b"=?iso-8859-1?Q?caf=E9?= au =?UTF-8?Q?lait?=", "café au lait"),
        (b"=?utf-8?Q?why? because??=", "why? because?"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?utf-8*en?Q?hi?=", "hi"),
        (b"=?utf-8?B?w6k?=", "é"),
        ("ungeöffnet".encode(), "ungeöffnet"),
        ("ungeöffnet".encode("latin-1"), "ungeöffnet"),
        ("=?iso-8859-1?Q?Fr_ö?=".encode("latin-1"), "Fr ö"),
        (b"a\0b\tc", "ab c"),
        (b"=?utf-8?Q?a=0Ab=00?=", "a b "),
    ],
)
def test_subjects_are_decoded_as_a_reader_sees_them(written: bytes, subject: str) -> None:
    assert with_headers("From: a@acme.example", b"Subject: " + written).subject == subject.strip()


def test_raw_headers_are_read_in_the_charset_of_the_body() -> None:
    message = with_headers(
        "From: a@acme.example",
        b"Subject: " + "привет".encode("koi8-r"),
        "Content-Type: text/plain; charset=koi8-r",
    )
    assert message.subject == "привет"
    assert has(message, Defect.RAW_8BIT_HEADER)


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Fri, 8 Sep 2023 05:47:04 +0200", 1694144824),
        ("8 Sep 2023 05:47 GMT", 1694152020),
        ("Fri, 08 Sep 23 05:47:04 PDT", 1694177224),
        ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
        ("Tue, 1 Jan 1980 00:00:00 -0800", 315561600),
        ("Fri, 8 Sep 3610 05:47:04 +0000", 51775048024),
        ("Sep 8 05:47:04 2023", 1694152024),
        ("2023-09-08T05:47:04", None),
        ("yesterday", None),
        ("Fri, 99 Sep 2023 05:47:04", None),
    ],
)
def test_dates_are_read_whatever_their_year_and_none_only_when_unreadable(written: str, date: int | None) -> None:
    message = with_headers("From: a@acme.example", "Date: " + written)
    assert message.date == date
    assert has(message, Defect.BROKEN_DATE) is (date is None)


def test_the_way_is_read_newest_first_with_the_border_network() -> None:
    message = with_headers(
        "Received: from hub.acme.example (10.0.0.7) by store.acme.example; Fri, 8 Sep 2023 05:47:04 +0000",
        "Received: from helo.evil.example (rdns.evil.example [8.8.4.4])",
        " by hub.acme.example with ESMTP; Fri, 8 Sep 2023 05:47:00 +0000",
        "Received: from [192.168.0.3] by helo.evil.example; Fri, 8 Sep 2023 05:40:00 +0000",
        "X-Originating-IP: [9.9.9.9]",
        "From: a@acme.example",
    )
    assert message.received == 1694152024
    assert message.received_path == ("hub.acme.example", "helo.evil.example", "192.168.0.3")
    assert message.sending_network == "8.8.4.0/24"
    assert message.time == message.received


def test_a_large_service_handing_on_between_its_own_public_addresses_is_not_the_sender() -> None:
    message = with_headers(
        "Received: from B.mail.example (2603:10b6:a03:477::19) by C.mail.example with HTTPS; Fri, 8 Sep 2023 05:47:04 +0000",
        "Received: from A.mail.example (2603:10a6:10:130::24) by B.mail.example",
        " (2603:10b6:a03:477::19) with SMTP; Fri, 8 Sep 2023 05:47:04 +0000",
        "Received: from evil.example (8.8.4.4) by A.mail.example (10.1.1.1); Fri, 8 Sep 2023 05:47:04 +0000",
        "From: a@acme.example",
    )
    assert message.sending_network == "8.8.4.0/24"


def test_a_peer_that_only_calls_itself_a_neighbour_is_the_sender() -> None:
    message = with_headers(
        "Received: from x.acme.example (8.8.4.4) by mx.acme.example with ESMTP; Fri, 8 Sep 2023 05:47:04 +0000",
        "Received: from y (9.9.9.9) by x; Fri, 8 Sep 2023 05:47:04 +0000",
        "From: a@acme.example",
    )
    assert message.sending_network == "8.8.4.0/24"


def test_an_originating_address_counts_only_when_no_received_has_one() -> None:
    assert with_headers("From: a@acme.example", "X-Originating-IP: [9.9.9.9]").sending_network == "9.9.9.0/24"


def test_authentication_results_of_the_receiving_server() -> None:
    message = with_headers(
        "Authentication-Results: mx.acme.example; spf=pass (it is (nested) fine) smtp.mailfrom=bounce@mail.acme.example;",
        " dkim=fail header.d=list.example; dkim=pass header.i=@mail.example; dkim=pass header.d=acme.example;",
        " dmarc=fail action=none header.from=acme.example",
        "Authentication-Results: mx.acme.example; arc=pass",
        "Received: from a by b; Fri, 8 Sep 2023 05:47:04 +0000",
        "Authentication-Results: mx.acme.example; dmarc=pass",
        "From: a@acme.example",
    )
    assert (message.spf, message.dkim, message.dmarc, message.arc) == (
        Authentication.PASS,
        Authentication.PASS,
        Authentication.FAIL,
        Authentication.PASS,
    )
    assert (message.spf_domain, message.dkim_domain) == ("mail.acme.example", "acme.example")


def test_results_that_a_sender_planted_below_are_not_believed() -> None:
    message = with_headers(
        "Authentication-Results: mx.acme.example; spf=fail smtp.mailfrom=evil.example",
        "Received: from a by b; Fri, 8 Sep 2023 05:47:04 +0000",
        "Authentication-Results: mx.acme.example; dkim=pass header.d=acme.example",
        "From: a@acme.example",
    )
    assert message.spf is Authentication.FAIL
    assert message.dkim is Authentication.UNKNOWN


def test_results_without_a_server_name_as_exchange_online_writes_them() -> None:
    message = with_headers(
        "Authentication-Results: spf=none (sender IP is 8.8.4.4) smtp.mailfrom=evil.example; dkim=none (message not",
        " signed) header.d=none;dmarc=bestguesspass action=none header.from=evil.example;",
        "From: a@evil.example",
    )
    assert (message.spf, message.dkim, message.dmarc) == (Authentication.NONE,) * 3
    assert (message.spf_domain, message.dkim_domain) == ("evil.example", "")


def test_the_highest_arc_instance_and_received_spf_fill_what_is_missing() -> None:
    message = with_headers(
        "ARC-Authentication-Results: i=1; mx.a.example; dkim=fail header.d=x.example; dmarc=fail",
        "ARC-Authentication-Results: i=2; mx.b.example; dkim=pass header.d=x.example; arc=pass",
        "Received-SPF: softfail (mx: domain of x.example) client-ip=8.8.4.4; envelope-from=a@x.example;",
        "From: a@x.example",
    )
    assert (message.spf, message.dkim, message.dmarc, message.arc) == (
        Authentication.SOFTFAIL,
        Authentication.PASS,
        Authentication.UNKNOWN,
        Authentication.PASS,
    )
    assert message.spf_domain == "x.example"


def test_nothing_said_is_unknown_and_not_none() -> None:
    message = with_headers("From: a@x.example")
    assert {message.spf, message.dkim, message.dmarc, message.arc} == {Authentication.UNKNOWN}


@pytest.mark.parametrize(
    ("line", "bulk"),
    [
        ("List-Id: News <news.acme.example>", True),
        ("List-Unsubscribe: <mailto:x@acme.example>", True),
        ("Precedence: Bulk", True),
        ("Auto-Submitted: auto-replied; x", True),
        ("Auto-Submitted: no", False),
        ("Precedence: first-class", False),
    ],
)
def test_bulk_mail_says_so_itself(line: str, bulk: bool) -> None:
    message = with_headers("From: a@acme.example", line)
    assert message.bulk is bulk
    assert message.list_id == ("news.acme.example" if line.startswith("List-Id") else "")
