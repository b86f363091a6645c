"""What the way of a mail leaves on it, worn as this tenant's own mail wears it.

Every attack has a *donor*: a real mail of the tenant that came the way the attack would come (a stranger's, one through a
free-mail provider, one of the account that was taken over). The attack carries the headers that the donor carries and no
others: a tenant whose mail has no Received and no authentication results gets attacks without them. History keeps some of
these as keys only (the sending network, the program, its set of headers), which no bytes can be made to spell: those
columns are taken over from the donor after parsing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

import numpy as np

from detection.keys import NO_KEY, key_of
from detection.mail.batch import Ints, MessageBatch, Row
from detection.mail.message import Authentication
from onboarding.rehearsal.recipe import Draft, Way
from onboarding.rehearsal.target import Target

MINUTE, HOUR, DAY = 60, 3600, 86_400
_NO_DATE = -(2**63)


@dataclass(frozen=True, slots=True)
class Dress:
    """When an attack comes, and the rows of the tenant's mail that it looks like: in its headers, and in its program."""

    time: int
    donor: int
    program: int


def dressed(target: Target, draft: Draft, draw: random.Random) -> Dress:
    """Chooses the moment and the donor of an attack."""
    m = target.batch
    since = max(draft.to.since, draft.account.since if draft.account else 0)
    strangers = _late(target, target.strangers, since)
    free = target.by_free_mail
    match draft.way:
        case Way.AS_USUAL | Way.TAKEN_OVER if draft.account is not None:
            own = target.rows_by(draft.account)
            donors = own[:-1] if len(own) > 1 else own
        case Way.FREE_MAIL if len(free):
            donors = free
        case _:
            donors = strangers
    donor = _one(donors if len(donors) else strangers, draw)
    program = donor if draft.way is not Way.TAKEN_OVER else _one(strangers, draw)
    if draft.answers is not None:
        time = int(m.time[draft.answers]) + draw.randrange(10 * MINUTE, 30 * HOUR)
    elif draft.way is Way.AS_USUAL:
        time = int(m.time[donor]) + draw.randrange(5 * MINUTE, 2 * HOUR)
    else:
        moments = _late(target, target.received, since)
        time = int(m.time[_one(moments, draw)]) + draw.randrange(30, 15 * MINUTE)
    return Dress(min(time, int(m.time[-1])), donor, program)


def servers_headers(
    m: MessageBatch, dress: Dress, draft: Draft, own_domain: str, draw: random.Random
) -> tuple[tuple[str, str], ...]:
    """Return-Path, Received and Authentication-Results as the receiving server writes them on mail like the donor."""
    donor, sender = dress.donor, draft.sender[1]
    domain = sender.rpartition("@")[2]
    elsewhere = f"relay{draw.randrange(2, 99)}.{domain if draft.way is not Way.FORGED else 'bulk-relay.example'}"
    above: list[tuple[str, str]] = []
    if m.envelope_sender_key[donor] != NO_KEY:
        above.append(("Return-Path", f"<{sender if draft.way is not Way.FORGED else 'bounce@bulk-relay.example'}>"))
    date = format_datetime(datetime.fromtimestamp(dress.time, UTC))
    hops = [
        (
            "Received",
            f"from {elsewhere} ({elsewhere} [{_address(draw)}])\r\n\tby mx.{own_domain} with ESMTPS id "
            f"{draw.getrandbits(40):X}; {date}",
        )
    ] + [
        ("Received", f"from host{i}.{domain} (unknown [10.0.{i}.5])\r\n\tby {elsewhere} with ESMTP; {date}")
        for i in range(1, int(m.received_hops[donor]))
    ]
    results = _results(m, donor, draft.way, domain)
    if m.received_hops[donor]:
        above.append(hops[0])
    if results:
        above.append(("Authentication-Results", f"mx.{own_domain};\r\n\t" + ";\r\n\t".join(results)))
    if m.received_hops[donor]:
        above.extend(hops[1:])
    return tuple(above)


def take_over(row: Row, m: MessageBatch, dress: Dress, draft: Draft, draw: random.Random) -> None:
    """Puts into the parsed attack what only the donor's columns can tell."""
    donor = dress.donor
    network = int(m.network_key[donor])
    if network != NO_KEY and draft.way not in (Way.AS_USUAL, Way.FREE_MAIL):
        network = key_of(f"rehearsed network {draw.getrandbits(64)}")
    row["network_key"] = network
    row["received_hops"] = int(m.received_hops[donor])
    row["arc"] = int(m.arc[donor])
    row["mailer_key"] = int(m.mailer_key[dress.program])
    row["header_order_key"] = int(m.header_order_key[dress.program])
    row["folder"] = int(m.folder[donor])
    # Where people talk on lists, what attacks them comes through a list.
    row["bulk"], row["list_key"] = bool(m.bulk[donor]), int(m.list_key[donor])
    skew = int(m.date_skew[donor])
    row["date_skew"] = skew if skew != _NO_DATE and abs(skew) < DAY else 0
    if draft.answers is not None:
        row["thread_key"] = int(m.thread_key[draft.answers])
        row["subject_shape_key"] = int(m.subject_shape_key[draft.answers])


def _late(target: Target, rows: Ints, since: int) -> Ints:
    """Of these ascending rows, those after a moment; all of them, or all received, where that leaves none."""
    late = rows[np.searchsorted(rows, np.searchsorted(target.batch.time, since, side="right")) :]
    for chosen in (late, rows, target.received):
        if len(chosen):
            return chosen
    return np.arange(len(target.batch))


def _one(rows: Ints, draw: random.Random) -> int:
    return int(rows[draw.randrange(len(rows))])


_WORDS = {
    Authentication.NONE: "none",
    Authentication.PASS: "pass",
    Authentication.NEUTRAL: "neutral",
    Authentication.SOFTFAIL: "softfail",
    Authentication.FAIL: "fail",
    Authentication.TEMPERROR: "temperror",
    Authentication.PERMERROR: "permerror",
}


def _results(m: MessageBatch, donor: int, way: Way, domain: str) -> list[str]:
    """RFC 8601 results: each method that the donor has a result of, with what this attack would get."""
    spf, dkim, dmarc = (Authentication(int(column[donor])) for column in (m.spf, m.dkim, m.dmarc))
    if way is Way.FORGED:
        # Where it is checked, a forged domain fails: the server that sent it is not the domain's.
        spf, dkim, dmarc = (
            Authentication.FAIL if spf else spf,
            Authentication.NONE if dkim else dkim,
            Authentication.FAIL if dmarc else dmarc,
        )
    mail_from = domain if m.spf_aligned[donor] != 0 or way is Way.FORGED else "mailer.example"
    signer = domain if m.dkim_aligned[donor] != 0 else "mailer.example"
    found = []
    if spf:
        found.append(f"spf={_WORDS[spf]} smtp.mailfrom={mail_from}")
    if dkim:
        found.append(f"dkim={_WORDS[dkim]}" + (f" header.d={signer}" if dkim is not Authentication.NONE else ""))
    if dmarc:
        found.append(f"dmarc={_WORDS[dmarc]} header.from={domain}")
    return found


def _address(draw: random.Random) -> str:
    """An address in a network of the documentation's (RFC 5737), or near it: any public one would be somebody's."""
    return f"{draw.choice(('192.0.2', '198.51.100', '203.0.113'))}.{draw.randrange(1, 255)}"
