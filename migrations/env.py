"""Alembic's way in: `onboarding.database.upgrade` hands over its connection; the alembic command makes one."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, Enum, TypeDecorator

from onboarding.database.connection import Database
from onboarding.database.models import METADATA
from onboarding.database.upgrade import VERSION_TABLE
from onboarding.settings import load


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain,
        include_name=lambda name, kind, parents: kind != "table" or name in METADATA.tables,
    )
    with context.begin_transaction():
        context.run_migrations()


def plain(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Writes our column types down as what they are in SQL: a migration must not change when the code does."""
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String({item.length})"
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with Database(load().database_address).engine.begin() as own:
        run(own)
