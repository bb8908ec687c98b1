"""A run's files and its row in the ledger: the same inputs give the same bytes, clock fields of the manifest aside."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from functools import partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from recon.billed import Billed
from recon.close.adjustments import Adjustment, adjustment_lines, write_adjustments
from recon.close.contracts import IMPORTER
from recon.close.observing import Observing
from recon.close.recomputed import Recomputed
from recon.close.signed import SignedMonths
from recon.compare import Comparison, Finding, Line
from recon.contracts.book import Book
from recon.contracts.clauses import clauses
from recon.contracts.documents import content_hash
from recon.contracts.lint import accepted
from recon.contracts.rules import installed as installed_rule
from recon.contracts.terms import ContractVersion
from recon.diagnose import Diagnosis, Event
from recon.engine import Engine
from recon.expect import Expectation, ExpectedLine, Opening
from recon.expect.lines import Working
from recon.inputs import digest, inputs_list
from recon.ledger import CloseMeta, Ledger, VersionUsed
from recon.ledger.past import ADJUSTMENTS
from recon.money import plain, written
from recon.period import TZDATA_VERSION, Period, instant_text
from recon.workspace import Workspace

WORKING_INPUTS = (
    "share", "sale", "sale_currency", "fx", "fx_source", "percent", "flat", "minimum", "maximum", "each", "round",
    "mode", "price_currency", "before", "limit", "opening", "others", "days", "of_days", "charged", "tier", "start",
    "end", "reached", "tier_mode", "measure", "run_start", "run_end", "own", "third_party", "tolerance", "source",
    "after", "parts", "count", "at_least", "per",
)  # fmt: skip
WORKING_COLUMNS = (
    "contract", "item", "kind", "currency", "seq", "operation", "version", "clause", "rule", "label", "quantity",
    "rate", "amount", *WORKING_INPUTS, "text",
)  # fmt: skip
FATE_COLUMNS = ("contract", "item", "fate", "quantity", "direction", "dataset")
BALANCE_COLUMNS = ("contract", "item", "kind", "value")
REJECTED_COLUMNS = ("dataset", "file", "row", "column", "value", "reason")
DECISIONS = """
SELECT contract, conversion_id, fate, reason, touch_id, CAST(version AS INTEGER) AS version, rate,
    CAST(amount AS DECIMAL(38, 4)) AS amount, item, share, exact_amount
FROM decided ORDER BY contract, conversion_id"""
REVERSALS = """
SELECT contract, reversal_id, conversion_id FROM reversal_effects WHERE belongs_to = '{period}'
ORDER BY contract, reversal_id"""
TAKEN_BACK = "SELECT contract, conversion_id, amount FROM taken_back ORDER BY contract, conversion_id, amount"


@dataclass(frozen=True)
class RunFacts:
    """All that a run is made of; `started` is an instant (µs), `began` a monotonic clock's reading (s)."""

    month: Recomputed
    comparison: Comparison
    started: int
    began: float
    not_known_yet: dict[str, int]
    diagnosis: Diagnosis
    billed: Billed
    observing: Observing


def record(engine: Engine, facts: RunFacts) -> int:
    """Write the run's files and record it in the ledger, all or nothing; returns its number."""
    period = str(facts.month.scope.period)
    manifest = manifest_of(facts)
    with Ledger.open(facts.month.workspace.database_url, facts.month.workspace.closes) as ledger:
        versions = [_version_used(version) for version in usable(facts.month.book, facts.month.scope.period)]
        ledger.check_versions(versions)
        judge = partial(accepted, as_known_at=facts.month.scope.as_known_at)
        ledger.take_in(facts.month.plan, IMPORTER, facts.started, judge)
        with ledger.staging(period) as staging:
            _write_files(engine, staging.folder, facts)
            manifest |= {"duration_seconds": round(time.monotonic() - facts.began, 3)}
            manifest |= {"reused": facts.observing.reused} if facts.observing.reused else {}
            text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
            (staging.folder / "manifest.json").write_text(text, encoding="utf-8")
            meta = CloseMeta(facts.started, text, versions=versions)
            lines = [line_row(line, facts.month.every) for line in facts.diagnosis.lines]
            findings = [_finding_row(finding) for finding in facts.diagnosis.findings]
            return ledger.record_close(period, manifest["digest"], meta, lines, findings, staging)


