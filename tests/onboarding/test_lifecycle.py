"""States, steps and reasons fit together."""

from __future__ import annotations

from itertools import product
from string import Formatter

import pytest

from onboarding.holds import TEXTS, HoldReason, hold, placeholders
from onboarding.lifecycle import (
    TRANSITIONS,
    Mode,
    Step,
    TenantState,
    TransitionError,
    moved,
    when_held,
    when_started,
)


def test_every_state_can_be_reached_and_left() -> None:
    reached, todo = set(), [TenantState.REGISTERED]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo.extend(TRANSITIONS[state])
    assert reached == set(TenantState)
    assert all(TRANSITIONS[state] for state in TenantState)


@pytest.mark.parametrize("state", TenantState)
def test_a_run_can_start_be_held_and_fail_from_every_state(state: TenantState) -> None:
    started = moved("acme", state, when_started(state))
    held = moved("acme", started, when_held(started))
    assert moved("acme", held, when_started(held)) in (TenantState.ONBOARDING, TenantState.ACTIVE)
    assert moved("acme", started, TenantState.ACTIVE) is TenantState.ACTIVE


def test_protection_does_not_pause_while_a_tenant_is_onboarded_again() -> None:
    assert when_started(TenantState.ACTIVE) is TenantState.ACTIVE
    assert when_held(TenantState.ACTIVE) is TenantState.ACTIVE


@pytest.mark.parametrize(("before", "after"), list(product(TenantState, TenantState)))
def test_what_is_not_allowed_is_refused_by_name(before: TenantState, after: TenantState) -> None:
    if after is before or after in TRANSITIONS[before]:
        assert moved("acme", before, after) is after
    else:
        with pytest.raises(TransitionError, match=f"acme is {before} and cannot become {after}"):
            moved("acme", before, after)


def test_steps_are_in_the_order_of_onboarding() -> None:
    assert [step.position for step in Step] == list(range(len(Step)))
    assert Step.CONNECT.position == 0
    assert Step.ACTIVATE.position == len(Step) - 1


def test_modes_get_stricter() -> None:
    assert list(Mode) == [Mode.OFF, Mode.SHADOW, Mode.ALERT, Mode.ENFORCE]


class _Anything(dict[str, object]):
    """Gives every placeholder a number, which formats both as text and as a number."""

    def __missing__(self, name: str) -> object:
        return 0.5


def test_every_reason_has_a_sentence_and_a_remedy_that_names_a_command() -> None:
    assert set(TEXTS) == set(HoldReason)
    for reason in HoldReason:
        message, remedy = TEXTS[reason]
        assert "`gatehouse " in remedy
        assert "{tenant}" in remedy
        for text in (message, remedy):
            assert "\n" not in text
            assert "  " not in text
            assert Formatter().vformat(text, (), _Anything())


@pytest.mark.parametrize("reason", HoldReason)
def test_a_reason_without_its_values_is_refused(reason: HoldReason) -> None:
    values = dict.fromkeys(placeholders(reason), 0.5)
    assert hold(reason, **values).reason is reason
    values.pop("tenant")
    with pytest.raises(ValueError, match="tenant"):
        hold(reason, **values)


def test_braces_in_a_value_are_only_text() -> None:
    assert "{x}" in hold(HoldReason.NO_MAILBOXES, tenant="acme", source="eml:{x}").message
