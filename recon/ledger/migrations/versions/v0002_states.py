"""The states of a period: which of its closes was locked, by whom and when."""

import sqlalchemy as sa
from alembic import op

from recon.ledger.migrations.append_only import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of states and make it append-only; the last state of a period holds."""
    op.create_table(
        "states",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("close_id", sa.Integer, sa.ForeignKey("closes.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    protect("states", ("id",))
