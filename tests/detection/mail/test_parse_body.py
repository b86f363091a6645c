"""What a mail's body holds: parts, text, links, attachments."""

from __future__ import annotations

import base64
import hashlib

import pytest

from detection.mail.limits import Limits
from detection.mail.message import Defect, Message
from detection.mail.parse import parse

_FROM = b"From: a@acme.example\r\nDate: Fri, 8 Sep 2023 05:47:04 +0000\r\n"


def read(content: bytes, limits: Limits | None = None) -> Message:
    message = parse(content, limits) if limits else parse(content)
    assert isinstance(message, Message), message
    return message


def of_type(content_type: str, body: bytes | str, *more: str) -> Message:
    head = _FROM + b"".join(line.encode() + b"\r\n" for line in (f"Content-Type: {content_type}", *more))
    return read(head + b"\r\n" + (body.encode() if isinstance(body, str) else body))


def part(content_type: str, body: str, *more: str) -> str:
    return "\r\n".join([f"Content-Type: {content_type}", *more, "", body])


def multipart(kind: str, *parts: str, boundary: str = "b") -> str:
    inner = "".join(f"--{boundary}\r\n{one}\r\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\npreamble\r\n{inner}--{boundary}--\r\nepilogue'


def mail(tree: str) -> Message:
    return read(_FROM + tree.encode())


def html(body: str) -> Message:
    return of_type("text/html; charset=utf-8", body)


def shown(body: str) -> str:
    return html(body).text


def test_the_plain_part_speaks_and_both_parts_give_links() -> None:
    message = mail(
        multipart(
            "alternative",
            part("text/plain", "Read it at https://plain.example/a and https://both.example/"),
            part(
                "text/html", '<p>Read <a href="https://html.example/">it</a> <a href="https://both.example/">x</a></p>'
            ),
        )
    )
    assert message.text == "Read it at https://plain.example/a and https://both.example/"
    assert [link.host for link in message.links] == ["plain.example", "both.example", "html.example", "both.example"]
    assert message.content_types == ("multipart/alternative", "text/plain", "text/html")


def test_a_stub_beside_a_long_html_text_does_not_speak() -> None:
    message = mail(
        multipart("alternative", part("text/plain", "Use HTML."), part("text/html", "<p>" + "Pay now. " * 20 + "</p>"))
    )
    assert message.text.startswith("Pay now.")


def test_nested_multiparts_are_read_in_order_and_similar_boundaries_kept_apart() -> None:
    inner = multipart("alternative", part("text/plain", "one"), part("text/html", "<b>two</b>"), boundary="bb")
    message = mail(multipart("mixed", inner, part("text/plain", "three")))
    assert message.text == "one\nthree"
    assert message.defects == 0


def test_a_multipart_without_its_end_is_read_and_told() -> None:
    tree = multipart("mixed", part("text/plain", "one")).partition("--b--")[0]
    message = mail(tree)
    assert message.text == "one"
    assert message.defects & Defect.BROKEN_MIME


def test_a_multipart_that_names_no_boundary_is_read_by_its_first_line() -> None:
    message = of_type("multipart/mixed", "--xyz\r\nContent-Type: text/plain\r\n\r\nfound\r\n--xyz--\r\n")
    assert message.text == "found"


def test_parts_without_headers_are_plain_text() -> None:
    assert of_type("multipart/mixed; boundary=b", "--b\r\n\r\nbare\r\n--b--").text == "bare"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.b64encode("grün".encode()).decode()),
        ("base64", base64.b64encode("grün".encode()).decode().rstrip("=") + "!"),
        ("quoted-printable", "gr=C3=BC=\r\nn"),
        ("8bit", "grün"),
        (" Base64 ;", base64.b64encode("grün".encode()).decode()),
        ("no-such-encoding", "grün"),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, body: str) -> None:
    assert of_type("text/plain; charset=utf-8", body, f"Content-Transfer-Encoding: {encoding}").text == "grün"


@pytest.mark.parametrize("charset", ["zlib", "idna", "a\0b", "unicode_escape", "x" * 5000, "punycode", "hex", "../os"])
def test_a_charset_that_is_no_text_encoding_is_not_used(charset: str) -> None:
    message = of_type(f'text/plain; charset="{charset}"', "grün \\x41")
    assert message.text == "grün \\x41"
    assert message.defects & Defect.UNKNOWN_CHARSET or "\0" in charset


def test_text_that_no_encoding_can_hold_does_not_get_through() -> None:
    of_type("text/plain; charset=utf-7", "+2AA-").text.encode("utf-8")


