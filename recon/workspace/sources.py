"""What `recon.toml` says about a dataset's source, and how far a line may differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Tolerance:
    """What a line may differ by: an amount in its currency or a percentage of |expected|, the larger (RULES 8.2)."""

    amount: Decimal = Decimal("0.00")
    percent: Decimal = Decimal("0")


@dataclass(frozen=True)
class Drift:
    """What was let pass counts over so many months; so many in a row in one direction are a finding (RULES 8.4)."""

    months: int = 12
    in_a_row: int = 3


@dataclass(frozen=True)
class Accounts:
    """The general ledger's accounts that proposed journal entries are written to, as it names them."""

    receivable: str = "trade receivables"
    revenue: str = "advertising revenue"
    payable: str = "partner payables"
    cost: str = "partner costs"


@dataclass(frozen=True)
class Sample:
    """What an auditor draws from a month: selections per currency by money, and conversions; see Sample in the pack.

    Where a currency has a performance materiality (major units), it and the confidence factor give the interval, not
    the number of selections. Without a seed it is the period.
    """

    seed: str = ""
    selections: int = 25
    conversions: int = 25
    confidence_factor: Decimal = Decimal("3.00")
    performance_materiality: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """What the source says it sent: rows, and the sum of the amount column in major units; None where unsaid."""

    rows: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class SourceSpec:
    """Where one dataset comes from: files (path, a file or glob) or a database URL with a query.

    columns renames, ours = theirs; place is where `recon.toml` says so, for problems.
    """

    dataset: str
    place: str
    path: str | None = None
    database: str | None = None
    query: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    control: Control | None = None

    def theirs(self, column: str) -> str:
        """The source's name of one of our columns."""
        return self.columns.get(column, column)
