"""Where the shards of a run are worked on: threads here, processes here, or a Dask cluster by its address."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from onboarding.settings import Settings, SettingsError, load
from onboarding.settings import TaskRunner as Where
from onboarding.workers import WorkerPool


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """What the flow submits its shards to.

    Processes are not Prefect's own pool: each of its processes takes seconds to begin and needs a server. Tasks stay in
    threads of the flow, where they are seen, and hand their work to `work_pool`.
    """
    if settings.task_runner is Where.DASK:
        # Only who runs on Dask has it installed: `pip install 'gatehouse[dask]'`.
        from prefect_dask.task_runners import DaskTaskRunner

        return DaskTaskRunner(address=settings.dask_address)
    return ThreadPoolTaskRunner(max_workers=settings.workers)


def runner_of_environment() -> TaskRunner[Any]:
    """The same by this process's settings: what a worker that runs a deployment goes by."""
    try:
        return task_runner(load())
    except SettingsError:
        return ThreadPoolTaskRunner()  # the flow will say what is wrong, in its own words


def work_pool(settings: Settings) -> WorkerPool:
    """What a shard's task hands its work to: processes of this machine; on Dask, the worker's own thread."""
    if settings.task_runner is Where.DASK:
        return WorkerPool(0)
    if settings.task_runner is Where.PROCESSES:
        return WorkerPool(max(settings.workers, settings.parse_workers))
    return WorkerPool(settings.parse_workers)
