"""Other processes that use a database, for tests that need real ones.

They are forked from a server that has the imports done (a second each otherwise), and so share nothing with the tests.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from multiprocessing.connection import Connection

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["onboarding.database.models", "onboarding.database.upgrade", "alembic.command", "psycopg", "processes"]
)


class Process:
    """A process that runs code with `database`, `arguments`, `say` and `wait` at hand."""

    def __init__(self, url: str, code: str, *arguments: str) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=run, args=(theirs, url, code, arguments), daemon=True)
        self.process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def hear(self) -> str:
        """What it says next; fails with its traceback when it broke."""
        assert self.pipe.poll(120), "it says nothing"
        said: str = self.pipe.recv()
        assert not said.startswith("Traceback"), said
        return said

    def go(self) -> None:
        """Lets it go on where it waits."""
        self.pipe.send("go")

    def stop_responding(self) -> None:
        """Freezes it: it is there, and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL, and waits until it is gone."""
        self.process.kill()
        self.process.join(60)

    def end(self) -> None:
        """Waits for its end, which must be a good one."""
        self.process.join(120)
        assert self.process.exitcode == 0


def run(pipe: Connection, url: str, code: str, arguments: tuple[str, ...]) -> None:
    from onboarding.database import mailboxes, runs, tenants
    from onboarding.database.connection import Database
    from onboarding.database.mailboxes import PageRecord
    from onboarding.database.upgrade import upgrade

    given = {
        "mailboxes": mailboxes,
        "runs": runs,
        "tenants": tenants,
        "PageRecord": PageRecord,
        "upgrade": upgrade,
        "database": Database(url),
        "arguments": arguments,
        "say": lambda *words: pipe.send(" ".join(map(str, words))),
        "wait": pipe.recv,
    }
    try:
        exec(code, given)
    except BaseException:
        pipe.send(traceback.format_exc())
        raise


def race(url: str, code: str, *arguments: str, count: int) -> list[str]:
    """Runs the code in several processes, which all wait first and go at once; gives what each says at its end."""
    several = [Process(url, "say('ready'); wait()\n" + code, *arguments) for _ in range(count)]
    for process in several:
        process.hear()
    for process in several:
        process.go()
    said = [process.hear() for process in several]
    for process in several:
        process.go()
        process.end()
    return said
