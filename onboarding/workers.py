"""Worker processes: parsing is pure Python and one core's work, so shards run in processes of their own.

A worker notices when its parent is gone and ends; what it had not recorded is read again by the next run. A worker that is
killed takes only the work in hand with it: the pool is made anew and the work, which is safe to repeat, is given again.
"""

from __future__ import annotations

import contextvars
import logging
import logging.handlers
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3
LAST_WORDS_SECONDS = 2.0
LOGGERS = ("onboarding", "detection")

SPAWN = multiprocessing.get_context("spawn")
"""Forking a process with threads (Prefect has many) can deadlock."""


class PoolClosed(Exception):  # noqa: N818 - what happened to the run, not a mistake of it
    """The run is being stopped: no work is begun any more, and what a worker had in hand is lost."""


class WorkerPool:
    """Runs repeatable work in `processes` worker processes, or in the calling thread when that is 0."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._closed = False
        self._said: Any = None
        self._listener: threading.Thread | None = None

    def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the work, done in a worker.

        Raises what the work raises, BrokenProcessPool after three deaths, PoolClosed when the pool has been closed.
        """
        if not self._processes:
            return work(*args, **kwargs)
        for attempt in range(1, ATTEMPTS + 1):
            executor = self._current()
            try:
                with deaf():
                    future = executor.submit(work, *args, **kwargs)
                return future.result()
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
                    process.kill()  # the gentler signal is not heard there
        if self._listener is not None:
            self._said.put(None)
            self._listener.join(timeout=LAST_WORDS_SECONDS)

    def __reduce__(self) -> tuple[type[WorkerPool], tuple[int]]:
        """Sent to another machine, it works in the thread that asks there."""
        return WorkerPool, (0,)

    def _current(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise PoolClosed("the run is being stopped")
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    self._processes,
                    mp_context=SPAWN,
                    initializer=_begin,
                    initargs=(os.getpid(), log.getEffectiveLevel(), self._heard()),
                )
            return self._executor

    def _heard(self) -> Any:
        """Where workers put what they say. A thread hands it to this process's loggers, in the context of the run."""
        if self._listener is None:
            self._said = SPAWN.Queue()
            self._listener = threading.Thread(
                target=contextvars.copy_context().run, args=(_relay, self._said), name="worker logs", daemon=True
            )
            self._listener.start()
        return self._said

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._executor is broken:
                self._executor = None
        broken.shutdown(wait=False, cancel_futures=True)


STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def deaf() -> Iterator[None]:
    """Processes that are begun inside never hear that they are to stop, from their first moment on: Ctrl-C, a service
    manager or a closed terminal tell the whole process group, and the parent decides what becomes of the work."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _relay(said: Any) -> None:
    """Until it hears None. A record that a killed worker has cut off ends it too: what is said after that is lost."""
    while True:
        try:
            record = said.get()
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            return
        if record is None:
            return
        logging.getLogger(record.name).handle(record)


def _begin(parent: int, level: int, said: Any) -> None:
    # A worker that was killed while it wrote must not keep this one from ending.
    said.cancel_join_thread()
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.handlers = [logging.handlers.QueueHandler(said)]
        logger.propagate = False
    threading.Thread(target=_end_with, args=(parent,), name="watch parent", daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
