"""A small organisation as its attackers see it."""

from __future__ import annotations

from functools import cache

import pytest

from detection.mail.batch import MessageBatch, Row
from detection.mail.message import Skip
from detection.mail.organisation import Organisation
from onboarding.parsing import Belief, parse_listed
from onboarding.rehearsal.target import Target
from onboarding.sources.simulated.source import SimulatedSource

NOW = 2_000_000_000


@cache
def whole_target() -> Target:
    source = SimulatedSource("simulated:seed=5,mailboxes=8,days=60,rate=10")
    organisation = Organisation(frozenset(source.domains))
    rows: dict[int, Row] = {}
    for mailbox in source.mailboxes():
        for page in source.pages(mailbox.name, None):
            for listed in page.messages:
                row = parse_listed(listed, mailbox.name, organisation, Belief(NOW))
                if not isinstance(row, Skip):
                    rows.setdefault(row["message_key"], row)
    ordered = sorted(rows.values(), key=lambda row: (row["time"], row["message_key"]))
    return Target(MessageBatch.from_rows(ordered), organisation)


@pytest.fixture(scope="session")
def target() -> Target:
    return whole_target()
