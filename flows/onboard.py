"""The flow `onboard-tenant`: the stages of onboarding as tasks. SQL is the truth of progress; this drives and shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE

from flows import reports
from flows.aftermath import close_dead_runs
from flows.artifacts import publish_outcome, shown
from flows.holding import held_state, may_hold, passed, refused_state, worth_another_try
from flows.logs import leave_the_terminal_to_us, let_steps_speak
from flows.marking import tag_run
from flows.parameters import OnboardTenant
from flows.runners import runner_of_environment, task_runner, work_pool
from onboarding import activate as activation
from onboarding.baseline import BaselineMade, make_baseline
from onboarding.calibrate import CalibrationMade, make_calibration
from onboarding.connect import connect
from onboarding.database.runs import RunToken, TenantBusy
from onboarding.early import goes_early, reads_on
from onboarding.fencing import fenced
from onboarding.files import StoreError
from onboarding.ingest import ingest, ingesting, shards
from onboarding.lifecycle import Step
from onboarding.live.left import LeftToWatch, left_to_watch
from onboarding.readiness import Readiness, check_readiness
from onboarding.rehearse import RehearsalMade, rehearse
from onboarding.report.markdown import page_for_prefect
from onboarding.report.write import report_path, write_report
from onboarding.run import ONBOARD, outcome, running
from onboarding.settings import TaskRunner
from onboarding.shards import named
from onboarding.stage import Held
from onboarding.widen import held_for_history, short_of_history, widen_lookback
from onboarding.workers import WorkerPool
from onboarding.workspace import Workspace, open_workspace

log = logging.getLogger(__name__)

# Task runs carry no tags: for each that has one, Prefect asks the server for a concurrency slot and gives it back, in
# connections of their own, which was half of all requests of a small tenant. Their names say what they are.


@task(task_run_name="connect {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def connect_source(workspace: Workspace, token: RunToken) -> dict[str, int | None]:
    """Checks the source and lists its mailboxes with their estimated sizes."""
    return connect(workspace, token)


@task(
    task_run_name="ingest {name}",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=2,
    retry_condition_fn=worth_another_try,
)
@may_hold
def ingest_shard(
    workspace: Workspace,
    token: RunToken,
    mailboxes: Sequence[str],
    name: str,
    pool: WorkerPool,
    early: bool = False,
    left: LeftToWatch | None = None,
) -> int:
    """Reads the mailboxes of one shard to their ends (`early`: their newest days), in a worker process."""
    return pool.run(ingest, workspace, token, mailboxes, early, left)


@task(task_run_name="{name}", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def work_on_stretch(work: Callable[..., Any], arguments: tuple[Any, ...], name: str, pool: WorkerPool) -> Any:
    """Learns or replays a stretch of history; gives where the result lies."""
    return pool.run(work, *arguments)


@task(task_run_name="baseline {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def learn_baseline(workspace: Workspace, token: RunToken) -> BaselineMade:
    """Consolidates the history, replays it as-of and snapshots its facts: by itself, or in stretches where shards run."""
    if workspace.settings.task_runner is TaskRunner.THREADS:
        return make_baseline(workspace, token)
    with work_pool(workspace.settings) as pool:

        def spread(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]:
            futures = [
                work_on_stretch.submit(work, each, f"{named} stretch {at} of {len(arguments)}", pool)
                for at, each in enumerate(arguments, start=1)
            ]
            return [future.result() for future in futures]

        return make_baseline(workspace, token, spread)


@task(task_run_name="rehearse {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def rehearse_attacks(workspace: Workspace, token: RunToken, baseline: BaselineMade) -> RehearsalMade:
    """Retargets known kinds of attack at the tenant and scores them as of their own time."""
    return rehearse(workspace, token)


@task(task_run_name="calibrate {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def calibrate_detectors(
    workspace: Workspace, token: RunToken, baseline: BaselineMade, rehearsal: RehearsalMade
) -> CalibrationMade:
    """Sets every detector's threshold under the tenant's budget, with a certificate."""
    return make_calibration(workspace, token, baseline.version)


@task(task_run_name="readiness {token.tenant}", cache_policy=NO_CACHE)
@may_hold
def measure_readiness(workspace: Workspace, token: RunToken, calibration: CalibrationMade) -> Readiness:
    """Measures every gate."""
    return check_readiness(workspace, token, calibration)


@task(task_run_name="activate {token.tenant}", cache_policy=NO_CACHE)
def activate_detection(
    workspace: Workspace, token: RunToken, baseline: BaselineMade, calibration: CalibrationMade, readiness: Readiness
) -> str:
    """Switches detection on; gives the mode."""
    return str(activation.activate(workspace, token, baseline.version, calibration.version, readiness).mode)


@flow(name="onboard-tenant", flow_run_name="onboard {request.tenant}", task_runner=runner_of_environment())
def onboard_tenant(request: OnboardTenant) -> Any:
    """Takes a tenant from its mail to switched-on detection; resumes where an earlier run stopped. Gives the run's id.

    A tenant that is held ends the flow in the state `Held`; the run's id is given all the same. One that another run is
    working on ends it in the state `Refused`, which names that run.
    """
    tenant = request.tenant
    let_steps_speak()
    tag_run(tenant)
    workspace = open_workspace()
    try:
        with running(workspace, tenant, ONBOARD, actor="gatehouse", flow_run=str(runtime.flow_run.id)) as token:
            close_dead_runs(workspace, tenant, f"its process was gone; run {token.run} went on")
            try:
                _stages(workspace, token, request.until)
            finally:
                _publish(workspace, token)
    except Held as held:
        return held_state(held.hold, token.run)
    except TenantBusy as busy:
        return refused_state(busy)
    return token.run


def run_onboarding(workspace: Workspace, tenant: str, until: Step | None) -> str:
    """Runs the flow in this process, for a command, with its shards where the settings say."""
    leave_the_terminal_to_us()
    runner: Any = task_runner(workspace.settings)
    return str(
        onboard_tenant.with_options(task_runner=runner)(OnboardTenant(tenant=tenant, until=until or Step.ACTIVATE))
    )


def _stages(workspace: Workspace, token: RunToken, last: Step) -> None:
    """The stages, and again over more history while there is some to go on to or the gates ask for it; what came of them is
    in force meanwhile."""
    early = last is Step.ACTIVATE
    while True:
        try:
            short = _once(workspace, token, last, early)
        except Held as held:
            short = held_for_history(held.hold)
            if not _goes_on(workspace, token, short, early):
                raise
        else:
            if not _goes_on(workspace, token, short, early):
                return
        early = False


def _goes_on(workspace: Workspace, token: RunToken, short: str | None, early: bool) -> bool:
    """Whether the stages are gone through once more."""
    if early and reads_on(workspace, token):
        _publish(workspace, token)
        return True
    return short is not None and widen_lookback(workspace, token, short) is not None


def _once(workspace: Workspace, token: RunToken, last: Step, early: bool) -> str | None:
    """All stages; gives why more history is wanted, None when it is not. `early`: on the newest mail, if that is worth it."""
    sizes = passed(connect_source(workspace, token))
    early = early and goes_early(workspace, token, sizes)
    if last is Step.CONNECT:
        return None
    with (
        shown(workspace, token, Step.INGEST) as bar,
        ingesting(workspace, token) as stage,
        work_pool(workspace.settings) as pool,
    ):
        groups = shards(workspace, token.tenant, sizes)
        # Here, where the home is: a worker on another machine may have the store alone.
        left = left_to_watch(workspace, token.tenant)
        futures = [ingest_shard.submit(workspace, token, group, named(group), pool, early, left) for group in groups]
        listed = sum(passed(future.result()) for future in futures)
        stage.summary |= {"listed_in_this_run": listed, "shards": len(groups)}
        bar.finish(f"{listed:,} messages of {len(sizes):,} mailboxes read in this run")
    if last is Step.INGEST:
        return None
    with shown(workspace, token, Step.BASELINE) as bar:
        baseline = passed(learn_baseline(workspace, token))
        bar.finish(f"version {baseline.version}")
    if last is Step.BASELINE:
        return None
    with shown(workspace, token, Step.REHEARSE) as bar:
        rehearsal = passed(rehearse_attacks(workspace, token, baseline))
        bar.finish(f"{rehearsal.attacks} attacks")
    if last is Step.REHEARSE:
        return None
    with shown(workspace, token, Step.CALIBRATE) as bar:
        calibration = passed(calibrate_detectors(workspace, token, baseline, rehearsal))
        bar.finish(calibration.result.certificate.statement)
    if last is Step.CALIBRATE:
        return None
    with shown(workspace, token, Step.READINESS) as bar:
        readiness = passed(measure_readiness(workspace, token, calibration))
        bar.finish(f"{sum(gate.passed for gate in readiness.measured)} of {len(readiness.measured)} gates passed")
    if last is Step.ACTIVATE:
        with shown(workspace, token, Step.ACTIVATE) as bar:
            bar.finish(f"active in {activate_detection(workspace, token, baseline, calibration, readiness)}")
    return short_of_history(readiness.measured)


def _publish(workspace: Workspace, token: RunToken) -> None:
    """The outcome as the report on disk and as a page in the UI, whichever way the run ended."""
    document = outcome(workspace, token.tenant, token.run)
    try:
        with fenced(workspace, token):
            evidence = write_report(workspace, token.tenant, document)
    except StoreError as error:
        # How the run ended counts, a full disk for one; that its report could not be written does not.
        log.warning("no report of %s: %s", token.tenant, error)
        return
    publish_outcome(document, *page_for_prefect(evidence, _full_report(workspace, token.tenant)))


def _full_report(workspace: Workspace, tenant: str) -> str:
    """Where the full report is, as Markdown: a link where a server of reports runs, and always the file."""
    address, path = reports.url(workspace.home), report_path(workspace, tenant)
    return (f"[The full report]({address}/{tenant}/), also at" if address else "The full report:") + f" `{path}`"