def manifest_of(facts: RunFacts) -> dict[str, Any]:
    """What the run was made from, the digest of all that, then the clock."""
    made_from = {
        "workspace": facts.month.workspace.name,
        "period": str(facts.month.scope.period),
        "inputs": inputs_list(facts.month.inputs.manifest),
        "contracts": contracts_listed(facts.month.book, facts.month.scope.period),
        "rules": rules_listed(facts.month.book, facts.month.scope.period),
        "not_priced": [asdict(one) for one in facts.month.expectation.not_priced],
        "awaited": [_awaited(one) for one in facts.month.awaited],
        "openings": [_opening(one, facts.month.signed) for one in facts.month.expectation.openings],
        "signed_off": [{"period": one.period, "run": one.run, "digest": one.digest} for one in facts.month.signed.used],
        "settings": settings_listed(facts.month.workspace),
        "software": software(),
        "tzdata": TZDATA_VERSION,
        "as_known_at": _instant(facts.month.scope.as_known_at),
        "not_known_yet": facts.not_known_yet,
        "cutoff": instant_text(facts.month.scope.cutoff_of(facts.month.scope.period)),
    }
    plain_values = json.loads(json.dumps(made_from, default=str))
    return {
        **plain_values,
        "digest": digest(plain_values),
        "imported": _imported(facts.month),
        "started": instant_text(facts.started),
    }


def _awaited(one: Adjustment) -> dict[str, str]:
    """An adjustment that an accepted finding of a locked month asks for (RULES 8.6)."""
    return {"reference": one.reference, "currency": one.currency, "amount": plain(one.amount)}


def _imported(month: Recomputed) -> dict[str, Any]:
    """Which documents were taken into the register first: of a second close of the same folder none are new."""
    arrived = [one.document.version for one in month.plan.arrivals]
    named = [{"contract": one.contract, "version": one.version, "status": one.status} for one in arrived]
    return {"folder": month.workspace.contracts_path, "documents": named}


def contracts_listed(book: Book, period: Period) -> list[dict[str, Any]]:
    """The versions that a close of a period can use, by content hash: those that begin by its last day."""
    return [_named(version) for version in usable(book, period)]


def usable(book: Book, period: Period) -> list[ContractVersion]:
    """The versions that begin by a period's last day: later ones have no say in it (RULES 2.2, 2.5)."""
    return [version for version in book.versions if version.effective.first <= period.last]


def _named(version: ContractVersion) -> dict[str, Any]:
    return {"contract": version.contract, "version": version.version, "hash": content_hash(version)}


def software() -> str:
    """The version of recon that is installed."""
    return f"recon {installed('recon')}"


def rules_listed(book: Book, period: Period) -> list[dict[str, Any]]:
    """The named rules of the versions that a close of a period can use."""
    return list(_rules_of(usable(book, period)))


def _rules_of(versions: Sequence[ContractVersion]) -> Iterator[dict[str, Any]]:
    """The named rules that versions use, by name, with the contracts they stand in."""
    found = {(use.rule, one.contract) for one in versions if one.terms for use in one.terms.rules}
    for name in sorted({name for name, _ in found}):
        yield _rule(name) | {"in": sorted(contract for rule, contract in found if rule == name)}


def _rule(name: str) -> dict[str, Any]:
    """A rule with the package that brings it and what its text was: a sign-off is bound to all of them."""
    found = installed_rule(name)
    return {
        "rule": name,
        "distribution": found.distribution,
        "version": found.version,
        "text_sha256": found.text_sha256,
    }


def _opening(opening: Opening, signed: SignedMonths) -> dict[str, Any]:
    """An opening balance with its source: which locked run, the dataset, or nothing known (RULES 4.7)."""
    before = signed.before(signed.period)
    run = {"period": before.period, "run": before.run} if before and opening.source == "locked close" else {}
    return {**asdict(opening), "value": written(opening.value), **run}


def settings_listed(workspace: Workspace) -> dict[str, Any]:
    """The settings that amounts, statuses and gates follow from."""
    tolerance = workspace.tolerance
    return {
        "tolerance": {"amount": plain(tolerance.amount), "percent": plain(tolerance.percent)},
        "materiality": {currency: plain(amount) for currency, amount in sorted(workspace.materiality.items())},
        "drift": {"months": workspace.drift.months, "in_a_row": workspace.drift.in_a_row},
        "cutoff_days": workspace.cutoff_days,
        "billing_timezone": workspace.billing_timezone,
        "engine": workspace.engine,
    }


def _instant(us: int | None) -> str | None:
    return None if us is None else instant_text(us)


def _version_used(version: ContractVersion) -> VersionUsed:
    approval = version.approval
    by, at = (approval.by, approval.at) if approval else ("", None)
    return VersionUsed(version.contract, version.version, version.kind, content_hash(version), by, at)


