"""Cover and About: what this pack is and concludes, and how to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from recon.diagnose.grades import GRADES
from recon.evidence.archive import DIGEST_PLACE
from recon.evidence.facts import SETTLED, joined
from recon.evidence.formula import Term
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet
from recon.evidence.sheets.parameters import moment
from recon.evidence.style import COUNT, TEXT, Look, money
from recon.ledger.signing import LOCKED, PREPARED, REOPENED, RETURNED, REVIEWED, Signed
from recon.period import instant_text

COVER, ABOUT = "Cover", "About"
DRAFT = "a draft: it was never issued, so it has no number and no ledger knows it"
COLUMNS = (
    Column("what", "", 30),
    Column("text", "", 68),
    Column("expected", "", 17),
    Column("billed", "", 17),
    Column("variance", "", 17),
    Column("gross", "", 17),
    Column("count", "", 9),
    Column("open", "", 9),
)
_TOTALS = {
    "what": "Currency", "text": "Result", "expected": "Expected", "billed": "Billed",
    "variance": "Variance (net)", "gross": "Variance (gross)",
    "count": "Lines", "open": "Open",
}  # fmt: skip
_SIGN_OFFS = {"what": "Sign-off", "text": "Name, time and what was signed"}


def write_cover(pack: Pack) -> None:
    """Write Cover, last of all: it shows what the other sheets came to."""
    sheet = pack.sheet(COVER, COLUMNS, f"Evidence of the {pack.facts.close.period} close")
    for words, value in _identity(pack):
        _pair(sheet, words, value)
    sheet.next_row()
    sheet.line("Conclusion", "section")
    for sentence in _conclusion(pack):
        sheet.line(sentence, "paragraph", "text")
    _verdict(pack, sheet)
    _not_priced(pack, sheet)
    sheet.next_row()
    _totals(pack, sheet)
    sheet.next_row()
    _sign_offs(pack, sheet)


def _identity(pack: Pack) -> Iterator[tuple[str, str | None]]:
    close, manifest = pack.facts.close, pack.facts.manifest
    yield "Entity", close.workspace_name
    yield "Period", f"{close.period}, each contract's month in its own time zone"
    yield "Run", f"{close.run}"
    yield (
        "Basis",
        "every charge and payout recomputed from contracts and raw events, independently of the billing system",
    )
    yield "As known at", moment(manifest.get("as_known_at")) or "everything known when it was run"
    yield "Cut-off", moment(manifest.get("cutoff"))
    yield "Software", software(manifest.get("software"))
    yield "Digest of inputs, contracts, settings", pack.facts.digest
    issue = pack.issue
    yield "Pack", f"pack {issue.number} of {close.period}" if issue.number else DRAFT
    yield "Supersedes", issue.supersedes or ("nothing: the first pack of this month" if issue.number else "nothing")
    yield "Last month's pack", issue.last_month or "none"


def software(value: object) -> str:
    """The software as the manifest names it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in sorted(value.items()))
    return str(value or "")


def _pair(sheet: Sheet, words: str, value: str | None) -> None:
    sheet.next_row()
    sheet.put("what", words, Look("label"))
    sheet.put("text", value, Look("prose", TEXT))


def _conclusion(pack: Pack) -> Iterator[str]:
    lines = pack.facts.lines
    differing = [line for line in lines if line["variance"]]
    still_open = [line for line in lines if line["status"] not in SETTLED]
    agreeing = len(lines) - len(differing)
    yield f"{len(lines)} lines were compared: {agreeing} agree to the last minor unit, {len(differing)} differ."
    if still_open:
        yield f"{len(still_open)} lines differ by more than the tolerance; each stands open on Exceptions."
    else:
        yield "No line differs by more than the tolerance."
    yield from _graded(pack)
    rejected = len(pack.facts.rejected)
    yield (
        f"{rejected:,} rows of the inputs could not be used and were set aside (Exceptions)."
        if rejected
        else "Every row of the inputs could be used."
    )


def _graded(pack: Pack) -> Iterator[str]:
    """How sure the causes are, in one sentence."""
    counts = Counter(str(finding["grade"]) for finding in pack.facts.findings)
    told = joined(f"{counts[grade]} {grade}" for grade in GRADES if counts[grade])
    if counts:
        yield f"{counts.total()} findings say why they differ: {told} (see About for what each grade claims)."


