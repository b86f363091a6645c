"""How often a run goes through its stages: early, on all of the mail, and further back while a gate asks for more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from flows import onboard
from onboarding.database.runs import RunToken
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import Step
from onboarding.stage import Held
from onboarding.workspace import Workspace

LITTLE = Held(hold(HoldReason.TOO_LITTLE_HISTORY, tenant="a", messages=3, days=2, needed_messages=50, needed_days=7))
BROKEN = Held(hold(HoldReason.NO_MAILBOXES, tenant="a", source="eml:/mail"))


def rounds(
    monkeypatch: pytest.MonkeyPatch,
    outcomes: list[str | Held | None],
    *,
    paused: bool = False,
    wider: int = 0,
    last: Step = Step.ACTIVATE,
) -> list[bool]:
    """Which rounds a run makes (True: asked to be early); `outcomes` is what each comes to, `wider` how often it can widen."""
    made: list[bool] = []
    left: Iterator[str | Held | None] = iter(outcomes)
    widenings = iter(range(wider))

    def once(workspace: Workspace, token: RunToken, last: Step, early: bool) -> str | None:
        made.append(early)
        came = next(left)
        if isinstance(came, Held):
            raise came
        return came

    monkeypatch.setattr(onboard, "_once", once)
    monkeypatch.setattr(onboard, "reads_on", lambda *_: paused)
    monkeypatch.setattr(onboard, "_publish", lambda *_: None)
    monkeypatch.setattr(onboard, "widen_lookback", lambda *_: next(widenings, None))
    nothing = cast(Any, None)
    try:
        onboard._stages(nothing, nothing, last)
    finally:
        assert next(left, "nothing left") == "nothing left"
    return made


def test_what_an_early_round_comes_to_is_made_anew_once_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for first in (None, "gate certificate fails", LITTLE, BROKEN):
        assert rounds(monkeypatch, [first, None], paused=True) == [True, False]


def test_a_round_over_all_of_the_mail_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, [None]) == [True]
    assert rounds(monkeypatch, [None], paused=True, last=Step.READINESS) == [False]


def test_the_lookback_is_widened_while_a_gate_asks_for_it_and_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, ["short", LITTLE, "short"], wider=2) == [True, False, False]
    with pytest.raises(Held):
        rounds(monkeypatch, ["short", LITTLE], wider=1)
    with pytest.raises(Held):
        rounds(monkeypatch, [BROKEN], wider=9)
