"""Worker processes: parsing is pure Python and one core's work, so shards run in processes of their own.

A worker notices when its parent is gone and ends; what it had not recorded is read again by the next run. A worker that is
killed takes only the work in hand with it: the pool is made anew and the work, which is safe to repeat, is given again.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3


class PoolClosed(Exception):  # noqa: N818 - what happened to the run, not a mistake of it
    """The run is being stopped: no work is begun any more, and what a worker had in hand is lost."""


class WorkerPool:
    """Runs repeatable work in `processes` worker processes, or in the calling thread when that is 0."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._closed = False

    def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the work, done in a worker.

        Raises what the work raises, BrokenProcessPool after three deaths, PoolClosed when the pool has been closed.
        """
        if not self._processes:
            return work(*args, **kwargs)
        for attempt in range(1, ATTEMPTS + 1):
            executor = self._current()
            try:
                return executor.submit(work, *args, **kwargs).result()
            except (BrokenProcessPool, CancelledError) as error:
                self._discard(executor)
                if self._closed:
                    raise PoolClosed("the run is being stopped") from error
                if isinstance(error, CancelledError):
                    raise
                if attempt == ATTEMPTS:
                    raise
                log.warning(
                    "a worker process was killed; its work is done again (attempt %d of %d)", attempt + 1, ATTEMPTS
                )
        raise AssertionError("unreachable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
        if self._executor is not None:
            self._executor.shutdown(wait=error is None, cancel_futures=True)
            if error is not None:
                for process in list((self._executor._processes or {}).values()):
                    process.terminate()

    def _current(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise PoolClosed("the run is being stopped")
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    self._processes,
                    # Forking a process with threads (Prefect has many) can deadlock.
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_begin,
                    initargs=(os.getpid(), logging.getLogger().getEffectiveLevel()),
                )
            return self._executor

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._executor is broken:
                self._executor = None
        broken.shutdown(wait=False, cancel_futures=True)


def _begin(parent: int, level: int) -> None:
    # Ctrl-C reaches the whole process group; the parent decides what becomes of the work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=level, format="%(message)s")
    threading.Thread(target=_end_with, args=(parent,), name="watch parent", daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
