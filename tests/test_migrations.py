"""The ledger's tables come about by migrations that travel with the package."""

import subprocess
import sys
import threading
import uuid
from importlib import resources

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from recon.ledger.database import connect
from recon.ledger.tables import metadata
from recon.problems import BadInput


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/recon.db"
    server, name = request.getfixturevalue("postgres_url"), f"migrated_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.rsplit("/", 1)[0] + "/" + name


def test_the_migrations_make_the_tables_that_the_code_names(url):
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "ledger_version"})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_opening_again_changes_nothing(url):
    connect(url).dispose()
    engine = connect(url)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "ledger_version"}
    engine.dispose()


def test_a_ledger_of_a_newer_version_is_left_alone(url):
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE ledger_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(BadInput, match="newer version"):
        connect(url)


def test_several_openers_of_a_new_ledger_at_once(url):
    problems = []

    def opening():
        try:
            connect(url).dispose()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []


def test_several_processes_open_a_new_ledger_at_once(url):
    command = [sys.executable, "-c", "import sys; from recon.ledger.database import connect; connect(sys.argv[1])", url]
    openers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [opener.communicate()[1] for opener in openers] == ["", "", ""]
    assert [opener.returncode for opener in openers] == [0, 0, 0]


def test_the_migrations_are_part_of_the_package():
    there = {path.name for path in (resources.files("recon.ledger") / "migrations").iterdir()}
    assert {"env.py", "script.py.mako", "versions"} <= there


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("no url at all", "a database URL"),
        ("mysql+pymysql://localhost/ledger", "sqlite or postgresql"),
        ("sqlite:////no/such/folder/recon.db", "can be opened"),
        ("postgresql+psycopg://recon:secret@127.0.0.1:1/ledger", "can be opened"),
    ],
)
def test_a_database_that_is_not_to_be_had_is_bad_input_without_its_password(address, expected):
    with pytest.raises(BadInput, match=expected) as caught:
        connect(address)
    assert "secret" not in str(caught.value)
