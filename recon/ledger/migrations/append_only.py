"""Triggers that make a table append-only, in SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION ledger_refuses_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""


def protect(table: str, key: Sequence[str]) -> None:
    """Refuse updates, deletions and replacements of a table's rows."""
    if op.get_bind().dialect.name == "sqlite":
        _protect_in_sqlite(table, key)
    else:
        _protect_in_postgres(table)


def _protect_in_sqlite(table: str, key: Sequence[str]) -> None:
    """INSERT OR REPLACE deletes without asking the delete trigger, so inserting over a key is refused as well."""
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    same = " AND ".join(f"{name} = NEW.{name}" for name in key)
    for event in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} BEGIN {refuse}; END")
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN {refuse}; END"
    )


def _protect_in_postgres(table: str) -> None:
    op.execute(_POSTGRES_FUNCTION)
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION ledger_refuses_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses_change()"
    )


def guard(table: str) -> None:
    """On PostgreSQL also take the right to update, delete or truncate from the role that the application runs as.

    Not for tables that others refer to: checking a reference asks for the right to update.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER")
