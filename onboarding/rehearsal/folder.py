"""Attacks from a folder, retargeted: re-addressed to a mailbox of the tenant, dated into its time, in its mail's headers.

What the attack says stays: its From, its subject, its text, its links and files. What only tells where and when it was
caught goes: recipients, dates, the way it came, the authentication that another server found, threads of other people.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import replace

from detection.mail.columns import Origin, row_of
from detection.mail.domains import domain_of
from detection.mail.message import Authentication, Folder, Mailbox, Message, Recipient, Role, Skip
from detection.mail.parse import parse
from onboarding.rehearsal.dress import dressed, take_over
from onboarding.rehearsal.recipe import Draft, Way
from onboarding.rehearsal.stage import Attacks, Made, Rehearsed, in_order
from onboarding.rehearsal.target import Person, Target

MOST = 2_000
"""More than this many from one folder say nothing more about recall."""


def retargeted(target: Target, attacks: Iterable[tuple[str, bytes]], seed: str) -> Attacks:
    """Attacks given as (name of their kind, bytes). What cannot be parsed is counted in `missing` under its reason."""
    made: list[Made] = []
    skipped: dict[str, int] = {}
    for number, (kind, raw) in enumerate(attacks):
        if len(made) == MOST:
            skipped[f"beyond the first {MOST:,}"] = skipped.get(f"beyond the first {MOST:,}", 0) + 1
            continue
        message = parse(raw)
        draw = random.Random(f"{seed}/{kind}/{number}")
        if isinstance(message, Skip):
            skipped[str(message.reason)] = skipped.get(str(message.reason), 0) + 1
        elif not len(target.received) or not target.victims:
            skipped["nobody to send it to"] = skipped.get("nobody to send it to", 0) + 1
        else:
            made.append(retarget(target, message, kind, draw)[1])
    return in_order(made, {reason: f"{count} messages" for reason, count in skipped.items()})


def retarget(target: Target, message: Message, kind: str, draw: random.Random) -> tuple[Message, Made]:
    """One attack as it would arrive at this tenant: its message, and its columns. `target` has victims and mail received."""
    to = draw.choice(target.victims[:120])
    address = message.sender.address if message.sender else ""
    way = Way.FREE_MAIL if _is_free(address) else Way.OWN_SERVER
    if message.sender is not None and target.organisation.owns(message.sender.domain):
        way = Way.FORGED
    draft = Draft(sender=(message.sender.name if message.sender else "", address), to=to, way=way)
    dress = dressed(target, draft, draw)
    m, donor = target.batch, dress.donor
    domain = message.sender.domain if message.sender else ""
    moved = replace(
        _to(message, to),
        message_id=f"{draw.getrandbits(72):018x}@{domain or 'unknown.example'}",
        date=dress.time,
        received=dress.time if m.received_hops[donor] else None,
        envelope_sender=message.sender if m.envelope_sender_key[donor] else None,
        in_reply_to="",
        references=(),
        list_id="",
        spf=Authentication(int(m.spf[donor])) if way is not Way.FORGED else _failed(int(m.spf[donor])),
        dkim=Authentication(int(m.dkim[donor])) if way is not Way.FORGED else _none(int(m.dkim[donor])),
        dmarc=Authentication(int(m.dmarc[donor])) if way is not Way.FORGED else _failed(int(m.dmarc[donor])),
        spf_domain=domain if m.spf_aligned[donor] == 1 else ("mailer.example" if m.spf_aligned[donor] == 0 else ""),
        dkim_domain=domain if m.dkim_aligned[donor] == 1 else ("mailer.example" if m.dkim_aligned[donor] == 0 else ""),
    )
    row = row_of(moved, target.organisation, Origin(to.address, "rehearsal", Folder.UNKNOWN), dress.time)
    take_over(row, m, dress, draft, draw)
    return moved, Made(b"", row, Rehearsed(kind, "", "report", "folder", kind))


def _to(message: Message, to: Person) -> Message:
    """Sent to this person: also where the text or a link names whom it was sent to."""
    recipient = Recipient(Mailbox(to.name, to.address, to.domain), Role.TO)
    subject, text, links = message.subject, message.text, message.links
    for address in {old.mailbox.address for old in message.recipients if "@" in old.mailbox.address}:
        named = re.compile(re.escape(address), re.IGNORECASE)
        subject, text = (named.sub(lambda _: to.address, each) for each in (subject, text))
        links = tuple(replace(link, url=named.sub(lambda _: to.address, link.url)) for link in links)
    return replace(message, recipients=(recipient,), subject=subject, text=text, links=links)


def _is_free(address: str) -> bool:
    return domain_of(address.rpartition("@")[2]).is_free_mail


def _failed(found: int) -> Authentication:
    return Authentication.FAIL if found else Authentication.UNKNOWN


def _none(found: int) -> Authentication:
    return Authentication.NONE if found else Authentication.UNKNOWN
