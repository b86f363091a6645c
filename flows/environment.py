"""How Gatehouse sets Prefect up, before Prefect is imported: Prefect reads its settings from the environment once.

Whatever the user has set stays; these are defaults only.
"""

from __future__ import annotations

import os
from pathlib import Path

from flows.server import running_api_url

HEARTBEAT_SECONDS = 30
"""How often a flow run says to Prefect that it is alive (Prefect allows no less)."""


QUIET_LEVEL = "WARNING"
"""Of Prefect's own words, where the user has said nothing of it."""


def prefect_environment(home: Path) -> dict[str, str]:
    """Prefect settings for a Gatehouse home.

    A Prefect of one's own home keeps run histories apart from any other Prefect on the machine. The in-process server
    needs 15 to 25 s in a fresh home, more than its default time-out allows.
    """
    return {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "onboarding,detection",
        "PREFECT_LOGGING_LEVEL": QUIET_LEVEL,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        # Steps log from threads of their own too, which Prefect cannot place.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "DO_NOT_TRACK": "1",
    }


def prepare(home: Path, api_url: str | None = None) -> str | None:
    """Sets the environment for the coming import of Prefect; gives the URL of the server that will be used.

    That is the user's own PREFECT_API_URL, else `api_url`, else the server started by `gatehouse up` in this home, else
    None: Prefect's in-process server, which lives as long as the flow.
    """
    for name, value in prefect_environment(home).items():
        os.environ.setdefault(name, value)
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    own = given_api_url()
    url = own or api_url or running_api_url(home)
    if url and url != own:
        os.environ["PREFECT_API_URL"] = url
        _set_by_us.add(url)
    return url


def given_api_url() -> str | None:
    """The server that the user names; None when none is, or the address is one that `prepare` has put there."""
    url = os.environ.get("PREFECT_API_URL") or None
    return None if url in _set_by_us else url


_set_by_us: set[str] = set()
