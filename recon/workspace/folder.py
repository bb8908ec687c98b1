"""The workspace folder: where its parts are, and its settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from recon.problems import BadInput, Problem
from recon.workspace.reading import FILE, Reading
from recon.workspace.sources import Accounts, Drift, Sample, SourceSpec, Tolerance
from recon.workspace.template import TEMPLATE


@dataclass(frozen=True)
class Workspace:
    """All settings of `recon.toml`; cutoff_days are days of 24 h (RULES 1.9), materiality is per currency and month.

    Versions of contracts with the counterparties `two_approvers_for`, and those that move the last closed month by more
    than `two_approvers_above` (per currency), need two who approve. `memory_limit` and `threads` (None: all cores) are
    the engine's, for the events of a month; what exceeds the memory it spills into the workspace.
    """

    folder: Path
    name: str
    database: str = "sqlite:///recon.db"
    engine: str = "duckdb"
    memory_limit: str = "1GB"
    threads: int | None = None
    cutoff_days: int = 3
    billing_timezone: str | None = None
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tolerance: Tolerance = field(default_factory=Tolerance)
    materiality: Mapping[str, Decimal] = field(default_factory=dict)
    drift: Drift = field(default_factory=Drift)
    contracts_path: str = "contracts"
    two_approvers_for: tuple[str, ...] = ()
    two_approvers_above: Mapping[str, Decimal] = field(default_factory=dict)
    accounts: Accounts = field(default_factory=Accounts)
    sample: Sample = field(default_factory=Sample)
    data: Mapping[str, SourceSpec] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: str | Path = ".") -> Workspace:
        """The workspace in a folder; raises BadInput with every problem of its `recon.toml`."""
        place = Path(folder)
        reading = Reading(_text(place))
        settings = reading.workspace(place)
        if reading.problems:
            raise BadInput(reading.problems)
        return cls(**settings)

    @classmethod
    def init(cls, folder: str | Path) -> Workspace:
        """A new workspace with a commented `recon.toml` and empty folders; BadInput where one exists already."""
        place = Path(folder)
        if (place / FILE).exists():
            raise BadInput([Problem(str(place / FILE), "exists", "a folder without a workspace")])
        for part in (place / "contracts", place / "data"):
            part.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", place.resolve().name) or "workspace"
        (place / FILE).write_text(TEMPLATE.replace("NAME", name), encoding="utf-8")
        return cls.open(place)

    @property
    def contracts(self) -> Path:
        """The folder of contract documents."""
        return self.folder / self.contracts_path

    @property
    def closes(self) -> Path:
        """The folder of stored closes."""
        return self.folder / "closes"

    @property
    def spill(self) -> Path:
        """The folder for what exceeds the engine's memory."""
        return self.folder / ".spill"

    @property
    def database_url(self) -> str:
        """The ledger's URL; a relative SQLite file is relative to the workspace."""
        return self.url(self.database)

    def url(self, url: str) -> str:
        """A database URL: `${NAME}` is the environment's, so that secrets need no file; SQLite files are found here.

        BadInput where the environment has no such name.
        """
        url = re.sub(r"\$\{(\w+)\}", _from_environment, url)
        found = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:?][^?]*)(.*)", url)
        if not found or found[2].startswith("file:"):
            return url
        return f"{found[1]}{(self.folder / found[2]).resolve().as_posix()}{found[3]}"

    def roles(self, person: str) -> tuple[str, ...]:
        """The roles a person has; none for a stranger."""
        return self.people.get(person, ())


def _from_environment(name: re.Match[str]) -> str:
    value = os.environ.get(name[1])
    if value is None:
        raise BadInput([Problem(FILE, name[0], f"the environment to set {name[1]}")])
    return value


def _text(folder: Path) -> str:
    try:
        return (folder / FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        expected = "a readable workspace file (`recon init` makes one)"
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput([Problem(str(folder / FILE), reason, expected)]) from error
