"""The evidence packs that were issued: a file whose digests were all made anew still differs from what stands here."""

import sqlalchemy as sa
from alembic import op

from recon.ledger.migrations.append_only import guard, protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXTS = ("period", "digest", "sha256", "who")


def upgrade() -> None:
    """Add the append-only table of packs."""
    op.create_table(
        "packs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("close_id", sa.Integer, sa.ForeignKey("closes.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
        sa.UniqueConstraint("period", "number"),
    )
    protect("packs", ("id",))
    guard("packs")
