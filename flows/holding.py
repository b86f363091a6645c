"""A hold is an outcome, not a crash: in Prefect it is a state named `Held`, with the reason as its message."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.states import Completed

from onboarding.holds import Hold
from onboarding.stage import Held

P = ParamSpec("P")
R = TypeVar("R")


def may_hold(step: Callable[P, R]) -> Callable[P, R]:
    """A step whose `Held` ends the task run in the state of that name, without a traceback in anybody's log.

    What the task gives is then the `Hold`: read it through `passed`.
    """

    @functools.wraps(step)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return step(*args, **kwargs)
        except Held as held:
            return cast(R, held_state(held.hold, held.hold))

    return wrapped


def passed(result: R) -> R:
    """The result of a task that may hold. Raises Held when it did."""
    # A task that gives a state itself is answered with that state, not with what it carries.
    value = result.result() if isinstance(result, State) else result
    if isinstance(value, Hold):
        raise Held(value)
    return cast(R, value)


def held_state(hold: Hold, data: Any) -> Any:
    """The state of a run that was held."""
    return Completed(name="Held", message=f"{hold.message}. What helps: {hold.remedy}", data=data)
