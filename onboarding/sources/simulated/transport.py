"""What servers write above a mail on its way in: Received, Return-Path, Authentication-Results, DKIM-Signature."""

from __future__ import annotations

import base64
from hashlib import blake2b

from onboarding.sources.simulated.letter import date_text
from onboarding.sources.simulated.mail import Mail
from onboarding.sources.simulated.parties import Posture, Way
from onboarding.sources.simulated.people import Person, Roster
from onboarding.sources.simulated.randomness import Draw


def arrived(mail: Mail, roster: Roster, owner: Person, seed: int) -> str:
    """The headers above a mail in this mailbox, newest first, lines ended by LF.

    The first two Received and the results of authentication are this copy's own; from the signature down
    everything is the same in all mailboxes.
    """
    draw = Draw(seed, "transport", mail.message_id)
    copy = Draw(seed, "copy", mail.message_id, owner.index)
    way = mail.sender.way
    domain = roster.domain
    zone = 0
    handed = mail.time + 1 + copy.below(3)
    if way.internal:
        client = mail.client or f"10.{20 + copy.below(1)}.{mail.author or 0 & 255}.{1 + draw.below(250)}"
        return (
            f"Return-Path: <{mail.envelope or mail.sender.mailbox.address}>\n"
            f"Received: from mail.{domain} (mail.{domain} [10.0.0.5])\n"
            f"\tby store{1 + owner.index % 4}.{domain} with LMTP id {copy.hex(12)}\n"
            f"\tfor <{owner.address}>; {date_text(handed, zone)}\n"
            f"Authentication-Results: mail.{domain}; auth=pass smtp.auth={mail.sender.mailbox.address}\n"
            f"Received: from [{client}] (unknown [{client}])\n"
            f"\tby mail.{domain} (Postfix) with ESMTPSA id {draw.hex(11).upper()};\n"
            f"\t{date_text(mail.time, zone)}\n"
        )
    address = f"{way.network}.{1 + draw.below(254)}"
    mx = f"mx{1 + draw.below(2)}.{domain}"
    results = _results(mail, way, draw)
    envelope = mail.envelope or (f"bounce-{draw.hex(8)}@{way.service}" if way.service else mail.sender.mailbox.address)
    return (
        f"Return-Path: <{envelope}>\n"
        f"Received: from {mx} ({mx} [10.0.0.{3 + draw.below(2)}])\n"
        f"\tby store{1 + owner.index % 4}.{domain} with LMTP id {copy.hex(12)}\n"
        f"\tfor <{owner.address}>; {date_text(handed + 1, zone)}\n"
        + (f"Authentication-Results: {mx};\n\t{results}\n" if results else "")
        + f"Received: from {way.host} ({way.host} [{address}])\n"
        f"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n"
        f"\tby {mx} (Postfix) with ESMTPS id {copy.hex(11).upper()}\n"
        f"\tfor <{owner.address}>; {date_text(handed, zone)}\n"
        + _signature(mail, way)
        + f"Received: from {_submitter(way, draw)}\n"
        f"\tby {way.host} with {'ESMTPSA' if way.mailer else 'ESMTP'} id {draw.hex(12)};\n"
        f"\t{date_text(mail.time, way.offset)}\n"
    )


def _submitter(way: Way, draw: Draw) -> str:
    inner = f"192.168.{draw.below(20)}.{1 + draw.below(250)}"
    return (
        f"[{inner}]" if way.mailer else f"app{1 + draw.below(9)}.{way.host.partition('.')[2] or way.host} ([{inner}])"
    )


def _results(mail: Mail, way: Way, draw: Draw) -> str:
    """RFC 8601 results as the receiving server writes them; empty when it wrote none."""
    origin = mail.sender.mailbox.domain
    path = way.service or way.domain
    luck = draw.random()
    match way.posture:
        case Posture.SILENT:
            return ""
        case Posture.FULL:
            spf = "temperror" if luck < 0.003 else "pass"
            dkim = "fail (body hash did not verify)" if 0.003 <= luck < 0.01 and not way.service else "pass"
            return (
                f"spf={spf} smtp.mailfrom={path};\n\tdkim={dkim} header.d={way.domain} header.s=s1;\n"
                f"\tdmarc=pass header.from={origin}"
            )
        case Posture.SPF_ONLY:
            return f"spf=pass smtp.mailfrom={path};\n\tdkim=none;\n\tdmarc=none header.from={origin}"
        case Posture.NOTHING:
            return f"spf=none smtp.mailfrom={path};\n\tdkim=none;\n\tdmarc=none header.from={origin}"
        case Posture.MISALIGNED:
            return (
                f"spf=pass smtp.mailfrom={path};\n\tdkim=pass header.d={path} header.s=k1;\n"
                f"\tdmarc={'fail (p=none)' if luck < 0.25 else 'none'} header.from={origin}"
            )
        case Posture.FAILING:
            spf = "softfail" if luck < 0.7 else "fail"
            return f"spf={spf} smtp.mailfrom={path};\n\tdkim=none;\n\tdmarc=fail (p=none) header.from={origin}"


def _signature(mail: Mail, way: Way) -> str:
    if way.posture is Posture.FULL or way.posture is Posture.SILENT:
        domain = way.domain
    elif way.posture is Posture.MISALIGNED:
        domain = way.service or way.domain
    else:
        return ""
    mark = base64.b64encode(blake2b(mail.message_id.encode(), digest_size=60).digest()).decode()
    return (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s1;\n"
        f"\tt={mail.time}; h=from:to:subject:date:message-id; bh={mark[:43]}=;\n\tb={mark}\n"
    )
