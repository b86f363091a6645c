"""From a `Message` to a row of columns: where a mail of nobody in particular becomes a mail of one tenant.

After this step no text of the mail is left: what was said is in counts, what was meant to be recognised is in keys.
Unknown stays unknown: a missing value is `NO_KEY`, -1, NaN or the empty text, never the value that would be harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from detection.keys import NO_KEY
from detection.mail import attachment_features, link_features
from detection.mail.batch import MessageBatch, Row
from detection.mail.brands import claims_of
from detection.mail.content import INTENTS, Content, content_of, contents_of
from detection.mail.domains import domain_of, site_of
from detection.mail.identity import message_key
from detection.mail.keyring import recurring_key
from detection.mail.lookalike import variant_keys
from detection.mail.message import Authentication, Folder, Mailbox, Message, Role
from detection.mail.names import domain_in_name_key, local_name_key, names_a_role, person_key
from detection.mail.organisation import Organisation
from detection.mail.sending_program import headers_of_program, product_of
from detection.mail.subject import subject_of
from detection.mail.text_model import HEADS

LONGEST_TEXT = 998
"""Characters of a text column (RFC 5322 section 2.1.1: the longest line)."""

_NO_DATE = -(2**63)
_LATEST = 2**61
_MOST = 2**16 - 1
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a copy of a message was found. `owner_address` is the mailbox owner's address, where the source knows it."""

    mailbox: str
    path: str
    folder: Folder = Folder.UNKNOWN
    owner_address: str = ""


def from_messages(messages: Iterable[tuple[Message, Origin]], organisation: Organisation) -> MessageBatch:
    """Several messages as columns, in the order given."""
    return MessageBatch.from_rows(rows_of([(message, origin, None) for message, origin in messages], organisation))


def rows_of(found: Sequence[tuple[Message, Origin, int | None]], organisation: Organisation) -> list[Row]:
    """`row_of` each message with its origin and time, in the order given: for bulk, where it is the faster way."""
    contents = contents_of([(message.subject, message.text) for message, _, _ in found])
    return [
        _row(message, content, organisation, origin, time)
        for (message, origin, time), content in zip(found, contents, strict=True)
    ]


def row_of(message: Message, organisation: Organisation, origin: Origin, time: int | None = None) -> Row:
    """One message's values by column name, for `MessageBatch.from_rows`. Never raises on any message.

    `time` (seconds since the epoch) is when it happened, where the caller knows better than the message does; without
    it the message's own word counts, and 0 stands for a message that has none.
    """
    return _row(message, content_of(message.subject, message.text), organisation, origin, time)


