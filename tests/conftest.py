"""What several tests need: a workspace and a PostgreSQL of their own."""

import os
import shutil
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId
from desk import Desk

from benchmarks.postgres import missing, server


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
    """A PostgreSQL server started for the tests and gone after them; skipped where none can be, but not in CI."""
    if reason := missing():
        _give_up(reason)
    with server() as url:
        yield url


def _give_up(reason):
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI it must be there")
    pytest.skip(reason)


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
