"""A PostgreSQL server of one's own, for tests and benchmarks: started in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

PROGRAMS = ("initdb", "pg_ctl")
OPTIONS = "-c fsync=off"


def missing() -> str:
    """Why no server can be started here; empty where one can."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin"  # where runuser stands, also in a bare environment
    if not all(map(_program, PROGRAMS)):
        return "PostgreSQL's initdb and pg_ctl are not installed"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL refuses to run as root, and there is no runuser to run it as the user postgres"
    return ""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a running server's first database."""
    if reason := missing():
        raise RuntimeError(reason)
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path must be short
    try:
        yield from _serving(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str, prefix: str = "recon") -> str:
    """A new, empty database on a server, by the URL of another of its databases."""
    name = f"{prefix}_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.rsplit("/", 1)[0] + "/" + name


def _program(name: str) -> str | None:
    found = shutil.which(name)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(installed[-1]) if installed else None)


def _serving(folder: Path) -> Iterator[str]:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    cluster, port = folder / "data", _free_port()
    _run("initdb", "-D", cluster, "-U", "recon", "--auth=trust", "--no-sync", "--encoding=UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {OPTIONS}"
    _run("pg_ctl", "-D", cluster, "-l", folder / "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://recon@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", cluster, "-m", "immediate", "stop")


def _run(program: str, *words: object) -> None:
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*user, str(_program(program)), *map(str, words)],
        capture_output=True, text=True, cwd="/", check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
