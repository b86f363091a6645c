"""Versions, activations and the audit log are added to, never changed: the database itself refuses."""

from __future__ import annotations

from alembic import op

from migrations.policies import never_changed

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION gatehouse_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$"
        )
    for table in ("activations", "audit_log", "baselines", "calibrations", "parts"):
        never_changed(table)