def _verdict(pack: Pack, sheet: Sheet) -> None:
    sheet.next_row()
    sheet.put("what", "Do all checks of this pack hold?", Look("label"))
    text = f'IF({pack.verdict.text},"TRUE: every amount was re-performed and every total ties","FALSE: see Checks")'
    yes, no = "TRUE: every amount was re-performed and every total ties", "FALSE: see Checks"
    sheet.put("text", Term(text, yes if pack.verdict.value else no), Look("formula"))
    sheet.next_row()
    sheet.put("what", "Pack digest", Look("label"))
    sheet.put("text", DIGEST_PLACE, Look("text", TEXT), is_digested=False)


def _not_priced(pack: Pack, sheet: Sheet) -> None:
    """Contracts that were left out, in words, where nobody can miss them."""
    for sentence in pack.facts.not_priced_sentences:
        sheet.line(f"NOT PRICED: {sentence}", "warning", "text")
        sheet.put("what", "Not priced", Look("label"))
    if not pack.facts.not_priced:
        _pair(sheet, "Contracts not priced", "none")


def _totals(pack: Pack, sheet: Sheet) -> None:
    sheet.line("Totals per currency (from Summary)", "section")
    with sheet.table(_TOTALS):
        for currency, cells in pack.totals.items():
            sheet.next_row()
            sheet.put("what", currency, Look("text", TEXT))
            sheet.put("text", cells["status"], Look("formula"))
            for name in ("expected", "billed", "variance", "gross"):
                sheet.put(name, cells[name], Look("formula", money(decimals(currency))))
            for name in ("count", "open"):
                sheet.put(name, cells[name], Look("formula", COUNT))


def _sign_offs(pack: Pack, sheet: Sheet) -> None:
    """Who signed this run, where it still holds; a month that was returned or reopened says so."""
    dossier, run = pack.facts.dossier, pack.facts.close.run
    sheet.new_page()  # the names stand together on the sheet that is printed and kept
    with sheet.table(_SIGN_OFFS):
        for state, words in ((PREPARED, "Prepared by"), (REVIEWED, "Reviewed by"), (LOCKED, "Locked by")):
            signed = dossier.signature(state, run)
            _pair(sheet, words, _signature(signed) if signed else "not yet")
        last = dossier.way[-1] if dossier.way else None
        if last is not None and (last.run != run or last.state in (RETURNED, REOPENED)):
            _pair(sheet, "Last act", f"{last.state} with run {last.run}: {_signature(last)}")


def _signature(signed: Signed) -> str:
    reason = f": {signed.reason}" if signed.reason else ""
    return f"{signed.who}, {instant_text(signed.at)}{reason} · inputs digest {signed.digest[:16]}"


