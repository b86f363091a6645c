"""How far each mailbox is followed, who follows a tenant, and what was done with flagged mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import held_to_tenant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "watched",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_watched_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "mailbox", name="pk_watched"),
    )
    op.create_table(
        "watchers",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_watchers_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", name="pk_watchers"),
    )
    op.create_table(
        "actions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("message_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("moved_path", sa.Text(), nullable=True),
        sa.Column("folder", sa.BigInteger(), nullable=False),
        sa.Column("activation", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_actions_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "message_key", "mailbox", "kind", name="pk_actions"),
    )
    op.create_index("ix_actions_tenant_state_due_at", "actions", ["tenant", "state", "due_at"])
    op.create_index("ix_actions_tenant_message_id", "actions", ["tenant", "message_id"])
    for table in ("watched", "watchers", "actions"):
        held_to_tenant(table)