def test_an_attachment_is_named_sniffed_and_hashed() -> None:
    data = b"%PDF-1.7 hello"
    message = mail(
        multipart(
            "mixed",
            part("text/plain", "see attached"),
            part(
                'application/octet-stream; name="=?utf-8?q?Rechnung_=C3=BC.pdf?="',
                base64.b64encode(data).decode(),
                "Content-Transfer-Encoding: base64",
                "Content-Disposition: attachment",
            ),
            part("image/png", "x", "Content-Disposition: inline; filename*0*=utf-8''%C3%BC; filename*1=.png"),
        )
    )
    first, second = message.attachments
    assert (first.name, first.extension, first.declared_type) == ("Rechnung ü.pdf", "pdf", "application/octet-stream")
    assert (first.sniffed_type, first.size, first.inline) == ("application/pdf", len(data), False)
    assert first.sha256 == hashlib.sha256(data).hexdigest()
    assert (second.name, second.inline) == ("ü.png", True)
    assert message.text == "see attached"


def test_an_attached_message_gives_its_links_and_attachments_but_not_its_text() -> None:
    inner = "From: b@evil.example\r\n" + multipart(
        "mixed",
        part("text/html", '<a href="https://evil.example/">x</a>'),
        part("application/pdf; name=x.pdf", "%PDF-"),
    ).replace('"b"', '"c"').replace("--b", "--c")
    message = mail(multipart("mixed", part("text/plain", "fwd"), part("message/rfc822", inner)))
    assert message.text == "fwd"
    assert [link.host for link in message.links] == ["evil.example"]
    assert [a.declared_type for a in message.attachments] == ["message/rfc822", "application/pdf"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>Dear   Ann,<p>pay<br>now", "Dear Ann,\npay\nnow"),
        ("pass<b></b>wo<span>rd</span>", "password"),
        ("a<!-- <p>no</p> -->b<!-->c<!--->d", "abcd"),
        ("<style>p{}</style><script>if (a<b) '</p>'</script>x<title>no</title>", "x"),
        ('<a title="a>b" href=x>y</a>', "y"),
        ("&#72;i&nbsp;&amp; bye &lt;now&gt;", "Hi & bye <now>"),
        ("pass\u200bword &shy;", "password"),
        ("<script>never closed <p>x", ""),
        ("text <a href='x", "text"),
        ("1 < 2 and 3<4", "1 < 2 and 3<4"),
    ],
)
def test_html_text_is_what_a_reader_sees(body: str, text: str) -> None:
    assert shown(body) == text


@pytest.mark.parametrize(
    "body",
    [
        '<div style="display:none">ham</div>shown',
        '<div style="DISPLAY : none ;color:red">ham</div>shown',
        "<div style='visibility:\nhidden'>ham</div>shown",
        "<div hidden>ham</div>shown",
        '<div style="opacity:0">ham</div>shown',
        '<div style="opacity:0.0;">ham</div>shown',
        '<div style="max-height:0px;overflow:hidden">ham</div>shown',
        '<div style="color:#ffffff;background-color:#ffffff">ham</div>shown',
        '<div style="font-size:0px">ham</div>shown',
        '<div style="font-size:1px">ham</div>shown',
        '<div style="display&#58;none">ham</div>shown',
        '<div style="display:/**/none">ham</div>shown',
        "<style>.x, .pre{ display: none }</style><div class='a pre'>ham</div>shown",
        '<div style="display:none"><div>ham</div><b>ham</b></div>shown',
        '<p style="display:none">ham<p>shown',
        '<td style="font-size:0">ham<div style="font-size:14px">shown</div></td>',
        '<body style="color:#000;background-color:#000">ham<b style="color:#fff">shown</b></body>',
    ],
)
def test_what_is_hidden_is_counted_and_not_read(body: str) -> None:
    message = html(body)
    assert message.text == "shown"
    assert message.hidden_text_length >= 3


@pytest.mark.parametrize(
    "body",
    [
        '<div style="opacity:0.9">shown</div>',
        '<div style="overflow:hidden">shown</div>',
        '<div style="font-size:10px">shown</div>',
        '<div style="max-height:0.5em">shown</div>',
        '<div style="color:#fff;background-color:#000">shown</div>',
        "<style>@media print { .x{display:none} }</style><div class=x>shown</div>",
        '<input type="hidden">shown',
        '<img style="display:none">shown',
        '<div title="hidden">shown</div>',
    ],
)
def test_what_looks_like_hiding_but_is_not_stays_read(body: str) -> None:
    message = html(body)
    assert message.text == "shown"
    assert message.hidden_text_length == 0


