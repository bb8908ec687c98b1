"""Why a period entered a state, and what people did about findings and rejected rows."""

import sqlalchemy as sa
from alembic import op

from recon.ledger.migrations.append_only import guard, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXTS = ("period", "finding_id", "action", "who", "owner", "reason", "amount", "currency", "bound")


def upgrade() -> None:
    """Add the reason of a state, and the append-only table of acts on findings."""
    op.add_column("states", sa.Column("reason", sa.Text, nullable=False, server_default=""))
    guard("states")
    op.create_table(
        "finding_acts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("close_id", sa.Integer, sa.ForeignKey("closes.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
    )
    protect("finding_acts", ("id",))
    guard("finding_acts")
