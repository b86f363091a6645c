"""Where the links of a message lead, what they pretend, and whether anybody ever linked there before."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    link_site_first,
    link_site_last_day,
    link_site_messages,
    link_site_parties,
    own_link_site_messages,
    sender_link_site_messages,
    shown_site_messages,
    site_messages,
)
from detection.mail.batch import Floats, Level, LinkFlag, MessageBatch
from detection.mail.message import Defect
from detection.signals.arrays import NAN, SECONDS_A_DAY, bits, reduce_over, shifts_of, stack
from detection.signals.context import Context
from detection.signals.registry import Member, SignalLevel, family

_FLAGS = {
    LinkFlag.SHOWN_HOST_DIFFERS: ("link_shown_host_differs", "Some link shows one host and leads to another."),
    LinkFlag.IP_HOST: ("link_to_ip", "Some link leads to a bare IP address."),
    LinkFlag.SHORTENER: ("link_shortened", "Some link goes through a URL shortener."),
    LinkFlag.PUNYCODE: ("link_punycode", "Some link's host holds non-ASCII letters."),
    LinkFlag.CREDENTIAL_WORD: ("link_credential_word", "Some link's path or host speaks of logging in or verifying."),
    LinkFlag.USERINFO: ("link_userinfo", "Some link carries a user name before its host."),
    LinkFlag.ODD_PORT: ("link_odd_port", "Some link names an unusual port."),
    LinkFlag.PLAIN_HTTP: ("link_plain_http", "Some link is not encrypted."),
    LinkFlag.REDIRECTOR: ("link_redirector", "Some link goes through an open redirector."),
    LinkFlag.FREE_HOSTING: ("link_free_hosting", "Some link leads to a host where anyone can publish."),
    LinkFlag.DATA_OR_SCRIPT: ("link_data_or_script", "Some link is data: or script rather than an address."),
    LinkFlag.RECIPIENT_IN_URL: ("link_names_recipient", "Some link carries the recipient's address."),
    LinkFlag.BRAND_IN_HOST: ("link_brand_in_host", "Some link's host holds a brand's name and is not the brand's."),
    LinkFlag.OWN_NAME_IN_URL: ("link_names_own", "Some foreign link holds the name of the recipient's organisation."),
    LinkFlag.LONG: ("link_long", "Some link is longer than 250 characters."),
    LinkFlag.DEEP_HOST: ("link_deep_host", "Some link's host has five labels or more."),
    LinkFlag.DOWNLOAD: ("link_download", "Some link leads to an archive, a program or a disk image."),
    LinkFlag.DASHED_HOST: ("link_dashed_host", "Some link's host has two hyphens or more."),
    LinkFlag.ACTION_WORDS: ("link_action_words", "Some link is shown as a call to log in, verify, view or release."),
}
_SHIFTS = shifts_of([*_FLAGS])
_FROM_QR_CODE, _PICTURE_UNREAD = np.uint32(LinkFlag.FROM_QR_CODE), np.uint32(Defect.PICTURE_UNREAD)


@family(
    SignalLevel.LINKS,
    *(Member(name, "flag", doc, 0, 1) for name, doc in _FLAGS.values()),
    Member("link_flags_seen", "flags", "Different oddities over all links of the message.", 0, len(_FLAGS)),
    Member("link_count", "links", "Links in the body."),
    Member("link_site_count", "sites", "Different registrable domains linked to."),
    Member("link_from_qr_code", "flag", "A picture holds a link as a QR code; unknown when one was not read.", 0, 1),
)
def link_flags(m: MessageBatch, c: Context) -> Floats:
    """Each oddity, true when any link has it; 0 for a message without links. A QR code alone is no oddity."""
    seen = reduce_over(np.bitwise_or, m, Level.LINK, m.link_flags[None], 0)[0]
    flags = bits(seen, _SHIFTS)
    several = np.add.reduce(flags, axis=0)
    code = np.where(seen & _FROM_QR_CODE, 1.0, np.where(m.defects & _PICTURE_UNREAD, NAN, 0.0))
    return np.concatenate([flags, stack([several, m.link_count, m.link_site_count, code])])


_LEAST = (
    *(link_site_first, link_site_parties, own_link_site_messages),
    *(sender_link_site_messages, link_site_last_day, link_site_messages),
)


@family(
    SignalLevel.LINKS,
    Member("link_site_parties_least", "parties", "Parties that ever linked to the least known site linked here."),
    Member("link_site_youngest_days", "days", "Days since the newest site linked here was first seen; 0 never before."),
    Member("link_new_sites", "links", "Links to sites that nobody had linked to and that never wrote."),
    Member("link_foreign_share", "share", "Share of the links that lead away from the sender's own site.", 0, 1),
    Member("link_own_messages_least", "messages", "Own people's mail with links to the site that they link to least."),
    Member("link_sender_messages_least", "messages", "This sender's mail with links to the site it links to least."),
    Member(
        "link_site_last_day_most", "messages", "Mail of the last day that linked to the most spread site linked here."
    ),
)
def link_history(m: MessageBatch, c: Context) -> Floats:
    """The links' sites in the tenant's history; all unknown for a message without links to hosts."""
    if not len(m.link_site_key):
        return np.full((7, len(m)), NAN)
    # One message is its own owner: its values are broadcast.
    owner = m.owner(Level.LINK) if len(m) > 1 else slice(None)
    hosted = m.link_site_key != 0
    # The most of something is found as the least of its negative: one reduction for all.
    least = c.floats(_LEAST)
    unlinked = least[-1] == 0
    first = least[0]
    least[0] = (first > 0) * (np.maximum(m.time[owner] - first, 0.0) / SECONDS_A_DAY)
    np.negative(least[4], out=least[4])
    least[:, ~hosted] = np.inf
    lowest = reduce_over(np.minimum, m, Level.LINK, least, np.inf)
    foreign = (m.link_site_key != m.sender_site_key[owner]) & hosted
    # The site of a sender that is known is not new, even when its first link comes now.
    new = unlinked & hosted & (foreign | (c[site_messages][owner] <= 0))
    fresh, away, hosts = reduce_over(np.add, m, Level.LINK, stack([new, foreign, hosted]), 0.0)
    out = np.concatenate([lowest[1:2], lowest[:1], fresh[None], (away / hosts)[None], lowest[2:5]])
    out[5, m.sender_key == 0] = NAN
    np.negative(out[6], out=out[6])
    out[:, hosts == 0] = NAN
    return out


@family(
    SignalLevel.LINKS,
    Member("link_shown_site_differs", "links", "Links that show one registrable domain and lead to another."),
    Member("link_shows_sender_site", "flag", "A link shows the sender's own site but leads elsewhere.", 0, 1),
    Member("link_shown_site_messages", "messages", "Mail that linked to the best-known site shown but not led to."),
)
def link_pretence(m: MessageBatch, c: Context) -> Floats:
    """Shown against real targets by registrable domain; 0 without links."""
    shown = m.link_shown_site_key
    if not len(shown):
        return np.zeros((3, len(m)))
    differs = (shown != 0) & (m.link_site_key != 0) & (shown != m.link_site_key)
    sender = differs & (shown == m.sender_site_key[m.owner(Level.LINK)])
    if not differs.any():
        return np.zeros((3, len(m)))
    totals = reduce_over(np.add, m, Level.LINK, stack([differs, sender]), 0.0)
    known = reduce_over(np.maximum, m, Level.LINK, stack([differs * c[shown_site_messages]]), 0.0)
    return np.concatenate([totals[:1], np.minimum(totals[1:], 1.0), known])
