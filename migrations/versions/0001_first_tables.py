"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_tenant", "audit_log", ["tenant"], unique=False)

    op.create_table(
        "tenants",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("domains", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("alpha", sa.Double(), nullable=False),
        sa.Column("delta", sa.Double(), nullable=False),
        sa.Column("lookback_days", sa.BigInteger(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("held_reason", sa.String(32), nullable=True),
        sa.Column("held_message", sa.Text(), nullable=True),
        sa.Column("held_remedy", sa.Text(), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tenants"),
    )
    op.create_table(
        "baselines",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("first_time", sa.BigInteger(), nullable=True),
        sa.Column("last_time", sa.BigInteger(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_baselines_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "version", name="pk_baselines"),
    )
    op.create_index("ix_baselines_tenant_digest", "baselines", ["tenant", "digest"], unique=True)

    op.create_table(
        "decisions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("calibration", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("activation", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tail_probability", sa.Double(), nullable=False),
        sa.Column("attribution", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_decisions_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "origin", "calibration", "message_key", name="pk_decisions"),
    )
    op.create_index("ix_decisions_tenant_message_id", "decisions", ["tenant", "message_id"], unique=False)
    op.create_index("ix_decisions_tenant_time", "decisions", ["tenant", "time"], unique=False)

    op.create_table(
        "leases",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_leases_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", name="pk_leases"),
    )
    op.create_table(
        "mailboxes",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("estimate", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("duplicates BETWEEN 0 AND written", name="duplicates"),
        sa.CheckConstraint("listed = written + skipped", name="accounted"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_mailboxes_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_mailboxes"),
    )
    op.create_table(
        "runs",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("flow_run", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("process_started", sa.Text(), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_runs_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_runs"),
    )
    op.create_index("ix_runs_state", "runs", ["state"], unique=False)
    op.create_index("ix_runs_tenant_token", "runs", ["tenant", "token"], unique=True)

    op.create_table(
        "calibrations",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("baseline", sa.BigInteger(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("alpha", sa.Double(), nullable=False),
        sa.Column("delta", sa.Double(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("effective_n", sa.Double(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "baseline"], ["baselines.tenant", "baselines.version"], name="fk_calibrations_tenant_baseline"
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_calibrations_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "version", name="pk_calibrations"),
    )
    op.create_index("ix_calibrations_tenant_digest", "calibrations", ["tenant", "digest"], unique=True)

    op.create_table(
        "gates",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("bar", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_gates_tenant_run", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_gates_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "run", "name", name="pk_gates"),
    )
    op.create_table(
        "parts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("first_time", sa.BigInteger(), nullable=True),
        sa.Column("last_time", sa.BigInteger(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("listed = written + skipped", name="accounted"),
        sa.ForeignKeyConstraint(
            ["tenant", "mailbox"],
            ["mailboxes.tenant", "mailboxes.name"],
            name="fk_parts_tenant_mailbox",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_parts_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "mailbox", "sequence", name="pk_parts"),
    )
    op.create_table(
        "skips",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "mailbox"],
            ["mailboxes.tenant", "mailboxes.name"],
            name="fk_skips_tenant_mailbox",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_skips_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "mailbox", "reason", name="pk_skips"),
    )
    op.create_table(
        "steps",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_steps_tenant_run", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_steps_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "run", "name", name="pk_steps"),
    )
    op.create_table(
        "activations",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("baseline", sa.BigInteger(), nullable=False),
        sa.Column("calibration", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("restores", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "baseline"], ["baselines.tenant", "baselines.version"], name="fk_activations_tenant_baseline"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "calibration"],
            ["calibrations.tenant", "calibrations.version"],
            name="fk_activations_tenant_calibration",
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_activations_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "version", name="pk_activations"),
    )
