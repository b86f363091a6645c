"""The flow `onboard-tenant`: the stages of onboarding as tasks. SQL is the truth of progress; this drives and shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow, runtime, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows.aftermath import close_dead_runs
from flows.artifacts import StageBar, publish_outcome
from flows.holding import held_state, may_hold, passed
from onboarding import activate as activation
from onboarding.baseline import BaselineMade, make_baseline
from onboarding.calibrate import CalibrationMade, make_calibration
from onboarding.connect import connect
from onboarding.database.runs import RunToken
from onboarding.ingest import ingest, ingesting
from onboarding.lifecycle import Step
from onboarding.readiness import Readiness, check_readiness
from onboarding.rehearse import RehearsalMade, rehearse
from onboarding.report.markdown import outcome_page
from onboarding.report.write import write_report
from onboarding.run import ONBOARD, outcome, running
from onboarding.shards import deal, named
from onboarding.stage import Held
from onboarding.widen import held_for_history, short_of_history, widen_lookback
from onboarding.workers import WorkerPool
from onboarding.workspace import Workspace, open_workspace


@task(tags=["connect"], task_run_name="connect {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def connect_source(workspace: Workspace, token: RunToken) -> dict[str, int | None]:
    """Checks the source and lists its mailboxes with their estimated sizes."""
    return connect(workspace, token)


@task(tags=["ingest"], task_run_name="ingest {name}", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
@may_hold
def ingest_shard(workspace: Workspace, token: RunToken, mailboxes: Sequence[str], name: str, pool: WorkerPool) -> int:
    """Reads the mailboxes of one shard to their ends, in a worker process."""
    return pool.run(ingest, workspace, token, mailboxes)


@task(tags=["baseline"], task_run_name="baseline {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def learn_baseline(workspace: Workspace, token: RunToken) -> BaselineMade:
    """Consolidates the history, replays it as-of and snapshots its facts."""
    return make_baseline(workspace, token)


@task(tags=["rehearse"], task_run_name="rehearse {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def rehearse_attacks(workspace: Workspace, token: RunToken, baseline: BaselineMade) -> RehearsalMade:
    """Retargets known kinds of attack at the tenant and scores them as of their own time."""
    return rehearse(workspace, token)


@task(tags=["calibrate"], task_run_name="calibrate {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def calibrate_detectors(
    workspace: Workspace, token: RunToken, baseline: BaselineMade, rehearsal: RehearsalMade
) -> CalibrationMade:
    """Sets every detector's threshold under the tenant's budget, with a certificate."""
    return make_calibration(workspace, token, baseline.version)


@task(tags=["readiness"], task_run_name="readiness {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def measure_readiness(workspace: Workspace, token: RunToken, calibration: CalibrationMade) -> Readiness:
    """Measures every gate."""
    return check_readiness(workspace, token, calibration)


@task(tags=["activate"], task_run_name="activate {token.tenant}", cache_policy=NO_CACHE)
def activate_detection(
    workspace: Workspace, token: RunToken, baseline: BaselineMade, calibration: CalibrationMade, readiness: Readiness
) -> str:
    """Switches detection on; gives the mode."""
    return str(activation.activate(workspace, token, baseline.version, calibration.version, readiness).mode)


@flow(name="onboard-tenant", flow_run_name="onboard {tenant}", validate_parameters=False)
def onboard_tenant(tenant: str, until: str | None = None) -> Any:
    """Takes a tenant from its mail to switched-on detection; resumes where an earlier run stopped. Gives the run's id.

    A tenant that is held ends the flow in the state `Held`; the run's id is given all the same.
    """
    workspace = open_workspace()
    try:
        with running(workspace, tenant, ONBOARD, actor="gatehouse", flow_run=str(runtime.flow_run.id)) as token:
            close_dead_runs(workspace, token)
            try:
                _stages(workspace, token, Step(until) if until else Step.ACTIVATE)
            finally:
                _publish(workspace, token)
    except Held as held:
        return held_state(held.hold, token.run)
    return token.run


def run_onboarding(workspace: Workspace, tenant: str, until: Step | None) -> str:
    """Runs the flow in this process with the workspace's number of shards at a time."""
    runner: Any = ThreadPoolTaskRunner(max_workers=workspace.settings.workers)
    with tags("onboarding", f"tenant:{tenant}"):
        return str(onboard_tenant.with_options(task_runner=runner)(tenant, str(until) if until else None))


def _stages(workspace: Workspace, token: RunToken, last: Step) -> None:
    """The stages, and again over more history while the gates ask for it; what came of them is in force meanwhile."""
    while True:
        try:
            short = _once(workspace, token, last)
        except Held as held:
            short = held_for_history(held.hold)
            if short is None or widen_lookback(workspace, token, short) is None:
                raise
        else:
            if short is None or widen_lookback(workspace, token, short) is None:
                return


def _once(workspace: Workspace, token: RunToken, last: Step) -> str | None:
    """All stages; gives why more history is wanted, None when it is not."""
    tenant, short = token.tenant, None
    sizes = passed(connect_source(workspace, token))
    if last.position >= Step.INGEST.position:
        bar = StageBar(tenant, "ingest", "messages")
        with (
            ingesting(workspace, token, bar.tell) as stage,
            WorkerPool(workspace.settings.parse_workers) as pool,
        ):
            groups = deal(list(sizes), sizes, workspace.settings.shards)
            futures = [ingest_shard.submit(workspace, token, group, named(group), pool) for group in groups]
            listed = sum(passed(future.result()) for future in futures)
            stage.summary |= {"listed_in_this_run": listed, "shards": len(groups)}
        bar.finish(f"{listed:,} messages read in this run")
    if last.position >= Step.BASELINE.position:
        bar = StageBar(tenant, "baseline", "messages")
        baseline = passed(learn_baseline(workspace, token))
        bar.finish(f"version {baseline.version}")
    if last.position >= Step.REHEARSE.position:
        bar = StageBar(tenant, "rehearse", "attacks")
        rehearsal = passed(rehearse_attacks(workspace, token, baseline))
        bar.finish(f"{rehearsal.attacks} attacks")
    if last.position >= Step.CALIBRATE.position:
        bar = StageBar(tenant, "calibrate", "messages")
        calibration = passed(calibrate_detectors(workspace, token, baseline, rehearsal))
        bar.finish(calibration.result.certificate.statement)
    if last.position >= Step.READINESS.position:
        bar = StageBar(tenant, "readiness", "gates")
        readiness = passed(measure_readiness(workspace, token, calibration))
        bar.finish(f"{sum(gate.passed for gate in readiness.measured)} of {len(readiness.measured)} gates passed")
        short = short_of_history(readiness.measured)
    if last.position >= Step.ACTIVATE.position:
        bar = StageBar(tenant, "activate", "")
        bar.finish(f"active in {activate_detection(workspace, token, baseline, calibration, readiness)}")
    return short


def _publish(workspace: Workspace, token: RunToken) -> None:
    """The outcome as a page in the UI and as the report on disk, whichever way the run ended."""
    document = outcome(workspace, token.tenant, token.run)
    write_report(workspace, token.tenant, document)
    publish_outcome(document, outcome_page(workspace, token.tenant, document))
