"""What a run says, when there is nobody left to say it to."""

from __future__ import annotations

import logging
import os

from prefect.logging.handlers import PrefectConsoleHandler

from flows.logs import let_steps_speak


def test_a_run_goes_on_when_the_reader_of_its_terminal_is_gone() -> None:
    reader, writer = os.pipe()
    logger = logging.getLogger("onboarding.a_step")
    with os.fdopen(writer, "w", buffering=1) as terminal:
        handler = PrefectConsoleHandler(stream=terminal)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        try:
            let_steps_speak()
            os.close(reader)
            logger.warning("a mailbox was read")
            logger.warning("and another")
        finally:
            logger.removeHandler(handler)
            os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
