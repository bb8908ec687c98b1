"""A close on a terminal: the open lines with their causes, what each cause comes to, where the files are."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from recon.close import StoredClose
from recon.diagnose.bridge import LINE, UNEXPLAINED, bridges
from recon.diagnose.grades import cause_words
from recon.review.month import SETTLED
from recon.review.words import shown


def show_close(done: StoredClose, pack: Path, console: Console) -> None:
    """Print a close."""
    console.width = max(console.width, 120)
    console.print(f"[bold]{done.workspace_name}, {done.period}, run {done.run}[/] · {len(done.lines)} lines")
    open_lines = done.lines[~done.lines["status"].isin(SETTLED)]
    console.print(_lines(done, open_lines) if len(open_lines) else "every line agrees with what was billed")
    if len(done.findings):
        console.print()
        console.print(_causes(done))
    for contract, version, clause in done.not_priced:
        console.print(f"[yellow]not priced:[/] {contract} v{version}, {clause}")
    if len(done.rejected):
        console.print(f"[yellow]{len(done.rejected)} rows rejected:[/] {done.folder / 'rejected.csv'}", soft_wrap=True)
    if done.reused:
        console.print(f"reused    {done.reused}", soft_wrap=True)
    console.print(f"files     {done.folder}", soft_wrap=True)
    console.print(f"evidence  {pack}", soft_wrap=True)
    console.print(f"next      recon review --workspace {done.workspace.folder}", soft_wrap=True)


def _lines(done: StoredClose, open_lines: pd.DataFrame) -> Table:
    """The open lines, each with the causes found on it and how sure they are."""
    table = Table("line", "expected", "billed", "variance", "status", "cause", box=None, header_style="bold")
    for column in table.columns[1:4]:
        column.justify, column.no_wrap = "right", True
    table.columns[0].overflow = "fold"
    found = _found(done.findings)
    for row in open_lines.to_dict("records"):
        amounts = [f"{row[key]:,f}" for key in ("expected_amount", "billed_amount", "variance")]
        table.add_row("/".join(_key(row)), *amounts, cause_words(row["status"]), "\n".join(found[_key(row)]))
    return table


def _found(findings: pd.DataFrame) -> dict[tuple[str, ...], list[str]]:
    """The causes on each line, in words."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in findings.to_dict("records"):
        is_named = row["cause"] != UNEXPLAINED
        words = f"{cause_words(row['cause'])}, {row['grade']}" if is_named else "[red]unexplained[/]"
        found[_key(row)].append(words)
    return found


def _key(row: dict[Any, Any]) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in LINE)


def _causes(done: StoredClose) -> Table:
    """What each cause comes to per currency, and on how many lines."""
    table = Table("cause", "currency", "billed − expected", "lines", box=None, header_style="bold")
    table.columns[2].justify = table.columns[3].justify = "right"
    for row in cause_totals(done):
        amount = shown(row["amount"], row["currency"], is_signed=True)
        table.add_row(cause_words(row["cause"]), row["currency"], amount, str(row["lines"]))
    return table


def cause_totals(done: StoredClose) -> list[dict[str, Any]]:
    """The causes of a month, those that move most money first: cause, currency, amount, lines."""
    return [
        {"cause": step.cause, "currency": bridge.currency, "amount": step.amount, "lines": step.lines}
        for bridge in bridges(done.lines, done.findings)
        for step in bridge.steps
    ]
