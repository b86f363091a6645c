"""Whatever goes wrong at Google: everything is accounted for, nothing is there twice, and the others are not held up."""

from __future__ import annotations

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from gmail_at_hand import Serve, gmail_of, ids_in
from provider_at_hand import ANN, FAULTS, Ingested, accounted, all_of, ids, ingested_from, letter, listed, small
from simulators.faults import FaultPlan
from simulators.gmail import METADATA, USERS, Gmail
from simulators.gmail_store import gmail_id
from simulators.limits import Limit

from detection.mail.message import Skip
from onboarding.lifecycle import MailboxState
from onboarding.sources.base import SourceError
from onboarding.sources.gmail.tokens import READ
from onboarding.sources.network.pacing import Allowance
from onboarding.workspace import Workspace

pytestmark = pytest.mark.slow

PLANS = [*FAULTS, *(FaultPlan.drawn(seed) for seed in range(3))]


@pytest.mark.parametrize("plan", PLANS, ids=FaultPlan.said)
def test_history_is_complete_and_nothing_is_twice(serve: Serve, plan: FaultPlan) -> None:
    organisation = small(1, 30)
    expected = ids_in(organisation, ANN)
    # Every other plan where headers alone are granted: there the list is another one.
    scope = (READ, METADATA)[PLANS.index(plan) % 2]
    source = serve(gmail_of(organisation, plan, delegated=(USERS, scope)))
    pages = all_of(source, ANN)
    assert Counter(ids(pages)) == Counter(expected)
    deleted = {one.path.rpartition("/")[2] for one in listed(pages) if isinstance(one.content, Skip)}
    assert deleted == set(expected) - set(ids_in(organisation, ANN))
    counts = source.client(scope).counts
    assert counts.requests == counts.good + counts.refused + sum(counts.troubles.values())


@pytest.mark.parametrize(("seed", "scope"), [(0, READ), (9, METADATA), (2, READ), (21, METADATA)])
def test_reading_that_is_stopped_anywhere_while_mail_comes_and_goes_loses_nothing(
    serve: Serve, seed: int, scope: str
) -> None:
    chance = random.Random(seed)
    organisation = small(1, 40)
    arrived = set(ids_in(organisation, ANN))
    source = serve(gmail_of(organisation, FaultPlan.drawn(100 + seed), delegated=(USERS, scope)))
    recorded: list[str] = []
    cursor: str | None = None
    for round_ in range(7):
        for page in source.history(ANN, cursor, None):
            if chance.random() < 0.25:
                break  # killed before the page was recorded
            recorded += ids([page])
            cursor = page.cursor
        for number in range(chance.randint(0, 4)):
            arrived.add(
                gmail_id(organisation.deliver(ANN, letter(10_000 + 100 * round_ + number), int(time.time())).id)
            )
        for item_id in chance.sample(sorted(organisation.boxes[ANN].items), 2):
            organisation.touch(ANN, item_id)
    for _ in range(2):  # the first may end with a walk after a lost history id
        for page in source.history(ANN, cursor, None):
            recorded += ids([page])
            cursor = page.cursor
    assert max(Counter(recorded).values()) == 1
    assert set(recorded) <= arrived
    # What was deleted while its page was lost was never recorded, and cannot be any more.
    assert set(ids_in(organisation, ANN)) <= set(recorded)


Ingest = Callable[[Gmail], Ingested]