def _write_files(engine: Engine, folder: Path, facts: RunFacts) -> None:
    lines = [line_row(line, facts.month.every) for line in facts.diagnosis.lines]
    _write_csv(folder / "lines.csv", [*(field.name for field in fields(Line)), "counterparty", "direction"], lines)
    findings = [_finding_row(finding) for finding in facts.diagnosis.findings]
    _write_csv(folder / "findings.csv", [field.name for field in fields(Finding)], findings)
    _write_csv(
        folder / "finding_events.csv", [field.name for field in fields(Event)], map(asdict, facts.diagnosis.events)
    )
    _write_csv(folder / "finding_workings.csv", ("finding_id", *WORKING_COLUMNS), _finding_workings(facts.diagnosis))
    _write_csv(folder / "fates.csv", FATE_COLUMNS, _fate_rows(facts.month.expectation))
    _write_csv(folder / "rejected.csv", REJECTED_COLUMNS, (asdict(row) for row in facts.month.inputs.rejected))
    adjusted = adjustment_lines(facts.month.awaited, facts.month.scope.period)
    told = (*facts.month.expectation.lines, *facts.month.expectation.uncounted, *adjusted)
    _write_csv(folder / "workings.csv", WORKING_COLUMNS, _working_rows(told))
    write_adjustments(folder / ADJUSTMENTS, facts.month.awaited, facts.billed)
    _write_csv(folder / "balances.csv", BALANCE_COLUMNS, _balance_rows(facts.month.expectation))
    _write_json(folder / "contracts.json", [_version_row(version) for version in facts.month.every.versions])
    engine.write_parquet(DECISIONS, folder / "conversions.parquet")
    engine.write_parquet(REVERSALS.format(period=facts.month.scope.period), folder / "reversals.parquet")
    engine.write_parquet(TAKEN_BACK, folder / "clawbacks.parquet")
    facts.observing.write(engine, folder / "observations")


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(row.get(column)) for column in columns] for row in rows)


def _text(value: object) -> str:
    if value is None:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def line_row(line: Line, book: Book) -> dict[str, Any]:
    """A compared line with the counterparty and direction of its contract, empty for an unknown one."""
    versions = book.versions_of(line.contract)
    known = versions[-1] if versions else None
    return {
        **asdict(line),
        "counterparty": known.counterparty.name if known else "",
        "direction": known.direction if known else "",
    }


def _finding_row(finding: Finding) -> dict[str, Any]:
    return asdict(finding)


def _fate_rows(expectation: Expectation) -> list[dict[str, Any]]:
    rows = [asdict(fate) for fate in expectation.fates]
    return sorted(rows, key=lambda row: tuple(str(row[column]) for column in FATE_COLUMNS if column != "quantity"))


def _balance_rows(expectation: Expectation) -> Iterator[dict[str, Any]]:
    """What the next period starts from, exact: a number, or numerator/denominator (RULES 4.7)."""
    for balance in expectation.balances:
        yield {**asdict(balance), "value": written(balance.value)}


def _working_rows(lines: Iterable[ExpectedLine]) -> Iterator[dict[str, Any]]:
    for line in lines:
        for seq, working in enumerate(line.workings, 1):
            yield _working_row(line, working) | {"seq": seq}


def _finding_workings(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    """The workings of each finding's line as its edit has it."""
    for trace in diagnosis.traces:
        for row in _working_rows([trace.line] if trace.line is not None else []):
            yield {"finding_id": trace.finding_id, **row}


def _working_row(line: ExpectedLine, working: Working) -> dict[str, Any]:
    exact = {name: getattr(working, name) for name in ("quantity", "rate", "amount")}
    unknown = {name for name, _ in working.inputs} - set(WORKING_INPUTS)
    assert not unknown, f"{working.operation} states {unknown}, which have no column"
    return {
        "contract": line.contract,
        "item": line.item,
        "kind": line.kind,
        "currency": line.currency,
        **{name: getattr(working, name) for name in ("operation", "version", "clause", "rule", "label", "text")},
        **{name: None if value is None else written(value) for name, value in exact.items()},
        **dict(working.inputs),
    }


def _version_row(version: ContractVersion) -> dict[str, Any]:
    approval = version.approval
    return {
        "contract": version.contract,
        "version": version.version,
        "kind": version.kind,
        "counterparty": version.counterparty.name,
        "direction": version.direction,
        "model": version.terms.model if version.terms else None,
        "currency": version.currency,
        "timezone": version.timezone,
        "effective_from": str(version.effective.first),
        "effective_to": str(version.effective.last) if version.effective.last else None,
        "approved_by": approval.by if approval else None,
        "approved_at": instant_text(approval.at) if approval else None,
        "hash": content_hash(version),
        "status": version.status,
        "document": version.document.name if version.document else None,
        "clauses": [[clause.path, clause.value, clause.is_default] for clause in clauses(version)],
    }
