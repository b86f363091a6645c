"""A tenant from registered to active on local mail, stage by stage: seconds, CPU and the peak memory of all processes.

    python -m benchmarks.onboarding                        100,000 messages in 50 mailboxes, a few minutes
    python -m benchmarks.onboarding --messages 1000000 --mailboxes 200

A simulated organisation's mail is first written to disk as maildirs (not timed), then onboarded as the flow does it:
shards of mailboxes in worker processes, then the other steps in this one. Without Prefect, whose cost is measured
apart. Prints one JSON document; memory is the sum of the proportional shares of this process and its workers.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.table import Row
from detection.mail.message import Folder
from onboarding.activate import activate
from onboarding.baseline import make_baseline
from onboarding.calibrate import make_calibration
from onboarding.connect import connect
from onboarding.database import tenants
from onboarding.ingest import ingest, ingesting
from onboarding.readiness import check_readiness
from onboarding.run import ONBOARD, outcome, running
from onboarding.settings import Settings
from onboarding.shards import deal
from onboarding.sources.simulated import SimulatedSource
from onboarding.workers import WorkerPool
from onboarding.workspace import open_workspace

TENANT = "measured"
DAYS = 180
LOOK_EVERY_SECONDS = 0.5
_FOLDERS = {Folder.SENT: "Sent", Folder.JUNK: "Junk", Folder.TRASH: "Trash"}


def main() -> None:
    """Measures, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000, help="messages lying in all mailboxes, about")
    parser.add_argument("--mailboxes", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2, help="worker processes that parse")
    parser.add_argument("--folder", type=Path, help="where mail and home lie (default: a temporary folder, removed)")
    options = parser.parse_args()
    with working_folder(options.folder) as folder:
        print(json.dumps(measure(options.messages, options.mailboxes, options.processes, folder), indent=1))


