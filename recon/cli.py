"""The command line: thin, every command with an example, `--json` for machines, one clear error for bad input."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from recon.close import StoredClose, close_period, load_close
from recon.close.drills import store_drill
from recon.contracts.clauses import clauses, differences
from recon.contracts.documents import json_schema, load_book
from recon.contracts.lint import lint
from recon.contracts.terms import ContractVersion
from recon.engine import EngineError
from recon.evidence import issue_pack
from recon.explain import explain, explained
from recon.period import Period, instant, instant_of, instant_text
from recon.problems import BadInput, Problem
from recon.review.terminal import cause_totals, show_close
from recon.signoff import lock
from recon.trials import command_biller, find_cases, recon_biller, report, run_trials, summary
from recon.trials.cases import CASES
from recon.trials.drill import PLAIN_BILLER, Asked, drill
from recon.trials.drill_report import show
from recon.trueup import TrueUp, chosen_closes, true_up
from recon.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Recompute every charge and payout of a month from contracts and events, and compare with what was billed.",
)
contracts_app = typer.Typer(no_args_is_help=True, help="Look at the contract book.")
app.add_typer(contracts_app, name="contracts")
sign_app = typer.Typer(no_args_is_help=True, help="Sign months off.")
app.add_typer(sign_app, name="sign")

Folder = Annotated[Path, typer.Option("--workspace", help="The folder with recon.toml.", show_default="here")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Month = Annotated[str, typer.Argument(help="The month, such as 2026-10.")]
HERE = Path(".")
BAD_INPUT, VARIANCES, FAILED_CASES = 2, 3, 3
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


def _month(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise BadInput([Problem("PERIOD", text, "a month YYYY-MM, such as 2026-10")]) from error


def _instant(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else instant(text)
    except ValueError as error:
        raise BadInput([Problem(option, text or "", "an instant, such as 2026-11-04T00:00:00Z")]) from error


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """The step at work, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda step: bar.update(task, description=step)


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=2, default=str, ensure_ascii=False))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="The folder to make.")], as_json: Json = False) -> None:
    """Make a new workspace: a commented recon.toml and empty folders.

    Example: `recon init northwind`
    """
    made = Workspace.init(folder)
    if as_json:
        _print_json({"workspace": str(made.folder), "name": made.name})
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
        with _progress() as told:
            told("making the demo month and its billing")
            subprocess.run([sys.executable, "-m", "fixtures.demo", str(folder)], check=True, stdout=sys.stderr)
    with _progress() as told:
        done = close_period(Workspace.open(folder), _month(DEMO_PERIOD), on_step=told)
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
    known, cut = _instant("--as-known-at", as_known_at), _instant("--cutoff", cutoff)
    with _progress() as told:
        done = close_period(Workspace.open(workspace), _month(period), known, cut, told, is_diagnosed)
    _show(done, as_json)
    if fail_on_variance and len(done.findings):
        raise typer.Exit(VARIANCES)


def _show(done: StoredClose, as_json: bool) -> None:
    """Write the pack of a close, and tell both."""
    with _progress() as told:
        told("writing the evidence pack")
        pack = issue_pack(done)
    if as_json:
        _print_json(_summary(done, pack))
    else:
        show_close(done, pack, Console(highlight=False))


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
    close = load_close(Workspace.open(workspace), _month(period), run)
    if as_json:
        _print_json(explained(close, identity))
    else:
        typer.echo(explain(close, identity))


@app.command()
def evidence(
    period: Month,
    workspace: Folder = HERE,
    output: Annotated[Path | None, typer.Option("-o", help="The file to write, in place of the next pack.")] = None,
    as_json: Json = False,
) -> None:
    """Write the evidence pack of a month's latest run.

    Example: `recon evidence 2026-10 -o october.xlsx --workspace demo`
    """
    pack = issue_pack(load_close(Workspace.open(workspace), _month(period)), output)
    if as_json:
        _print_json({"evidence": str(pack)})
    else:
        typer.echo(str(pack))


@app.command("true-up")
def true_up_command(
    period: Month,
    workspace: Folder = HERE,
    before: Annotated[
        int | None, typer.Option("--from", help="The earlier run; the locked one, else the first, unless named.")
    ] = None,
    after: Annotated[int | None, typer.Option("--to", help="The later run; the latest unless named.")] = None,
    as_json: Json = False,
) -> None:
    """Tell what a month is expected otherwise than in an earlier close, line by line, in money, and why.

    Example: `recon close 2026-10 --cutoff 2026-12-01T00:00:00Z`, then `recon true-up 2026-10 --workspace demo`
    """
    found = true_up(*chosen_closes(Workspace.open(workspace), _month(period), before, after))
    if as_json:
        _print_json(asdict(found))
    else:
        _show_true_up(found)


def _show_true_up(found: TrueUp) -> None:
    typer.echo(f"{found.period}, run {found.before_run} → run {found.after_run}: {len(found.lines)} lines changed")
    for line in found.lines:
        typer.echo(line.words)
    for total in found.totals:
        typer.echo(total.words)


