"""The ledger's database, SQLite or PostgreSQL: one writer at a time, tables brought up to date on opening."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError as SQLiteError
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from recon.problems import BadInput, Problem

LOCK_WAIT_SECONDS = 60
_POSTGRES_LOCK = 0x7265636F6E  # one writer per database: an advisory lock held to the end of the transaction
_MIGRATING = threading.Lock()  # Alembic's environment is global to the process


def connect(url: str) -> Engine:
    """An engine on the ledger with all migrations applied; BadInput where there is no ledger to be had."""
    engine = _engine(url)
    try:
        _migrate(engine)
    except OperationalError as error:
        raise BadInput([_unreachable(engine, str(error.orig))]) from error
    except CommandError as error:
        raise BadInput([_unreachable(engine, f"{error}; a newer version of recon wrote it")]) from error
    return engine


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadInput([Problem("workspace.database", url, "a database URL, such as sqlite:///recon.db")]) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True)
    raise BadInput([Problem("workspace.database", parsed.get_backend_name(), "sqlite or postgresql")])


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SQLiteConnection, record: Any) -> None:
    """Transactions begin where we say so; a commit is on the disk when it returns."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    with suppress(SQLiteError):  # another process opens the new file this moment; either mode is correct
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """The one writing transaction of the ledger: others wait for it to end."""
    with engine.execution_options(is_writing=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees the ledger as it was at one moment, and keeps no writer waiting."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection


def _migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "ledger_version"})
        if set(context.get_current_heads()) == _newest():
            return
    with _MIGRATING, writing(engine) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "recon.ledger:migrations")
    return config


@cache
def _newest() -> frozenset[str]:
    """Where the migrations of this version end; they don't change while it runs."""
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _unreachable(engine: Engine, value: str) -> Problem:
    place = f"workspace.database {engine.url.render_as_string(hide_password=True)}"
    return Problem(place, value.strip(), "a database that can be opened as a ledger")
