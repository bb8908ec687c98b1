"""A process of its own, and what it used as the operating system tells it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Seconds on the wall, seconds of processor and peak memory (GB) of one process."""

    name: str
    seconds: float
    processor: float
    peak: float


def measure(name: str, command: list[str]) -> Measured:
    """Runs a command in a process of its own; raises CalledProcessError when it fails."""
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[:2])
    # Linux tells the peak in KiB, macOS in bytes
    peak = used.ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6 / 1.024)
    return Measured(name, time.monotonic() - began, used.ru_utime + used.ru_stime, peak)
