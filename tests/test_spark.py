"""Spark as the engine of scans: what it is given, what it must refuse, and what it may open to others."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import sys
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reclosing import OCTOBER, closed, date_moved, rate_changed
from sparking import give_up_without_spark

from benchmarks.spark_months import apart, use_engine
from recon.close import close_period
from recon.engine import Engine, EngineError, EventColumn, EventFiles, SparkEngine, events, spark_session, spark_sql
from recon.engine.spark_scans import SparkScans
from recon.inputs import Inputs, open_engine, read_inputs
from recon.inputs.datasets import EVENTS
from recon.observe.counting import passed
from recon.problems import BadInput
from recon.workspace import SourceSpec, Workspace
from recon.workspace.sources import Control

MASTER = "local[2]"


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[SparkScans]:
    give_up_without_spark()
    session = spark_session.start(MASTER, "1GB", tmp_path)
    yield SparkScans(session)
    session.stop()


def spark_month(month: Path, tmp_path: Path) -> Path:
    """A copy of a month whose scans run on Spark."""
    folder = Path(shutil.copytree(month, tmp_path / "there"))
    use_engine(folder, MASTER)
    return folder


def test_without_pyspark_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(BadInput, match=r"recon.toml \[workspace\] engine: 'local\[2\]'.*pip install recon\[spark\]"):
        spark_session.start(MASTER, "1GB", tmp_path)


@pytest.mark.parametrize("master", ["local", "local[*]", "local[2]", "spark://127.0.0.1:7077", "spark://localhost:1"])
def test_a_master_on_this_machine_opens_nothing_to_others(master: str, tmp_path: Path) -> None:
    settings = spark_session.settings(master, "1GB", tmp_path)
    assert settings["spark.driver.bindAddress"] == settings["spark.driver.host"] == "127.0.0.1"
    assert settings["spark.ui.enabled"] == "false"


def test_a_cluster_elsewhere_may_call_back(tmp_path: Path) -> None:
    settings = spark_session.settings("spark://10.0.0.7:7077", "1GB", tmp_path)
    assert not {"spark.driver.bindAddress", "spark.driver.host", "spark.local.dir"} & settings.keys()


@pytest.mark.parametrize("sql", ["DELETE FROM a", "ALTER TABLE a RENAME TO b", "CREATE OR REPLACE TABLE a (n BIGINT)"])
def test_a_step_is_a_table_made_of_a_query_and_nothing_else(sql: str) -> None:
    with pytest.raises(ValueError, match="a table of a query"):
        spark_sql.step(sql)


def test_a_workspace_names_its_engine(tmp_path: Path) -> None:
    for engine, kind in (("duckdb", Engine), (MASTER, SparkEngine)):
        with open_engine(Workspace(tmp_path, "names", engine=engine)) as opened:
            assert type(opened) is kind


@pytest.mark.parametrize("path", ["/a/_hidden.parquet", "/a/.b.parquet", "/a/[b].parquet", "/a,b/c.parquet", "/a/*"])
def test_a_path_that_spark_would_read_otherwise_is_copied(path: str) -> None:
    assert not events.is_readable(EventFiles({path: 1}, {}, 0))
    assert events.is_readable(EventFiles({"/a b/c-1.parquet": 1}, {}, 0))


@pytest.mark.long
@pytest.mark.xdist_group("spark")
class TestOnSpark:
    """What takes a Spark session."""

    def test_whole_numbers_overflow_as_an_error_not_as_another_number(self, scans: SparkScans) -> None:
        scans.table("n", {"n": "BIGINT"}, [(2**63 - 1,), (1,)])
        for sql in ("SELECT SUM(n) FROM n", "SELECT n + 1 FROM n", "SELECT CAST(n AS INTEGER) FROM n"):
            with pytest.raises(EngineError, match="OVERFLOW"):
                scans.rows(sql)

    @pytest.mark.parametrize("value", ["it's", "a\\'b", "\\", "\u00e9\U0001f600", "%_", "${x}", '"', "`", "-- x", "\n"])
    def test_values_of_contracts_mean_the_same_there(self, scans: SparkScans, value: str) -> None:
        scans.table("v", {"v": "TEXT"}, [(value,), ("other",), (None,)])
        places = scans.rows(f"SELECT v, {scans.place_in(['x', value], 'v')} AS p FROM v")
        assert sorted(places, key=str) == sorted([(value, 2), ("other", 0), (None, 0)], key=str)

    def test_thousands_of_cuts_are_told_apart(self, scans: SparkScans) -> None:
        cuts = [10 * one for one in range(3_000)]
        scans.table("i", {"ts": "BIGINT"}, [(ts,) for ts in range(-5, 30_005, 5)])
        scans.run("cut", f"CREATE OR REPLACE TABLE cut AS SELECT i.ts, {passed(cuts)} AS place FROM i")
        found = scans.rows("SELECT ts, place FROM cut")
        assert len(found) == 6_002
        assert all(place == bisect_right(cuts, ts) for ts, place in found)

    def test_nobody_else_can_reach_what_it_listens_on(self, scans: SparkScans) -> None:
        assert scans.row("SELECT COUNT(*) FROM RANGE(10)") == (10,)
        java = scans.session.sparkContext._gateway.proc.pid
        found = {address for pid in family(java) for address in listening(pid)}
        assert found
        assert all(address.startswith("127.") for address in found)

    def test_relations_are_found_again_where_an_executor_forgot_them(self, scans: SparkScans) -> None:
        scans.table("n", {"n": "BIGINT"}, [(one,) for one in range(100)])
        scans.run(
            "halves", "CREATE OR REPLACE TABLE halves AS SELECT n // 2 AS half, COUNT(*) AS c FROM n GROUP BY half"
        )
        scans._kept[-1].unpersist(blocking=True)
        assert scans.row("SELECT COUNT(*), CAST(SUM(c) AS BIGINT) FROM halves") == (50, 100)

    def test_events_that_spark_cannot_read_as_they_are_come_as_copies(
        self, small_month: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        give_up_without_spark()
        monkeypatch.setattr(events, "FEW_ROWS", 0)
        monkeypatch.setattr(events, "is_readable", lambda files: False)
        here, there = Path(shutil.copytree(small_month, tmp_path / "here")), spark_month(small_month, tmp_path)
        steps: list[str] = []
        other = close_period(Workspace.open(there), OCTOBER, on_step=steps.append, is_diagnosed=False)
        assert {f"copy {name}" for name in EVENTS} <= {step.partition(":")[0] for step in steps}
        assert apart(closed(here), other) == []
        assert not (there / ".spill").exists()

    def test_a_month_closed_again_takes_what_its_run_observed_and_a_changed_question_all_scans(
        self, small_month: Path, tmp_path: Path
    ) -> None:
        give_up_without_spark()
        folder, here = spark_month(small_month, tmp_path), Path(shutil.copytree(small_month, tmp_path / "here"))
        closed(folder)
        drawn = random.Random(1)
        rate_changed(folder, drawn)
        assert closed(folder).reused == "all observations, of run 1"
        date_moved(folder, drawn)
        again = closed(folder)
        assert not again.reused
        shutil.rmtree(here / "contracts")
        shutil.copytree(folder / "contracts", here / "contracts")
        assert apart(closed(here), again) == []

    def test_events_that_a_query_on_spark_gives_come_to_what_their_files_do(
        self, small_month: Path, tmp_path: Path
    ) -> None:
        give_up_without_spark()
        folder, here = spark_month(small_month, tmp_path), Path(shutil.copytree(small_month, tmp_path / "here"))
        asked_of_spark(folder)
        one, other = closed(here), closed(folder)
        differ = [name for name in apart(one, other) if not name.startswith(("observations", "manifest"))]
        assert differ == []
        (record,) = (told for told in other.manifest["inputs"] if told["dataset"] == "impressions")
        rows = sum(told["rows"] for told in one.manifest["inputs"] if told["dataset"] == "impressions")
        assert (record["system"], record["rows"]) == ("spark", rows)

    def test_a_query_on_spark_sets_aside_what_cannot_be_used_and_knows_when_a_microsecond_changed(
        self, tmp_path: Path
    ) -> None:
        give_up_without_spark()
        rows = [
            ("c1", 5, "p", "u", "sale", "12.50", "USD"), ("", 5, "p", "u", "sale", None, None),
            ("c3", None, "p", "u", "sale", None, None), ("c4", 5, "p", "u", "sale", "-1", "USD"),
            ("c5", 5, "p", "u", "sale", "0.0000001", "USD"), ("c6", 5, "p", "u", "sale", "1", "XYZ"),
        ]  # fmt: skip
        first, again, later = (read_conversions(tmp_path, rows, shift) for shift in (0, 0, 1))
        found = [(row.column, row.value, row.reason) for row in first.rejected]
        assert sorted(found) == [
            ("conversion_id", "", "missing"), ("currency", "XYZ", "expected an ISO 4217 currency, such as USD"),
            ("sale_amount", "-1.0000000", AMOUNT), ("sale_amount", "0.0000001", AMOUNT), ("ts", "", "missing"),
        ]  # fmt: skip
        (record,) = (one for one in first.manifest if one.dataset == "conversions")
        assert (record.rows, record.rejected, record.first, record.last) == (6, 5, 5, 5)
        assert [control.found for control in record.controls] == [6, Decimal("12.5")]
        assert first.events == again.events != later.events

    def test_a_query_on_spark_names_every_column_that_does_not_fit(self, tmp_path: Path) -> None:
        give_up_without_spark()
        query = "SELECT 'a' AS click_id, 'soon' AS ts, 'p' AS program, 'yes' AS is_test, 1.5 AS user_id"
        with pytest.raises(BadInput) as bad:
            read_with(tmp_path, "clicks", query)
        found = [(problem.place.rpartition(" ")[2], problem.value) for problem in bad.value.problems]
        assert found == [("ts", "type string"), ("user_id", "type decimal(2,1)"), ("is_test", "type string")]

    def test_a_query_that_spark_cannot_run_is_bad_input(self, tmp_path: Path) -> None:
        give_up_without_spark()
        with pytest.raises(BadInput, match="TABLE_OR_VIEW_NOT_FOUND"):
            read_with(tmp_path, "clicks", "SELECT * FROM nowhere.clicks")

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "int96"])
    def test_timestamps_of_every_unit_are_the_same_instants(self, unit: str, scans: SparkScans, tmp_path: Path) -> None:
        ts = [0, 1_790_000_000, -62_000_000_000 if unit != "int96" else -1, 4_000_000_000]
        column = pa.array(ts, pa.timestamp("s")).cast(pa.timestamp("us" if unit == "int96" else unit))
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"event time": column}), path, use_deprecated_int96_timestamps=unit == "int96")
        with Engine() as here:
            wanted = here.rows(f"SELECT epoch_us(\"event time\") FROM '{path}' ORDER BY 1")
            files = EventFiles({path.as_posix(): 7}, {"ts": EventColumn("event time", "instant", "BIGINT")}, len(ts))
            events.Reader(here, scans, tmp_path).read("instants", [files])
        assert scans.rows("SELECT ts FROM instants ORDER BY ts") == wanted
        assert scans.rows("SELECT DISTINCT file_number FROM instants") == [(7,)]

    def test_a_cluster_that_sees_other_rows_is_not_believed(self, scans: SparkScans, tmp_path: Path) -> None:
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"id": ["a", "b"]}), path)
        files = EventFiles({path.as_posix(): 1}, {"id": EventColumn("id", "as it is", "TEXT")}, 3)
        with Engine() as here, pytest.raises(EngineError, match="the cluster sees 2 rows of 3"):
            events.Reader(here, scans, tmp_path).read("events", [files])


AMOUNT = "expected a plain number with at most 6 decimals, 0 or more"


def asked_of_spark(folder: Path) -> None:
    """The events of a workspace by queries on Spark over the same files."""
    toml = folder / "recon.toml"
    text = toml.read_text(encoding="utf-8")
    for name in EVENTS:
        query = f'database = "spark"\nquery = "SELECT * FROM parquet.`{folder}/data/{name}/*.parquet`"'
        text, changed = re.subn(rf'path = "data/{name}/\*\.parquet"', query, text)
        assert changed == 1
    toml.write_text(text, encoding="utf-8")


def read_conversions(folder: Path, rows: list[tuple], shift: int) -> Inputs:
    """Conversions of a query over rows (id, µs, ..., amount, currency), all instants later by some microseconds."""
    names = "conversion_id, ts, program, user_id, action, sale_amount, currency"
    values = ", ".join(str(row).replace("None", "NULL") for row in rows)
    query = (
        f"SELECT conversion_id, TIMESTAMP_MICROS(ts + {shift}) AS ts, program, user_id, action, "
        f"CAST(sale_amount AS DECIMAL(20, 7)) AS sale_amount, currency FROM VALUES {values} AS t({names})"
    )
    return read_with(folder, "conversions", query, Control(rows=6, amount=Decimal("12.50")))


def read_with(folder: Path, dataset: str, query: str, control: Control | None = None) -> Inputs:
    """The inputs of a workspace with one dataset, which a query on Spark gives."""
    spec = SourceSpec(dataset, "recon.toml", database="spark", query=query, control=control)
    workspace = Workspace(folder, "asks", engine=MASTER, data={dataset: spec})
    with open_engine(workspace) as engine:
        return read_inputs(workspace, engine, OCTOBER)


def test_a_query_on_spark_needs_spark(tmp_path: Path) -> None:
    spec = SourceSpec("clicks", "recon.toml", database="spark", query="SELECT 1")
    workspace = Workspace(tmp_path, "asks", data={"clicks": spec})
    with open_engine(workspace) as engine, pytest.raises(BadInput, match="a Spark master as `engine`"):
        read_inputs(workspace, engine, OCTOBER)


def family(pid: int) -> set[int]:
    """A process and those it started."""
    found: set[int] = {pid}
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening(pid: int) -> set[str]:
    """The addresses on which a process listens; none where it has ended meanwhile."""
    inodes, found = set(), set()
    with suppress(FileNotFoundError):
        inodes = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    for name, kind in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(address(fields[1].partition(":")[0], kind))
    return found


def address(text: str, kind: int) -> str:
    """An address as the kernel writes it, as people do; an IPv4 one within IPv6 as itself."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    said = socket.inet_ntop(kind, b"".join(words))
    return said.removeprefix("::ffff:")
