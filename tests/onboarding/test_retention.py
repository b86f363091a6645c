"""What is beyond its time goes, and never what can still be taken back or what the next calibration heeds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from message_rows import row
from sqlalchemy.orm import Session
from tenants_at_hand import record_calibration, register

from detection.keys import key_of
from detection.mail.batch import MessageBatch
from onboarding import clock, store
from onboarding.database import actions, activations, decisions, labels, tenants, versions
from onboarding.database.actions import ActionKind, ActionState, Planned
from onboarding.database.decisions import Flagged
from onboarding.database.labels import Verdict
from onboarding.database.runs import RunToken
from onboarding.lifecycle import Mode, TenantState
from onboarding.retention import KEPT_BEFORE, retire
from onboarding.run import running
from onboarding.workspace import Workspace

OLD = timedelta(days=1_200)
LAST = KEPT_BEFORE + 2
"""The calibration in force; only the first is more than `KEPT_BEFORE` before it."""


@pytest.fixture
def years_later(workspace: Workspace) -> Workspace:
    """A tenant with all kinds of rows of more than three years ago, and the same calibration in force since."""
    long_ago = clock.now() - OLD
    with clock.use(lambda: long_ago):
        register(workspace, "acme", "simulated:seed=5", "acme.example")
        with running(workspace, "acme", "calibrate", actor="test") as token:
            with workspace.database.transaction("acme") as session:
                made = versions.record_baseline(
                    session,
                    token,
                    digest="b",
                    folder="f",
                    messages=1,
                    first_time=1,
                    last_time=2,
                    facts={},
                    engine="1",
                )
                for number in range(1, LAST + 1):
                    _calibration(session, token, number, made.version)
                    decisions.record_findings(session, token, number, [flagged(number)])
                decisions.record_live(session, "acme", 1, 1, [flagged(100)])
                decisions.record_live(session, "acme", LAST, 1, [flagged(101)])
                tenants.move(session, "acme", TenantState.ONBOARDING, actor="test")
                activations.activate(
                    session,
                    "acme",
                    engine="1",
                    baseline=made.version,
                    calibration=LAST,
                    mode=Mode.ENFORCE,
                    actor="test",
                    reason="",
                    token=token,
                )
                for key, end in ENDS.items():
                    for kind in ActionKind:
                        actions.plan(session, "acme", [planned(key, kind)])
                        action = session.get(actions.Action, ("acme", key, "ann", kind, str(key)))
                        assert action is not None
                        end(session, action)
                # One in the store, one that a kept decision is about, one of whom nothing is known any more.
                for key in (key_of("stored"), 101, 999):
                    labels.label(session, "acme", key, "x", Verdict.SAFE, reason="", actor="ada")
            store.write_part(
                workspace.layout("acme"), "jane", 0, MessageBatch.from_rows([row("stored", mailbox="jane")])
            )
    return workspace


def test_what_is_beyond_its_time_goes_and_what_is_needed_stays(years_later: Workspace) -> None:
    said = retire(years_later, "acme")
    with years_later.database.session("acme") as session:
        findings = {number: decisions.count_findings(session, "acme", number) for number in range(1, LAST + 1)}
        live = {number: len(decisions.live(session, "acme", number)) for number in (1, LAST)}
        left = {(one.message_key, one.kind) for key in ENDS for one in actions.of_message(session, "acme", f"{key}@x")}
        labelled = {one.message_key for one in labels.all_of(session, "acme")}
    assert findings == {1: 0} | dict.fromkeys(range(2, LAST + 1), 1), "of calibrations one may go back to, all stays"
    assert live == {1: 0, LAST: 1}, "what the calibration in force has flagged is counted against its promise"
    assert left == {(1, ActionKind.NOTIFY), (1, ActionKind.MOVE), (2, ActionKind.MOVE)}, (
        "what is planned, and a move that can be taken back"
    )
    assert labelled == {key_of("stored"), 101}
    assert all(word in said for word in ("2 rows of decisions", "5 actions", "1 labels")), said
    assert retire(years_later, "acme") == "", "a pass too many does nothing"


def test_nothing_goes_before_its_time(years_later: Workspace) -> None:
    soon = clock.now() - OLD + timedelta(days=399)
    with clock.use(lambda: soon):
        assert retire(years_later, "acme") == ""
    with years_later.database.session("acme") as session:
        assert len(labels.all_of(session, "acme")) == 3


def _done(session: Session, action: actions.Action) -> None:
    actions.done(session, action, "elsewhere")


def _given_up(session: Session, action: actions.Action) -> None:
    for _ in range(actions.MOST_ATTEMPTS):
        actions.failed(session, action, "no answer")
    assert action.state is ActionState.GIVEN_UP


ENDS: dict[int, Callable[[Session, actions.Action], None]] = {
    1: lambda session, action: None,
    2: _done,
    3: actions.undone,
    4: _given_up,
}


def planned(key: int, kind: ActionKind) -> Planned:
    return Planned(
        message_key=key, mailbox="ann", kind=kind, message_id=f"{key}@x", path=str(key), time=1, folder=1, activation=1
    )


def flagged(key: int) -> Flagged:
    return Flagged(
        message_key=key,
        message_id=f"{key}@x",
        path=str(key),
        time=key,
        verdict="attack",
        kind="fraud",
        tail_probability=1e-6,
    )


def _calibration(session: Session, token: RunToken, number: int, baseline: int) -> None:
    record_calibration(session, token, digest=str(number), baseline=baseline, actor="test")
