"""A mail's parts put together: the text a reader gets, links, images, forms, attachments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from detection.mail import charsets, html, transfer
from detection.mail.attached_pages import is_page, signs_of
from detection.mail.attachments import attachment_of
from detection.mail.defects import Defects
from detection.mail.hosts import ForeignHosts
from detection.mail.limits import Limits
from detection.mail.links import link_of, urls_in
from detection.mail.message import Attachment, Defect, Link
from detection.mail.mime import Part
from detection.mail.qr import QrCodes


@dataclass(slots=True)
class Body:
    """What the parts of one mail hold."""

    text: str = ""
    text_length: int = 0
    html_length: int = 0
    hidden_length: int = 0
    images: int = 0
    forms: int = 0
    charset: str = ""
    links: list[Link] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)


def body_of(parts: list[Part], limits: Limits, defects: Defects) -> Body:
    """The body of a mail from its leaves.

    The plain text speaks for the mail unless it is a stub beside a much longer HTML text (`_STUB`). Parts inside an
    attached message give links and attachments, not text. A QR code in a picture gives a link too,
    and an attached page its links, forms and hidden text, under the same caps as the body's HTML.
    """
    body = Body()
    plain: list[str] = []
    shown: list[str] = []
    shown_length = 0
    links = _Links(limits, defects)
    codes = QrCodes(limits, defects)
    read = pages = 0
    bytes_left, tokens_left = limits.body_bytes, limits.html_tokens
    for part in parts:
        if not _is_text(part, read) or read >= limits.text_parts:
            if read >= limits.text_parts:
                defects.add(Defect.CAPPED_PARTS)
            data = transfer.decode(part.body, part.encoding, defects)
            attachment = _attachment(part, data)
            if pages < limits.text_parts and is_page(attachment, part.content_type):
                pages += 1
                if len(data) > bytes_left:
                    defects.add(Defect.CAPPED_HTML)
                    data = data[: max(0, bytes_left)]
                bytes_left -= len(data)
                text = charsets.decode(data, part.charset, defects)
                signs = signs_of(text, limits.links)
                attachment = replace(attachment, unpacks=signs.unpacks, asks_password=signs.asks_password)
                reading = html.read(text, limits, defects, tokens_left, 1)
                tokens_left -= reading.tokens
                for url, visible in reading.links:
                    links.add(url, visible)
                for url in signs.targets:
                    links.add(url, "")
                for url in codes.urls_in_html(text):
                    links.add_from_code(url)
                if not part.within:
                    body.hidden_length += reading.hidden_length
                    body.forms += reading.forms
            body.attachments.append(attachment)
            for url in codes.urls_of(data, attachment.sniffed_type, attachment.sha256):
                links.add_from_code(url)
            continue
        read += 1
        data = transfer.decode(part.body, part.encoding, defects)
        if len(data) > bytes_left:
            defects.add(Defect.CAPPED_HTML if part.content_type == "text/html" else Defect.CAPPED_TEXT)
            data = data[:bytes_left]
        bytes_left -= len(data)
        text = charsets.decode(data, part.charset, defects)
        body.charset = body.charset or part.charset
        if part.content_type == "text/html":
            reading = html.read(text, limits, defects, tokens_left, limits.text_characters - shown_length)
            tokens_left -= reading.tokens
            for url, visible in reading.links:
                links.add(url, visible)
            links.add_from_text(reading.loose)
            for url in codes.urls_in_html(text):
                links.add_from_code(url)
            if not part.within:
                body.html_length += len(text)
                body.hidden_length += reading.hidden_length
                body.images += reading.images
                body.forms += reading.forms
                shown.append(reading.text)
                shown_length += reading.text_length
        else:
            links.add_from_text(text)
            if not part.within:
                plain.append(text)
    body.links = links.found
    _choose_text(body, plain, shown, shown_length, limits, defects)
    return body


_STUB = 4
"""HTML text this many times longer than the plain text is what readers get: "your program cannot show this mail"."""


def _choose_text(
    body: Body, plain: list[str], shown: list[str], shown_length: int, limits: Limits, defects: Defects
) -> None:
    text = "\n".join(plain) if len(plain) != 1 else plain[0]
    if "\0" in text:
        text = text.replace("\0", "")
    text = text.strip()
    length = len(text)
    if shown_length > _STUB * length:
        text, length = "\n".join(filter(None, shown)), shown_length
    if length > limits.text_characters:
        defects.add(Defect.CAPPED_TEXT)
        text = text[: limits.text_characters]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    body.text, body.text_length = text, length


def _is_text(part: Part, read: int) -> bool:
    """Whether a part is read as text. A named text part is a file, unless it is the first and not marked attached."""
    if part.content_type not in ("text/plain", "text/html"):
        return False
    if part.disposition == "attachment":
        return False
    return not part.name or read == 0


def _attachment(part: Part, data: bytes) -> Attachment:
    inline = part.disposition == "inline" or (part.has_id and part.disposition != "attachment")
    return attachment_of(part.name, part.content_type, data, inline)


class _Links:
    """Links without repeats; a bare address that an anchor gave before is one link."""

    def __init__(self, limits: Limits, defects: Defects) -> None:
        self.limits = limits
        self.defects = defects
        self.foreign = ForeignHosts(limits.foreign_hosts)
        self.found: list[Link] = []
        self._seen: set[tuple[str, str]] = set()
        self._urls: set[str] = set()

    def add(self, url: str, shown: str) -> None:
        if (url, shown) in self._seen or not url or url[0] == "#":
            return
        self._seen.add((url, shown))
        link = link_of(url, shown, self.limits, self.foreign)
        if self._append(link):
            self._urls.add(link.url)

    def add_from_code(self, url: str) -> None:
        """A link in a picture is one of its own, even when the text gives it too."""
        link = replace(link_of(url, "", self.limits, self.foreign), from_code=True)
        if link not in self.found:
            self._append(link)

    def _append(self, link: Link) -> bool:
        if len(self.found) >= self.limits.links:
            self.defects.add(Defect.CAPPED_LINKS)
            return False
        self.found.append(link)
        return True

    def add_from_text(self, text: str) -> None:
        if "://" in text or "ww." in text or "WW." in text:
            for url in urls_in(text, self.limits.links + 1):
                if url not in self._urls:
                    self.add(url, "")
