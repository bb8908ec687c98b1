"""Closes with their files, lines and findings, the contract versions they used, and the trail."""

import sqlalchemy as sa
from alembic import op

from recon.ledger.migrations.append_only import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LINE_TEXTS = ("contract", "item", "period", "kind", "currency")
FINDING_TEXTS = ("contract", "item", "kind", "currency", "amount", "cause", "grade", "rivals", "witnesses", "sentence")


def upgrade() -> None:
    """Create the tables and make them append-only; amounts are exact text."""
    _create_closes()
    _create_lines()
    _create_findings()
    _create_contract_versions()
    _create_trail()


def _create_closes() -> None:
    op.create_table(
        "closes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _text("period"),
        sa.Column("run", sa.Integer, nullable=False),
        _text("digest"),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        _text("recorded_by"),
        _text("manifest"),
        sa.UniqueConstraint("period", "run"),
    )
    op.create_table(
        "close_files",
        _of_close(),
        _key("name"),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        _text("sha256"),
    )
    protect("closes", ("id",))
    protect("close_files", ("close_id", "name"))


def _create_lines() -> None:
    op.create_table(
        "lines",
        _of_close(),
        *(_key(name) for name in LINE_TEXTS),
        _text("expected_quantity"),
        _text("expected_amount"),
        sa.Column("billed_quantity", sa.Text),
        *(_text(name) for name in ("billed_amount", "variance", "status", "cause", "grade")),
    )
    protect("lines", ("close_id", *LINE_TEXTS))


def _create_findings() -> None:
    op.create_table("findings", _of_close(), _key("finding_id"), *(_text(name) for name in FINDING_TEXTS))
    protect("findings", ("close_id", "finding_id"))


def _create_contract_versions() -> None:
    op.create_table(
        "contract_versions",
        _key("contract"),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("kind", "hash", "approved_by")),
        sa.Column("approved_at", sa.BigInteger),
        sa.Column("first_close_id", sa.Integer, sa.ForeignKey("closes.id"), nullable=False),
    )
    protect("contract_versions", ("contract", "version"))


def _create_trail() -> None:
    op.create_table(
        "trail",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(_text(name) for name in ("who", "action", "payload", "previous")),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
    )
    protect("trail", ("seq",))


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _of_close() -> sa.Column[int]:
    return sa.Column("close_id", sa.Integer, sa.ForeignKey("closes.id"), primary_key=True)
