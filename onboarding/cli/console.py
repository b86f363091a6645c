"""How commands speak: documents to standard output, sentences to standard error, exit codes by what went wrong."""

from __future__ import annotations

import functools
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    HANGUP = 128 + signal.SIGHUP
    TERMINATED = 128 + signal.SIGTERM


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


def say(text: str) -> None:
    """A line for people."""
    click.echo(text, err=True)


def document(value: Any) -> None:
    """The command's one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def line(value: Any) -> None:
    """One JSON object on a line of its own."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def fail(text: str, code: Exit = Exit.FAILED) -> NoReturn:
    """Ends the command with one line of what went wrong; with `--json` also as the one document."""
    say(f"gatehouse: {text}")
    tell_error(text, code)
    sys.exit(int(code))


def tell_error(text: str, code: Exit, **more: Any) -> None:
    """What went wrong as the command's JSON document, when it was asked for one."""
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("as_json"):
        return
    value = {"error": text, "exit_code": int(code), **more}
    # Commands that answer with a line a message end with a line.
    (line if context.command.name in LINE_A_MESSAGE else document)(value)


LINE_A_MESSAGE = frozenset({"score", "replay"})


class Commands(click.Group):
    """The group of all commands. Wrong usage, too, is one JSON document when `--json` was asked for."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click's, which ends the process."""
        run: Callable[..., Any] = super().main
        if not kwargs.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **kwargs)
        given = args[0] if args else kwargs.get("args")
        as_json = "--json" in (sys.argv[1:] if given is None else given)
        try:
            code = run(*args, standalone_mode=False, **kwargs)
        except click.ClickException as error:
            error.show()
            if as_json:
                document({"error": error.format_message(), "exit_code": error.exit_code})
            sys.exit(error.exit_code)
        except click.Abort:
            say("Aborted!")
            sys.exit(int(Exit.FAILED))
        sys.exit(code if isinstance(code, int) else int(Exit.DONE))


PLAIN: dict[str, Exit] = {
    "onboarding.stage.Held": Exit.HELD,
    "onboarding.scoring.NotActive": Exit.HELD,
    "onboarding.activate.ModeRefused": Exit.HELD,
    "onboarding.settings.SettingsError": Exit.USAGE,
    "onboarding.database.sources.SecretInSourceError": Exit.USAGE,
    "onboarding.tuning.TuningError": Exit.USAGE,
    "detection.baselines.snapshot.SnapshotError": Exit.FAILED,
    "detection.decision.CalibrationMismatchError": Exit.FAILED,
    "flows.daemon.ServerError": Exit.FAILED,
    "onboarding.database.activations.ActivationError": Exit.FAILED,
    "onboarding.database.connection.DatabaseError": Exit.FAILED,
    "onboarding.database.corrections.CorrectionError": Exit.FAILED,
    "onboarding.database.runs.Fenced": Exit.FAILED,
    "onboarding.database.runs.TenantBusy": Exit.FAILED,
    "onboarding.database.tenants.TenantError": Exit.FAILED,
    "onboarding.database.tokens.TokenError": Exit.FAILED,
    "onboarding.files.StoreError": Exit.FAILED,
    "onboarding.lifecycle.TransitionError": Exit.FAILED,
    "onboarding.lookup.AmbiguousMessageError": Exit.FAILED,
    "onboarding.lookup.UnknownMessageError": Exit.FAILED,
    "onboarding.sources.base.SourceError": Exit.FAILED,
    "sqlalchemy.exc.OperationalError": Exit.FAILED,
}
"""Errors that a user can meet, whose message is made for them. By name, so that no command loads all of Gatehouse first."""


STOPPED = "stopped; the same command goes on from here"


class Stopped(BaseException):
    """A signal asked the command to end. As KeyboardInterrupt it is no error of what was being done."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = Exit(128 + number)


@contextmanager
def stoppable() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP raise Stopped, so that runs end as stopped and servers and workers are ended too.

    What somebody else handles or ignores (nohup) stays as it is; so do threads, which get no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        raise Stopped(number)

    ours = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def speaks_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turns the errors of `PLAIN` into a line or two and their exit code; others keep their traceback. To be told to stop
    is no error either."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with stoppable():
                return command(*args, **kwargs)
        except KeyboardInterrupt:
            fail(STOPPED)
        except Stopped as stopped:
            # Nobody waits for more than this: a second signal (`timeout` sends two) must not cut the sentence off.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            fail(STOPPED, stopped.code)
        except BrokenPipeError:
            # The reader of our output has had enough; Python would complain again while it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(int(Exit.DONE))
        except Exception as error:
            kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
            code = next((PLAIN[kind] for kind in kinds if kind in PLAIN), None)
            if code is None:
                tell_error(f"{type(error).__name__}: {error}", Exit.FAILED)
                raise
            if hold := getattr(error, "hold", None):
                say(f"held: {hold.message}")
                say(f"what helps: {hold.remedy}")
                tell_error(hold.message, code, held_reason=str(hold.reason), remedy=hold.remedy)
                sys.exit(int(code))
            # Of SQLAlchemy's errors the driver's own words; the statement is for nobody here.
            fail(str(getattr(error, "orig", None) or error), code)

    return wrapped


def log_to_people(verbose: bool) -> None:
    """Sends what the steps say to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for name in ("onboarding", "detection"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG if verbose else logging.INFO)
        logger.handlers = [handler]
        logger.propagate = False
