"""What the steps say, in the run's log: of mailboxes and messages, at INFO, wherever the flow runs."""

from __future__ import annotations

import logging
import os
from functools import partial

from prefect.logging.handlers import APILogHandler, PrefectConsoleHandler

from flows.environment import QUIET_LEVEL

NAMES = ("onboarding", "detection")


def let_steps_speak() -> None:
    """Sends the logs of the steps to the current run's. Again changes nothing.

    PREFECT_LOGGING_EXTRA_LOGGERS does half of it, the handler, and only where somebody has set it.
    """
    for name in NAMES:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        if not any(isinstance(handler, APILogHandler) for handler in logger.handlers):
            logger.addHandler(APILogHandler())
    _outlive_the_reader()


def _outlive_the_reader() -> None:
    """Lets a run go on when nobody reads its terminal any more: its worker was killed, which held the other end.

    The library that Prefect prints with ends the process on a broken pipe. What is said is in the run's log all the same.
    """
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, PrefectConsoleHandler):
            handler.console.on_broken_pipe = partial(setattr, handler.console, "quiet", True)  # type: ignore[method-assign]


def leave_the_terminal_to_us() -> None:
    """Keeps Prefect's own lines off the terminal of a command: what went wrong is said once, by the command, in a line.

    They are in the run's log all the same. Whoever sets PREFECT_LOGGING_LEVEL wants to see them, and does.
    """
    if os.environ.get("PREFECT_LOGGING_LEVEL") != QUIET_LEVEL:
        return
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            # Not its level: Prefect sets that again whenever a run begins.
            handler.addFilter(lambda record: not record.name.startswith("prefect"))
