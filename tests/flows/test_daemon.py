"""Background processes: found by who they are, not by a number; stopped with what they started; one `up` at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows import daemon
from flows.ports import free_port

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)",
]


def test_a_process_is_found_by_others_and_stopped_once(tmp_path: Path) -> None:
    begun = daemon.spawn(tmp_path, "thing", SLEEP, {}, {"port": 7})
    found = daemon.find(tmp_path, "thing")
    assert found == begun
    assert found.told["port"] == 7
    assert daemon.stop(tmp_path, "thing")
    assert daemon.find(tmp_path, "thing") is None
    assert not daemon.stop(tmp_path, "thing"), "nothing is left to stop"


def test_the_number_of_a_dead_process_is_not_taken_for_somebody_elses(tmp_path: Path) -> None:
    daemon.spawn(tmp_path, "thing", SLEEP, {}, {})
    path = tmp_path / "prefect" / "gatehouse-thing.json"
    told = json.loads(path.read_text())
    daemon.stop(tmp_path, "thing")
    # After a reboot or a while the same id is given to another process: to this very test, say.
    told["identity"]["pid"] = os.getpid()
    path.write_text(json.dumps(told))
    assert daemon.find(tmp_path, "thing") is None
    assert not daemon.stop(tmp_path, "thing")
    assert not path.exists(), "the stale file is cleared away"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": {}}', '{"identity": null, "told": {}}'])
def test_a_damaged_file_is_no_process(tmp_path: Path, content: str) -> None:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "gatehouse-thing.json").write_text(content)
    assert daemon.find(tmp_path, "thing") is None


def test_one_that_does_not_listen_is_ended_by_force_and_its_children_with_it(tmp_path: Path) -> None:
    daemon.spawn(tmp_path, "thing", STUBBORN, {}, {})
    log, deadline = daemon.log_of(tmp_path, "thing"), time.monotonic() + 20
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(log.read_text())
    assert daemon.stop(tmp_path, "thing", patience=0.3)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]:
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()


def test_what_ended_at_once_says_its_last_words(tmp_path: Path) -> None:
    begun = daemon.spawn(
        tmp_path,
        "thing",
        [sys.executable, "-c", "import time; print('no room'); time.sleep(1); raise SystemExit(3)"],
        {},
        {},
    )
    deadline = time.monotonic() + 20
    while daemon.alive(begun) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert daemon.find(tmp_path, "thing") is None
    assert daemon.last_words(tmp_path, "thing") == "no room"


def test_two_that_start_everything_do_it_one_after_the_other(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with daemon.one_at_a_time(tmp_path):
            order.append("second")

    with daemon.one_at_a_time(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.2)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_a_taken_port_is_passed_over() -> None:
    first = free_port(0)
    listener = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import socket, time; s = socket.create_server(('127.0.0.1', {first})); print(1, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert listener.stdout is not None
        listener.stdout.readline()
        assert free_port(first) != first
    finally:
        listener.kill()
        listener.wait()
        listener.stdout.close()
