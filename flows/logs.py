"""What the steps say, in the run's log: of mailboxes and messages, at INFO, wherever the flow runs."""

from __future__ import annotations

import logging
import os

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
