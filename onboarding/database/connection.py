"""Connections and transactions, alike on SQLite and PostgreSQL.

Several processes write at once. SQLite runs in WAL mode and a writing transaction takes the write lock at its start
(`BEGIN IMMEDIATE`): one that reads first and writes later could not be retried by waiting.

Every session but the fleet's belongs to one tenant. On PostgreSQL it takes the role that row-level security holds to
that tenant's rows; on both, the ORM adds the tenant to what it reads and refuses to write a row of another.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from onboarding.database.rows import Tenanted

BUSY_SECONDS = 30
"""How long a writer waits for others on SQLite, and to connect."""

AWAY_SECONDS = 60.0
"""How long the beginning of a transaction waits for a database that is being restarted."""


TENANT_ROLE = "gatehouse_tenant"
"""Made by the migrations: what a session of one tenant runs as on PostgreSQL."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class DatabaseError(Exception):
    """The database cannot be used as asked. The message says which, why, and what to do."""


class Database:
    """One database, by SQLAlchemy URL. Can be pickled (it is its URL) and used from several threads."""

    def __init__(self, url: str | URL) -> None:
        self.url = parsed(url)
        self.engine = create_engine(
            self.url,
            # NaN and Infinity are not JSON, and PostgreSQL refuses them: better here, where the caller is on the stack.
            json_serializer=partial(json.dumps, allow_nan=False, sort_keys=True),
            pool_pre_ping=self.url.get_backend_name() != "sqlite",
            connect_args={"timeout": BUSY_SECONDS}
            if self.url.get_backend_name() == "sqlite"
            else {"connect_timeout": BUSY_SECONDS},
        )
        if self.url.get_backend_name() == "sqlite":
            _prepare_sqlite(self.engine)

    def __reduce__(self) -> tuple[type[Database], tuple[URL]]:
        return Database, (self.url,)

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)!r})"

    @contextmanager
    def session(self, tenant: str) -> Iterator[Session]:
        """Reads of one tenant, all as of one moment on SQLite. Writing in it raises RuntimeError."""
        with self._bound(tenant, writes=False) as session:
            yield session

    @contextmanager
    def transaction(self, tenant: str) -> Iterator[Session]:
        """Reads and writes of one tenant: all of them are kept, or none when the block raises."""
        with self._bound(tenant, writes=True) as session:
            yield session

    def write(self, tenant: str, work: Callable[[Session], T], *, patience: float = 120.0) -> T:
        """Does the work in a transaction; again, for `patience` seconds, while the database is away or too busy.

        The work may have been kept although the connection broke before saying so: doing it twice must change nothing.
        """

        def attempt() -> T:
            with self.transaction(tenant) as session:
                return work(session)

        return patiently(attempt, patience)

    @contextmanager
    def fleet_session(self) -> Iterator[Session]:
        """Reads across tenants: for `fleet` only."""
        with self._bound(None, writes=False) as session:
            yield session

    @contextmanager
    def fleet_transaction(self) -> Iterator[Session]:
        """Writes of what belongs to no tenant; and reads across tenants."""
        with self._bound(None, writes=True) as session:
            yield session

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    @contextmanager
    def _bound(self, tenant: str | None, *, writes: bool) -> Iterator[Session]:
        engine = self.engine.execution_options(gatehouse_writes=writes)
        with Session(engine, expire_on_commit=False, info={"tenant": tenant}) as session:
            event.listen(session, "before_flush", _writes_own_rows_only if writes else _writes_nothing)
            if tenant is not None:
                event.listen(session, "do_orm_execute", _reads_own_rows_only)
            self._begin(session, tenant)
            yield session
            if writes:
                session.commit()

    def _begin(self, session: Session, tenant: str | None) -> None:
        """Connects and begins; tries again while the database is away or busy, since nothing has been done yet."""

        def begin() -> None:
            session.connection()
            if tenant is not None and self.url.get_backend_name() == "postgresql":
                session.execute(_BECOME_TENANT, {"role": TENANT_ROLE, "tenant": tenant.replace("\0", "")})

        patiently(begin, AWAY_SECONDS, session.rollback)


def patiently(work: Callable[[], T], patience: float, between: Callable[[], object] = lambda: None) -> T:
    """The result of repeatable work on the database; done again, for `patience` seconds, after an error that passes."""
    until, pause = time.monotonic() + patience, 0.1
    while True:
        try:
            return work()
        except DBAPIError as error:
            if not is_passing(error) or time.monotonic() + pause > until:
                raise
            log.warning("the database did not answer, trying again in %.1f s: %s", pause, error.orig)
        between()
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def parsed(url: str | URL) -> URL:
    """The URL of a database that can be used. Raises DatabaseError for one that cannot."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        # The text is not quoted: it may hold a password.
        raise DatabaseError(
            "GATEHOUSE_DATABASE_URL is not a database URL; write sqlite:////path/to/file.db or postgresql+psycopg://host/name"
        ) from None
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise DatabaseError(
            f"a {backend} database cannot be used; use SQLite (sqlite:////path/to/file.db) or PostgreSQL (postgresql+psycopg://host/name)"
        )
    return parsed


def is_passing(error: DBAPIError) -> bool:
    """Whether the same statement may well succeed a little later: no connection, a restart, a deadlock, a long lock."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig) or "busy" in str(error.orig)
    if not isinstance(error, OperationalError):
        return False
    # PostgreSQL appendix A: class 08 connection, 40 rollback, 53300 too many connections, 57P shutdown and start-up;
    # psycopg gives no code when there is no server to give one.
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(("08", "40", "53300", "57P"))


_BECOME_TENANT = text("SELECT set_config('role', :role, true), set_config('gatehouse.tenant', :tenant, true)")


def _reads_own_rows_only(state: ORMExecuteState) -> None:
    """Adds the tenant to every ORM statement, whether or not its author did."""
    tenant = state.session.info["tenant"]
    state.statement = state.statement.options(
        with_loader_criteria(Tenanted, lambda row: row.tenant == tenant, include_aliases=True)
    )


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        _write_ahead(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("gatehouse_writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets WAL mode. SQLite does not wait for others when the mode changes (two opening a new file): we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _writes_nothing(session: Session, context: Any, instances: Any) -> None:
    raise RuntimeError("this session is for reading: write in Database.transaction(tenant)")


def _writes_own_rows_only(session: Session, context: Any, instances: Any) -> None:
    """A transaction of one tenant writes no row of another."""
    tenant = session.info["tenant"]
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Tenanted) and row.tenant != tenant:
            raise RuntimeError(
                f"a transaction of tenant {tenant} cannot write {type(row).__name__} of tenant {row.tenant}"
            )
