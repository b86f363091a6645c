"""Clocks and processes for benchmarks: CPU time, work taken in turns, measurements in processes of their own."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Mapping, Sequence
from time import process_time, thread_time
from typing import Any

import numpy as np


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int = 3) -> dict[str, float]:
    """The least CPU seconds that each work took, all of them done once a round: noise falls on all alike."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            begun = process_time()
            work()
            best[name] = min(best[name], process_time() - begun)
    return best


def each(work: Callable[[Any], object], inputs: Sequence[Any]) -> list[float]:
    """CPU seconds of this thread for each input."""
    seconds = []
    for one in inputs:
        begun = thread_time()
        work(one)
        seconds.append(thread_time() - begun)
    return seconds


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds at p50, p99 and the most."""
    p50, p99, most = np.percentile(seconds, (50, 99, 100)) * 1e3
    return {"p50_ms": round(float(p50), 3), "p99_ms": round(float(p99), 3), "most_ms": round(float(most), 2)}


def peak_gb() -> float:
    """Peak memory of this process so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """Runs a measurement in a fresh process, so that its peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)