def _row(message: Message, content: Content, organisation: Organisation, origin: Origin, time: int | None) -> Row:
    happened = _seconds(time if time is not None else message.time or 0)
    sender = _party_of(message.sender)
    reply_to = _party_of(message.reply_to)
    envelope = _party_of(message.envelope_sender)
    subject = subject_of(message.subject)
    row: Row = {
        "message_key": message_key(message),
        "message_id": _text(message.message_id),
        "mailbox": _text(origin.mailbox),
        "path": _text(origin.path),
        "folder": int(origin.folder),
        "time": happened,
        "date_skew": _NO_DATE if message.date is None else _seconds(message.date) - happened,
        # Sender
        "sender": sender.address,
        "sender_name": _text(message.sender.name) if message.sender else "",
        "sender_domain": sender.domain,
        "sender_key": sender.key,
        "sender_domain_key": sender.domain_key,
        "sender_site_key": sender.site_key,
        "sender_party_key": sender.key if sender.is_free_mail else sender.site_key,
        "sender_name_key": person_key(message.sender.name) if message.sender else NO_KEY,
        "sender_local_name_key": sender.local_name_key,
        "sender_name_domain_key": domain_in_name_key(message.sender.name) if message.sender else NO_KEY,
        "sender_is_own": organisation.owns(sender.domain),
        "sender_is_free_mail": sender.is_free_mail,
        "sender_local_digits": sender.local_digits,
        "sender_domain_length": len(sender.domain),
        "sender_domain_punycode": sender.punycode,
        "sender_name_role": message.sender is not None and names_a_role(message.sender.name),
        "variant_key": variant_keys(sender.site),
        # Other addresses
        "reply_to": reply_to.address,
        "reply_to_key": reply_to.key,
        "reply_to_site_key": reply_to.site_key,
        "reply_to_is_own": organisation.owns(reply_to.domain),
        "reply_to_is_free_mail": reply_to.is_free_mail,
        "envelope_sender_key": envelope.key,
        "envelope_site_key": envelope.site_key,
        # Thread
        "subject_shape_key": recurring_key(subject.shape),
        "subject_length": min(len(message.subject), _MOST),
        "subject_is_reply": subject.is_reply,
        "subject_is_forward": subject.is_forward,
        "subject_upper_share": subject.upper_share,
        **_thread(message),
        # Way and authentication
        "received_hops": min(len(message.received_path), _MOST),
        "network_key": recurring_key(message.sending_network),
        "mailer_key": recurring_key(product_of(message.mailer)),
        "spf": int(message.spf),
        "dkim": int(message.dkim),
        "dmarc": int(message.dmarc),
        "arc": int(message.arc),
        "spf_aligned": _aligned(message.spf, message.spf_domain, sender.site),
        "dkim_aligned": _aligned(message.dkim, message.dkim_domain, sender.site),
        "bulk": message.bulk,
        "list_key": recurring_key(message.list_id.lower()),
        "header_order_key": recurring_key(headers_of_program(message.headers_present)),
        # Body
        "size": _size(message.size),
        "text_length": _size(message.text_length),
        "html_length": _size(message.html_length),
        "hidden_text_length": _size(message.hidden_text_length),
        "image_count": _count(message.image_count),
        "form_count": _count(message.form_count),
        "charset_key": recurring_key(message.charset.lower()),
        "defects": int(message.defects) & 0xFFFFFFFF,
        "language": content.language,
        "phone_count": content.phone_count,
        "money_count": content.money_count,
        "account_number_count": content.account_number_count,
        "exclamation_count": min(content.exclamation_count, _MOST),
        "upper_word_count": content.upper_word_count,
        "non_ascii_lookalike_count": content.lookalike_word_count,
        "greeting_generic": content.generic_greeting,
        "quoted_length": content.quoted_length,
    }
    row.update(zip(_LURE_COLUMNS, content.lures, strict=True))
    row.update(zip(_TEXT_MODEL_COLUMNS, content.text_model, strict=True))
    row["account_key"] = [recurring_key(account) for account in content.accounts]
    claims = claims_of(message.sender, message.subject, content.opening, sender.site)
    row["brand_in_name"], row["brand_in_subject"], row["brand_in_text"], row["brand_in_domain"] = claims
    addresses = _add_recipients(row, message, organisation, origin)
    _add_links(row, message, addresses)
    _add_attachments(row, message)
    return row


_LURE_COLUMNS = tuple(f"lure_{intent}" for intent in INTENTS)
_TEXT_MODEL_COLUMNS = tuple(f"text_model_{head}" for head in HEADS)


def _add_recipients(row: Row, message: Message, organisation: Organisation, origin: Origin) -> list[str]:
    """The recipient columns, with the mailbox's owner where the mail does not name them; the addresses are returned."""
    parties = []
    names = []
    roles = []
    for recipient in message.recipients:
        party = _party_of(recipient.mailbox)
        parties.append(party)
        names.append(person_key(recipient.mailbox.name) or party.local_name_key)
        roles.append(int(recipient.role))
    owner = origin.owner_address.lower()
    if owner and origin.folder != Folder.SENT and owner != row["sender"] and all(p.address != owner for p in parties):
        party = _party_of(Mailbox("", owner, owner.rpartition("@")[2]))
        parties.append(party)
        names.append(party.local_name_key)
        roles.append(int(Role.DELIVERED))
    addresses = [party.address for party in parties]
    own = [organisation.owns(party.domain) for party in parties]
    row["recipient"] = addresses
    row["recipient_key"] = [party.key for party in parties]
    row["recipient_site_key"] = [party.site_key for party in parties]
    row["recipient_name_key"] = names
    row["recipient_role"] = roles
    row["recipient_is_own"] = own
    row["recipient_count"] = _count(len(parties))
    row["own_recipient_count"] = _count(sum(own))
    return addresses


