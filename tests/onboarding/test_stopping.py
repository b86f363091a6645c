"""A command that is told to stop says one sentence; its workers leave the stopping to it."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from onboarding.cli.console import Exit, Stopped, speaks_plainly, stoppable
from onboarding.workers import deaf


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_told_to_stop_a_command_says_so_in_a_sentence(
    number: signal.Signals, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)

    @speaks_plainly
    def command() -> None:
        os.kill(os.getpid(), number)
        time.sleep(5)

    try:
        with pytest.raises(SystemExit) as ended:
            command()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == code
    assert capsys.readouterr().err == "gatehouse: stopped; the same command goes on from here\n"


def test_a_signal_that_is_ignored_stays_so_and_none_is_kept() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(Stopped) as stopped:
                os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert stopped.value.code is Exit.TERMINATED
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_worker_does_not_hear_that_it_is_to_stop_from_its_first_moment_on() -> None:
    with deaf():
        child = subprocess.Popen(["sleep", "20"])
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            child.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.2)
    finally:
        child.kill()
        child.wait()
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()), "the parent hears as before"
