"""A standalone Spark cluster on loopback: one master and some workers, the programs of the PySpark package."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
NAMES = {"Master": "master", "Worker": "worker", "CoarseGrainedExecutorBackend": "executor", "SparkSubmit": "driver"}
START_SECONDS = 60


class Cluster:
    """Started on entering, ended on leaving; `folder` takes its logs and scratch files."""

    def __init__(self, folder: Path, workers: int, executor_memory: str) -> None:
        self._folder, self._count, self._memory = folder, workers, executor_memory
        self.master = f"spark://127.0.0.1:{_free_port()}"
        self._master: subprocess.Popen | None = None
        self._workers: list[subprocess.Popen] = []
        self._peaks: dict[int, tuple[str, float]] = {}
        self._stop = Event()

    def __enter__(self) -> Self:
        port = self.master.rpartition(":")[2]
        self._master = self._start("master", MASTER, "--port", port)
        self._wait("master", "I have been elected leader")
        for number in range(self._count):
            work = ["--cores", "1", "--memory", self._memory, "--work-dir", str(self._folder / f"work-{number}")]
            self._workers.append(self._start(f"worker-{number}", WORKER, *work, self.master))
            self._wait(f"worker-{number}", "Successfully registered")
        Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for process in [*self._workers, self._master]:
            if process is not None:
                _end(process)

    def environment(self) -> dict[str, str]:
        """The environment of whoever works on the cluster: one executor per worker, of all its memory."""
        settings = self._folder / "conf"
        settings.mkdir(exist_ok=True)
        text = f"spark.executor.memory {self._memory}\nspark.executor.cores 1\n"
        (settings / "spark-defaults.conf").write_text(text, encoding="utf-8")
        return os.environ | {"SPARK_CONF_DIR": str(settings), "SPARK_LOCAL_IP": "127.0.0.1"}

    def kill_one(self) -> None:
        """End a worker with its executor at once, as a machine goes."""
        _end(self._workers.pop())

    def peaks(self) -> list[str]:
        """The peak memory of each process seen so far."""
        return [f"{name} {peak:.2f} GB" for name, peak in sorted(self._peaks.values())]

    def _start(self, name: str, program: str, *arguments: str) -> subprocess.Popen:
        import pyspark  # noqa: PLC0415  (an extra)

        home = Path(pyspark.__file__).parent
        command = [str(home / "bin" / "spark-class"), program, "--host", "127.0.0.1", "--webui-port", "0", *arguments]
        scratch = self._folder / f"scratch-{name}"
        scratch.mkdir()
        own = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(scratch)}
        with self._log(name).open("w") as log:
            return subprocess.Popen(
                command, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _wait(self, name: str, said: str) -> None:
        until = time.monotonic() + START_SECONDS
        while said not in (text := self._log(name).read_text(encoding="utf-8", errors="replace")):
            if time.monotonic() > until:
                raise RuntimeError(f"{name} did not start:\n{text[-2000:]}")
            time.sleep(0.2)

    def _watch(self) -> None:
        """Note the peak memory of every Spark process of this machine that belongs to the cluster or works on it."""
        while not self._stop.wait(0.5):
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    command = (folder / "cmdline").read_bytes().decode(errors="replace")
                    name = next((short for long, short in NAMES.items() if f"{long}\0" in command), None)
                    peak = re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text(encoding="utf-8"))
                    if (
                        name
                        and peak
                        and (self._is_ours(command) or str(self._folder) in str((folder / "cwd").readlink()))
                    ):
                        self._peaks[int(folder.name)] = (name, int(peak[1]) * 1024 / 1e9)

    def _is_ours(self, command: str) -> bool:
        return str(self._folder) in command or self.master in command or f"--port\0{self.master[-5:]}" in command


def _end(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