def _add_links(row: Row, message: Message, addresses: list[str]) -> None:
    needles: tuple[str, ...] = ()
    names: tuple[link_features.OwnName, ...] = ()
    if message.links:
        needles = link_features.recipient_needles(addresses)
        own = zip(addresses, row["recipient_is_own"], strict=True)
        names = link_features.own_names(tuple(dict.fromkeys(a.rpartition("@")[2] for a, is_own in own if is_own)))
    found = [features for link in message.links if (features := link_features.features_of(link, needles, names))]
    row["link_host"] = [_text(link.host) for link in found]
    row["link_site_key"] = sites = [link.site_key for link in found]
    row["link_flags"] = [link.flags for link in found]
    row["link_shown_site_key"] = [link.shown_site_key for link in found]
    row["link_count"] = _count(len(found))
    row["link_site_count"] = _count(len(set(sites) - {NO_KEY}))


def _add_attachments(row: Row, message: Message) -> None:
    found = [attachment_features.features_of(attachment) for attachment in message.attachments]
    row["attachment_type_key"] = [attachment.type_key for attachment in found]
    row["attachment_hash_key"] = [recurring_key(attachment.sha256) for attachment in message.attachments]
    row["attachment_flags"] = [attachment.flags for attachment in found]
    row["attachment_size"] = [_size(attachment.size) for attachment in message.attachments]
    row["attachment_count"] = _count(len(found))


def _thread(message: Message) -> Row:
    references = message.references
    parent = message.in_reply_to or (references[-1] if references else "")
    root = references[0] if references else (message.in_reply_to or message.message_id)
    # Message-IDs do not come again often enough to be worth remembering, but those of one mail are often the same.
    root_key = recurring_key(root)
    return {
        "thread_key": root_key,
        "parent_key": root_key if parent == root else recurring_key(parent),
        "own_id_key": root_key if message.message_id == root else recurring_key(message.message_id),
        "reference_count": _count(len(references)),
    }


class _Party(NamedTuple):
    """What an address says of whom it belongs to."""

    address: str
    domain: str
    key: int
    domain_key: int
    site: str
    site_key: int
    is_free_mail: bool
    local_name_key: int
    local_digits: int
    punycode: bool


_NOBODY = _Party("", "", NO_KEY, NO_KEY, "", NO_KEY, False, NO_KEY, 0, False)
_LONGEST_ADDRESS = 320
"""RFC 3696 errata 1690 and RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain, and the @."""


def _party_of(mailbox: Mailbox | None) -> _Party:
    if mailbox is None or not mailbox.address:
        return _NOBODY
    if len(mailbox.address) > _LONGEST_ADDRESS or len(mailbox.domain) > _LONGEST_ADDRESS:
        return _read_party(mailbox.address, mailbox.domain)
    return _known_party(mailbox.address, mailbox.domain)


def _read_party(address: str, domain: str) -> _Party:
    # Keys are of the address as kept, so that an address read back from the columns finds its facts.
    address, domain = _text(address), _text(domain)
    local = address.rpartition("@")[0]
    known = domain_of(domain)
    return _Party(
        address=address,
        domain=domain,
        key=recurring_key(address),
        domain_key=known.key,
        site=known.site,
        site_key=known.site_key,
        is_free_mail=known.is_free_mail,
        local_name_key=local_name_key(local),
        local_digits=sum(map(str.isdigit, local)),
        punycode="xn--" in domain,
    )


_known_party = lru_cache(maxsize=1 << 16)(_read_party)


def _aligned(result: Authentication, domain: str, sender_site: str) -> int:
    """RFC 7489 section 3.1, relaxed: one registrable domain; unknown when either domain is."""
    if result == Authentication.UNKNOWN or not domain or not sender_site:
        return _UNKNOWN
    return int(site_of(domain.lower()) == sender_site)


def _text(text: str) -> str:
    """Text that Arrow can hold: cut to `LONGEST_TEXT`, lone surrogates written out so that no two texts become one."""
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _count(number: int) -> int:
    return min(max(number, 0), _MOST)


def _size(number: int) -> int:
    return min(max(number, 0), _LATEST)


def _seconds(number: int) -> int:
    return min(max(number, -_LATEST), _LATEST)
