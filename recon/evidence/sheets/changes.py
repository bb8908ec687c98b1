"""Changes: what was opened again, returned, waived or overridden, by whom and why (AUDIT, The evidence pack)."""

from __future__ import annotations

from collections.abc import Iterator

from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import TEXT, Look, money
from recon.ledger import FindingAct, Signed
from recon.ledger.signing import ACCEPT_ROWS
from recon.period import moment

TITLE = "Changes"
COLUMNS = (
    Column("when", "When (UTC)", 21),
    Column("what", "What", 18),
    Column("who", "Who", 14),
    Column("subject", "On what", 52),
    Column("currency", "Currency", 9),
    Column("amount", "Amount", 15),
    Column("reason", "Why", 60),
)
RETURNS = ("returned", "reopened")
Row = tuple[str, str, str, str, str, object, str]


def write(pack: Pack) -> None:
    """Write the sheet: the period's way first, then waivers, accepted rows and changes by hand."""
    sheet = pack.sheet(TITLE, COLUMNS, "Changes",
        "Reopenings and returns, waivers, rejected rows that were accepted, and amounts that were changed by hand.",
    )  # fmt: skip
    rows = [*_ways(pack), *_waived(pack), *_by_hand(pack)]
    with sheet.table(is_main=True):
        for row in rows:
            _row(sheet, row)
    if not rows:
        sheet.line("None: the month was not returned or reopened, nothing was waived, no amount was changed by hand.")


def _row(sheet: Sheet, row: Row) -> None:
    when, what, who, subject, currency, amount, reason = row
    sheet.next_row()
    for name, text in (("when", when), ("what", what), ("who", who), ("currency", currency)):
        sheet.put(name, text or None, Look("text", TEXT))
    sheet.put("subject", subject, Look("prose", TEXT))
    if amount is not None:
        sheet.put("amount", exact_or_zero(amount), Look("engine", money(decimals(currency) if currency else 0)))
    sheet.put("reason", reason or None, Look("prose", TEXT))


def _ways(pack: Pack) -> Iterator[Row]:
    for one in pack.facts.dossier.way:
        if one.state in RETURNS:
            yield _state(one)


def _state(one: Signed) -> Row:
    return moment(one.at), one.state, one.who, f"{one.period}, run {one.run}", "", None, one.reason


def _waived(pack: Pack) -> Iterator[Row]:
    for act in pack.facts.dossier.acts:
        if act.action == "waive":
            yield _act(act, "waived", act.finding_id, act.currency)
        if act.action == ACCEPT_ROWS:
            yield _act(act, "rows accepted", f"rejected rows of {act.finding_id}, run {act.run}", "")


def _act(act: FindingAct, what: str, subject: str, currency: str) -> Row:
    return moment(act.at), what, act.who, subject, currency, act.amount, act.reason


def _by_hand(pack: Pack) -> Iterator[Row]:
    for finding in pack.facts.findings:
        if finding["cause"] == "manual_override":
            yield _override(finding)


def _override(finding: Record) -> Row:
    said = str(finding["sentence"] or "")
    return (
        "",
        "changed by hand",
        "billing system",
        str(finding["finding_id"]),
        finding["currency"],
        finding["amount"],
        said,
    )