def measure(messages: int, mailboxes: int, processes: int, folder: Path) -> dict[str, Any]:
    """Onboards about so many messages; what it took, by stage."""
    mail = folder / f"mail-{messages}-{mailboxes}"
    written = write_mail(messages, mailboxes, processes, mail)
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    workspace = open_workspace(Settings(home=home, parse_workers=processes))
    source = SimulatedSource(uri_of(messages, mailboxes))
    with workspace.database.transaction(TENANT) as session:
        tenants.add(
            session,
            TENANT,
            domains=list(source.domains),
            source=f"maildir:{mail}",
            alpha=1e-3,
            delta=0.05,
            lookback_days=None,
            actor="benchmark",
        )
    memory = Memory()
    stages: dict[str, dict[str, float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        memory.begin()
        begun, cpu = time.perf_counter(), cpu_seconds()
        result = work()
        stages[name] = {
            "seconds": round(time.perf_counter() - begun, 2),
            "cpu_seconds": round(cpu_seconds() - cpu, 2),
            "peak_gb": round(memory.end(), 3),
        }
        return result

    def read_all() -> None:
        with (
            ingesting(workspace, token),
            WorkerPool(processes) as pool,
            ThreadPoolExecutor(max(processes, 1)) as threads,
        ):
            groups = deal(list(sizes), sizes, workspace.settings.shards)
            list(threads.map(lambda group: pool.run(ingest, workspace, token, group), groups))

    begun = time.perf_counter()
    with memory.watched(), running(workspace, TENANT, ONBOARD, actor="benchmark") as token:
        sizes = timed("connect", lambda: connect(workspace, token))
        timed("ingest", read_all)
        baseline = timed("baseline", lambda: make_baseline(workspace, token))
        calibration = timed("calibrate", lambda: make_calibration(workspace, token, baseline.version))
        readiness = timed("readiness", lambda: check_readiness(workspace, token, calibration))
        timed("activate", lambda: activate(workspace, token, baseline.version, calibration.version, readiness))
    seconds = time.perf_counter() - begun
    result = outcome(workspace, TENANT, token.run)
    listed = result["messages"]["listed"]
    return {
        "messages": listed,
        "stored": result["messages"]["stored"],
        "mailboxes": mailboxes,
        "mean_bytes": round(written / max(listed, 1)),
        "processes": processes,
        "state": result["state"],
        "mode": result["mode"],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(sum(stage["cpu_seconds"] for stage in stages.values()), 1),
        "messages_per_s": round(listed / seconds),
        "peak_gb": round(max(stage["peak_gb"] for stage in stages.values()), 3),
        "stages": stages,
    }


def rows(messages: int, mailboxes: int) -> list[Row]:
    """Onboarding of so many messages, and of twice as many; a million is reckoned from both (two processes)."""
    with working_folder(None) as folder:
        one = measure(messages, mailboxes, 2, folder)
        two = measure(2 * messages, mailboxes, 2, folder)
    ratio = two["cpu_seconds"] / one["cpu_seconds"] * one["messages"] / two["messages"] * 2
    # What a message more costs, without what starting costs.
    each = (two["cpu_seconds"] - one["cpu_seconds"]) / max(two["messages"] - one["messages"], 1)
    stages = ", ".join(f"{name} {stage['seconds']:.0f}" for name, stage in two["stages"].items())
    return [
        Row(
            what=f"onboarding {two['messages']:,} simulated messages in {mailboxes} mailboxes, registered to {two['mode']}",
            wanted="1,000,000 in 200 mailboxes: <= 10 minutes on 2 cores, <= 4 GB; twice as many in <= 2.2 x",
            measured=f"{two['seconds']:.0f} s, {two['peak_gb']:.2f} GB; s by stage: {stages}; "
            f"{each * 1e6:.0f} us of CPU a message more",
            reference=f"half as many: {one['seconds']:.0f} s; CPU ratio {ratio:.2f} for twice",
            figures={"one": one, "two": two, "ratio": round(ratio, 2)},
        )
    ]


# --- mail ------------------------------------------------------------------------------------------------------------


def uri_of(messages: int, mailboxes: int) -> str:
    """A simulated organisation with about so many messages: working days are five of seven."""
    rate = min(max(messages / mailboxes / (DAYS * 5 / 7), 1), 200)
    return f"simulated:seed=11,mailboxes={mailboxes},days={DAYS},rate={rate:.1f}"


def write_mail(messages: int, mailboxes: int, processes: int, folder: Path) -> int:
    """Writes the organisation's mail as one maildir a mailbox, unless it lies there already; its bytes in all."""
    done = folder / ".written"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        uri = uri_of(messages, mailboxes)
        names = [one.name for one in SimulatedSource(uri).mailboxes()]
        with ProcessPoolExecutor(max(processes, 1)) as pool:
            sizes = pool.map(partial(write_mailbox, uri, folder), names)
            done.write_text(str(sum(sizes)))
    return int(done.read_text())


def write_mailbox(uri: str, folder: Path, name: str) -> int:
    """One mailbox as a maildir with its folders (Maildir++); bytes written."""
    root = folder / name
    for sub in ("cur", "new", "tmp"):
        for box in ("", *(f".{box}" for box in _FOLDERS.values())):
            (root / box / sub).mkdir(parents=True, exist_ok=True)
    total = number = 0
    for page in SimulatedSource(uri).pages(name, None):
        for listed in page.messages:
            if isinstance(listed.content, bytes):
                box = _FOLDERS.get(listed.folder, "")
                place = root / f".{box}" if box else root
                (place / "cur" / f"{listed.time_hint or 0}.{number:07d}.example:2,S").write_bytes(listed.content)
                total += len(listed.content)
                number += 1
    return total


# --- measuring -------------------------------------------------------------------------------------------------------


class Memory:
    """Peak of the proportional memory (PSS) of this process and all below it, looked at twice a second (Linux)."""

    def __init__(self) -> None:
        self._peak = 0.0
        self._stop = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watches during the block."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def begin(self) -> None:
        """A stage begins."""
        self._peak = 0.0

    def end(self) -> float:
        """The stage's peak, GB."""
        self._look()
        return self._peak

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        self._peak = max(self._peak, sum(map(proportional, processes_below(os.getpid()))) / 1e9)


def processes_below(root: int) -> list[int]:
    """A process and all its descendants."""
    found = [root]
    for process in found:
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def proportional(process: int) -> int:
    """A process's memory, shared pages counted by their share, bytes; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def cpu_seconds() -> float:
    """CPU time of this process and its ended children."""
    mine, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


@contextmanager
def working_folder(chosen: Path | None) -> Iterator[Path]:
    """The chosen folder, kept; or a temporary one, removed."""
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
