"""The command line without a process of its own: importing recon takes longer than most commands."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from unittest import mock

from recon.cli import main


def command_line(*arguments: object) -> CompletedProcess[str]:
    """What a command prints and its exit status."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    typed = ["recon", *map(str, arguments)]
    with redirect_stdout(out), redirect_stderr(err), mock.patch.object(sys, "argv", typed):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return CompletedProcess(typed, status, out.getvalue(), err.getvalue())
