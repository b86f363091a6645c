"""What one mail says, parsed: the only place where its text lives, and only in memory.

A `Message` belongs to no tenant yet: who is inside and who is outside is decided when it becomes columns
(`detection.mail.columns`). Text fields are never written to disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Folder(IntEnum):
    """Where in a mailbox a copy was found; `UNKNOWN` when the source does not say."""

    UNKNOWN = 0
    INBOX = 1
    SENT = 2
    JUNK = 3
    TRASH = 4
    OTHER = 5


class Authentication(IntEnum):
    """One result of RFC 8601 section 2.7. `UNKNOWN`: no trustworthy header speaks of it, which is not `NONE`."""

    UNKNOWN = 0
    NONE = 1
    PASS = 2
    NEUTRAL = 3
    SOFTFAIL = 4
    FAIL = 5
    TEMPERROR = 6
    PERMERROR = 7


class Role(IntEnum):
    """How a recipient is addressed. `DELIVERED`: not named in To or Cc, but the mail lay in this mailbox."""

    TO = 0
    CC = 1
    BCC = 2
    DELIVERED = 3


class Defect(IntEnum):
    """Bits of `Message.defects`: what was wrong with the bytes, and which cap cut them."""

    NO_FROM = 1 << 0
    SEVERAL_FROM = 1 << 1
    BROKEN_FROM = 1 << 2
    NO_DATE = 1 << 3
    BROKEN_DATE = 1 << 4
    RAW_8BIT_HEADER = 1 << 5
    BROKEN_ENCODED_WORD = 1 << 6
    BROKEN_MIME = 1 << 7
    BROKEN_ENCODING = 1 << 8
    UNKNOWN_CHARSET = 1 << 9
    DUPLICATE_HEADER = 1 << 10
    CAPPED_HEADERS = 1 << 11
    CAPPED_RECIPIENTS = 1 << 12
    CAPPED_PARTS = 1 << 13
    CAPPED_DEPTH = 1 << 14
    CAPPED_TEXT = 1 << 15
    CAPPED_HTML = 1 << 16
    CAPPED_LINKS = 1 << 17
    PARSERS_DISAGREE = 1 << 18
    BODY_UNKNOWN = 1 << 19
    """Not a fault of the mail: its source gave headers only. Set by whoever read it, never from its bytes."""
    PICTURE_UNREAD = 1 << 20
    """A picture was too large, one of too many, or broken: whether it holds a QR code is unknown."""


class SkipReason(StrEnum):
    """Why a message did not become columns; each is counted apart in the accounting."""

    NOT_A_MESSAGE = "not-a-message"
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    GONE = "gone"
    """Deleted or moved by its owner between being listed and being read."""
    NO_USABLE_DATE = "no-usable-date"
    OUTSIDE_LOOKBACK = "outside-lookback"
    LEFT_TO_WATCH = "left-to-watch"
    """It came since the tenant is active: it becomes history once it was decided on live, and by that alone."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A message that could not become columns, and why; `detail` is for people."""

    reason: SkipReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One RFC 5322 section 3.4 mailbox: display name as decoded, address lower-cased, `domain` in ASCII (IDNA)."""

    name: str
    address: str
    domain: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee."""

    mailbox: Mailbox
    role: Role


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the body or of a QR code in a picture: where it goes, and what the reader is shown."""

    url: str
    host: str
    """Lower-case ASCII host of `url`; empty for links without one (mailto:, tel:, relative)."""
    shown: str = ""
    """Visible text of the anchor, cut to 200 characters; empty for bare URLs in text."""
    shown_host: str = ""
    """The host that the visible text claims, when it looks like an address of its own."""
    from_code: bool = False
    """It stands in a picture, as a QR code (`detection.mail.qr`)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached or inline file. Of pages and pictures the content is read, of others the first bytes."""

    name: str
    extension: str
    """Lower-case last extension without the dot."""
    declared_type: str
    sniffed_type: str
    """What the first bytes say it is; empty when they say nothing."""
    size: int
    """Decoded bytes."""
    sha256: str
    inline: bool = False
    unpacks: bool = False
    """A page that builds a page or a file out of encoded data in itself (`detection.mail.attached_pages`)."""
    asks_password: bool = False
    """A page with a field for a password."""


@dataclass(frozen=True, slots=True)
class Message:
    """One mail. Everything here comes from its bytes alone."""

    message_id: str
    """Without angle brackets; empty when missing."""
    date: int | None
    """The Date header in seconds since the epoch (UTC); None when missing or broken."""
    received: int | None
    """Time of the topmost Received header, seconds since the epoch (UTC): when it got here."""
    sender: Mailbox | None
    """First From address; None when there is none that can be read."""
    envelope_sender: Mailbox | None
    """The Return-Path (RFC 5321 reverse-path), where the receiving server wrote it down."""
    reply_to: Mailbox | None
    recipients: tuple[Recipient, ...]
    subject: str
    in_reply_to: str
    references: tuple[str, ...]
    mailer: str
    """User-Agent or X-Mailer, as written."""
    list_id: str
    bulk: bool
    """Says of itself that it is bulk or automatic: List-Id, List-Unsubscribe, Precedence, Auto-Submitted."""
    received_path: tuple[str, ...]
    """Hosts or addresses of the `from` clauses of the Received headers, newest first."""
    sending_network: str
    """The nearest public address that handed the mail in (IPv4 /24 or IPv6 /48), or empty."""
    spf: Authentication
    dkim: Authentication
    dmarc: Authentication
    arc: Authentication
    spf_domain: str
    dkim_domain: str
    text: str
    """Readable text: of the plain part, or of the HTML as a reader sees it; capped."""
    text_length: int
    """Characters of `text` before the cap, as far as counted."""
    html_length: int
    hidden_text_length: int
    """Characters of HTML text that a reader cannot see, in the body and in attached pages."""
    image_count: int
    form_count: int
    """Forms of the body and of attached pages."""
    links: tuple[Link, ...]
    attachments: tuple[Attachment, ...]
    content_types: tuple[str, ...]
    charset: str
    size: int
    """Raw bytes."""
    defects: int
    """Bits of `Defect`."""
    headers_present: frozenset[str] = field(default_factory=frozenset)
    """Lower-case names of the headers seen."""

    @property
    def time(self) -> int | None:
        """When it happened, for the order of history: the receiving server's word before the sender's."""
        return self.received if self.received is not None else self.date