def test_links_tell_where_they_go_and_what_they_show() -> None:
    message = html(
        '<a href="https://evil.example/login?a=1&amp;b=2">https://www.bank.example/login</a>'
        "<A class=x HREF='http://user@evil.example:8080/'>bank.example</A>"
        '<a href="https://evil.example/x"><b>Click</b> here</a>'
        '<a href="mailto:a@acme.example">invoice.pdf</a><a name="top">no link</a><a href="#top">no link</a>'
        '<a title=\' href="https://decoy.example/" \' href="//cdn.example/x">x</a>'
        "Or go to https://loose.example/path."
    )
    found = [(link.url, link.host, link.shown, link.shown_host) for link in message.links]
    assert found == [
        ("https://evil.example/login?a=1&b=2", "evil.example", "https://www.bank.example/login", "www.bank.example"),
        ("http://user@evil.example:8080/", "evil.example", "bank.example", "bank.example"),
        ("https://evil.example/x", "evil.example", "Click here", ""),
        ("mailto:a@acme.example", "", "invoice.pdf", ""),
        ("//cdn.example/x", "cdn.example", "x", ""),
        ("https://loose.example/path", "loose.example", "", ""),
    ]


def test_forms_images_refreshes_and_bases_are_seen() -> None:
    message = html(
        '<base href="https://evil.example/"><meta http-equiv="Refresh" content="0; url=https://next.example/">'
        '<form action="https://steal.example/post"><input></form><img src="cid:1"><IMG src="data:image/png;base64,x">'
        '<a href="relative">x</a>'
    )
    assert (message.form_count, message.image_count) == (1, 2)
    assert {link.url for link in message.links} == {
        "https://next.example/",
        "https://steal.example/post",
        "https://evil.example/relative",
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("HTTPS://WWW.Example.COM./x", "www.example.com"),
        ("https:\\\\evil.example\\x", "evil.example"),
        ("https:/evil.example/x", "evil.example"),
        ("ht\ntps://evil.example/x", "evil.example"),
        ("https://good.example@evil.example/x", "evil.example"),
        ("https://ex%61mple.com/", "example.com"),
        ("https://müller.example/", "xn--mller-kva.example"),
        ("https://ex。ample.com/", "ex.ample.com"),
        ("http://3232235777/", "192.168.1.1"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://[::1]:80/", "::1"),
        ("javascript:alert(1)", ""),
        ("tel:+1", ""),
        ("data:text/html,<p>", ""),
    ],
)
def test_hosts_are_told_as_a_browser_would_take_them(url: str, host: str) -> None:
    assert [link.host for link in html(f'<a href="{url}">x</a>').links] == [host]


def test_caps_cut_and_say_so() -> None:
    small = Limits(text_characters=10, links=3, parts=4, recipients=2)
    links = " ".join(f"https://a{i}.example/" for i in range(9))
    message = read(_FROM + b"To: a@x.example, b@x.example, c@x.example\r\n\r\n" + links.encode(), small)
    assert len(message.text) == 10
    assert message.text_length == len(links)
    assert len(message.links) == 3
    assert len(message.recipients) == 2
    for defect in (Defect.CAPPED_TEXT, Defect.CAPPED_LINKS, Defect.CAPPED_RECIPIENTS):
        assert message.defects & defect
    parts = read(_FROM + multipart("mixed", *[part("text/plain", "x")] * 9).encode(), small)
    assert parts.defects & Defect.CAPPED_PARTS
    assert len(parts.content_types) <= 4


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml word/document.xml", "wordprocessingml"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml xl/workbook.xml xl/vbaProject.bin", "macroenabled"),
        (b"PK\x03\x04\x14\0\x01\0" + b"\0" * 26, "encrypted"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "ole"),
        (b"MZ\x90\0", "portable-executable"),
        (b"\0" * 32_769 + b"CD001", "iso9660"),
        (b"L\0\0\0\x01\x14\x02\0", "shortcut"),
        (b" \r\n<!-- pad --><HTML><body>", "text/html"),
        (b'<?xml version="1.0"?><svg onload="x">', "svg"),
        (b"#!/bin/sh\n", "shellscript"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_files_are_known_by_their_first_bytes(data: bytes, kind: str) -> None:
    encoded = base64.b64encode(data).decode()
    message = of_type("application/octet-stream", encoded, "Content-Transfer-Encoding: base64")
    assert kind in message.attachments[0].sniffed_type
    assert bool(kind) is bool(message.attachments[0].sniffed_type)