ABOUT_COLUMNS = (Column("what", "", 24), Column("text", "", 120))
_CONTENTS = {
    "Cover": "What was closed, on what basis, what it concludes, who signed.",
    "Inputs": "Every file and query read, with hash, rows, control totals, first and last event.",
    "Tie-out": "From rows read to units billed: each row has one fate; every difference is a formula.",
    "Contracts": "Versions in force, who approved them, and every clause, defaults printed as defaults.",
    "Parameters": "Tolerances, materiality, cut-off, exchange rates: what formulas use and no contract states.",
    "Summary": "Expected, billed and variance per counterparty and currency, per closed month, then per line.",
    "CPM": "Re-performance of every CPM line with live formulas, the engine's amount beside each.",
    "CPA": "Re-performance of every CPA line with live formulas, the engine's amount beside each.",
    "Exceptions": "Findings, contracts that were not priced, rows set aside.",
    "Bridge": "From billed to expected by cause, per currency and per counterparty, with a chart.",
    "Completeness": "Every contract that delivered was billed; every billed line has a contract.",
    "Roll-forward": "Open items: opening + new − cleared = closing, with dispositions and ages.",
    "Journals": "Proposed entries for accepted findings and timing items, debit = credit.",
    "Sample": "Lines and conversions drawn for the auditor, how each was drawn, and columns to fill in.",
    "Drill": "Billing errors planted in a copy of the month, and which of them its close finds and names.",
    "Checks": "Every check of the pack on one page.",
    "Changes": "What was returned, reopened, waived or changed by hand, by whom and why.",
}
_LEGEND = (
    ("input", "1,234.50", "Blue: taken from the inputs, the contracts or the settings; no formula stands behind it."),
    ("formula", "1,234.50", "Black: a live formula. Click it to see what it is made of."),
    (
        "engine",
        "1,234.50",
        "Green: the engine's own result, a constant put beside our formula so that both can be compared.",
    ),
    ("check", "–", "Grey: a difference, which must be zero (a dash); it turns red where it is not."),
    ("own", "", "Yellow, on Sample: the auditor's own columns. What is written there alters nothing that is sealed."),
    ("warning", "NOT PRICED", "Red: left out, or not agreeing; never hidden."),
)
_TICKMARKS = (
    ("F", "footed: the sum was added up again"),
    ("R", "recalculated by formula"),
    ("K", "rate agreed to the contract clause named in the row"),
    ("T", "traced to the input"),
    ("X", "exception, or an amount carried from the engine without a formula"),
)
_CONVENTIONS = (
    "Amounts exclude tax, in the currency of the heading or of the row; brackets are negative, a dash is zero.",
    "Variance = billed − expected: positive is over-billed (charges) or over-paid (payouts).",
    "Dates are calendar dates in the contract's time zone (YYYY-MM-DD); instants are UTC.",
    "Rule numbers refer to RULES, the page that fixes what every amount means.",
    "The pack digest is SHA-256 over the texts of the hidden sheet Seal, top to bottom, each ended by a line feed. "
    "Seal names what the defined names refer to and, for each sheet, two SHA-256 over its filled cells (all but the "
    "digest's own and the auditor's own columns), row by row, left to right, each cell a line ended by a line feed. "
    "First: address, tab, then f, tab, formula, or kind (n, s, b, e), tab, value. Second, for formulas alone: address, "
    "tab, kind, tab, result, but those in columns that follow the auditor's entries (Seal names both kinds of columns, "
    "these with =). Numbers have 15 digits; results nine decimals, from 10,000 on 13 digits. Then follow, row "
    "by row, the first six digits of the SHA-256 of every cell's lines without its address; each text of Seal ends "
    "with the same of itself. `recon verify FILE` makes all of it again.",
)


def write_about(pack: Pack) -> None:
    """Write About: contents with links, legend, tickmarks, conventions, what was not recomputed."""
    sheet = pack.sheet(ABOUT, ABOUT_COLUMNS, "About this pack")
    sheet.line("Contents", "section")
    for title in (title for title in pack.titles if title in _CONTENTS):
        sheet.next_row()
        cell = sheet.put("what", title, Look("link"))
        sheet.links[cell.text] = title
        sheet.put("text", _CONTENTS[title], Look("prose"))
    _legend(sheet)
    sheet.next_row()
    sheet.line("Conventions", "section")
    for sentence in _CONVENTIONS:
        sheet.line(sentence, "paragraph", "text")
    _left_out(pack, sheet)


def _legend(sheet: Sheet) -> None:
    sheet.next_row()
    sheet.line("Colours", "section")
    for role, sample, words in _LEGEND:
        sheet.next_row()
        sheet.put("what", sample, Look(role))
        sheet.put("text", words, Look("prose"))
    sheet.next_row()
    sheet.line("Grades of a finding", "section")
    for grade, words in GRADES.items():
        sheet.next_row()
        sheet.put("what", grade, Look("text"))
        sheet.put("text", f"{words}.", Look("prose"))
    sheet.next_row()
    sheet.line("Tickmarks", "section")
    for mark, words in _TICKMARKS:
        sheet.next_row()
        sheet.put("what", mark, Look("tick"))
        sheet.put("text", words, Look("prose"))


def _left_out(pack: Pack, sheet: Sheet) -> None:
    sheet.next_row()
    sheet.line("What was not recomputed", "section")
    for sentence in pack.facts.not_priced_sentences:
        sheet.line(sentence, "warning", "text")
    for name, sha256 in pack.overflow.items():
        what = "Conversions one by one" if name.endswith("-conversions.csv") else "Workings beyond a sheet's rows"
        sheet.line(f"{what} stand in {name} (SHA-256 {sha256}).", "paragraph", "text")
    sheet.line(
        "The engine counts the events; this pack re-performs the price of its counts and ties them to the rows read.",
        "paragraph",
        "text",
    )
