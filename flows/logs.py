"""What the steps say, in the run's log: of mailboxes and messages, at INFO, wherever the flow runs."""

from __future__ import annotations

import logging

from prefect.logging.handlers import APILogHandler

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
