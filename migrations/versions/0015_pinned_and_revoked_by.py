"""From where a mailbox is followed is known before anybody has looked; a revoked token says who revoked it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    with op.batch_alter_table("watched") as watched:
        watched.alter_column("looked_at", existing_type=sa.DateTime(timezone=True), nullable=True)
    op.add_column("api_tokens", sa.Column("revoked_by", sa.Text(), nullable=True))
