"""How far back a mailbox has been read where reading paused on the way: it goes on from there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("mailboxes", sa.Column("reached", sa.BigInteger(), nullable=True))
