"""Each oddity of a link and of an attachment: one that has it, one that has not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_builder import attachment, link

from detection.keys import NO_KEY, key_of
from detection.mail import attachment_features, link_features
from detection.mail.batch import AttachmentFlag, LinkFlag
from detection.mail.link_features import recipient_needles
from detection.mail.message import Attachment, Link

PLAIN = "https://example.com/news/2024"
NEEDLES = recipient_needles(["bob.jones@acme.example"])


def flags(url: str, shown_host: str = "") -> LinkFlag:
    features = link_features.features_of(link(url, shown_host=shown_host), NEEDLES)
    assert features is not None
    return LinkFlag(features.flags)


def test_an_ordinary_link_has_no_oddity() -> None:
    assert flags(PLAIN) == LinkFlag(0)


@pytest.mark.parametrize(
    ("flag", "url"),
    [
        (LinkFlag.IP_HOST, "https://192.0.2.10/a"),
        (LinkFlag.IP_HOST, "https://3221225994/a"),
        (LinkFlag.SHORTENER, "https://bit.ly/abc"),
        (LinkFlag.PUNYCODE, "https://xn--pypal-4ve.com/"),
        (LinkFlag.CREDENTIAL_WORD, "https://example.com/secure/login.php"),
        (LinkFlag.CREDENTIAL_WORD, "https://login.bank.evil.example/"),
        (LinkFlag.USERINFO, "https://www.acme.com@evil.example/x"),
        (LinkFlag.ODD_PORT, "https://example.com:8443/x"),
        (LinkFlag.PLAIN_HTTP, "http://example.com/x"),
        (LinkFlag.REDIRECTOR, "https://example.com/r?u=https%3A%2F%2Fevil.example"),
        (LinkFlag.REDIRECTOR, "https://eu.safelinks.protection.outlook.com/?url=x"),
        (LinkFlag.FREE_HOSTING, "https://my-page.web.app/"),
        (LinkFlag.DATA_OR_SCRIPT, "data:text/html;base64,PGI+"),
        (LinkFlag.DATA_OR_SCRIPT, "JavaScript:alert(1)"),
        (LinkFlag.RECIPIENT_IN_URL, "https://example.com/?e=bob.jones@acme.example"),
        (LinkFlag.RECIPIENT_IN_URL, "https://example.com/?e=bob.jones%40acme.example"),
        (LinkFlag.RECIPIENT_IN_URL, "https://example.com/#Ym9iLmpvbmVzQGFjbWUuZXhhbXBsZQ=="),
    ],
)
def test_an_oddity_is_flagged(flag: LinkFlag, url: str) -> None:
    assert flag in flags(url)


@pytest.mark.parametrize(
    ("flag", "url"),
    [
        (LinkFlag.IP_HOST, "https://v1.example.com/"),
        (LinkFlag.SHORTENER, "https://rabbit.ly.example.com/"),
        (LinkFlag.CREDENTIAL_WORD, "https://verisign.example/"),
        (LinkFlag.USERINFO, "https://example.com/@someone"),
        (LinkFlag.ODD_PORT, "https://example.com:443/x"),
        (LinkFlag.RECIPIENT_IN_URL, "https://example.com/?e=somebody@else.example"),
    ],
)
def test_what_only_looks_like_it_is_not(flag: LinkFlag, url: str) -> None:
    assert flag not in flags(url)


def test_showing_one_site_and_leading_to_another_is_flagged_within_a_site_it_is_not() -> None:
    assert LinkFlag.SHOWN_HOST_DIFFERS in flags(PLAIN, shown_host="acme.com")
    assert LinkFlag.SHOWN_HOST_DIFFERS not in flags(PLAIN, shown_host="www.example.com")
    assert LinkFlag.SHOWN_HOST_DIFFERS not in flags(PLAIN)


@pytest.mark.parametrize("url", ["mailto:a@b.example", "tel:+49301234", "#top", "page2.html", "cid:image1", ""])
def test_what_leads_to_no_place_is_no_link(url: str) -> None:
    assert link_features.features_of(link(url)) is None


def test_a_link_is_known_by_its_registrable_domain() -> None:
    features = link_features.features_of(link("https://a.b.example.co.uk/x"))
    assert features is not None
    assert features.site_key == key_of("example.co.uk")
    assert features.shown_site_key == NO_KEY


@given(st.builds(Link, st.text(max_size=200), st.text(max_size=300), st.text(max_size=20), st.text(max_size=20)))
def test_any_link_has_features_or_is_none(any_link: Link) -> None:
    link_features.features_of(any_link, NEEDLES)


# --- attachments -----------------------------------------------------------------------------------------------------


def file_flags(made: Attachment) -> AttachmentFlag:
    return AttachmentFlag(attachment_features.features_of(made).flags)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (attachment("report.pdf", "application/pdf", "application/pdf"), AttachmentFlag.DOCUMENT),
        (
            attachment("photo.jpeg", "image/jpeg", "image/jpeg", inline=True),
            AttachmentFlag.IMAGE | AttachmentFlag.INLINE,
        ),
        (attachment("letter.docx", "application/octet-stream", "application/zip"), AttachmentFlag.DOCUMENT),
        (attachment("setup.exe", "application/octet-stream", "application/x-dosexec"), AttachmentFlag.EXECUTABLE),
        (attachment("open.js"), AttachmentFlag.SCRIPT),
        (attachment("link.lnk", "application/octet-stream"), AttachmentFlag.SCRIPT),
        (attachment("plan.xlsm"), AttachmentFlag.MACRO | AttachmentFlag.DOCUMENT),
        (attachment("all.zip", "application/zip", "application/zip"), AttachmentFlag.ARCHIVE),
        (attachment("disk.iso"), AttachmentFlag.DISK_IMAGE),
        (attachment("page.htm", "text/html"), AttachmentFlag.HTML),
        (attachment("invite.ics", "text/calendar"), AttachmentFlag.CALENDAR),
        (attachment("notes.txt", "text/plain"), AttachmentFlag.DOCUMENT),
        (attachment("key.asc", "application/pgp-keys", "text/plain"), AttachmentFlag(0)),
        (attachment("a.doc", "application/msword", "application/x-ole-storage"), AttachmentFlag.DOCUMENT),
        (attachment("a.doc", "", "application/x-ole-storage; macro"), AttachmentFlag.DOCUMENT | AttachmentFlag.MACRO),
        (attachment("a.doc", "application/msword"), AttachmentFlag.DOCUMENT | AttachmentFlag.MACRO),
        (attachment("a.docx", "", "application/x-ole-storage"), AttachmentFlag.DOCUMENT | AttachmentFlag.ENCRYPTED),
        (
            attachment("all.zip", "application/zip", "application/zip; encrypted"),
            AttachmentFlag.ARCHIVE | AttachmentFlag.ENCRYPTED,
        ),
    ],
)
def test_kinds_of_files_have_their_flags(made: Attachment, expected: AttachmentFlag) -> None:
    assert file_flags(made) == expected


@pytest.mark.parametrize(
    "made",
    [
        attachment("invoice.pdf", "application/pdf", "application/x-dosexec"),
        attachment("invoice.pdf", "application/pdf", "text/html"),
        attachment("photo.jpg", "image/jpeg", "application/zip"),
        attachment("letter.doc", "application/x-msdownload"),
    ],
)
def test_bytes_or_header_that_contradict_the_name_are_a_mismatch(made: Attachment) -> None:
    assert AttachmentFlag.TYPE_MISMATCH in file_flags(made)


@pytest.mark.parametrize(
    "made",
    [
        attachment("old.xls", "application/vnd.ms-excel", "application/x-ole-storage"),
        attachment("data.csv", "text/csv", "text/plain"),
        attachment("letter.docx", "application/zip", "application/zip"),
        attachment("letter.docx", "application/msword", "application/zip"),
        attachment("unknown.xyz", "application/octet-stream", "text/plain"),
    ],
)
def test_containers_of_many_kinds_are_no_mismatch(made: Attachment) -> None:
    assert AttachmentFlag.TYPE_MISMATCH not in file_flags(made)


@pytest.mark.parametrize(
    "name", ["invoice.pdf.exe", "scan.pdf          .js", "report.docx.html", "photo.jpg.zip", "a\u202efdp.exe"]
)
def test_a_second_extension_that_hides_the_real_one_is_flagged(name: str) -> None:
    assert AttachmentFlag.DOUBLE_EXTENSION in file_flags(attachment(name))


@pytest.mark.parametrize("name", ["invoice.pdf", "archive.tar.gz", "v1.2.exe", "mr.smith.docx", "setup.exe"])
def test_other_dots_in_a_name_hide_nothing(name: str) -> None:
    assert AttachmentFlag.DOUBLE_EXTENSION not in file_flags(attachment(name))


def test_the_kind_is_what_the_bytes_say_before_header_and_name() -> None:
    def kind(made: Attachment) -> int:
        return attachment_features.features_of(made).type_key

    assert kind(attachment("a.dat", "application/x-unknown", "application/pdf")) == key_of("pdf")
    assert kind(attachment("a.dat", "application/pdf")) == key_of("pdf")
    assert kind(attachment("a.jpeg")) == kind(attachment("b", "image/jpg")) == key_of("jpg")
    assert kind(attachment("a.docx", "", "application/zip")) == key_of("docx")
    assert kind(attachment("a", "", "")) == key_of("unknown")


@given(
    st.builds(Attachment, st.text(max_size=40), st.text(max_size=8), st.text(max_size=40), st.text(max_size=40),
              st.integers(), st.text(max_size=8), st.booleans())
)  # fmt: skip
def test_any_attachment_has_features(made: Attachment) -> None:
    attachment_features.features_of(made)
