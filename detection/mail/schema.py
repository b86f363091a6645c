"""The one schema of messages as columns: what each column is, and the flags and levels that columns speak of.

A column is declared once, as a field of `MessageColumns`; the Arrow schema (`SCHEMA`) follows from the declarations.
Columns of level MESSAGE have one value a message; those of the other levels are ragged: flat arrays with one shared
`offsets` array a level, message i owning `flat[offsets[i]:offsets[i + 1]]`.
No column holds text of a mail: no subject, no body, no file name, no URL.
"""

# ruff: noqa: RUF009  (a column is declared by the call that makes its field)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import IntFlag, StrEnum
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detection.keys import NO_KEY, Keys

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]
Flags = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Row = dict[str, Any]
"""One message's values by column name; ragged columns hold sequences."""


class Level(StrEnum):
    """What one value of a column stands for."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    LINK = "link"
    ATTACHMENT = "attachment"
    VARIANT = "variant"
    ACCOUNT = "account"


RAGGED = (Level.RECIPIENT, Level.LINK, Level.ATTACHMENT, Level.VARIANT, Level.ACCOUNT)


class LinkFlag(IntFlag):
    """Bits of `link_flags`."""

    SHOWN_HOST_DIFFERS = 1 << 0
    IP_HOST = 1 << 1
    SHORTENER = 1 << 2
    PUNYCODE = 1 << 3
    CREDENTIAL_WORD = 1 << 4
    USERINFO = 1 << 5
    ODD_PORT = 1 << 6
    PLAIN_HTTP = 1 << 7
    REDIRECTOR = 1 << 8
    FREE_HOSTING = 1 << 9
    DATA_OR_SCRIPT = 1 << 10
    RECIPIENT_IN_URL = 1 << 11
    BRAND_IN_HOST = 1 << 12
    OWN_NAME_IN_URL = 1 << 13
    LONG = 1 << 14
    DEEP_HOST = 1 << 15
    DOWNLOAD = 1 << 16
    DASHED_HOST = 1 << 17
    ACTION_WORDS = 1 << 18
    FROM_QR_CODE = 1 << 19


class AttachmentFlag(IntFlag):
    """Bits of `attachment_flags`."""

    EXECUTABLE = 1 << 0
    SCRIPT = 1 << 1
    MACRO = 1 << 2
    ARCHIVE = 1 << 3
    DISK_IMAGE = 1 << 4
    HTML = 1 << 5
    TYPE_MISMATCH = 1 << 6
    DOUBLE_EXTENSION = 1 << 7
    INLINE = 1 << 8
    IMAGE = 1 << 9
    DOCUMENT = 1 << 10
    CALENDAR = 1 << 11
    ENCRYPTED = 1 << 12
    NAME_LURE = 1 << 13
    MESSAGE = 1 << 14
    UNPACKS = 1 << 15
    PASSWORD_FORM = 1 << 16


def _column(kind: pa.DataType, level: Level = Level.MESSAGE, *, unknown: Any = 0) -> Any:
    return field(metadata={"kind": kind, "level": level, "unknown": unknown})


def _key(level: Level = Level.MESSAGE) -> Any:
    return _column(pa.uint64(), level, unknown=int(NO_KEY))


def _text(level: Level = Level.MESSAGE) -> Any:
    return _column(pa.string(), level, unknown="")


def _tri_state(level: Level = Level.MESSAGE) -> Any:
    return _column(pa.int8(), level, unknown=-1)


def _share() -> Any:
    return _column(pa.float64(), unknown=float("nan"))


def _count() -> Any:
    return _column(pa.uint16())


def _flag(level: Level = Level.MESSAGE) -> Any:
    return _column(pa.bool_(), level, unknown=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class MessageColumns:
    """The columns of some messages. Times are seconds since the epoch (UTC), 0 where unknown; sizes are bytes.

    Keys are those of `detection.keys`, `NO_KEY` where the value is missing. `Small` columns hold the enum of their
    name (`Folder`, `Authentication`, `Role`); tri-state columns hold -1 for unknown.
    """

    # Identity and origin
    message_key: Keys = _column(pa.uint64(), unknown=None)
    """Identity: one key for every copy of a mail, whatever the mailbox (`detection.mail.identity`)."""
    message_id: Sequence[str] = _text()
    mailbox: Sequence[str] = _text()
    path: Sequence[str] = _text()
    """Where the source keeps it, relative to the source."""
    folder: Small = _column(pa.int8())

    # Time
    time: Ints = _column(pa.int64(), unknown=None)
    """When it happened; the order of history."""
    date_skew: Ints = _column(pa.int64(), unknown=-(2**63))
    """Date header minus `time`, seconds; the minimum of int64 when there is no Date."""

    # Sender
    sender: Sequence[str] = _text()
    """Address, lower case; empty when none can be read."""
    sender_name: Sequence[str] = _text()
    """Display name as decoded."""
    sender_domain: Sequence[str] = _text()
    sender_key: Keys = _key()
    sender_domain_key: Keys = _key()
    sender_site_key: Keys = _key()
    """The registrable domain of the sender's domain (public suffix list)."""
    sender_party_key: Keys = _key()
    """Who answers for the sender: the registrable domain, or at free-mail providers the address."""
    sender_name_key: Keys = _key()
    """Display name as a person's name, order and diacritics removed (`detection.mail.names`)."""
    sender_local_name_key: Keys = _key()
    """The person's name that the local part spells (`john.smith@`), normalised alike."""
    sender_name_domain_key: Keys = _key()
    """Registrable domain that the display name itself contains (`"ceo@acme.com" <x@evil.example>`)."""
    sender_is_own: Bools = _flag()
    sender_is_free_mail: Bools = _flag()
    sender_local_digits: Counts = _count()
    sender_domain_length: Counts = _count()
    sender_domain_punycode: Bools = _flag()
    sender_name_role: Bools = _flag()
    """The display name is that of a function or department (IT support, payroll, CEO), not of a person."""
    brand_in_name: Bools = _flag()
    """The display name holds a well-known brand (`data/brands.txt`) whose own domain the sender's is not."""
    brand_in_subject: Bools = _flag()
    """The same of the subject."""
    brand_in_text: Bools = _flag()
    """The same of the beginning of the text, where the mail presents itself."""
    brand_in_domain: Bools = _flag()
    """The same of the sender's domain and local part (`micros0ft-support.example`)."""
    variant_key: Keys = _key(Level.VARIANT)
    """Look-alike forms of the sender's registrable domain: skeletons, one-deletion forms ... (`detection.mail.lookalike`)."""

    # Other addresses
    reply_to: Sequence[str] = _text()
    reply_to_key: Keys = _key()
    reply_to_site_key: Keys = _key()
    reply_to_is_own: Bools = _flag()
    reply_to_is_free_mail: Bools = _flag()
    envelope_sender_key: Keys = _key()
    envelope_site_key: Keys = _key()

    # Recipients
    recipient: Sequence[str] = _text(Level.RECIPIENT)
    recipient_key: Keys = _key(Level.RECIPIENT)
    recipient_site_key: Keys = _key(Level.RECIPIENT)
    recipient_name_key: Keys = _key(Level.RECIPIENT)
    recipient_role: Small = _column(pa.int8(), Level.RECIPIENT)
    recipient_is_own: Bools = _flag(Level.RECIPIENT)
    recipient_count: Counts = _count()
    own_recipient_count: Counts = _count()

    # Thread
    subject_shape_key: Keys = _key()
    """The subject without reply marks, list tags, digits and case: what a campaign has in common."""
    subject_length: Counts = _count()
    subject_is_reply: Bools = _flag()
    subject_is_forward: Bools = _flag()
    subject_upper_share: Floats = _share()
    """Share of the subject's letters that are upper case; NaN without letters."""
    thread_key: Keys = _key()
    """The first of References, else In-Reply-To, else its own Message-ID."""
    parent_key: Keys = _key()
    """The message it says it answers; `NO_KEY` when none."""
    own_id_key: Keys = _key()
    """Key of its own Message-ID."""
    reference_count: Counts = _count()

    # Way and authentication
    received_hops: Counts = _count()
    network_key: Keys = _key()
    mailer_key: Keys = _key()
    """Product name of the sending program, version removed."""
    spf: Small = _column(pa.int8())
    dkim: Small = _column(pa.int8())
    dmarc: Small = _column(pa.int8())
    arc: Small = _column(pa.int8())
    spf_aligned: Small = _tri_state()
    """Tri-state: whether the SPF domain and the From domain share their registrable domain (RFC 7489 section 3.1)."""
    dkim_aligned: Small = _tri_state()
    bulk: Bools = _flag()
    list_key: Keys = _key()
    header_order_key: Keys = _key()
    """Which headers are there, as one key: a fingerprint of the sending program."""

    # Body
    size: Ints = _column(pa.int64())
    text_length: Ints = _column(pa.int64())
    html_length: Ints = _column(pa.int64())
    hidden_text_length: Ints = _column(pa.int64())
    """Characters that a reader cannot see, in the body and in attached pages; as are the forms counted below."""
    image_count: Counts = _count()
    form_count: Counts = _count()
    charset_key: Keys = _key()
    defects: Flags = _column(pa.uint32())
    language: Small = _tri_state()
    """Index into `detection.mail.content.LANGUAGES`; -1 unknown."""
    phone_count: Counts = _count()
    money_count: Counts = _count()
    account_number_count: Counts = _count()
    """IBANs, routing and account numbers, wallet addresses in the text."""
    exclamation_count: Counts = _count()
    upper_word_count: Counts = _count()
    non_ascii_lookalike_count: Counts = _count()
    """Words that mix scripts, as homoglyph attacks do."""
    greeting_generic: Bools = _flag()
    """"Dear customer", "Dear user" and the like."""
    quoted_length: Ints = _column(pa.int64())
    """Characters of quoted or forwarded history in the text, which the counts above and the lures leave out."""
    text_model_phishing: Floats = _share()
    """Log-odds by the text model (`detection.mail.text_model`); NaN without a model or with hardly any text."""
    text_model_fraud: Floats = _share()
    text_model_spam: Floats = _share()

    # Lures: phrases of each intent found in subject and text (`detection.mail.content`)
    lure_credential: Counts = _count()
    lure_account_threat: Counts = _count()
    lure_payment: Counts = _count()
    lure_invoice: Counts = _count()
    lure_bank_change: Counts = _count()
    lure_payroll: Counts = _count()
    lure_gift_card: Counts = _count()
    lure_secrecy: Counts = _count()
    lure_urgency: Counts = _count()
    lure_task: Counts = _count()
    lure_callback: Counts = _count()
    lure_extortion: Counts = _count()
    lure_document_share: Counts = _count()
    lure_advance_fee: Counts = _count()
    lure_file_password: Counts = _count()
    lure_qr_code: Counts = _count()
    account_key: Keys = _key(Level.ACCOUNT)
    """Each different account number, IBAN or wallet address of the text, spaces and case removed."""

    # Links
    link_host: Sequence[str] = _text(Level.LINK)
    link_site_key: Keys = _key(Level.LINK)
    link_flags: Flags = _column(pa.uint32(), Level.LINK)
    link_shown_site_key: Keys = _key(Level.LINK)
    link_count: Counts = _count()
    link_site_count: Counts = _count()

    # Attachments
    attachment_type_key: Keys = _key(Level.ATTACHMENT)
    """The kind of file: sniffed, else declared, else by extension."""
    attachment_hash_key: Keys = _key(Level.ATTACHMENT)
    attachment_flags: Flags = _column(pa.uint32(), Level.ATTACHMENT)
    attachment_size: Ints = _column(pa.int64(), Level.ATTACHMENT)
    attachment_count: Counts = _count()

    # Offsets of the ragged levels, int64[n + 1]; not columns of the schema
    offsets: Mapping[Level, Ints]


COLUMNS: tuple[tuple[str, pa.DataType, Level], ...] = tuple(
    (f.name, f.metadata["kind"], cast(Level, f.metadata["level"])) for f in fields(MessageColumns) if f.metadata
)
"""Name, Arrow type of one value, and level of every column, in schema order."""

UNKNOWN: Mapping[str, Any] = MappingProxyType(
    {f.name: f.metadata["unknown"] for f in fields(MessageColumns) if f.metadata and f.metadata["unknown"] is not None}
)
"""What one value of a column is where mail was read before there was such a column; without its identity and its time
nothing is a message. A count or a length has no value of its own for unknown: it is 0, as where no body may be read."""

SCHEMA = pa.schema(
    [pa.field(name, kind if level is Level.MESSAGE else pa.large_list(kind)) for name, kind, level in COLUMNS]
)
"""The one Arrow schema of messages at rest."""
