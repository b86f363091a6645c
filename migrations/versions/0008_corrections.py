"""Confirmed false positives, corrected at once: whose mail is not flagged as what, why, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import held_to_tenant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sender_key", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_corrections_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_corrections"),
    )
    held_to_tenant("corrections")