@app.command()
def review(
    workspace: Folder = HERE,
    port: Annotated[int, typer.Option(help="Where to serve the notebooks.")] = 2718,
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
) -> None:
    """Open the month-end review in the browser.

    Example: `recon review --workspace demo`
    """
    folder = Workspace.open(workspace).folder.resolve()
    notebook = Path(__file__).resolve().parent.parent / "notebooks" / "1_month_end.py"
    command = [sys.executable, "-m", "marimo", "run", str(notebook), "--port", str(port)]
    command += ["--headless"] if headless else []
    raise typer.Exit(
        subprocess.run(command, env={**os.environ, "RECON_WORKSPACE": str(folder)}, check=False).returncode
    )


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
    with _progress() as told:
        trials = run_trials(found, biller, told)
    text = report(trials, name)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json:
        _print_json(summary(trials, name))
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
    known, cut = _instant("--as-known-at", as_known_at), _instant("--cutoff", cutoff)
    place, month = Workspace.open(workspace), _month(period)
    with _progress() as told:
        result = drill(place, month, Asked(command, seed, as_known_at=known, cutoff=cut), told)
    stored = store_drill(place, month, result)
    if output is not None:
        output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        _print_json(result)
    else:
        show(result, Console(highlight=False))
        typer.echo(f"stored    {stored}")


@sign_app.command("lock")
def lock_period(
    period: Month,
    workspace: Folder = HERE,
    run: Annotated[int | None, typer.Option(help="The run that stands; the latest unless named.")] = None,
    by: Annotated[str | None, typer.Option(help="Who locks the month.", show_default="you")] = None,
    as_json: Json = False,
) -> None:
    """Lock a month with one of its runs: the next month counts on from it.

    Example: `recon sign lock 2026-10 --workspace demo`
    """
    who, at = by or getpass.getuser(), instant_of(datetime.now(timezone.utc))
    close = lock(Workspace.open(workspace), _month(period), who, at, run)
    if as_json:
        signed = {"period": close.period, "run": close.run, "digest": close.digest}
        _print_json({**signed, "state": "locked", "by": who, "at": instant_text(at)})
    else:
        typer.echo(f"{close.period} is locked with run {close.run}, by {who} at {instant_text(at)}")


@contracts_app.command("list")
def list_contracts(workspace: Folder = HERE, as_json: Json = False) -> None:
    """Every version in the book.

    Example: `recon contracts list --workspace demo`
    """
    versions = load_book(Workspace.open(workspace).contracts).versions
    rows = [_listed(version) for version in versions]
    if as_json:
        _print_json(rows)
        return
    table = Table(*rows[0] if rows else ("contract",), box=None, header_style="bold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(highlight=False).print(table)


def _listed(version: ContractVersion) -> dict[str, object]:
    return {
        "contract": version.contract,
        "version": version.version,
        "kind": version.kind,
        "from": version.effective.first,
        "to": version.effective.last or "open",
        "status": version.status,
        "direction": version.direction,
        "model": version.terms.model if version.terms else "–",
        "currency": version.currency,
        "counterparty": version.counterparty.name,
    }


@contracts_app.command("show")
def show_contract(
    contract: Annotated[str, typer.Argument(help="The contract's id.")],
    version: Annotated[int | None, typer.Argument(help="A version; the latest unless named.")] = None,
    workspace: Folder = HERE,
    as_json: Json = False,
) -> None:
    """One version with all its clauses, the defaults among them.

    Example: `recon contracts show northwind-ctv 2 --workspace demo`
    """
    found = _version(workspace, contract, version)
    stated = [asdict(clause) for clause in clauses(found)]
    if as_json:
        _print_json({**_listed(found), "clauses": stated})
        return
    typer.echo("  ".join(f"{name} {value}" for name, value in _listed(found).items()))
    for clause in stated:
        typer.echo(f"  {clause['path']}: {clause['value']}{'  (default)' if clause['is_default'] else ''}")


@contracts_app.command("diff")
def diff_contract(
    contract: Annotated[str, typer.Argument(help="The contract's id.")],
    before: Annotated[int, typer.Argument(help="The earlier version.")],
    after: Annotated[int, typer.Argument(help="The later version.")],
    workspace: Folder = HERE,
    as_json: Json = False,
) -> None:
    """What a version changed.

    Example: `recon contracts diff northwind-ctv 1 2 --workspace demo`
    """
    changes = differences(_version(workspace, contract, before), _version(workspace, contract, after))
    if as_json:
        _print_json([asdict(change) for change in changes])
        return
    for change in changes:
        typer.echo(f"{change.path}: {change.before or '–'} → {change.after or '–'}")


@contracts_app.command("lint")
def lint_contracts(workspace: Folder = HERE, as_json: Json = False) -> None:
    """Every ambiguity and oddity of the book; status 2 when something is refused.

    Example: `recon contracts lint --workspace demo`
    """
    today = datetime.now(timezone.utc).date()
    found = lint(load_book(Workspace.open(workspace).contracts), today)
    if as_json:
        _print_json([asdict(problem) for problem in found])
    else:
        for problem in found:
            typer.echo(f"{problem.level}: {problem}")
        typer.echo(f"{len(found)} remark{'' if len(found) == 1 else 's'}")
    if any(problem.level == "refused" for problem in found):
        raise typer.Exit(BAD_INPUT)


@contracts_app.command("schema")
def contract_schema() -> None:
    """The JSON Schema of a contract document, for editors.

    Example: `recon contracts schema > contracts/schema.json`
    """
    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _version(folder: Path, contract: str, number: int | None) -> ContractVersion:
    book = load_book(Workspace.open(folder).contracts)
    versions = book.versions_of(contract)
    if not versions:
        raise BadInput([Problem("contract", contract, f"one of {', '.join(book.contracts)}")])
    found = versions[-1] if number is None else book.version(contract, number)
    if found is None:
        there = ", ".join(str(version.version) for version in versions)
        raise BadInput([Problem(f"version of {contract}", str(number), f"one of {there}")])
    return found


if __name__ == "__main__":
    main()
