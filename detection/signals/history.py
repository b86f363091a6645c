"""What history says plainly: facts that are signals as they are, as a share of another fact, or as days ago.

A line of a table is a signal. However many lines there are, a table costs one message the same few array operations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.baselines import facts as f
from detection.baselines.algebra import Fact
from detection.mail.batch import Floats, MessageBatch
from detection.signals.context import MOMENTS, PARTS, WHOLES, Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_SENDER, _ORGANISATION = SignalLevel.SENDER, SignalLevel.ORGANISATION
_RELATIONSHIP, _IDENTITY = SignalLevel.RELATIONSHIP, SignalLevel.IDENTITY
_NAME_OF = {fact: name for name, fact in f.FACTS.items()}


@dataclass(frozen=True, slots=True)
class _Plain:
    """A fact that is a signal of the same name (or of another)."""

    level: SignalLevel
    fact: Fact
    unit: str
    doc: str
    name: str = ""


_PLAIN = (
    _Plain(_SENDER, f.sender_messages, "messages", "Earlier messages of this address."),
    _Plain(_SENDER, f.sender_days, "days", "Days on which this address wrote before."),
    _Plain(_SENDER, f.sender_recipients, "people", "People this address wrote to before."),
    _Plain(_SENDER, f.sender_networks, "networks", "Networks this address wrote from before."),
    _Plain(_SENDER, f.site_messages, "messages", "Earlier messages of the sender's registrable domain."),
    _Plain(_SENDER, f.party_messages, "messages", "Earlier messages of the sender's party (domain, or free-mail address)."),
    _Plain(_SENDER, f.party_days, "days", "Days on which the party wrote before."),
    _Plain(_SENDER, f.party_senders, "addresses", "Addresses of the party that wrote before."),
    _Plain(_SENDER, f.party_recipients, "people", "People the party wrote to before."),
    _Plain(_SENDER, f.sender_last_hour, "messages", "Mail of this address in the last hour."),
    _Plain(_SENDER, f.sender_last_day, "messages", "Mail of this address in the last 24 hours."),
    _Plain(_SENDER, f.sender_last_week, "messages", "Mail of this address in the last 7 days."),
    _Plain(_SENDER, f.party_last_day, "messages", "Mail of this party in the last 24 hours."),
    _Plain(_SENDER, f.party_last_week, "messages", "Mail of this party in the last 7 days."),
    _Plain(_SENDER, f.sender_names, "names", "Display names that this address has used."),
    _Plain(_SENDER, f.sender_answered_by, "people", "People who have answered this address."),
    _Plain(_SENDER, f.party_payment_messages, "messages", "Mail of this party that spoke of payments."),
    _Plain(
        _SENDER,
        f.wrote_to_reply_to,
        "messages",
        "Messages the tenant had sent to the Reply-To address.",
        name="reply_to_written_to",
    ),
    _Plain(_RELATIONSHIP, f.wrote_to_sender, "messages", "Messages that anyone of the tenant had sent to this address."),
    _Plain(_RELATIONSHIP, f.wrote_to_site, "messages", "Messages that anyone of the tenant had sent to the sender's site."),
    _Plain(_RELATIONSHIP, f.wrote_to_sender_people, "people", "People of the tenant who had written to this address."),
    _Plain(_RELATIONSHIP, f.wrote_to_site_people, "people", "People of the tenant who had written to the sender's site."),
    _Plain(_RELATIONSHIP, f.thread_own_messages, "messages", "Earlier messages of this thread that the tenant sent."),
    _Plain(_RELATIONSHIP, f.thread_sender_messages, "messages", "Earlier messages of this thread that this sender sent."),
    _Plain(
        _RELATIONSHIP,
        f.thread_sender_addressed,
        "messages",
        "Earlier messages of this thread that were addressed to this sender.",
    ),
    _Plain(_RELATIONSHIP, f.thread_party_messages, "messages", "Earlier messages of this thread that this party sent."),
    _Plain(
        _RELATIONSHIP, f.party_account_number_messages, "messages", "Earlier mail of this party that named an account."
    ),
    _Plain(
        _RELATIONSHIP, f.sender_account_number_messages, "messages", "Earlier mail of this address that named an account."
    ),
    _Plain(_IDENTITY, f.name_messages, "messages", "Earlier messages under this display name, whoever sent them."),
    _Plain(_IDENTITY, f.name_sender_messages, "messages", "Earlier messages of this address under this display name."),
    _Plain(_IDENTITY, f.name_addresses, "addresses", "Addresses that used this display name before."),
    _Plain(_IDENTITY, f.outside_name_messages, "messages", "Earlier messages from outside under this display name."),
    _Plain(_ORGANISATION, f.own_name_messages, "messages", "Messages that own people sent under this display name."),
    _Plain(
        _ORGANISATION, f.own_local_name_messages, "messages", "Messages of own addresses that spell this display name."
    ),
    _Plain(_ORGANISATION, f.tenant_messages, "messages", "Messages of the tenant seen before this one."),
    _Plain(_ORGANISATION, f.tenant_last_day, "messages", "Messages of the tenant in the last 24 hours."),
    _Plain(_ORGANISATION, f.subject_messages, "messages", "Earlier mail with this shape of subject."),
    _Plain(_ORGANISATION, f.subject_senders, "addresses", "Addresses that used this shape of subject."),
    _Plain(_ORGANISATION, f.subject_last_day, "messages", "Mail with this shape of subject in the last 24 hours."),
    _Plain(_ORGANISATION, f.network_messages, "messages", "Earlier mail from this network; unknown without one."),
    _Plain(_ORGANISATION, f.network_parties, "parties", "Parties that sent from this network; unknown without one."),
    _Plain(_ORGANISATION, f.mailer_messages, "messages", "Earlier mail made with this program; unknown without one."),
)  # fmt: skip
_PLAIN_ROWS = rows_of([line.fact for line in _PLAIN])


@family(
    _SENDER,
    *(Member(line.name or _NAME_OF[line.fact], line.unit, line.doc, level=line.level) for line in _PLAIN),
)
def plain(m: MessageBatch, c: Context) -> Floats:
    """Facts as they are; unknown where what they are about is missing."""
    return np.asarray(c.numbers[_PLAIN_ROWS])


_SHARES: dict[Fact, tuple[str, str]] = {
    f.sender_network_messages: ("sender_network_share", "Share of this sender's mail that came from this network"),
    f.sender_mailer_messages: ("sender_mailer_share", "Share of this sender's mail made with this program"),
    f.sender_hour_messages: ("sender_hour_share", "Share of this sender's mail sent at this time of day"),
    f.sender_reply_to_messages: ("sender_reply_to_share", "Share of this sender's mail with this Reply-To"),
    f.sender_hour_of_week_messages: (
        "sender_hour_of_week_share",
        "Share of this sender's mail in this hour of the week",
    ),
    f.sender_language_messages: ("sender_language_share", "Share of this sender's mail in this language"),
    f.sender_fan_out_messages: ("sender_fan_out_share", "Share of this sender's mail to about as many recipients"),
    f.sender_header_order_messages: ("sender_headers_share", "Share of this sender's mail with this set of headers"),
    f.sender_envelope_messages: ("sender_envelope_share", "Share of this sender's mail with this Return-Path domain"),
    f.sender_bulk_messages: ("sender_bulk_share", "Share of this sender's mail that called itself bulk"),
    f.sender_link_messages: ("sender_link_share", "Share of this sender's mail with links"),
    f.sender_attachment_messages: ("sender_attachment_share", "Share of this sender's mail with attachments"),
    f.sender_payment_messages: ("sender_payment_share", "Share of this sender's mail that spoke of payments"),
    f.party_network_messages: ("party_network_share", "Share of the party's mail that came from this network"),
    f.party_mailer_messages: ("party_mailer_share", "Share of the party's mail made with this program"),
    f.party_envelope_messages: ("party_envelope_share", "Share of the party's mail with this Return-Path domain"),
    f.sender_spf_passes: ("sender_spf_pass_rate", "How often this sender passed SPF, when it was checked"),
    f.sender_dkim_passes: ("sender_dkim_pass_rate", "How often this sender passed DKIM in alignment, when checked"),
    f.sender_dmarc_passes: ("sender_dmarc_pass_rate", "How often this sender passed DMARC, when it was checked"),
}
_SHARE_ROWS = np.array([PARTS.index(fact) for fact in _SHARES])


@family(
    _SENDER,
    *(
        Member(
            name,
            "share",
            f"{doc}; unknown when that is nothing yet.",
            0,
            1,
            level=SignalLevel.AUTHENTICATION if WHOLES[PARTS.index(fact)] is f.sender_authentication_seen else _SENDER,
        )
        for fact, (name, doc) in _SHARES.items()
    ),
)
def shares(m: MessageBatch, c: Context) -> Floats:
    """One fact as a share of another; unknown where there is nothing yet to be a share of."""
    return np.asarray(c.shares[_SHARE_ROWS])


_DAYS: dict[Fact, tuple[SignalLevel, str, str]] = {
    f.sender_first: (_SENDER, "sender_age_days", "Days since this address first wrote; 0 for one never seen."),
    f.party_first: (_SENDER, "party_age_days", "Days since the party first wrote; 0 for one never seen."),
    f.sender_last: (_SENDER, "sender_silence_days", "Days since this address last wrote; unknown for one never seen."),
    f.party_last: (_SENDER, "party_silence_days", "Days since the party last wrote; unknown for one never seen."),
    f.thread_last: (_RELATIONSHIP, "thread_silence_days", "Days since the thread's last mail; unknown for a new one."),
}
_DAY_ROWS = np.array([MOMENTS.index(fact) for fact in _DAYS])


@family(_SENDER, *(Member(name, "days", doc, level=level) for level, name, doc in _DAYS.values()))
def days(m: MessageBatch, c: Context) -> Floats:
    """How long ago things were first and last seen."""
    return np.asarray(c.days[_DAY_ROWS])
