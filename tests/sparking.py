"""What tests on Spark need: PySpark and Java, asked for once."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

from benchmarks.spark_months import keep_java_simple


def give_up_without_spark() -> None:
    """Skip where Spark cannot run, and say what is missing; in CI it must be there."""
    keep_java_simple()
    missing = []
    if importlib.util.find_spec("pyspark") is None:
        missing.append("PySpark (pip install --require-hashes -r requirements-spark.lock)")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        missing.append("Java 17 or later")
    if not missing:
        return
    reason = f"tests on Spark need {' and '.join(missing)}"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI it must be there")
    pytest.skip(reason)
