"""The path of one conversion: its touches, how each contract weighs them, and the instants that decide (RULES 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from recon.close import Believed, StoredClose, believed
from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms
from recon.diagnose import lay_observations
from recon.engine import Engine
from recon.expect.attribution import attribute
from recon.period import DAY, duration

Record = dict[str, Any]
WINS, SHARES, QUALIFIES, SHUT_OUT, BEYOND = "wins", "shares", "qualifies", "does not qualify", "out of reach"


@dataclass(frozen=True)
class Look:
    """One touch as one contract weighs it: its state, and why it does not qualify or is out of reach."""

    touch: Record
    state: str
    why: str = ""


@dataclass(frozen=True)
class Claim:
    """One contract in force at a conversion: its version, its look at each touch, and what the close decided.

    `governing` are the terms that decide items, conditions and caps: by `date_basis` those of the touch's date (2.5).
    Instants in µs: `start` and `end` bound the version within the month, `cutoff` is its period's (RULES 1.9). The
    date is local; `lock_date` None where it earns at once. `decision` is None where no touch is in reach (5.4), or
    where the conversion belongs to another period.
    """

    version: ContractVersion
    terms: CpaTerms
    governing: CpaTerms
    period: str
    start: int
    end: int
    cutoff: int
    day: date
    earned_in: str
    lock_date: date | None
    expires_on: date
    looks: tuple[Look, ...]
    decision: Record | None

    @property
    def contract(self) -> str:
        return self.version.contract

    @property
    def in_reach(self) -> tuple[Look, ...]:
        """The touches in the contract's reach (RULES 5.2)."""
        return tuple(one for one in self.looks if one.state != BEYOND)

    @property
    def qualifying(self) -> tuple[Look, ...]:
        """Those of them that qualify."""
        return tuple(one for one in self.in_reach if one.state != SHUT_OUT)


