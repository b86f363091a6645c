"""What migrations say about a table in one line: whose rows it holds, and that its rows never change."""

from __future__ import annotations

from alembic import op

ROLE = "gatehouse_tenant"
"""The role that a transaction of one tenant runs as. Only its rights are held to row-level security."""


def held_to_tenant(table: str, column: str = "tenant", *, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """A transaction of one tenant sees and writes its rows of the table only (PostgreSQL; SQLite has no such thing).

    The tenant is that of `set_config('gatehouse.tenant', ...)`; with none set, no row matches.
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    own = f"{column} = current_setting('gatehouse.tenant', true)"
    op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_rows ON {table} USING ({own}) WITH CHECK ({own})")


def never_changed(table: str) -> None:
    """Rows of the table are added and, with their tenant, deleted; an UPDATE is refused whoever asks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER never_changed_{table} BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
        )
