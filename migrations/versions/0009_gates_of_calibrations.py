"""Gates say which calibration they were measured with: trying another one says nothing of that in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("gates", sa.Column("calibration", sa.BigInteger(), nullable=True))
