"""What ties a month out: rows read down to units billed. The sheet and the page show these figures, no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.evidence.facts import Facts, exact_or_zero, line_key

IMPRESSION_FATES = (
    "duplicate", "test", "ivt", "late", "no_version", "not_viewable", "not_completed", "no_rate", "over_booked",
    "unknown_item", "billable",
)  # fmt: skip
CONVERSION_FATES = (
    "test", "fraud", "late", "duplicate", "no_touch", "lost", "ineligible", "no_rate", "reversed", "not_locked",
    "over_cap", "payable",
)  # fmt: skip
COUNTING = ("segment", "tier", "price_group", "split")  # the workings whose quantity is units of events
APART = {
    "repeated_row": "repeated rows of one id",
    "look_back": "out of the period",
    "unclaimed": "in no contract's reach (unclaimed)",
}
NOTHING = Fraction(0)


@dataclass(frozen=True)
class Step:
    """A step from rows read to rows with a fate, with a number of rows per column."""

    words: str
    figures: tuple[Fraction, ...]


@dataclass(frozen=True)
class Walk:
    """A dataset's rows from those read to those with a fate; every figure is a number of rows, one per column.

    What is taken off in `less` leaves what is `reached`; `fates` must add up to it. `sum_words` name their sum where it
    is shown; `statements` say what a difference of zero means, one per column.
    """

    title: str
    columns: tuple[str, ...]
    read: Step
    less: tuple[Step, ...]
    reached: str
    fates: tuple[Step, ...]
    sum_words: str
    statements: tuple[str, ...]

    @property
    def scope(self) -> tuple[Fraction, ...]:
        """What is left once everything that is out of scope is taken off."""
        return tuple(read - sum(less) for read, *less in _across((self.read, *self.less)))

    @property
    def told(self) -> tuple[Fraction, ...]:
        """The sum of the fates."""
        return tuple(sum(column, NOTHING) for column in _across(self.fates)) or (NOTHING,) * len(self.columns)

    @property
    def gaps(self) -> tuple[Fraction, ...]:
        """What has no fate: must be zero."""
        return tuple(scope - told for scope, told in zip(self.scope, self.told, strict=True))


@dataclass(frozen=True)
class ContractTie:
    """A contract's units: those that met the good fate against those priced, expected and billed on its lines.

    `by_others` is what third parties' counts add; `fates` are all other fates, in the order of its side.
    """

    contract: str
    direction: str
    is_priced: bool
    good: Fraction
    by_others: Fraction
    priced: Fraction
    expected: Fraction
    billed: Fraction
    fates: tuple[Fraction, ...]

    @property
    def gap(self) -> Fraction:
        """Units counted that were not priced: must be zero; nothing is asked of a contract that is not priced."""
        return self.good + self.by_others - self.priced if self.is_priced else NOTHING

    @property
    def difference(self) -> Fraction:
        """Billed − expected quantity: the month's result."""
        return self.billed - self.expected

    @property
    def all_fates(self) -> Fraction:
        """Every unit in the contract's reach."""
        return self.good + sum(self.fates, NOTHING)


@dataclass(frozen=True)
class Side:
    """The contracts of a model, the dataset they count, the fate that is paid, and the others in the rules' order."""

    model: str
    dataset: str
    good: str
    others: tuple[str, ...]
    contracts: tuple[ContractTie, ...]

    @property
    def statement(self) -> str:
        """What holds where every difference is zero."""
        return f"{self.model.upper()}: {self.good} units equal those priced on the expected lines, where priced"


@dataclass(frozen=True)
class TieOut:
    """Read → set aside → out of period → in scope → each fate → billed, for a close (RULES 3.2, 5.4)."""

    impressions: Walk
    conversions: Walk
    sides: tuple[Side, ...]

    @property
    def statements(self) -> tuple[tuple[str, bool], ...]:
        """Everything that must be zero, in words, and whether it is."""
        walks = [pair for walk in (self.impressions, self.conversions) for pair in _held(walk)]
        return (*walks, *((side.statement, all(one.gap == 0 for one in side.contracts)) for side in self.sides))


def tie_out(facts: Facts) -> TieOut:
    """The tie-out of a close."""
    sides = (("cpm", "impressions", IMPRESSION_FATES, "billable"), ("cpa", "conversions", CONVERSION_FATES, "payable"))
    return TieOut(_impressions(facts), _conversions(facts), tuple(_side(facts, *side) for side in sides))


def _held(walk: Walk) -> Iterator[tuple[str, bool]]:
    yield from ((words, gap == 0) for words, gap in zip(walk.statements, walk.gaps, strict=True))


def _across(steps: Sequence[Step]) -> Iterator[tuple[Fraction, ...]]:
    return zip(*(step.figures for step in steps), strict=True)


