"""Training letters: labelled mail of many wordings in many languages, for the models that read words.

The simulated organisation's own mail says little about what people write elsewhere. These letters are expanded from
some hundreds of invented templates (`wording/training`), attacks beside the benign mail that looks like them. Language
is drawn first, then what the letter is, then its template; looks, headers and servers are drawn without regard to
either, so that only words tell them apart.

    simulated:training,seed=1,letters=20000
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from onboarding.sources.simulated.disguises import disguised
from onboarding.sources.simulated.fillings import Filling
from onboarding.sources.simulated.letter import date_text, encoded_phrase, encoded_subject, multipart, text_part
from onboarding.sources.simulated.pages import LOOKS, Look, marketing_page, picture_page, plain_text, simple_page
from onboarding.sources.simulated.patterns import Template, expanded, templates
from onboarding.sources.simulated.randomness import Draw

SHARES = (("benign", 50.0), ("phishing", 20.0), ("fraud", 17.0), ("spam", 13.0))
"""How often a letter of each label is dealt, in every language alike."""

FIRST_DAY, LAST_DAY = date(2000, 1, 3), date(2026, 6, 30)

DOMAIN = "harbourlight.example"
"""Where all letters are addressed to."""


@dataclass(frozen=True, slots=True)
class TrainingLetter:
    """One letter: its bytes, what it is, and which template it was made from."""

    number: int
    content: bytes
    label: str
    kind: str
    language: str
    template: str
    time: int


def training_letters(seed: int, first: int, stop: int) -> Iterator[TrainingLetter]:
    """The letters numbered `first` to below `stop`; each is the same whichever others are asked for."""
    for number in range(first, stop):
        yield training_letter(seed, number)


def training_letter(seed: int, number: int) -> TrainingLetter:
    """One letter, the same for ever (while the templates stay as they are)."""
    draw = Draw(seed, "training", number)
    language = draw.weighted(_languages())
    shares = [(label, share) for label, share in SHARES if (label, language) in _dealt()]
    label = draw.weighted(shares)
    template = draw.pick(_dealt()[label, language])
    day = FIRST_DAY + timedelta(days=int(draw.random() ** 0.7 * (LAST_DAY - FIRST_DAY).days))
    seconds = (day - date(1970, 1, 1)).days * 86_400 + draw.between(0, 86_399)
    recipient = f"{draw.pick(_RECIPIENTS)}@{DOMAIN}"
    filling = Filling(draw, language, day, recipient)
    subject = _one_line(expanded(template.subject, draw, filling))
    body = _thinned(_tidy(expanded(template.body, draw, filling)), draw)
    look = Look.PLAIN if template.plain else draw.weighted(LOOKS)
    body = _with_surroundings(body, filling, draw, template.plain, look)
    if label != "benign" and draw.chance(0.06):
        subject, body = disguised(subject, body, draw)
    content = _written(subject, body, look, filling, draw, seconds, recipient)
    return TrainingLetter(number, content, label, template.kind, language, template.name, seconds)


@cache
def _dealt() -> dict[tuple[str, str], tuple[Template, ...]]:
    """Templates by label and language."""
    found: dict[tuple[str, str], list[Template]] = {}
    for template in templates():
        found.setdefault((template.label, template.language), []).append(template)
    return {key: tuple(found[key]) for key in sorted(found)}


@cache
def _languages() -> tuple[tuple[str, float], ...]:
    """Languages by how many templates they have, English by twice that: business mail is mostly English."""
    counts: dict[str, float] = {}
    for template in templates():
        counts[template.language] = counts.get(template.language, 0.0) + 1.0
    return tuple((language, count * (2.0 if language == "en" else 1.0)) for language, count in sorted(counts.items()))


# --- text --------------------------------------------------------------------------------------------------------


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    """No more than one empty line, no spaces at the ends: alternatives may be empty."""
    lines = [line.rstrip() for line in text.split("\n")]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip("\n")


def _thinned(text: str, draw: Draw) -> str:
    """The text with a sentence left out here and there: never the first paragraphs' only one."""
    out = []
    for line in text.split("\n"):
        sentences = line.split(". ")
        if len(sentences) > 2 and draw.chance(0.25):
            sentences.pop(draw.below(len(sentences) - 1))
        out.append(". ".join(sentences))
    return "\n".join(out)


def _with_surroundings(body: str, filling: Filling, draw: Draw, bare: bool, look: Look) -> str:
    """The text with what programs and companies put around it, dealt to all mail alike."""
    if bare:
        return body
    if draw.chance(0.04):
        body = filling("notice2") + "\n\n" + body
    if draw.chance(0.12):
        body += "\n\n" + _signature(filling, draw)
    if draw.chance(0.10):
        body += "\n\n" + filling("notice")
    if draw.chance(0.45 if look is Look.MARKETING else 0.05):
        body += "\n\n" + filling("foot")
    return body


