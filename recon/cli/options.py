"""What the commands share: their options, how dates and months are read, JSON, and the step at work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from recon.period import Period, instant
from recon.problems import BadInput, Problem

Folder = Annotated[Path, typer.Option("--workspace", help="The folder with recon.toml.", show_default="here")]
Folders = Annotated[
    list[Path], typer.Option("--workspace", help="A folder with recon.toml; may be named again.", show_default="here")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Month = Annotated[str, typer.Argument(help="The month, such as 2026-10.")]
HERE = Path(".")
BAD_INPUT = 2


def month_of(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise BadInput([Problem("PERIOD", text, "a month YYYY-MM, such as 2026-10")]) from error


def instant_at(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else instant(text)
    except ValueError as error:
        raise BadInput([Problem(option, text or "", "an instant, such as 2026-11-04T00:00:00Z")]) from error


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """The step at work, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda step: bar.update(task, description=step)


def print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=2, default=str, ensure_ascii=False))
