"""A tenant's way from registered to active: its states, the steps, the modes, and what may follow what. Pure values."""

from __future__ import annotations

from enum import StrEnum


class TenantState(StrEnum):
    """Where a tenant stands."""

    REGISTERED = "registered"
    """Known, nothing done yet."""
    ONBOARDING = "onboarding"
    """Under way, or interrupted: the next run goes on where the last one stopped."""
    HELD = "held"
    """Cannot go on without something changing; the reason and its remedy are written down."""
    ACTIVE = "active"
    """Switched on, in the mode that the tenant has."""
    DEACTIVATED = "deactivated"
    """Was active and has been switched off; baseline and calibrations are kept."""


class Mode(StrEnum):
    """What an active tenant's decisions do."""

    OFF = "off"
    SHADOW = "shadow"
    """Scores and records, acts on nothing."""
    ALERT = "alert"
    ENFORCE = "enforce"


class Step(StrEnum):
    """The steps of onboarding, in their order."""

    CONNECT = "connect"
    INGEST = "ingest"
    BASELINE = "baseline"
    REHEARSE = "rehearse"
    CALIBRATE = "calibrate"
    READINESS = "readiness"
    ACTIVATE = "activate"

    @property
    def position(self) -> int:
        """0 for the first step."""
        return list(Step).index(self)


class WorkState(StrEnum):
    """How a step of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    HELD = "held"


class RunState(StrEnum):
    """How a run stands. All but `RUNNING` are final."""

    RUNNING = "running"
    COMPLETED = "completed"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CRASHED = "crashed"
    """Its process is gone or has gone silent; another may take over."""


class MailboxState(StrEnum):
    """How far a mailbox has been read."""

    PENDING = "pending"
    INGESTING = "ingesting"
    PAUSED = "paused"
    """Read back as far as was asked for now; older mail can follow from there."""
    INGESTED = "ingested"
    FAILED = "failed"


class TransitionError(Exception):
    """A tenant cannot go from the state it is in to the one asked for."""


TRANSITIONS: dict[TenantState, frozenset[TenantState]] = {
    TenantState.REGISTERED: frozenset({TenantState.ONBOARDING}),
    TenantState.ONBOARDING: frozenset({TenantState.HELD, TenantState.ACTIVE}),
    TenantState.HELD: frozenset({TenantState.ONBOARDING, TenantState.ACTIVE}),
    TenantState.ACTIVE: frozenset({TenantState.DEACTIVATED}),
    TenantState.DEACTIVATED: frozenset({TenantState.ONBOARDING, TenantState.ACTIVE}),
}
"""What may follow what. Staying is always allowed: repeating a step changes nothing. An active tenant is onboarded
again (recalibrated) without leaving `active`: protection does not pause while a new version is made."""


def moved(tenant: str, state: TenantState, to: TenantState) -> TenantState:
    """The state after the move. Raises TransitionError, naming what is possible."""
    if to is not state and to not in TRANSITIONS[state]:
        possible = ", ".join(sorted(TRANSITIONS[state]))
        raise TransitionError(f"tenant {tenant} is {state} and cannot become {to}; possible: {possible}")
    return to


def when_started(state: TenantState) -> TenantState:
    """The state of a tenant while an onboarding run works on it."""
    return state if state is TenantState.ACTIVE else TenantState.ONBOARDING


def when_held(state: TenantState) -> TenantState:
    """The state of a tenant whose run is held: one that is active stays so, on the versions it has."""
    return state if state is TenantState.ACTIVE else TenantState.HELD
