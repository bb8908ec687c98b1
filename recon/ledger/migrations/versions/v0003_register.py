"""The register of contracts: the texts of versions, what was done to them, and the documents that were taken in."""

import sqlalchemy as sa
from alembic import op

from recon.ledger.migrations.append_only import guard, protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXTS = (
    "kind", "direction", "model", "currency", "timezone", "counterparty_id", "counterparty", "effective_from", "hash",
    "content",
)  # fmt: skip


def upgrade() -> None:
    """Create the tables, make them append-only, and take the right to change them or the trail from the application."""
    op.create_table(
        "register_texts",
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
        sa.Column("effective_to", sa.Text),
    )
    op.create_table(
        "register_acts",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("contract", "action", "who", "reason", "effect")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("version", "seq", "revision", "approvers_needed")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.UniqueConstraint("contract", "version", "seq"),
    )
    op.create_table(
        "register_documents",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    protect("register_texts", ("contract", "version", "revision"))
    protect("register_acts", ("id",))
    protect("register_documents", ("sha256",))
    for table in ("register_texts", "register_acts", "register_documents", "trail"):
        guard(table)
