"""`recon true-up`: what two runs of a month differ by, and accepting it line by line."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from recon.cli.options import HERE, Folder, Json, Month, month_of, print_json
from recon.ledger import FindingAct
from recon.money import plain
from recon.period import instant_of, instant_text, moment
from recon.trueup import TrueUp, accept_true_up, accepted_of, chosen_closes, true_up
from recon.workspace import Workspace


def true_up_command(  # noqa: PLR0917
    period: Month,
    workspace: Folder = HERE,
    before: Annotated[
        int | None, typer.Option("--from", help="The earlier run; the locked one, else the first, unless named.")
    ] = None,
    after: Annotated[int | None, typer.Option("--to", help="The later run; the latest unless named.")] = None,
    accept: Annotated[
        str, typer.Option(metavar="ID", help="Accept a line's true-up by its finding id: settled in the open month.")
    ] = "",
    by: Annotated[str | None, typer.Option(help="Who accepts.", show_default="you")] = None,
    reason: Annotated[str, typer.Option(help="Why it is accepted, for the trail.")] = "",
    as_json: Json = False,
) -> None:
    """Tell what a month is expected otherwise than in an earlier close, line by line, in money, and why.

    With `--accept` a line's true-up is settled in the month after the last locked one, where an adjustment is expected.

    Example: `recon close 2026-10 --cutoff 2026-12-01T00:00:00Z`, then `recon true-up 2026-10 --workspace demo`
    """
    place, month = Workspace.open(workspace), month_of(period)
    closes = chosen_closes(place, month, before, after)
    if accept:
        now = instant_of(datetime.now(timezone.utc))
        _show_accepted(accept_true_up(place, *closes, accept, by or getpass.getuser(), now, reason), as_json)
        return
    found, accepted = true_up(*closes), accepted_of(place, month)
    if as_json:
        print_json({**asdict(found), "accepted": [_said(one) for one in accepted.values()]})
    else:
        _show(found, accepted)


def _show(found: TrueUp, accepted: Mapping[str, FindingAct]) -> None:
    typer.echo(f"{found.period}, run {found.before_run} → run {found.after_run}: {len(found.lines)} lines changed")
    for line in found.lines:
        typer.echo(line.words)
        typer.echo(f"  id: {line.finding_id}")
        if line.finding_id in accepted:
            typer.echo(f"  {_words(accepted[line.finding_id])}")
    for total in found.totals:
        typer.echo(total.words)


def _show_accepted(act: FindingAct, as_json: bool) -> None:
    if as_json:
        print_json(_said(act))
    else:
        typer.echo(f"{act.finding_id}: {_words(act)}; an adjustment of {plain(-act.amount)} is expected from then on")


def _said(act: FindingAct) -> dict[str, Any]:
    return {**asdict(act), "by": act.who, "at": instant_text(act.at)}


def _words(act: FindingAct) -> str:
    """An acceptance in words; the amount as the line's expectation changed."""
    at = f"by {act.who} at {moment(act.at)} UTC: {act.reason}"
    return f"accepted at {act.currency} {plain(-act.amount)}, settled in {act.period}, {at}"
