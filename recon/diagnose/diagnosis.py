"""From open lines to findings: the cause of every variance, graded, exact to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from recon.billed import Billed
from recon.compare import Comparison, Finding, Key, Line, finding_id
from recon.compare.findings import AWAITED, is_awaited
from recon.compare.lines import at_minor_unit
from recon.diagnose.byhand import changed_by_hand, stands
from recon.diagnose.case import Case, cases_of
from recon.diagnose.desks import Desks, seldom_collected
from recon.diagnose.details import Details, Witness
from recon.diagnose.fits import Fit
from recon.diagnose.pairs import halves, needed
from recon.diagnose.proof import Proof, grouped, in_part, proof
from recon.diagnose.search import Search
from recon.diagnose.statement import Place, copies, ids_of, place_of, repeated_of, seen
from recon.diagnose.traces import Event, Trace, Wanted, traces
from recon.diagnose.widen import widened
from recon.diagnose.words import sentence
from recon.diagnose.world import NO_LINE, LineKey, Priced

UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Cause:
    """A fit that was chosen, its proof, and the rivals that fit as well."""

    case: Case
    fit: Fit
    proof: Proof


@dataclass(frozen=True)
class Diagnosis:
    """Findings whose amounts add up to each line's variance, lines with their main cause, and what is behind them."""

    findings: tuple[Finding, ...]
    lines: tuple[Line, ...]
    traces: tuple[Trace, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(event for trace in self.traces for event in trace.events)


@dataclass
class _Told:
    """Findings of one contract as they are told, and what each line has left."""

    period: str
    billed: Billed
    rest: dict[Place, Decimal]
    findings: list[Finding] = field(default_factory=list)

    def add(self, case: Case, key: LineKey, amount: Decimal, finding: Finding) -> None:
        self.findings.append(finding)
        self.rest[case.contract, key] -= amount


def diagnose(comparison: Comparison, billed: Billed, details: Details, desks: Desks) -> Diagnosis:
    """Name the cause of every open line, from stored observations alone (AUDIT, Causes and Proof).

    The findings of `comparison` that have no money in them (remarks) are kept as they are.
    """
    lines = [line for line in comparison.lines if not is_awaited(line)]
    world, copied = desks.world, copies(lines, billed)
    cases = cases_of(lines, billed.lines, copied)
    told = _Told(str(world.scope.period), billed, {place_of(line): line.variance for line in lines if _is_open(line)})
    told.findings += [one for one in comparison.findings if one.cause in AWAITED]
    told.findings += list(_duplicates(cases, billed, copied, told))
    if not billed.lines:
        told.findings += [_not_billed(told, case, key) for case in cases.values() for key in sorted(case.open)]
    if not billed.lines or not any(case.open for case in cases.values()):
        return _closed(comparison, told, ())
    with seldom_collected():
        desks.begin(details, [case.contract for case in cases.values() if case.open])
        causes = _causes(desks, cases, seen(cases, billed, world.every, world))
        wanted = {contract: list(_told_causes(told, found)) for contract, found in causes.items()}
        traced = desks.each(list(wanted), lambda desk, contract: traces(desk.repricer, world, wanted[contract]))
        shown = [one for contract in wanted for one in traced[contract]]
    return _closed(comparison, told, shown)


def _told_causes(told: _Told, causes: Iterable[Cause]) -> Iterator[Wanted]:
    """Every finding of the causes: a line and an edit each."""
    for cause in causes:
        for key in sorted(cause.fit.explained):
            for place in _places(cause, key):
                finding = _finding(told, cause, key, place)
                yield Wanted(finding.finding_id, cause.case, cause.fit, key)


def _places(cause: Cause, key: LineKey) -> list[int]:
    """The edits of a cause that move a line: of a pair, one may matter on other lines alone."""
    places = range(len(cause.fit.edits))
    return [place for place in places if (place, key) not in cause.fit.idle] or [0]


def _is_open(line: Line) -> bool:
    return line.status not in ("matched", "within_tolerance")


def _causes(desks: Desks, cases: Mapping[str, Case], shown: Mapping[str, Sequence[Fit]]) -> Mapping[str, list[Cause]]:
    """The causes of every open contract."""
    found = desks.singles([case for case in cases.values() if case.open])
    singles = {contract: [*shown.get(contract, ()), *fits] for contract, fits in found.items()}
    wide = widened(lambda contract: desks.of(contract).search, cases, singles)
    return desks.each(
        list(wide), lambda desk, contract: list(_chosen(desk.search, desk.witness, cases[contract], wide[contract]))
    )


def _chosen(search: Search, witness: Witness, case: Case, fits: Sequence[Fit]) -> Iterator[Cause]:
    """The causes of one contract: singles first, pairs for what they leave.

    Of a line billed in another currency both halves have one cause, if there is any such.
    """
    tried = search.tried.get(case.contract, [])
    fits = [*fits, *changed_by_hand(case, fits, tried)]
    events = witness.every(case, fits)
    standing = [fit for fit in fits if stands(case, fit, events[id(fit)])]
    whole = [fit for fit in standing if case.is_whole(fit.explained)]
    chosen, left = grouped(whole, case)
    pairs: list[Fit] = []
    if left and case.contract in search.tried:
        named = [edit for fit, rivals in chosen for one in (fit, *rivals) for edit in one.edits]
        found = search.pairs(case, left, named)
        events |= witness.every(case, found)
        pairs = [fit for fit in found if events[id(fit)].verdict in needed(fit, named)]
    for fit, rivals in chosen:
        others = [*rivals, *halves(pairs, fit, rivals)]
        yield Cause(case, fit, proof(case, fit, others, tried, events[id(fit)], in_part(fit, whole)))
    paired, left = grouped(pairs, replace(case, open=left))
    for fit, rivals in paired:
        yield Cause(case, fit, proof(case, fit, rivals, tried, events[id(fit)]))
    broken = [fit for fit in standing if fit not in whole]
    for fit, rivals in grouped(broken, replace(case, open=left))[0]:
        yield Cause(case, fit, proof(case, fit, rivals, tried, events[id(fit)], in_part(fit, broken)))


def _finding(told: _Told, cause: Cause, key: LineKey, place: int) -> Finding:
    """One edit's part of one line."""
    case, fit = cause.case, cause.fit
    amount = _part(case, fit, key, place)
    code = fit.codes[place]
    line_key = Key(case.contract, key.item, told.period, key.kind, key.currency)
    rivals = dict.fromkeys("+".join(one.codes) for one in cause.proof.rivals)
    finding = Finding(
        finding_id=finding_id(line_key, code),
        contract=case.contract,
        item=key.item,
        kind=key.kind,
        currency=key.currency,
        amount=at_minor_unit(amount, key.currency),
        cause=code,
        grade=cause.proof.grade,
        rivals=" ".join(rivals),
        witnesses=" ".join(ids_of(told.billed.lines, {(case.contract, one) for one in fit.confirmed})),
        sentence=sentence(case, key, amount, (fit, place), cause.proof),
        scope=fit.scope,
        edit=fit.edits[place].words,
        settles=cause.proof.settles,
    )
    told.add(case, key, amount, finding)
    return finding


def _part(case: Case, fit: Fit, key: LineKey, place: int) -> Decimal:
    """An edit's share of a line's variance, copies of the line not counted."""
    variance = case.variance(key)
    if len(fit.edits) == 1:
        return variance
    first = dict(fit.first_share)[key]
    return first if place == 0 else variance - first


def _duplicates(
    cases: Mapping[str, Case], billed: Billed, copied: Mapping[Place, Priced], told: _Told
) -> Iterator[Finding]:
    """Lines that came more than once under one id (RULES 8.1)."""
    for case in cases.values():
        for key, ids in repeated_of(case, billed).items():
            copy = copied.get((case.contract, key), NO_LINE)
            line_key = Key(case.contract, key.item, told.period, key.kind, key.currency)
            effect = f"the copies add {key.currency} {copy.amount:,}" if copy.amount else "no variance comes from it"
            is_enough = bool(copy.amount) and case.agrees(key, case.expected)
            if (case.contract, key) in told.rest:
                told.rest[case.contract, key] -= copy.amount
            yield Finding(
                finding_id(line_key, "duplicate_line"), case.contract, key.item, key.kind, key.currency,
                at_minor_unit(copy.amount, key.currency), "duplicate_line",
                "proven" if is_enough and case.theirs(key).quantity is not None else "consistent", "", " ".join(ids),
                f"{case.contract}, {key.item} ({key.kind}): "
                f"the statement repeats the line id {', '.join(ids)}; {effect}.",
                "item", "exact copies of a line are taken off",
                "" if is_enough else "the billing system's own record of the line",
            )  # fmt: skip


def _not_billed(told: _Told, case: Case, key: LineKey) -> Finding:
    """A line of a month of which no statement is there: nothing can tell one reason from another."""
    line_key, amount = Key(case.contract, key.item, told.period, key.kind, key.currency), case.variance(key)
    told.rest[case.contract, key] -= amount
    return Finding(
        finding_id(line_key, "missing_line"), case.contract, key.item, key.kind, key.currency,
        at_minor_unit(amount, key.currency), "missing_line", "consistent", "", "",
        f"{case.contract}, {key.item} ({key.kind}): {key.currency} {-amount:,} expected, nothing billed: "
        "no billed line of this month was received.",
        "all contracts", "every line is left out", "the statement of the month",
    )  # fmt: skip


def _closed(comparison: Comparison, told: _Told, shown: Iterable[Trace]) -> Diagnosis:
    """The findings with what is left unexplained, and the lines with their main cause."""
    lines = {place_of(line): line for line in comparison.lines}
    rest = [_unexplained(lines[place], amount, told) for place, amount in told.rest.items() if amount]
    money = sorted((*told.findings, *rest), key=lambda one: (one.finding_id, one.edit))
    remarks = [one for one in comparison.findings if one.cause not in (UNEXPLAINED, "duplicate_line", *AWAITED)]
    by_place: dict[Place, list[Finding]] = {}
    for one in money:
        by_place.setdefault((one.contract, LineKey(one.item, one.kind, one.currency)), []).append(one)
    return Diagnosis((*money, *remarks), tuple(_named(line, by_place) for line in comparison.lines), tuple(shown))


def _unexplained(line: Line, amount: Decimal, told: _Told) -> Finding:
    rest = "" if amount == line.variance else f"; {line.currency} {amount:,} of it has no cause yet"
    way = "more" if line.variance > 0 else "less"
    return Finding(
        finding_id(line.key, UNEXPLAINED), line.contract, line.item, line.kind, line.currency,
        at_minor_unit(amount, line.currency), UNEXPLAINED, UNEXPLAINED, "",
        " ".join(ids_of(told.billed.lines, {place_of(line)})),
        f"{line.contract}, {line.item} ({line.kind}): {line.currency} {line.billed_amount:,} billed, "
        f"{line.expected_amount:,} expected, {abs(line.variance):,} {way} than expected{rest}. "
        "No edit of the table, and no pair of them, gives what was billed.",
        "", "", "the billing system's own workings of the line",
    )  # fmt: skip


def _named(line: Line, found: Mapping[Place, Sequence[Finding]]) -> Line:
    """The line with the cause that moves most of its variance."""
    findings = found.get(place_of(line), ())
    if not _is_open(line) or not findings:
        return replace(line, cause="", grade="")
    main = max(findings, key=lambda finding: abs(finding.amount))
    return replace(line, cause=main.cause, grade=main.grade)
