"""How outcomes look in Prefect: held, refused and stopped runs end in states of those names, without tracebacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, ParamSpec, TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from onboarding.database.runs import Fenced, TenantBusy
from onboarding.holds import Hold
from onboarding.stage import Held
from onboarding.workers import PoolClosed

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
        except PoolClosed as closed:
            return cast(R, Cancelled(message=str(closed)))

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


def worth_another_try(task: Any, run: Any, state: State) -> bool:
    """Whether a task that failed should be tried again: not when its run has been stopped or replaced."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, Fenced | PoolClosed | CancelledError)


def refused_state(busy: TenantBusy) -> Any:
    """The state of a run that was not begun, since another works on the tenant; its message names that one."""
    return Failed(name="Refused", message=str(busy), data=busy)