@dataclass(frozen=True)
class Path:
    """A conversion with its touches, oldest first, its reversals, and every contract of its program in force."""

    close: StoredClose
    conversion: Record
    touches: tuple[Record, ...]
    reversals: tuple[Record, ...]
    claims: tuple[Claim, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones of its contracts, that of the contract which earns most first; UTC where there is none."""
        return tuple(dict.fromkeys(one.version.timezone for one in self.claims)) or ("UTC",)


def path_of(close: StoredClose, conversion_id: str, known: Believed | None = None) -> Path | None:
    """The path of a conversion that a close looked at; None where it did not.

    Attribution runs again on this one conversion's stored observations; what was decided is read from the close.
    `known` is what the close believed, where it is at hand. Raises BadInput where a version is not kept as it was used.
    """
    seen = _records(close.observed("conversion_rows", conversion_id))
    if not seen:
        return None
    touches = sorted(_records(close.observed("touches", conversion_id)), key=lambda one: (one["ts"], one["touch_id"]))
    reversals = sorted(_records(close.observed("reversal_rows", conversion_id)), key=lambda one: one["ts"])
    decided = {row["contract"]: row for row in _records(close.conversions(conversion_id=conversion_id))}
    claims = _claims(close, known or believed(close), seen[0], touches, decided)
    ordered = sorted(claims, key=lambda one: (_rank(one), one.contract))
    return Path(close, seen[0], tuple(touches), tuple(reversals), tuple(ordered))


def _rank(claim: Claim) -> int:
    """What a contract pays stands before what it refuses, and that before what it never looked at."""
    if claim.decision is None:
        return 2 if not claim.in_reach else 1
    return 0 if claim.decision["fate"] == "payable" else 1


def _records(frame: Any) -> list[Record]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _claims(
    close: StoredClose, known: Believed, conversion: Record, touches: list[Record], decided: Mapping[str, Record]
) -> list[Claim]:
    """The claims of every contract of the program that is in force at the conversion."""
    book = _of_program(known.book, conversion["program"])
    with Engine(threads=1) as engine:
        tables = ("conversion_rows", "touches")
        lay_observations(engine, {one: close.observed_table(one, conversion["conversion_id"]) for one in tables})
        attribute(engine, book, known.scope)
        spans = engine.rows(SPANS, "contracts in force")
        looked: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        for *place, state in engine.rows(LOOKED, "touches looked at"):
            looked[tuple(place)].add(state)
    return [_claim(book, row, touches, looked, decided.get(row[0])) for row in spans]


def _of_program(book: Book, program: str) -> Book:
    found = {one.contract for one in book.versions if isinstance(one.terms, CpaTerms) and one.terms.program == program}
    return Book(tuple(one for one in book.versions if one.contract in found))


SPAN_FIELDS = ("period", "start", "end", "cutoff", "day", "earned_in", "lock_date", "expires_on")
SPANS = f"""
SELECT s.contract, s.version, s.period, s.start, s."end", s.cutoff, z.day, z.earned_in, z.lock_date, z.expires_on
FROM conversion_rows AS c
JOIN cpa_spans AS s ON s.program = c.program AND c.ts >= s.start AND c.ts < s."end"
JOIN cpa_days AS z ON z.contract = s.contract AND z.utc_day = c.ts // {DAY} AND c.ts >= z.start AND c.ts < z."end"
ORDER BY s.contract"""

# A contract that does not compete is won by its own best touch, also where nobody asks who won (RULES 5.1, 5.3).
LOOKED = f"""
SELECT t.contract, t.kind, t.touch_id, t.ts,
    CASE WHEN NOT t.is_qualified THEN '{SHUT_OUT}'
        WHEN NOT t.is_competing THEN CASE WHEN o.touch_id = t.touch_id THEN '{WINS}' ELSE '{QUALIFIES}' END
        WHEN t.model NOT IN ('last_touch', 'first_touch') THEN '{SHARES}'
        WHEN w.touch_id = t.touch_id AND w.partner = t.partner THEN '{WINS}' ELSE '{QUALIFIES}' END AS state
FROM contract_touches AS t
LEFT JOIN own_touches AS o ON o.contract = t.contract AND o.conversion_id = t.conversion_id
LEFT JOIN winners AS w ON w.conversion_id = t.conversion_id"""


def _claim(
    book: Book, row: tuple[Any, ...], touches: Iterable[Record], looked: Mapping[tuple[Any, ...], set[str]],
    decision: Record | None,
) -> Claim:  # fmt: skip
    contract, number, *rest = row
    said = dict(zip(SPAN_FIELDS, rest, strict=True))
    version = book.version(contract, number)
    assert version is not None and isinstance(version.terms, CpaTerms)
    looks = tuple(_look(version, said["cutoff"], touch, looked) for touch in touches)
    judged = book.version(contract, decision["version"]) if decision is not None else None
    governing = judged.terms if judged is not None and isinstance(judged.terms, CpaTerms) else version.terms
    return Claim(version, version.terms, governing, **said, looks=looks, decision=decision)


def _look(version: ContractVersion, cutoff: int, touch: Record, looked: Mapping[tuple[Any, ...], set[str]]) -> Look:
    assert isinstance(version.terms, CpaTerms)
    states = looked.get((version.contract, touch["kind"], touch["touch_id"], touch["ts"]), set())
    if not states:
        return Look(touch, BEYOND, _beyond(version.terms, touch, version.direction))
    faults = _faults(version.terms, touch, cutoff)
    if faults or states == {SHUT_OUT}:  # of two copies at one instant the one that is a duplicate is shut out
        return Look(touch, SHUT_OUT, ", ".join(faults))
    return Look(touch, (states - {SHUT_OUT}).pop())


def _beyond(terms: CpaTerms, touch: Record, direction: str) -> str:
    """Why a touch is in nobody's reach here (RULES 5.2)."""
    if direction == "payout" and touch["partner"] != terms.partner:
        return "another partner's"
    stated = window_of(terms, touch["kind"])
    return "never in reach: the window is 0d" if not duration(stated) else f"older than the window of {stated}"


def window_of(terms: CpaTerms, kind: str) -> str:
    """The window that a version states for clicks or views."""
    stated = terms.attribution
    return stated.click_window if kind == "click" else stated.view_window


def _faults(terms: CpaTerms, touch: Record, cutoff: int) -> list[str]:
    """Every condition of a touch in reach that does not hold (RULES 5.2)."""
    stated = terms.attribution
    window = window_of(terms, touch["kind"])
    is_on_bound = stated.window_bound == "exclusive" and touch["age"] == duration(window)
    is_late = touch["ingested_at"] is not None and touch["ingested_at"] > cutoff
    found = [
        ("a duplicate", touch["is_duplicate"]),
        ("a test", touch["is_test"]),
        (f"invalid traffic ({touch['ivt']})", touch["ivt"] in terms.exclude_ivt),
        ("ingested after the cut-off", is_late),
        (f"younger than {stated.min_age}", touch["age"] < duration(stated.min_age)),
        (f"exactly on the bound of {window}", is_on_bound),
    ]
    return [words for words, holds in found if holds]
