"""Reading back in stretches: on the newest days alone for a start, to a lookback and further, and nothing twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from graph_at_hand import Serve
from provider_at_hand import letter
from simulators.faults import FaultPlan
from simulators.graph import Graph
from simulators.organisation import Organisation
from tenants_at_hand import register

from onboarding import store
from onboarding.connect import connect
from onboarding.database import audit, mailboxes, tenants
from onboarding.database.runs import RunToken
from onboarding.early import goes_early, reads_on
from onboarding.ingest import ingest
from onboarding.lifecycle import MailboxState, TenantState
from onboarding.reach import FIXED, early
from onboarding.run import ONBOARD, running
from onboarding.widen import widen_lookback
from onboarding.workspace import Workspace

DAY = 86_400
BOXES = ("user0@acme.example", "user1@acme.example")


class Reading:
    """A tenant whose two mailboxes hold a message every fourth day of the last 400."""

    def __init__(self, workspace: Workspace, organisation: Organisation, token: RunToken) -> None:
        self.workspace, self.organisation, self.token = workspace, organisation, token

    def read(self, early: bool = False) -> int:
        """Reads every mailbox, as a round of a run does; gives how many messages were listed."""
        return ingest(self.workspace, self.token, list(connect(self.workspace, self.token)), early)

    def change(self, **values: object) -> None:
        with self.workspace.database.transaction("acme") as session:
            tenants.change(session, "acme", actor="test", **values)

    @property
    def paths(self) -> Counter[str]:
        with self.workspace.database.session("acme") as session:
            files = [part.file for part in mailboxes.parts(session, "acme") if part.file]
        read = [store.read_part(self.workspace.layout("acme"), file, ["path"]) for file in files]
        return Counter(path for table in read for path in table.column("path").to_pylist())

    @property
    def states(self) -> set[MailboxState]:
        with self.workspace.database.session("acme") as session:
            return {box.state for box in mailboxes.all_of(session, "acme")}

    def days(self, back: int) -> int:
        """Messages of both mailboxes in the last days."""
        return sum(item.received > time.time() - back * DAY for _, item in self.organisation.messages())


@pytest.fixture
def reading(serve: Serve, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    now = int(time.time())
    organisation = Organisation("acme.example")
    for box in BOXES:
        organisation.open(box)
        for day in range(400, 0, -4):
            organisation.deliver(box, letter(day, to=box), now - day * DAY + 3600)
    source = serve(Graph(organisation, FaultPlan()))
    monkeypatch.setattr("onboarding.sources.graph.source.Pace", lambda: source.pace)
    monkeypatch.setattr("onboarding.sources.graph.content.GROUP", 5)
    register(workspace, "acme", source.uri, "acme.example")
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        yield Reading(workspace, organisation, token)


def test_an_early_go_reads_the_newest_days_and_the_next_round_the_rest(reading: Reading) -> None:
    assert reading.days(30) <= reading.read(early=True) <= reading.days(30 + 2 * 20)
    assert reading.states == {MailboxState.PAUSED}
    assert reading.read(early=True) == 0  # killed and begun again
    assert reads_on(reading.workspace, reading.token)
    with reading.workspace.database.session("acme") as session:
        assert [one.action for one in audit.entries(session, "acme")].count("early-go") == 1
        assert early(session, tenants.get(session, "acme"))
    reading.organisation.deliver(BOXES[0], letter(1_000), int(time.time()))
    reading.read()
    assert reading.states == {MailboxState.INGESTED}
    assert not reads_on(reading.workspace, reading.token)
    assert sum(reading.paths.values()) == reading.days(397)
    assert max(reading.paths.values()) == 1


def test_a_mailbox_that_failed_while_older_mail_was_read_goes_on_when_the_run_is_begun_again(reading: Reading) -> None:
    reading.read(early=True)
    assert reads_on(reading.workspace, reading.token)
    with reading.workspace.database.transaction("acme") as session:
        for box in BOXES:
            mailboxes.fail(session, reading.token, box, "the provider is down")
    assert reading.read(early=True) == 0
    assert reads_on(reading.workspace, reading.token)
    reading.read()
    assert reading.states == {MailboxState.INGESTED}
    assert sum(reading.paths.values()) == reading.days(397)
    assert max(reading.paths.values()) == 1


def test_only_a_new_tenant_with_much_mail_goes_early(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    def goes(*sizes: int | None) -> bool:
        return goes_early(reading.workspace, reading.token, dict(zip(BOXES, sizes, strict=True)))

    assert (goes(9_000, 2_000), goes(100, None), goes(100, 200)) == (True, True, False)
    reading.change(lookback_days=20)
    assert not goes(9_000, 2_000)
    reading.change(lookback_days=None)
    with reading.workspace.database.transaction("acme") as session:
        tenants.move(session, "acme", TenantState.ACTIVE, actor="test")
    assert not goes(9_000, 2_000)


def test_a_lookback_of_the_settings_is_widened_by_reading_older_mail_alone(reading: Reading) -> None:
    reading.change(lookback_days=40)
    first = reading.read()
    assert reading.days(40) <= first <= reading.days(40 + 2 * 20)
    before = set(reading.paths)
    assert widen_lookback(reading.workspace, reading.token, "too short") == 80
    second = reading.read()
    assert first + second <= reading.days(80 + 2 * 20)
    assert before < set(reading.paths)
    assert max(reading.paths.values()) == 1
    # The next run has nothing to widen: what came since is read, and reading is at its end.
    reading.organisation.deliver(BOXES[0], letter(1_000), int(time.time()))
    assert reading.read() == 1 + len(BOXES)  # and of each mailbox one that says that there is older mail
    assert reading.states == {MailboxState.INGESTED}
    with reading.workspace.database.session("acme") as session:
        assert mailboxes.totals(session, "acme").skipped == {"outside-lookback": 2}


def test_a_lookback_that_a_person_named_is_kept_to_the_day(reading: Reading) -> None:
    reading.change(lookback_days=40, overrides={FIXED: True})
    reading.read()
    assert reading.states == {MailboxState.INGESTED}
    assert sum(reading.paths.values()) == reading.days(40)
