"""The ledger's tables: what is recorded once stays as it is; triggers of the migrations refuse every change."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from recon.money import plain


class Exact(TypeDecorator[Decimal]):
    """A decimal kept as its text: SQLite would turn NUMERIC into binary floats (RULES 1.1)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Plain digits on the way in; a float is refused."""
        if isinstance(value, float):
            raise TypeError(f"{value!r} is a binary float; the ledger keeps exact decimals")
        return None if value is None else plain(Decimal(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """The same decimal on the way out, zeros included."""
        return None if value is None else Decimal(value)


metadata = MetaData()


def _of_close() -> Column[int]:
    return Column("close_id", Integer, ForeignKey("closes.id"), primary_key=True)


def _name(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


closes = Table(
    "closes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("period", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("manifest", Text, nullable=False),
    UniqueConstraint("period", "run"),
)

close_files = Table(
    "close_files",
    metadata,
    _of_close(),
    _name("name"),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

lines = Table(
    "lines",
    metadata,
    _of_close(),
    _name("contract"),
    _name("item"),
    _name("period"),
    _name("kind"),
    _name("currency"),
    Column("expected_quantity", Exact, nullable=False),
    Column("expected_amount", Exact, nullable=False),
    Column("billed_quantity", Exact),
    Column("billed_amount", Exact, nullable=False),
    Column("variance", Exact, nullable=False),
    Column("status", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("grade", Text, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    _of_close(),
    _name("finding_id"),
    Column("contract", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("cause", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("rivals", Text, nullable=False),
    Column("witnesses", Text, nullable=False),
    Column("sentence", Text, nullable=False),
)

contract_versions = Table(
    "contract_versions",
    metadata,
    _name("contract"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", BigInteger),
    Column("first_close_id", Integer, ForeignKey("closes.id"), nullable=False),
)

states = Table(
    "states",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("period", Text, nullable=False),
    Column("close_id", Integer, ForeignKey("closes.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
)

finding_acts = Table(
    "finding_acts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("period", Text, nullable=False),
    Column("close_id", Integer, ForeignKey("closes.id"), nullable=False),
    Column("finding_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("currency", Text, nullable=False),
    Column("bound", Text, nullable=False),
)

packs = Table(
    "packs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("period", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("close_id", Integer, ForeignKey("closes.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("period", "number"),
)

trail = Table(
    "trail",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
)


register_texts = Table(
    "register_texts",
    metadata,
    _name("contract"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("counterparty_id", Text, nullable=False),
    Column("counterparty", Text, nullable=False),
    Column("effective_from", Text, nullable=False),
    Column("effective_to", Text),
    Column("hash", Text, nullable=False),
    Column("content", Text, nullable=False),
)

register_acts = Table(
    "register_acts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contract", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("approvers_needed", Integer, nullable=False),
    Column("effect", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("contract", "version", "seq"),
)

register_documents = Table(
    "register_documents",
    metadata,
    _name("sha256"),
    Column("contract", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
)


def record_columns(table: Table) -> tuple[str, ...]:
    """What a row of a close says, without the close it belongs to."""
    return tuple(column.name for column in table.columns if column.name != "close_id")
