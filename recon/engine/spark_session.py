"""A Spark session for the scans of a month: exact arithmetic, UTC, and no port beyond this machine unless asked."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recon.problems import BadInput, Problem

LEAST_MEMORY_MB = 512  # below it a Spark driver does not start
UNITS_MB = {"M": 1, "G": 1024, "T": 1024 * 1024}
EXACT = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, never another number
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",  # a value of a contract is text, whatever it looks like
    "spark.sql.parquet.binaryAsString": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.fieldId.read.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
SETTINGS = {
    "spark.app.name": "recon",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "0",  # observations come back whole, however many
}
LOG = """\
rootLogger.level = error
rootLogger.appenderRef.only.ref = only
appender.only.type = Console
appender.only.name = only
appender.only.target = SYSTEM_ERR
appender.only.layout.type = PatternLayout
appender.only.layout.pattern = Spark %p: %m%n
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
"""  # else Spark tells on every start how its logs are set up
LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def start(master: str, memory_limit: str, folder: Path) -> Any:
    """A session on a master; BadInput where PySpark or Java is missing or the master is out of reach.

    `memory_limit` is text ("1GB") for the driver, which is all of a local master, whose scratch files go to `folder`; a
    cluster's own settings (`spark-defaults.conf`) say what its executors have.
    """
    builder = _builder(master)
    for name, value in settings(master, memory_limit, folder).items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings(), _environment(master, folder):
            warnings.simplefilter("ignore", FutureWarning)  # of pandas, which nothing here uses
            session = builder.getOrCreate()
    except Exception as error:
        raise _unreachable(master, reason(error)) from error
    for name, value in EXACT.items():
        session.conf.set(name, value)
    return session


def settings(master: str, memory_limit: str, folder: Path) -> dict[str, str]:
    """All that a session is started with, by Spark's own names.

    >>> settings("local[2]", "2GB", Path("there"))["spark.driver.memory"]
    '2048m'
    """
    chosen = SETTINGS | EXACT
    chosen |= {"spark.driver.memory": f"{_megabytes(memory_limit)}m", "spark.sql.warehouse.dir": str(folder / "tables")}
    if master.startswith("local"):
        chosen |= {"spark.local.dir": str(folder), "spark.sql.shuffle.partitions": str(_cores(master))}
    if master.startswith("local") or re.match(r"spark://(localhost|127\.)", master):
        chosen |= LOOPBACK
    return chosen


def needed(master: str) -> None:
    """BadInput where PySpark or Java is missing."""
    try:
        import pyspark.sql  # noqa: F401, PLC0415  (half a gigabyte that only these workspaces need)
    except ImportError:
        raise _missing(master, "PySpark, which `pip install recon[spark]` brings") from None
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise _missing(master, "Java 17 or later on the path, or in JAVA_HOME")


def reason(error: Exception) -> str:
    """What went wrong, in one line: what Java says, where an error is Java's."""
    thrown = getattr(error, "java_exception", None)
    return str(error if thrown is None else thrown).strip().splitlines()[0]


def _builder(master: str) -> Any:
    needed(master)
    from pyspark.sql import SparkSession  # noqa: PLC0415

    return SparkSession.builder.master(master)


@contextmanager
def _environment(master: str, folder: Path) -> Iterator[None]:
    """What Java starts with: a local master's address, and logs of errors alone unless Spark's settings say more."""
    chosen = {"SPARK_LOCAL_IP": "127.0.0.1"} if master.startswith("local") else {}
    if not Path(os.environ.get("SPARK_CONF_DIR", folder), "log4j2.properties").exists():
        log = folder / "log4j2.properties"
        log.write_text(LOG, encoding="ascii")
        chosen["SPARK_SUBMIT_OPTS"] = f"-Dlog4j2.configurationFile={log.resolve().as_uri()}"
    added = {name: value for name, value in chosen.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _missing(master: str, what: str) -> BadInput:
    return BadInput([Problem("recon.toml [workspace] engine", master, what)])


def _unreachable(master: str, reason: str) -> BadInput:
    return BadInput([Problem("recon.toml [workspace] engine", f"{master}: {reason}", "a Spark master within reach")])


def _megabytes(memory_limit: str) -> int:
    """A size of memory in whole MB, at least what Spark needs to start.

    >>> _megabytes("1.5 GiB"), _megabytes("100MB")
    (1536, 512)
    """
    number, unit = memory_limit.rstrip("iB").split()[0], memory_limit.replace(" ", "").rstrip("iB")[-1]
    return max(LEAST_MEMORY_MB, int(float(number.rstrip("MGT")) * UNITS_MB[unit]))


def _cores(master: str) -> int:
    """Shuffles of a local master are cut into as many parts as it has cores.

    >>> _cores("local"), _cores("local[3]"), _cores("local[2,4]")
    (1, 3, 2)
    """
    asked = re.search(r"\[(\d+|\*)", master)
    if asked is None:
        return 1
    return os.cpu_count() or 1 if asked[1] == "*" else int(asked[1])