@pytest.fixture
def ingested(serve: Serve, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Connects a tenant to a simulated Gmail and ingests its mail, as a run does."""

    def run(gmail: Gmail, **pace: object) -> Ingested:
        source = serve(gmail, **pace)
        monkeypatch.setattr("onboarding.sources.gmail.source.Pace", lambda: source.pace)
        return ingested_from(workspace, source)

    return run


@pytest.mark.parametrize("seed", range(21, 22))
def test_the_accounting_adds_up_over_drawn_faults(ingested: Ingest, seed: int) -> None:
    organisation = small(4, 25)
    found = ingested(gmail_of(organisation, FaultPlan.drawn(seed)))
    accounted(found, organisation, gmail_id)
    assert found.totals.failed == 0
    assert found.totals.listed == 100


def test_mailboxes_that_cannot_be_read_end_failed_with_their_reason_and_the_others_are_read(ingested: Ingest) -> None:
    organisation = small(5, 20)
    plan = FaultPlan(
        vanishing=("user1@acme.example", "user4@acme.example"),
        vanish_after=7,
        unlicensed=("user2@acme.example",),
        broken=("user3@acme.example",),
    )
    found = ingested(gmail_of(organisation, plan, suspended=("former@acme.example",)))
    reasons = {name: str(one.reason) for name, one in found.mailboxes.items() if one.state is MailboxState.FAILED}
    assert "it is gone" in reasons["user1@acme.example"]
    assert "no Gmail" in reasons["user2@acme.example"]
    assert "Internal error" in reasons["user3@acme.example"]
    assert len(reasons) == 4
    assert "former@acme.example" not in found.mailboxes
    accounted(found, organisation, gmail_id)


def test_a_user_who_is_suspended_while_being_read_is_told_when_a_token_is_due(serve: Serve) -> None:
    gmail = gmail_of(small(2, 60), FaultPlan(token_requests=6))
    source = serve(gmail)
    pages = source.history(ANN, None, None)
    next(pages)
    gmail.suspended = (ANN,)
    with pytest.raises(SourceError, match="the user is gone or suspended"):
        list(pages)
    assert len(listed(all_of(source, "user1@acme.example"))) == 60


def test_a_throttle_fails_no_mailbox_however_hard(ingested: Ingest) -> None:
    organisation = small(2, 20)
    found = ingested(gmail_of(organisation, FaultPlan(throttle=0.5, retry_after="useless")))
    accounted(found, organisation, gmail_id)
    assert found.totals.failed == 0


def test_the_provider_s_own_limits_are_borne(ingested: Ingest) -> None:
    organisation = small(2, 25)
    gmail = Gmail(organisation, FaultPlan(retry_after="none"), Limit(units=300, seconds=0.5, at_once=2))
    found = ingested(gmail)
    accounted(found, organisation, gmail_id)
    assert found.totals.failed == 0
    assert gmail.meter.refused > 0


def test_who_keeps_to_the_units_is_not_refused(serve: Serve) -> None:
    gmail = Gmail(small(1, 60), FaultPlan(), Limit(units=400, seconds=1.0, at_once=10))
    # A window of a second at the provider is one of ours that passes forty times faster.
    source = serve(gmail, per_mailbox=Allowance(400, 40.0))
    assert len(listed(all_of(source, ANN))) == 60
    assert gmail.meter.refused == 0


def test_a_slow_and_a_huge_mailbox_hold_up_nobody(ingested: Ingest) -> None:
    organisation = small(5, 15)
    huge, slow = "huge@acme.example", "slow@acme.example"
    now = int(time.time())
    organisation.open(huge)
    organisation.open(slow)
    for number in range(200):
        organisation.deliver(huge, letter(50_000 + number, to=huge), now - 50 * 86_400 + 600 * number)
    for number in range(12):
        organisation.deliver(slow, letter(90_000 + number, to=slow), now - 50 * 86_400 + 600 * number)
    found = ingested(gmail_of(organisation, FaultPlan(sluggish=(slow,), slow_seconds=0.25)))
    accounted(found, organisation, gmail_id)
    assert set(found.finished[-2:]) == {huge, slow}


def test_planted_secrets_are_nowhere(
    ingested: Ingest, workspace: Workspace, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    organisation = small(2, 12)
    gmail = gmail_of(organisation, FaultPlan(token_requests=4, broken=("user1@acme.example",), throttle=0.1))
    found = ingested(gmail)
    assert found.totals.failed == 1
    key = gmail.key()["private_key"].splitlines()
    planted = [*key[1:-1], *gmail.tokens, *(one.rpartition(".")[2] for one in gmail.assertions)]
    assert len(gmail.tokens) > 3
    assert len(gmail.assertions) > 3
    shown = caplog.text + "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in workspace.home.rglob("*") if path.is_file())
    assert kept
    for secret in planted:
        assert secret not in shown
        assert secret.encode() not in kept


def test_a_wrong_key_is_told_without_showing_it(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    gmail = gmail_of(small(1, 1))
    source = serve(gmail)
    private = gmail.key()["private_key"]
    lines = private.splitlines()
    for wrong, said in (
        (
            json.dumps({**gmail.key(), "private_key": "\n".join([lines[0], *reversed(lines[1:-1]), lines[-1]])}),
            "make a new key",
        ),
        (json.dumps({"type": "authorized_user", "refresh_token": lines[3]}), "JSON key file of a service account"),
        (lines[4], "JSON key file of a service account"),
    ):
        monkeypatch.setenv("GATEHOUSE_SECRET_GMAIL_SERVICE_ACCOUNT", wrong)
        with pytest.raises(SourceError, match=said) as caught:
            source.mailboxes()
        chain: BaseException | None = caught.value
        while chain is not None:
            assert not any(line in f"{chain!r} {chain}" for line in lines[1:-1])
            chain = chain.__cause__ or chain.__context__
