"""The command line: thin, every command with an example, `--json` for machines, one clear error for bad input."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from recon.cli.contracts import contracts_app
from recon.cli.options import (
    BAD_INPUT,
    HERE,
    Folder,
    Folders,
    Json,
    Month,
    instant_at,
    month_of,
    print_json,
    progress,
)
from recon.cli.reviewing import serve
from recon.cli.signing import findings_app, sign_app
from recon.cli.trueup import true_up_command
from recon.cli.verifying import verify_file, verify_ledger
from recon.close import StoredClose, close_period, load_close
from recon.close.drills import store_drill
from recon.engine import EngineError
from recon.evidence import issue_pack, journals_of, write_draft
from recon.explain import explain, explained
from recon.problems import BadInput
from recon.review import dispute
from recon.review import report as html_report
from recon.review.terminal import cause_totals, show_close
from recon.signoff import Dossier
from recon.trials import command_biller, find_cases, recon_biller, report, run_trials, summary
from recon.trials.cases import CASES
from recon.trials.drill import PLAIN_BILLER, Asked, drill
from recon.trials.drill_report import show
from recon.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Recompute every charge and payout of a month from contracts and events, and compare with what was billed.",
)
app.add_typer(contracts_app, name="contracts")
app.add_typer(sign_app, name="sign")
app.add_typer(findings_app, name="findings")
app.command("true-up")(true_up_command)

VARIANCES, FAILED_CASES = 3, 3
DEMO_PERIOD = "2026-10"


def main() -> None:
    """Run the command line; bad input ends with every problem, one a line, and status 2."""
    try:
        app()
    except (BadInput, EngineError) as error:
        _complain(error)
        raise SystemExit(BAD_INPUT) from None


def _complain(error: BadInput | EngineError) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    problems = error.problems if isinstance(error, BadInput) else (str(error),)
    console.print(f"[bold red]{len(problems)} problem{'s' if len(problems) > 1 else ''}, nothing stored[/]")
    for problem in problems:
        console.print(f"  {problem}", markup=False)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="The folder to make.")], as_json: Json = False) -> None:
    """Make a new workspace: a commented recon.toml and empty folders.

    Example: `recon init northwind`
    """
    made = Workspace.init(folder)
    if as_json:
        print_json({"workspace": str(made.folder), "name": made.name})
    else:
        typer.echo(f"{made.folder}: a new workspace; tell recon.toml where contracts and data are, then `recon close`")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to make the demo.")] = Path("demo"), as_json: Json = False
) -> None:
    """Make the demo month (two million impressions, about ten billing errors) and close it.

    Example: `recon demo`, then `recon review --workspace demo`
    """
    if not (folder / "recon.toml").exists():
        with progress() as told:
            told("making the demo month and its billing")
            subprocess.run([sys.executable, "-m", "fixtures.demo", str(folder)], check=True, stdout=sys.stderr)
    with progress() as told:
        done = close_period(Workspace.open(folder), month_of(DEMO_PERIOD), on_step=told)
    _show(done, as_json)


@app.command()
def close(  # noqa: PLR0917
    period: Month,
    workspace: Folder = HERE,
    as_known_at: Annotated[str | None, typer.Option(help="Only what was known at this instant counts.")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Events ingested later are late, in place of cutoff_days.")] = None,
    fail_on_variance: Annotated[bool, typer.Option(help="End with status 3 when variances are left open.")] = False,
    is_diagnosed: Annotated[
        bool, typer.Option("--diagnosis/--no-diagnosis", help="Look for the cause of every variance.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Recompute a month, compare it with what was billed, name the causes, store the run and write its evidence.

    Example: `recon close 2026-10 --workspace demo`
    """
    known, cut = instant_at("--as-known-at", as_known_at), instant_at("--cutoff", cutoff)
    with progress() as told:
        done = close_period(Workspace.open(workspace), month_of(period), known, cut, told, is_diagnosed)
    _show(done, as_json)
    if fail_on_variance and len(done.findings):
        raise typer.Exit(VARIANCES)


