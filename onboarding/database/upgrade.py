"""Bringing a database to the tables of this version, and seeing quickly whether it is there already.

Migrations run in one transaction that holds a lock, on SQLite and PostgreSQL alike: two processes starting at once do
not both migrate, and one that is killed half-way leaves the database as it was. Alembic is only imported when there is
something to do.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

import migrations
from onboarding.database.connection import TENANT_ROLE, Database, DatabaseError
from onboarding.settings import Settings

VERSION_TABLE = "gatehouse_alembic_version"
"""Not Alembic's default: Prefect's own tables use that one, and may live in the same database."""

SCRIPTS = Path(migrations.__file__).parent
_INSUFFICIENT_PRIVILEGE = "42501"  # PostgreSQL, appendix A
_LOCK = 0x6761_7465  # PostgreSQL advisory lock, "gate"


def open_database(settings: Settings) -> Database:
    """The database of these settings, with this version's tables.

    The embedded default is created and upgraded by itself. Any other that is behind raises DatabaseError naming the
    command that upgrades it, since others may be using it.
    """
    if settings.database_url is None:
        settings.create_home()
    database = Database(settings.database_address)
    try:
        found = revision(database)
    except DBAPIError as error:
        raise DatabaseError(
            f"cannot reach the database {database.url.render_as_string()}: {_first_line(error)}"
        ) from error
    if found == head():
        return database
    _refuse_newer(database, found)
    if settings.database_url is not None:
        behind = (
            "has no Gatehouse tables yet"
            if found is None
            else f"is at revision {found}, and this version needs {head()}"
        )
        raise DatabaseError(
            f"the database {database.url.render_as_string()} {behind}: run `gatehouse database upgrade`"
        )
    upgrade(database)
    return database


def upgrade(database: Database) -> tuple[str | None, str]:
    """Brings the database to the newest revision; gives the revisions before and after.

    Raises DatabaseError when a newer Gatehouse made it, or when the login may not do what a migration needs.
    """
    try:
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            before = _revision(connection)
            _refuse_newer(database, before)
            if before != head():
                _migrate(connection)
    except DBAPIError as error:
        remedy = ""
        if getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE:
            remedy = (
                f"; have an administrator run once: CREATE ROLE {TENANT_ROLE} NOLOGIN; "
                f"GRANT {TENANT_ROLE} TO {database.url.username};"
            )
        raise DatabaseError(
            f"cannot upgrade the database {database.url.render_as_string()}, it is as it was: {_first_line(error)}{remedy}"
        ) from error
    return before, head()


def revision(database: Database) -> str | None:
    """The revision that the database is at; None when it has no tables of ours."""
    with database.engine.execution_options(gatehouse_writes=False).connect() as connection:
        return _revision(connection)


def head() -> str:
    """The newest revision that this version knows."""
    return revisions()[-1]


def revisions() -> list[str]:
    """Every revision, oldest first: a migration's file name begins with its revision, and they are numbered."""
    return sorted(match[0] for file in (SCRIPTS / "versions").glob("*.py") if (match := re.match(r"\d{4}", file.name)))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return found


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found not in revisions():
        raise DatabaseError(
            f"the database {database.url.render_as_string()} was made by a newer Gatehouse "
            f"(revision {found}; this one knows {head()}): update Gatehouse"
        )


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
