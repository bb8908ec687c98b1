"""What several tests need: a workspace and a PostgreSQL of their own."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId
from desk import Desk

PROGRAMS = ("initdb", "pg_ctl")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Name the group of a test in its id, by which it is sent to the group's worker.

    pytest-xdist 3.8 writes it into an attribute that pytest 9.2 does not read any more.
    """
    for item in items if getattr(config.option, "loadgroup", False) else ():
        groups = {mark.args[0] for mark in item.iter_markers("xdist_group")}
        if groups and "@" not in item.nodeid:
            item._id = NodeId.parse(f"{item.nodeid}@{'_'.join(sorted(groups))}")


@pytest.fixture
def desk(tmp_path):
    """A workspace of the test's own, its engine closed afterwards."""
    made = Desk(tmp_path)
    yield made
    made.engine.close()


@pytest.fixture(scope="session")
def postgres_url():
    """A PostgreSQL server started for the tests and gone after them; skipped where none is installed, but not in CI."""
    programs = {name: _program(name) for name in PROGRAMS}
    if not all(programs.values()):
        _give_up("PostgreSQL's initdb and pg_ctl are not installed")
    os.environ["PATH"] += os.pathsep + "/usr/sbin"  # where runuser stands, also in a bare environment
    if os.geteuid() == 0 and not shutil.which("runuser"):
        _give_up("PostgreSQL refuses to run as root, and there is no runuser to run it as the user postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path must be short
    try:
        yield from _serving(programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name):
    found = shutil.which(name)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(installed[-1]) if installed else None)


def _give_up(reason):
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI it must be there")
    pytest.skip(reason)


def _serving(programs, folder):
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    cluster, port = folder / "data", _free_port()
    _run(programs["initdb"], "-D", cluster, "-U", "recon", "--auth=trust", "--no-sync", "--encoding=UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    _run(programs["pg_ctl"], "-D", cluster, "-l", folder / "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://recon@127.0.0.1:{port}/postgres"
    finally:
        _run(programs["pg_ctl"], "-D", cluster, "-m", "immediate", "stop")


def _run(*command):
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*user, *map(str, command)], capture_output=True, text=True, cwd="/", check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def small_month(tmp_path_factory):
    """The demo workspace with a small October, billed with its planted errors; take a copy before changing it."""
    from fixtures.demo import make_demo
    from fixtures.months import Month

    folder = tmp_path_factory.mktemp("small") / "month"
    make_demo(folder, Month(impressions=12_000, clicks=1_500, conversions=600))
    return folder


@pytest.fixture
def a_month(small_month, tmp_path):
    """A copy of the small month that a test may change."""
    return Path(shutil.copytree(small_month, tmp_path / "month"))
