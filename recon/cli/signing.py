"""`recon sign prepare|review|return|lock|reopen|status|roll-forward` and `recon findings list|assign|dispose|…`."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from recon.cli.options import HERE, Folder, Json, Month, month_of, print_json, progress
from recon.ledger import FindingAct, Signed
from recon.ledger.signing import Disposition
from recon.money import plain
from recon.period import instant_of, instant_text, moment
from recon.signoff import (
    Item,
    RollForward,
    Standing,
    accept_rows,
    assign,
    comment,
    dispose,
    roll_forward,
    sign,
    standing,
)
from recon.workspace import Workspace

sign_app = typer.Typer(no_args_is_help=True, help="Sign months off: prepare, review, lock; return and reopen.")
findings_app = typer.Typer(no_args_is_help=True, help="Decide what becomes of a month's findings.")
By = Annotated[str | None, typer.Option(help="Who acts.", show_default="you")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the trail.")]
Run = Annotated[int | None, typer.Option(help="The run; the one under way, else the latest, unless named.")]
Finding = Annotated[str, typer.Argument(metavar="FINDING", help="The finding's id, as findings.csv has it.")]


def _now() -> int:
    return instant_of(datetime.now(timezone.utc))


@sign_app.command()
def prepare(period: Month, workspace: Folder = HERE, run: Run = None, by: By = None, as_json: Json = False) -> None:
    """Say that a month's run is ready to be reviewed.

    Example: `recon sign prepare 2026-10 --by pat --workspace demo`
    """
    _sign(workspace, period, "prepare", by, "", run, as_json)


@sign_app.command()
def review(period: Month, workspace: Folder = HERE, run: Run = None, by: By = None, as_json: Json = False) -> None:
    """Say that a prepared month is right: somebody else than its preparer.

    Example: `recon sign review 2026-10 --by rae --workspace demo`
    """
    _sign(workspace, period, "review", by, "", run, as_json)


@sign_app.command("return")
def return_period(
    period: Month, workspace: Folder = HERE, by: By = None, reason: Why = "", as_json: Json = False
) -> None:
    """Give a prepared or reviewed month back to its preparer, with a reason.

    Example: `recon sign return 2026-10 --by rae --reason 'the Kumo rate first' --workspace demo`
    """
    _sign(workspace, period, "return", by, reason, None, as_json)


@sign_app.command()
def lock(period: Month, workspace: Folder = HERE, run: Run = None, by: By = None, as_json: Json = False) -> None:
    """Lock a reviewed month: later months count on from it.

    Example: `recon sign lock 2026-10 --by rae --workspace demo`
    """
    _sign(workspace, period, "lock", by, "", run, as_json)


@sign_app.command()
def reopen(period: Month, workspace: Folder = HERE, by: By = None, reason: Why = "", as_json: Json = False) -> None:
    """Open a locked month again, with a reason; the next close makes a new run beside the old.

    Example: `recon sign reopen 2026-10 --by rae --reason 'late conversions of Kumo' --workspace demo`
    """
    _sign(workspace, period, "reopen", by, reason, None, as_json)


@sign_app.command()
def status(period: Month, workspace: Folder = HERE, as_json: Json = False) -> None:
    """Tell where a month stands: who signed what, whether that still holds, and what is left before it can be locked.

    Example: `recon sign status 2026-10 --workspace demo`
    """
    with progress() as told:
        told("looking at inputs, contracts and settings again")
        found = standing(Workspace.open(workspace), month_of(period))
    if as_json:
        print_json({**asdict(found), "left": [str(one) for one in found.left]})
    else:
        _show_standing(found)


def _show_standing(found: Standing) -> None:
    typer.echo(f"{found.period}, run {found.run}: {found.state}")
    for one in found.way:
        typer.echo(f"  {_told(one)}")
    if found.stale is not None:
        typer.echo(found.stale.words)
        for line in found.stale.lines:
            typer.echo(f"  {line.words}")
    for problem in found.left:
        typer.echo(f"  left: {problem.value}; wanted: {problem.expected}")


@sign_app.command("roll-forward")
def roll_forward_command(period: Month, workspace: Folder = HERE, as_json: Json = False) -> None:
    """Tell the open items of a month: opening + new − cleared = closing, with ages; and what was let pass over months.

    Example: `recon sign roll-forward 2026-10 --workspace demo`
    """
    found = roll_forward(Workspace.open(workspace), month_of(period))
    if as_json:
        print_json(asdict(found))
    else:
        _show_items(found)
        _show_passing(found)


PARTS = ("opening", "new", "cleared", "closing")


def _show_items(found: RollForward) -> None:
    console = Console(highlight=False)
    totals = Table("currency", *PARTS, title=f"{found.period}, run {found.run}", title_justify="left")
    for currency in found.currencies:
        totals.add_row(currency, *(plain(found.total(part, currency)) for part in PARTS))
    console.print(totals)
    items = Table("open item", "amount", "disposition", "by", "owner", "days")
    for one in found.closing:
        items.add_row(*_item(one))
    console.print(items if found.closing else "no open items")
    for one in (one for one in found.closing if one.words):
        typer.echo(f"{one.finding_id}: {one.words}")


def _show_passing(found: RollForward) -> None:
    """What was waived and what lay below tolerance, by counterparty, over the months that count."""
    table = Table("let pass with", "month", "waived", "below tolerance", "together", "")
    for one in found.passing:
        name = f"{one.party.name or one.party.id} ({one.party.direction}s)"
        for month in one.months:
            amounts = (f"{one.currency} {plain(amount)}" for amount in (month.waived, month.below, month.net))
            is_last = month is one.months[-1]
            table.add_row(name, month.period, *amounts, "drift" if one.is_drift and is_last else "")
    if found.passing:
        Console(highlight=False).print(table)


def _item(one: Item) -> Sequence[str]:
    amount = f"{one.currency} {plain(one.amount)}"
    return one.finding_id, amount, one.disposition or "none yet", one.decided_by, one.owner, f"{one.days} ({one.age})"


def _sign(  # noqa: PLR0917
    workspace: Folder, period: str, action: str, by: str | None, reason: str, run: int | None, as_json: bool
) -> None:
    who = by or getpass.getuser()
    with progress() as told:
        told("looking at inputs, contracts and settings again")
        signed = sign(Workspace.open(workspace), month_of(period), action, who, _now(), reason, run)
    if as_json:
        print_json({**asdict(signed), "by": signed.who, "at": instant_text(signed.at)})
    else:
        typer.echo(f"{signed.period} is {_told(signed)}")


def _told(one: Signed) -> str:
    reason = f": {one.reason}" if one.reason else ""
    return f"{one.state} with run {one.run}, by {one.who} at {moment(one.at)} UTC{reason}"


@findings_app.command("list")
def list_findings(period: Month, workspace: Folder = HERE, as_json: Json = False) -> None:
    """List a month's open items with what was decided about them: its findings, what was carried, drift, true-ups.

    Example: `recon findings list 2026-10 --workspace demo`
    """
    found = roll_forward(Workspace.open(workspace), month_of(period))
    if as_json:
        print_json([asdict(one) for one in (*found.opening, *found.new)])
    else:
        _show_items(found)


@findings_app.command("assign")
def assign_finding(  # noqa: PLR0917
    period: Month,
    finding: Finding,
    to: Annotated[str, typer.Option(help="The owner.")],
    workspace: Folder = HERE,
    by: By = None,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """Give a finding an owner.

    Example: `recon findings assign 2026-10 2026-10/fjord-ctv/FJ-CTV/charge/USD/stale_version --to sam --by pat`
    """
    who = by or getpass.getuser()
    _acted(assign(Workspace.open(workspace), month_of(period), finding, to, who, _now(), reason), as_json)


@findings_app.command("dispose")
def dispose_finding(  # noqa: PLR0917
    period: Month,
    finding: Finding,
    disposition: Annotated[Disposition, typer.Option("--as", help="What becomes of it.")],
    workspace: Folder = HERE,
    by: By = None,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """Say what becomes of a finding: accept, dispute, timing, or waive within materiality, with a reason.

    An open item of an earlier month is decided again in the month that is open: name that month and the item's id.

    Example: `recon findings dispose 2026-10 2026-10/fjord-ctv/FJ-CTV/charge/USD/stale_version --as accept --by pat`
    """
    who = by or getpass.getuser()
    place, month = Workspace.open(workspace), month_of(period)
    _acted(dispose(place, month, finding, disposition, who, _now(), reason), as_json)


@findings_app.command("comment")
def comment_finding(  # noqa: PLR0917
    period: Month,
    finding: Finding,
    text: Annotated[str, typer.Argument(help="What is to be said.")],
    workspace: Folder = HERE,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say something about a finding.

    Example: `recon findings comment 2026-10 2026-10/fjord-ctv/FJ-CTV/charge/USD/stale_version 'credit asked for'`
    """
    who = by or getpass.getuser()
    _acted(comment(Workspace.open(workspace), month_of(period), finding, text, who, _now()), as_json)


@findings_app.command("accept-rows")
def accept_rejected(  # noqa: PLR0917
    period: Month,
    dataset: Annotated[str, typer.Argument(help="The dataset whose rejected rows are accepted.")],
    workspace: Folder = HERE,
    by: By = None,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """Accept the rejected rows of a dataset by name, so that the month can be signed off.

    Example: `recon findings accept-rows 2026-10 clicks --reason 'test rows of the tracker' --by rae --workspace demo`
    """
    who = by or getpass.getuser()
    _acted(accept_rows(Workspace.open(workspace), month_of(period), dataset, who, _now(), reason), as_json)


def _acted(act: FindingAct, as_json: bool) -> None:
    said: dict[str, Any] = {**asdict(act), "by": act.who, "at": instant_text(act.at)}
    if as_json:
        print_json(said)
    else:
        money = f" {act.currency} {plain(act.amount)}" if act.currency else ""
        owner = f" to {act.owner}" if act.owner else ""
        typer.echo(f"{act.finding_id}{money}: {act.action}{owner}, by {act.who} at {moment(act.at)} UTC")
