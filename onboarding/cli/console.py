"""How commands speak: documents to standard output, sentences to standard error, exit codes by what went wrong."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable
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
    """Ends the command with one line of what went wrong."""
    say(f"gatehouse: {text}")
    sys.exit(int(code))


def speaks_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turns the errors that a user can meet into one line and the right exit code; others keep their traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        from detection.baselines.snapshot import SnapshotError
        from detection.decision import CalibrationMismatchError
        from onboarding.activate import ModeRefused
        from onboarding.database.activations import ActivationError
        from onboarding.database.connection import DatabaseError
        from onboarding.database.runs import Fenced, TenantBusy
        from onboarding.database.sources import SecretInSourceError
        from onboarding.database.tenants import TenantError
        from onboarding.feedback import UnknownMessageError
        from onboarding.files import StoreError
        from onboarding.lifecycle import TransitionError
        from onboarding.scoring import NotActive
        from onboarding.settings import SettingsError
        from onboarding.sources.base import SourceError
        from onboarding.stage import Held
        from onboarding.tuning import TuningError

        try:
            return command(*args, **kwargs)
        except Held as held:
            say(f"held: {held.hold.message}")
            say(f"what helps: {held.hold.remedy}")
            sys.exit(int(Exit.HELD))
        except (NotActive, ModeRefused) as error:
            fail(str(error), Exit.HELD)
        except (SettingsError, SecretInSourceError, TuningError) as error:
            fail(str(error), Exit.USAGE)
        except (
            ActivationError,
            CalibrationMismatchError,
            DatabaseError,
            Fenced,
            TransitionError,
            SnapshotError,
            SourceError,
            StoreError,
            TenantBusy,
            TenantError,
            UnknownMessageError,
        ) as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("stopped; the same command goes on from here")
        except BrokenPipeError:
            # The reader of our output has had enough; Python would complain again while it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(int(Exit.DONE))

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