def _impressions(facts: Facts) -> Walk:
    """Rows in the files down to those billable, once for charges and once for payouts."""
    ways = ("charge", "payout")
    fates = present(facts, "impressions", IMPRESSION_FATES)
    outside = Step("less out of the period, read only to look back", _by_way(facts, "look_back", ways))
    return Walk(
        "Impressions: rows read to rows billable", ("Charges", "Payouts"), _read(facts, "impressions", 2),
        (_set_aside(facts, "impressions", 2), *_unknown(facts, "impressions", 2), outside), "In scope",
        tuple(Step(fate_name(fate), _by_way(facts, fate, ways)) for fate in fates), "Sum of the fates",
        tuple(f"Impressions read = set aside + out of period + fates, for {way}s" for way in ways),
    )  # fmt: skip


def _conversions(facts: Facts) -> Walk:
    """Rows in the files down to the conversions that one contract or more decided on."""
    apart = (Step(f"less {said}", (facts.fate_total(fate, dataset="conversions"),)) for fate, said in APART.items())
    return Walk(
        "Conversions: rows read to conversions in a contract's reach", ("Conversions",), _read(facts, "conversions", 1),
        (_set_aside(facts, "conversions", 1), *_unknown(facts, "conversions", 1), *apart), "In a contract's reach",
        (Step("Conversions the engine decided on", (Fraction(facts.close.decided_count),)),), "",
        ("Conversions read = set aside + repeated + out of period + unclaimed + decided on",),
    )  # fmt: skip


def _read(facts: Facts, dataset: str, columns: int) -> Step:
    return Step("Rows read (Inputs)", (_in_sources(facts, dataset, "rows"),) * columns)


def _set_aside(facts: Facts, dataset: str, columns: int) -> Step:
    return Step("less rows set aside", (_in_sources(facts, dataset, "rejected"),) * columns)


def _in_sources(facts: Facts, dataset: str, name: str) -> Fraction:
    """A count of rows over the files and queries of a dataset."""
    sources = (one for one in facts.manifest.get("inputs", ()) if one["dataset"] == dataset)
    return sum((exact_or_zero(one.get(name)) for one in sources), NOTHING)


def _unknown(facts: Facts, dataset: str, columns: int) -> tuple[Step, ...]:
    """Rows that came in after the instant as of which the month is told; nothing where all that is known counts."""
    unknown = facts.manifest.get("not_known_yet") or {}
    words = "less ingested after the instant it is told as of"
    return (Step(words, (Fraction(unknown[dataset]),) * columns),) if unknown else ()


def _by_way(facts: Facts, fate: str, ways: Sequence[str]) -> tuple[Fraction, ...]:
    return tuple(facts.fate_total(fate, dataset="impressions", direction=way) for way in ways)


def present(facts: Facts, dataset: str, known: Sequence[str], model: str = "") -> list[str]:
    """The known fates that occur, in the order of the rules; any other fate after them."""
    rows = (r for r in facts.fates if r["dataset"] == dataset and model in ("", facts.model(r["contract"] or "")))
    occurring = {row["fate"] for row in rows} - set(APART)
    return [fate for fate in known if fate in occurring] + sorted(occurring - set(known))


def _side(facts: Facts, model: str, dataset: str, known: Sequence[str], good: str) -> Side:
    others = tuple(fate for fate in present(facts, dataset, known, model) if fate != good)
    own = (contract for contract in facts.contracts if facts.model(contract) == model)
    return Side(model, dataset, good, others, tuple(_contract(facts, one, dataset, good, others) for one in own))


def _contract(facts: Facts, contract: str, dataset: str, good: str, others: Sequence[str]) -> ContractTie:
    counts = facts.fates_of(contract=contract, dataset=dataset)
    return ContractTie(
        contract, facts.direction(contract), contract not in facts.unpriced_contracts, counts.get(good, NOTHING),
        _by_third_parties(facts, contract), *_quantities(facts, contract),
        tuple(counts.get(fate, NOTHING) for fate in others),
    )  # fmt: skip


def _by_third_parties(facts: Facts, contract: str) -> Fraction:
    """What third parties' counts add to ours or take away, a booked quantity's cut included (RULES 3.6).

    Where our own count is billed after all, what is beyond the booked quantity is a fate of its own.
    """
    apart = NOTHING
    expected = {line_key(line): exact_or_zero(line["expected_quantity"]) for line in facts.lines}
    for key, workings in facts.workings.items():
        counts = [row for row in workings if row["operation"] == "count" and row["source"] != "own"]
        if key.contract == contract and counts:
            apart += expected.get(key, NOTHING) - sum((exact_or_zero(row["own"]) for row in counts), NOTHING)
    return apart


def _quantities(facts: Facts, contract: str) -> tuple[Fraction, Fraction, Fraction]:
    """The units a contract's lines were priced from, and the lines' expected and billed quantities (Σ shares)."""
    lines = [r for r in facts.lines if r["contract"] == contract and r["kind"] in ("charge", "payout")]
    workings = [row for line in lines for row in facts.workings.get(line_key(line), ())]
    priced = (exact_or_zero(row["quantity"]) for row in workings if row["operation"] in COUNTING)
    expected = sum((exact_or_zero(line["expected_quantity"]) for line in lines), NOTHING)
    billed = sum((exact_or_zero(line["billed_quantity"]) for line in lines), NOTHING)
    return sum(priced, NOTHING), expected, billed


def fate_name(fate: str) -> str:
    """A fate as people read it."""
    return fate.replace("_", " ")
