"""What came of rehearsed attacks, by calibration, kind and difficulty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import held_to_tenant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "rehearsals",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("calibration", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("difficulty", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("caught", sa.BigInteger(), nullable=False),
        sa.Column("suspicious", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("rehearsed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "calibration"],
            ["calibrations.tenant", "calibrations.version"],
            name="fk_rehearsals_tenant_calibration",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_rehearsals_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "calibration", "source", "kind", "difficulty", name="pk_rehearsals"),
    )
    held_to_tenant("rehearsals")