def _show(done: StoredClose, as_json: bool) -> None:
    """Write the pack of a close, and tell both."""
    with progress() as told:
        told("writing the evidence pack")
        pack = issue_pack(done, getpass.getuser(), told=_found)
    if as_json:
        print_json(_summary(done, pack))
    else:
        show_close(done, pack, Console(highlight=False))


def _found(words: str) -> None:
    """What others left who were stopped while issuing a pack."""
    typer.echo(f"found     {words}", err=True)


def _summary(done: StoredClose, pack: Path) -> dict[str, Any]:
    return {
        "period": done.period,
        "run": done.run,
        "folder": str(done.folder),
        "evidence": str(pack),
        "digest": done.manifest["digest"],
        "statuses": {str(status): int(count) for status, count in done.lines["status"].value_counts().items()},
        "findings": len(done.findings),
        "causes": cause_totals(done),
        "not_priced": [list(one) for one in done.not_priced],
        "rejected": len(done.rejected),
        "reused": done.reused,
    }


@app.command("explain")
def explain_command(
    period: Month,
    identity: Annotated[str, typer.Argument(metavar="ID", help="A line, a finding, a conversion or an impression.")],
    workspace: Folder = HERE,
    run: Annotated[int | None, typer.Option(help="A run of the month; the latest unless named.")] = None,
    as_json: Json = False,
) -> None:
    """Say in words, with rule numbers, how a line came about or what happened to an event.

    Example: `recon explain 2026-10 northwind-ctv/NW-CTV-RUN/charge/USD --workspace demo`
    """
    close = load_close(Workspace.open(workspace), month_of(period), run)
    if as_json:
        print_json(explained(close, identity))
    else:
        typer.echo(explain(close, identity))


@app.command()
def evidence(
    period: Month,
    workspace: Folder = HERE,
    output: Annotated[Path | None, typer.Option("-o", help="A file to write a draft to; nothing is issued.")] = None,
    journals: Annotated[Path | None, typer.Option(help="A CSV to write the proposed journal entries to, too.")] = None,
    as_json: Json = False,
) -> None:
    """Issue the evidence pack of a month's latest run, with all that people decided and signed since.

    It gets the month's next number and is entered in the ledger. A draft written with -o has none, and says so.

    Example: `recon evidence 2026-10 -o october.xlsx --journals october.csv --workspace demo`
    """
    done = load_close(Workspace.open(workspace), month_of(period))
    pack = write_draft(done, output) if output else issue_pack(done, getpass.getuser(), told=_found)
    if journals is not None:
        journals.write_text(journals_of(done), encoding="utf-8", newline="")
    if as_json:
        print_json({"evidence": str(pack), "journals": None if journals is None else str(journals)})
    else:
        typer.echo("\n".join(str(path) for path in (pack, journals) if path is not None))


@app.command("report")
def report_command(  # noqa: PLR0917
    period: Month,
    output: Annotated[Path, typer.Option("-o", help="The HTML file to write.")],
    workspace: Folder = HERE,
    counterparty: Annotated[
        str, typer.Option(help="Only what is open with this counterparty, and nobody else's figures.")
    ] = "",
    run: Annotated[int | None, typer.Option(help="A run of the month; the latest unless named.")] = None,
    as_json: Json = False,
) -> None:
    """Write the close as one HTML file that stands alone; for one counterparty, what is claimed from it.

    Example: `recon report 2026-10 -o october.html --workspace demo`
    """
    done = load_close(Workspace.open(workspace), month_of(period), run)
    said = Dossier.of(done)
    text = dispute(done, said, counterparty) if counterparty else html_report(done, said)
    output.write_text(text, encoding="utf-8", newline="")
    if as_json:
        print_json({"report": str(output)})
    else:
        typer.echo(str(output))