def _signature(filling: Filling, draw: Draw) -> str:
    lines = ["--", filling("me"), f"{filling('role3')}, {filling('company3')}"]
    if draw.chance(0.5):
        lines.append(f"Tel. {filling('phone3')}")
    if draw.chance(0.3):
        lines.append(filling("link3"))
    return "\n".join(lines)


# --- the letter --------------------------------------------------------------------------------------------------


def _written(subject: str, body: str, look: Look, filling: Filling, draw: Draw, seconds: int, recipient: str) -> bytes:
    host = filling.company().domain
    name = draw.weighted(
        ((filling("me"), 40.0), (filling("company"), 25.0), (filling("service"), 25.0), (recipient, 2.0), ("", 8.0))
    )
    sender = f"{draw.pick(_SENDERS)}@{host}"
    offset = draw.pick((-480, -300, 0, 60, 120, 480, 540))
    server = f"{draw.pick(('mail', 'smtp', 'out', 'mx1', 'relay'))}.{host}"
    heads = [
        f"Return-Path: <{sender}>",
        f"Received: from {server} ([{filling('ip8')}])\n\tby mx.{DOMAIN} with ESMTPS id {draw.hex(12)};\n"
        f"\t{date_text(seconds, 0)}",
    ]
    if draw.chance(0.7):
        heads.append(f"Authentication-Results: mx.{DOMAIN}; {draw.weighted(_RESULTS).format(host=host, sender=sender)}")
    heads += [
        f"From: {encoded_phrase(name)} <{sender}>" if name else f"From: {sender}",
        f"To: {recipient}",
        f"Subject: {encoded_subject(subject)}",
        f"Date: {date_text(seconds, offset)}",
        f"Message-ID: <{draw.hex(20)}@{server}>",
    ]
    if draw.chance(0.15):
        heads.append(f"Reply-To: <{draw.pick(_SENDERS)}@{filling.company().domain if draw.chance(0.4) else host}>")
    if look is Look.MARKETING and draw.chance(0.7):
        heads.append(f"List-Unsubscribe: <{filling('link9')}>")
    if draw.chance(0.4):
        heads.append(f"X-Mailer: {draw.pick(_MAILERS)}")
    kind, text = _body(subject, body, look, filling, draw)
    return "\n".join([*heads, "MIME-Version: 1.0", *kind, "", text]).encode()


def _body(subject: str, body: str, look: Look, filling: Filling, draw: Draw) -> tuple[list[str], str]:
    tracked = f"https://{draw.pick(('click', 'links', 'www', 't'))}.{filling.company().domain}/"
    own = look is Look.MARKETING

    def link() -> str:
        return tracked + draw.hex(20) if own else filling("link")

    plain = text_part("plain", plain_text(body, link) + "\n")
    if look is Look.PLAIN:
        return plain
    if look is Look.SIMPLE:
        page = simple_page(body, link)
    elif look is Look.MARKETING:
        page = marketing_page(body, link, draw, subject)
    else:
        page = picture_page(link)
    html = text_part("html", page)
    return multipart("alternative", [plain, html], draw) if look is not Look.PICTURE and draw.chance(0.4) else html


_RECIPIENTS_TEXT = (
    "anna.keel j.moore t.wren p.okoye sales info accounts h.lind m.castell office r.thorne b.ames c.dorn support"
)
_RECIPIENTS = tuple(_RECIPIENTS_TEXT.split())
_SENDERS_TEXT = "info noreply no-reply mail contact office news support service hello admin team accounts orders j.b"
_SENDERS = tuple(_SENDERS_TEXT.split())
_MAILERS = (
    "Microsoft Outlook 16.0",
    "Microsoft Outlook Express 6.00.2900",
    "Apple Mail (2.3696)",
    "PHPMailer 6.8.0",
    "Mutt 1.5",
    "Roundcube Webmail/1.4",
)
_RESULTS = (
    ("spf=pass smtp.mailfrom={sender}; dkim=pass header.d={host}; dmarc=pass header.from={host}", 60.0),
    ("spf=pass smtp.mailfrom={sender}; dkim=none; dmarc=none header.from={host}", 20.0),
    ("spf=none smtp.mailfrom={sender}; dkim=none", 10.0),
    ("spf=softfail smtp.mailfrom={sender}; dkim=none; dmarc=fail header.from={host}", 10.0),
)
