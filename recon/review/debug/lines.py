"""The lines of a month for an engineer: those that differ, worst first, and one of them with both sides."""

from __future__ import annotations

from typing import Any

import pandas as pd

from recon.close import StoredClose
from recon.diagnose.grades import cause_words
from recon.review.debug.address import line_key
from recon.review.month import SETTLED
from recon.review.words import all_shown, counted, literal, shown
from recon.views import LINE

NO_MONTH = (
    "# Debug\n\n**No month of this workspace is closed yet.** `recon close 2026-10` closes one; "
    "`recon demo` makes a month to look at."
)
LINES_HEADING = (
    "## Lines\n\nThose that differ first, the largest of each currency on top: amounts of two currencies are never "
    "ranked against each other. Choose one."
)
COLUMNS = [*LINE, "expected", "billed", "variance", "status", "cause, grade"]


def heading(close: StoredClose) -> str:
    """The run that is looked at, in a few lines of Markdown."""
    differ = sum(status not in SETTLED for status in close.lines["status"])
    told = f"**{differ} of {counted(len(close.lines), 'line')} differ**" if differ else "**every line agrees**"
    known = close.manifest.get("as_known_at") or "all that is known"
    return (
        f"# Debug {literal(close.workspace_name)} · {close.period}\n\n{told} · run {close.run} · "
        f"{close.manifest.get('software', '')} · cut-off {close.manifest.get('cutoff', '')} · as known: {known} · "
        f"digest `{str(close.manifest['digest'])[:16]}`"
    )


def lines_worst_first(close: StoredClose) -> pd.DataFrame:
    """All lines as text, open ones first, by their size within their currency."""
    lines = close.lines
    if lines.empty:
        return pd.DataFrame(columns=COLUMNS, dtype=object)
    ranked = lines.assign(gross=lines["variance"].abs(), is_settled=lines["status"].isin(SETTLED))
    ranked = ranked.sort_values(["is_settled", "gross", *LINE], ascending=[True, False, *[True] * 4], kind="stable")
    ranked["rank"] = ranked.groupby(["is_settled", "currency"]).cumcount()
    ordered = ranked.sort_values(["is_settled", "rank", "currency"], kind="stable")
    return _as_shown(ordered.reset_index(drop=True))


def _as_shown(lines: pd.DataFrame) -> pd.DataFrame:
    currencies, causes = lines["currency"], lines["cause"]
    words = causes.map({cause: cause_words(cause) for cause in causes.unique()})
    told = words.fillna("") + ", " + lines["grade"].fillna("")
    amounts = {name: all_shown(lines[f"{name}_amount"], currencies) for name in ("expected", "billed")}
    variance = all_shown(lines["variance"], currencies, is_signed=True)
    status = lines["status"].astype(str).str.replace("_", " ")
    columns = [*(lines[name].astype(str) for name in LINE), *amounts.values(), variance, status, told.str.strip(", ")]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def open_row(row: Any) -> str | None:
    """The line of a row that is chosen in the table, as an address says it; None where none is."""
    return None if row is None or row.empty else line_key(row.iloc[0])


def line_heading(line: pd.DataFrame) -> str:
    """A line with what was expected, what was billed and what lies between, in Markdown."""
    row = line.iloc[0]
    currency = str(row["currency"])
    expected, billed = (shown(row[name], currency) for name in ("expected_amount", "billed_amount"))
    units = f"{_units(row['billed_quantity'])} billed, {_units(row['expected_quantity'])} expected"
    return (
        f"## {literal(' / '.join(str(row[name]) for name in LINE))}\n\n"
        f"**{currency} {shown(row['variance'], currency, is_signed=True)}** · billed {billed} − expected {expected}"
        f" · {units} · {str(row['status']).replace('_', ' ')}"
    )


def _units(quantity: Any) -> str:
    return "–" if quantity is None else f"{quantity:,f} units"