@app.command()
def review(
    workspace: Folders = [HERE],  # noqa: B006
    port: Annotated[int, typer.Option(help="Where to serve the pages; the next free one where it is taken.")] = 2718,
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
    host: Annotated[str, typer.Option(help="Where to listen; others reach it only if you say so.")] = "127.0.0.1",
    user_header: Annotated[
        str, typer.Option(help="The header in which a proxy names the person, who then acts by no other name.")
    ] = "",
) -> None:
    """Serve the start page with the month-end review, the contracts and all other pages, and open it in the browser.

    Example: `recon review --workspace demo`
    Example: `recon review --workspace demo --workspace acme`
    """
    folders = [Workspace.open(one).folder.resolve() for one in workspace]
    raise typer.Exit(serve(folders, host, port, headless, user_header))


@app.command()
def conformance(
    cases: Annotated[Path, typer.Option(help="The folder of cases.", show_default="recon's own")] = CASES,
    command: Annotated[
        str | None, typer.Option(help="A biller to try: 'CMD {workspace} {period} {out}'. Without it, recon itself.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only cases whose names hold this text.")] = "",
    as_json: Json = False,
    output: Annotated[Path | None, typer.Option("-o", help="The file to write the report to.")] = None,
) -> None:
    """Try the hand-checkable cases on recon, or on any biller; status 3 when some fail.

    Example: `recon conformance --command 'python -m fixtures.plain_biller {workspace} {period} {out}' -o report.md`
    """
    found = find_cases(cases, only)
    name, biller = ("recon", recon_biller) if command is None else (f"`{command}`", command_biller(command))
    with progress() as told:
        trials = run_trials(found, biller, told)
    text = report(trials, name)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json:
        print_json(summary(trials, name))
    else:
        typer.echo(text if output is None else f"{text.splitlines()[0].lstrip('# ')}: {output}")
    if any(trial.verdict in ("failed", "refused") for trial in trials):
        raise typer.Exit(FAILED_CASES)


@app.command("drill")
def drill_command(  # noqa: PLR0917
    period: Month,
    workspace: Folder = HERE,
    command: Annotated[
        str, typer.Option(help="The biller: 'CMD {workspace} {period} {out}'.", show_default="the plain biller")
    ] = PLAIN_BILLER,
    seed: Annotated[int, typer.Option(help="What is drawn: the same seed plants the same errors.")] = 1,
    as_known_at: Annotated[str | None, typer.Option(help="Only what was known at this instant counts.")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Events ingested later are late, in place of cutoff_days.")] = None,
    as_json: Json = False,
    output: Annotated[Path | None, typer.Option("-o", help="A file to write the result to, beside drills/.")] = None,
) -> None:
    """Plant every known billing error in a copy of a month, and tell which of them its close finds and names.

    Example: `recon drill 2026-10 --workspace demo`
    """
    known, cut = instant_at("--as-known-at", as_known_at), instant_at("--cutoff", cutoff)
    place, month = Workspace.open(workspace), month_of(period)
    with progress() as told:
        result = drill(place, month, Asked(command, seed, as_known_at=known, cutoff=cut), told)
    stored = store_drill(place, month, result)
    if output is not None:
        output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        show(result, Console(highlight=False))
        typer.echo(f"stored    {stored}")


@app.command("verify")
def verify(
    file: Annotated[Path | None, typer.Argument(help="An evidence pack; without it, the workspace's ledger.")] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(
            help="The folder with recon.toml; with FILE, its ledger and inputs are asked too.", show_default="here"
        ),
    ] = None,
    previous: Annotated[Path | None, typer.Option(help="Last month's pack, where it is not beside FILE.")] = None,
    as_json: Json = False,
) -> None:
    """Check an evidence pack, or the ledger's chain and the files of every run; what was altered is named.

    A pack is checked cell by cell and needs no workspace for it. Status 2 where something does not hold.

    Example: `recon verify evidence/2026-10/1.xlsx --workspace demo`
    """
    if file is not None:
        verify_file(file, workspace, previous, as_json)
    else:
        verify_ledger(workspace or HERE, as_json)
