"""A program's clicks, views, conversions and reversals as tests write them, priced without files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from versions import version

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion
from recon.engine import Engine
from recon.expect.clawbacks import SignedOff
from recon.expect.cpa import CpaResult, expected_cpa
from recon.expect.currency import ExchangeRates
from recon.expect.openings import Balance, Openings
from recon.inputs.datasets import DATASETS
from recon.observe import Questions
from recon.observe.conversions import observe_conversions
from recon.observe.impressions import choose_impressions
from recon.observe.scope import Scope
from recon.observe.touches import observe_touches
from recon.period import Period, instant

OCTOBER = Period.parse("2026-10")
Key = tuple[str, str]  # item, kind


def cpa(number: int = 1, first: str = "2026-01-01", last: str | None = None, **said: Any) -> ContractVersion:
    """An approved payout version of partner `ann`; everything but what is said by default."""
    partner = {"partner": said.pop("partner", "ann")} if said.get("direction", "payout") == "payout" else {}
    head = {"contract": partner.get("partner", "shop"), "direction": "payout"}
    return version(number, first, last, **(head | partner | {"model": "cpa", "program": "p"} | said))


def sale(name: str = "sale", **price: Any) -> dict[str, Any]:
    """An item for purchases: flat 10 unless a price is said."""
    return {"item": name, "action": "purchase", **(price or {"flat": "10"})}


def tiers(*steps: dict[str, Any], mode: str = "graduated", **said: Any) -> dict[str, Any]:
    """A price by tiers."""
    return {"tiers": {"mode": mode, "steps": list(steps), **said}}


@dataclass(frozen=True)
class Outcome:
    """A period's result as tests ask for it."""

    result: CpaResult
    decided: Mapping[tuple[str, str], dict[str, Any]]

    def amounts(self, contract: str = "ann") -> dict[Key, Decimal]:
        """Amounts by item and kind, lines of nothing left out."""
        lines = [line for line in self.result.lines if line.contract == contract and (line.quantity or line.amount)]
        return {(line.item, line.kind): line.amount for line in lines}

    def fates(self, contract: str = "ann") -> dict[str, str]:
        """Fate by conversion."""
        return {conversion: row["fate"] for (of, conversion), row in self.decided.items() if of == contract}

    def line(self, item: str, kind: str, contract: str = "ann") -> Any:
        (found,) = [one for one in self.result.lines if (one.contract, one.item, one.kind) == (contract, item, kind)]
        return found


class Program:
    """The events of program `p`; conversions get a click of their partner an hour before."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("impressions", "clicks", "conversions", "reversals")
        }

    def click(self, user: str, at: int | str, name: str, partner: str = "ann", **said: Any) -> Self:
        self.rows["clicks"].append(
            {"click_id": name, "ts": _at(at), "program": "p", "partner": partner, "user_id": user} | said
        )
        return self

    def view(self, user: str, at: int | str, name: str, partner: str = "ann", **said: Any) -> Self:
        row = {"impression_id": name, "ts": _at(at), "program": "p", "partner": partner, "user_id": user}
        self.rows["impressions"].append(row | said)
        return self

    def conversion(self, name: str, at: int | str, user: str | None = None, **said: Any) -> Self:
        """A purchase; `sale` is an amount in major units as text."""
        amount = {"sale_micros": int(Decimal(said.pop("sale")) * 10**6)} if "sale" in said else {}
        row = {"conversion_id": name, "ts": _at(at), "program": "p", "user_id": user or name, "action": "purchase"}
        self.rows["conversions"].append(row | amount | said)
        return self

    def won(self, name: str, at: int | str, partner: str = "ann", **said: Any) -> Self:
        """A conversion with a click of a partner an hour before."""
        self.click(name, _at(at) - 3_600_000_000, f"click-{name}", partner)
        return self.conversion(name, at, **said)

    def reversal(self, conversion: str, at: int | str, sale: str | None = None, **said: Any) -> Self:
        """A reversal, full without an amount."""
        micros = None if sale is None else int(Decimal(sale) * 10**6)
        name = f"r{len(self.rows['reversals'])}"
        row = {"reversal_id": name, "conversion_id": conversion, "ts": _at(at), "sale_micros": micros}
        self.rows["reversals"].append(row | said)
        return self

    def load(self, engine: Engine) -> None:
        """Fill the relations of the inputs."""
        for name, rows in self.rows.items():
            columns = {column.field: column.sql_type for column in DATASETS[name].columns} | {"file_number": "INTEGER"}
            engine.table(name, columns, [tuple(row.get(column) for column in columns) for row in rows])

    def priced(
        self, *versions: ContractVersion, period: Period = OCTOBER, openings: Iterable[Balance] = (),
        fx: Iterable[tuple[date, str, str, Decimal]] = (), signed: SignedOff | None = None, **settings: Any,
    ) -> Outcome:  # fmt: skip
        """The period under these versions; cut-off three days after the month unless said."""
        book, scope = Book(versions), Scope(period, settings.pop("cutoff_days", 3), **settings)
        held = Openings(str(period), (), list(openings))
        with Engine(memory_limit="500MB", threads=2) as engine:
            self.load(engine)
            observe(engine, book, scope)
            result = expected_cpa(
                engine,
                book,
                scope,
                ExchangeRates(fx),
                openings_of=lambda asked: held if asked == period else Openings(),
                signed=signed,
            )
            return Outcome(result, decided(engine))


def observe(engine: Engine, book: Book, scope: Scope) -> None:
    """The conversions' observations, without counting impressions."""
    observe_conversions(engine, Questions.of(book, scope), scope)
    choose_impressions(engine, scope)
    observe_touches(engine, scope)


def decided(engine: Engine) -> dict[tuple[str, str], dict[str, Any]]:
    names = ("contract", "conversion_id", "fate", "reason", "touch_id", "version", "rate", "amount", "item", "share")
    rows = [dict(zip(names, row, strict=True)) for row in engine.rows(f"SELECT {', '.join(names)} FROM decided")]
    return {(row["contract"], row["conversion_id"]): row for row in rows}


def balance(kind: str, value: str, item: str = "", contract: str = "ann") -> Balance:
    """An opening balance."""
    return Balance(contract, item, kind, Fraction(value))  # type: ignore[arg-type]


def _at(when: int | str) -> int:
    """Microseconds; text is a time of UTC such as `10-05 12:00`, of 2026 unless a year is said."""
    if isinstance(when, int):
        return when
    year = "" if when[4:5] == "-" else "2026-"
    return instant(f"{year}{when if ':' in when else when + ' 12:00'}".replace(" ", "T") + ":00Z")
