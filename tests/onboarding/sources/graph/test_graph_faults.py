"""Whatever goes wrong at the provider: everything is accounted for, nothing is there twice, and the others are not held up."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from graph_at_hand import Serve
from provider_at_hand import FAULTS, Ingested, accounted, all_of, ids, ingested_from, letter, listed, small
from simulators.faults import FaultPlan
from simulators.graph import Graph
from simulators.limits import Limit

from detection.mail.message import Skip
from onboarding.lifecycle import MailboxState
from onboarding.sources.base import SourceError
from onboarding.workspace import Workspace

pytestmark = pytest.mark.slow

PLANS = [*FAULTS, *(FaultPlan.drawn(seed) for seed in range(4))]


@pytest.mark.parametrize("plan", PLANS, ids=FaultPlan.said)
def test_history_is_complete_and_nothing_is_twice(serve: Serve, plan: FaultPlan) -> None:
    organisation = small(1, 60)
    expected = set(organisation.boxes["user0@acme.example"].items)
    graph = Graph(organisation, plan)
    source = serve(graph)
    pages = all_of(source, "user0@acme.example")
    assert Counter(ids(pages)) == Counter(expected)
    deleted = {one.path.rpartition("/")[2] for one in listed(pages) if isinstance(one.content, Skip)}
    assert deleted == expected - set(organisation.boxes["user0@acme.example"].items)
    counts = source.client.counts
    assert counts.requests == counts.good + counts.refused + sum(counts.troubles.values())


@pytest.mark.parametrize("seed", range(4))
def test_reading_that_is_stopped_anywhere_while_mail_comes_and_goes_loses_nothing(serve: Serve, seed: int) -> None:
    chance = random.Random(seed)
    organisation = small(1, 60)
    ann = "user0@acme.example"
    arrived = set(organisation.boxes[ann].items)
    source = serve(Graph(organisation, FaultPlan.drawn(100 + seed)))
    recorded: list[str] = []
    cursor: str | None = None
    for round_ in range(12):
        for page in source.history(ann, cursor, None):
            if chance.random() < 0.25:
                break  # killed before the page was recorded
            recorded += ids([page])
            cursor = page.cursor
        for number in range(chance.randint(0, 4)):
            item = organisation.deliver(ann, letter(10_000 + 100 * round_ + number), int(time.time()))
            arrived.add(item.id)
        for item_id in chance.sample(sorted(organisation.boxes[ann].items), 2):
            organisation.touch(ann, item_id)
    for page in source.history(ann, cursor, None):
        recorded += ids([page])
    assert max(Counter(recorded).values()) == 1
    assert set(recorded) <= arrived
    # What was deleted while its page was lost was never recorded, and cannot be any more.
    assert set(organisation.boxes[ann].items) <= set(recorded)


Ingest = Callable[[Graph], Ingested]


@pytest.fixture
def ingested(serve: Serve, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Connects a tenant to a simulated Graph and ingests its mail, as a run does."""

    def run(graph: Graph) -> Ingested:
        source = serve(graph)
        monkeypatch.setattr("onboarding.sources.graph.source.Pace", lambda: source.pace)
        return ingested_from(workspace, source)

    return run


@pytest.mark.parametrize("seed", range(20, 22))
def test_the_accounting_adds_up_over_drawn_faults(ingested: Ingest, seed: int) -> None:
    organisation = small(4, 40)
    found = ingested(Graph(organisation, FaultPlan.drawn(seed)))
    accounted(found, organisation)
    assert found.totals.failed == 0
    assert found.totals.listed == 160


def test_mailboxes_that_cannot_be_read_end_failed_with_their_reason_and_the_others_are_read(ingested: Ingest) -> None:
    organisation = small(6, 30)
    plan = FaultPlan(
        vanishing=("user1@acme.example",),
        vanish_after=3,
        unlicensed=("user2@acme.example",),
        broken=("user3@acme.example",),
    )
    graph = Graph(organisation, plan, forbidden=("user4@acme.example",))
    found = ingested(graph)
    reasons = {name: str(one.reason) for name, one in found.mailboxes.items() if one.state is MailboxState.FAILED}
    assert "gone from the directory" in reasons["user1@acme.example"]
    assert "no mailbox in Exchange Online" in reasons["user2@acme.example"]
    assert "internal server error" in reasons["user3@acme.example"]
    assert "access policy" in reasons["user4@acme.example"]
    assert len(reasons) == 4
    accounted(found, organisation)


def test_a_throttle_fails_no_mailbox_however_hard(ingested: Ingest) -> None:
    organisation = small(2, 25)
    found = ingested(Graph(organisation, FaultPlan(throttle=0.5, retry_after="useless")))
    accounted(found, organisation)
    assert found.totals.failed == 0


def test_the_provider_s_own_limits_are_borne(ingested: Ingest) -> None:
    organisation = small(2, 60)
    graph = Graph(organisation, FaultPlan(retry_after="none"), Limit(units=40, seconds=1.5, at_once=1))
    found = ingested(graph)
    accounted(found, organisation)
    assert graph.meter.refused > 0


def test_a_slow_and_a_huge_mailbox_hold_up_nobody(ingested: Ingest) -> None:
    organisation = small(5, 20)
    huge, slow = "huge@acme.example", "slow@acme.example"
    now = int(time.time())
    organisation.open(huge)
    organisation.open(slow)
    for number in range(2000):
        organisation.deliver(huge, letter(50_000 + number, to=huge), now - 50 * 86_400 + 600 * number)
    for number in range(20):
        organisation.deliver(slow, letter(90_000 + number, to=slow), now - 50 * 86_400 + 600 * number)
    found = ingested(Graph(organisation, FaultPlan(sluggish=(slow,), slow_seconds=0.3)))
    accounted(found, organisation)
    assert set(found.finished[-2:]) == {huge, slow}


def test_planted_secrets_are_nowhere(
    ingested: Ingest, workspace: Workspace, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    organisation = small(3, 20)
    graph = Graph(organisation, FaultPlan(token_requests=4, broken=("user1@acme.example",), throttle=0.1))
    found = ingested(graph)
    assert found.totals.failed == 1
    planted = [graph.client_secret, *graph.tokens]
    assert len(planted) > 3
    shown = caplog.text + "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in workspace.home.rglob("*") if path.is_file())
    for secret in planted:
        for part in (secret, secret.rpartition(".")[2]):
            assert part not in shown
            assert part.encode() not in kept


def test_wrong_credentials_are_told_without_showing_them(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    source = serve(Graph(small(1, 1)))
    monkeypatch.setenv("GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET", "wrong-planted-secret")
    with pytest.raises(SourceError, match="client secret is wrong") as caught:
        source.mailboxes()
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "wrong-planted-secret" not in f"{chain!r} {chain}"
        chain = chain.__cause__ or chain.__context__
