"""An action is on one copy of a message: where the source has it is part of its key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("actions") as actions:
        # Unknown of what was planned before: as long as it is, no other copy of the same mail is acted on.
        actions.add_column(sa.Column("time", sa.BigInteger(), nullable=True))
        actions.drop_constraint("pk_actions", type_="primary")
        actions.create_primary_key("pk_actions", ["tenant", "message_key", "mailbox", "kind", "path"])
