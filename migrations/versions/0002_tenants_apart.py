"""On PostgreSQL a transaction of one tenant sees the rows of one tenant."""

from __future__ import annotations

from alembic import op

from migrations.policies import ROLE, held_to_tenant

revision = "0002"
down_revision = "0001"

TABLES = (
    "activations",
    "baselines",
    "calibrations",
    "decisions",
    "gates",
    "leases",
    "mailboxes",
    "parts",
    "runs",
    "skips",
    "steps",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Roles belong to the whole server: another database of ours may have made it.
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') "
            f"THEN CREATE ROLE {ROLE} NOLOGIN; END IF; "
            # Before PostgreSQL 16, whoever is a member of a role may take it on.
            f"IF NOT pg_has_role(CURRENT_USER, '{ROLE}', CASE WHEN current_setting('server_version_num')::int "
            f">= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN GRANT {ROLE} TO CURRENT_USER; END IF; "
            f"EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', current_schema()); END $$"
        )
        op.execute(f"GRANT USAGE ON SEQUENCE audit_log_id_seq TO {ROLE}")
    for table in TABLES:
        held_to_tenant(table)
    held_to_tenant("tenants", column="name")
    held_to_tenant("audit_log", rights="SELECT, INSERT, DELETE")
