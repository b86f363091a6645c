"""A small organisation with a history, and raw mail delivered into it: bytes to columns to replay to scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from detection.baselines.replay import replay
from detection.engine import Engine
from detection.mail.columns import Origin, from_messages
from detection.mail.message import Message
from detection.mail.organisation import Organisation
from detection.mail.parse import parse

START = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
ACME = Organisation(frozenset({"acme-tools.example"}))

BOSS = "Dana Whitfield <dana.whitfield@acme-tools.example>"
CLERK = "Robin Okafor <robin.okafor@acme-tools.example>"
STAFF = tuple(f"Person{i} Surname{i} <person{i}.surname{i}@acme-tools.example>" for i in range(12))
VENDOR = "Northgate Billing <billing@northgate-supplies.example>"

Scores = dict[str, float]
Deliver = Callable[..., Scores]


def mail(sender: str, to: str, subject: str, text: str, when: datetime, **more: Any) -> bytes:
    """One mail as bytes. `html` adds an HTML body, `attach` is (name, type, content); other names are headers."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(when)
    message["Message-ID"] = more.pop(
        "message_id", f"<{crc32(repr((sender, to, subject, when)).encode())}@sender.example>"
    )
    html, attached = more.pop("html", ""), more.pop("attach", None)
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    if attached:
        name, kind, content = attached
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def history() -> list[bytes]:
    """Two months: the boss and the staff write to one another and to a vendor, who sends invoices."""
    mails = []
    passed = "mx.acme-tools.example; spf=pass smtp.mailfrom={0}; dkim=pass header.d={0}; dmarc=pass header.from={0}"
    for day in range(60):
        when = START + timedelta(days=day)
        someone = STAFF[day % len(STAFF)]
        own = passed.format("acme-tools.example")
        mails.append(mail(BOSS, someone, f"Plans {day}", "Notes from our meeting.", when, Authentication_Results=own))
        mails.append(
            mail(someone, CLERK, f"Desk {day}", "The figures you asked for.", when, Authentication_Results=own)
        )
        mails.append(mail(CLERK, BOSS, f"Report {day}", "Here is the report.", when + timedelta(hours=1)))
        if day % 4 == 0:
            vendor = passed.format("northgate-supplies.example")
            mails.append(
                mail(
                    VENDOR,
                    CLERK,
                    f"Invoice {day}",
                    "Our invoice for last week is attached. Please pay to IBAN GB29 NWBK 6016 1331 9268 19. "
                    "https://portal.northgate-supplies.example/invoices",
                    when + timedelta(hours=2),
                    Authentication_Results=vendor,
                )
            )
            mails.append(mail(CLERK, VENDOR, f"Re: Invoice {day}", "Thank you, paid.", when + timedelta(hours=3)))
    return mails


@pytest.fixture(scope="session")
def deliver() -> Deliver:
    past = [_read(content) for content in history()]

    def score(sender: str, subject: str, text: str, to: str = CLERK, **more: Any) -> Scores:
        now = mail(sender, to, subject, text, START + timedelta(days=61), **more)
        messages = sorted([*past, _read(now)], key=lambda message: message.time or 0)
        batch = from_messages(((message, Origin("robin.okafor", "x")) for message in messages), ACME)
        scores = Engine().score(batch, replay(batch))
        return dict(zip(scores.detectors, scores.values[:, -1].tolist(), strict=True))

    return score


def _read(content: bytes) -> Message:
    message = parse(content)
    assert isinstance(message, Message)
    return message


@pytest.fixture(scope="session")
def ordinary(deliver: Deliver) -> Scores:
    """The scores of the vendor's next invoice."""
    scores = deliver(VENDOR, "Invoice 61", "Our invoice for last week is attached.")
    assert np.isfinite(list(scores.values())).all()
    return scores
