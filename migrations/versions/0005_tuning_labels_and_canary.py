"""Tuning for all tenants, what people say of messages, and what live decisions came to by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import ROLE, held_to_tenant, never_changed

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "shared_tuning",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_shared_tuning"),
    )
    op.create_table(
        "labels",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("message_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_labels_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "message_key", name="pk_labels"),
    )
    op.create_table(
        "daily_counts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("activation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_daily_counts_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "activation", "stream", "day", name="pk_daily_counts"),
    )
    held_to_tenant("labels")
    held_to_tenant("daily_counts")
    never_changed("shared_tuning")
    if op.get_bind().dialect.name == "postgresql":
        # Nothing of any tenant is in it: every tenant's transaction may read it.
        op.execute(f"GRANT SELECT ON shared_tuning TO {ROLE}")
