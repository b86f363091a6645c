"""Other processes that use a database, for tests that need real ones."""

from __future__ import annotations

import subprocess
import sys

PREAMBLE = """
import sys, time, os, signal
from onboarding.database import runs, tenants, mailboxes
from onboarding.database.connection import Database
from onboarding.database.mailboxes import PageRecord
database = Database(sys.argv[1])
"""


def start(url: str, code: str, *arguments: str) -> subprocess.Popen[str]:
    """Runs code with `database` at hand; its standard input and output are pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + code, url, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    """The next line it prints."""
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    if not said:
        assert process.stderr is not None
        raise AssertionError(process.stderr.read())
    return said


def finish(process: subprocess.Popen[str]) -> str:
    """All it prints until its end, which must be a good one."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out
