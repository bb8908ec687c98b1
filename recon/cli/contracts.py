"""`recon contracts …`: the book looked at, and contracts written, decided, amended, renewed and ended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.cli.acts import acts_app
from recon.cli.options import BAD_INPUT, HERE, Folder, Json, instant_at, print_json
from recon.close.contracts import contracts_of, in_force_on
from recon.contracting import exported, history_words, waiting
from recon.contracts.book import Book
from recon.contracts.clauses import clauses, differences
from recon.contracts.documents import schema_text
from recon.contracts.lint import lint
from recon.contracts.renewing import due
from recon.contracts.terms import ContractVersion
from recon.contracts.wording import difference_words
from recon.ledger import Ledger, Registered
from recon.money import plain
from recon.period import instant_text, moment
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

contracts_app = typer.Typer(no_args_is_help=True, help="Keep the contracts: look, write, decide, amend, renew, end.")
contracts_app.registered_commands += acts_app.registered_commands


def _book(folder: Path) -> Book:
    """The register with what the folder's documents bring to it."""
    return contracts_of(Workspace.open(folder)).book


def _table(rows: list[dict[str, object]]) -> None:
    table = Table(*rows[0] if rows else ("contract",), box=None, header_style="bold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(highlight=False).print(table)


@contracts_app.command("list")
def list_contracts(
    workspace: Folder = HERE,
    on: Annotated[str | None, typer.Option(help="Only what is in force on this date.")] = None,
    as_known_at: Annotated[str | None, typer.Option(help="As it was known at this instant.")] = None,
    as_json: Json = False,
) -> None:
    """Every version in the book; or what was in force on a date, as it was known at an instant.

    Example: `recon contracts list --on 2026-10-16 --as-known-at 2026-10-20T00:00:00Z --workspace demo`
    """
    known = instant_at("--as-known-at", as_known_at)
    if on is not None:
        found = in_force_on(Workspace.open(workspace), _date("--on", on), known)
        rows = [_listed_in_force(one) for one in found]
    else:
        book = _book(workspace)
        rows = [_listed(one) for one in (book if known is None else book.known_at(known)).versions]
    print_json(rows) if as_json else _table(rows)


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput([Problem(option, text, "a date, such as 2026-10-16")]) from error


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


def _listed_in_force(one: Registered) -> dict[str, object]:
    return {
        "contract": one.contract,
        "version": one.version,
        "kind": one.kind,
        "from": one.effective.first,
        "to": one.effective.last or "open",
        "status": "approved",
        "direction": one.direction,
        "model": one.model,
        "currency": one.currency,
        "counterparty": one.counterparty,
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
        print_json({**_listed(found), "clauses": stated})
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
    """What a version changed, in words.

    Example: `recon contracts diff northwind-ctv 1 2 --workspace demo`
    """
    one, other = _version(workspace, contract, before), _version(workspace, contract, after)
    if as_json:
        print_json([asdict(change) for change in differences(one, other)])
    else:
        typer.echo("\n".join(difference_words(one, other)) or "no difference")


@contracts_app.command("lint")
def lint_contracts(workspace: Folder = HERE, as_json: Json = False) -> None:
    """Every ambiguity and oddity of the book; status 2 when something is refused.

    Example: `recon contracts lint --workspace demo`
    """
    found = lint(_book(workspace), _today())
    if as_json:
        print_json([asdict(problem) for problem in found])
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
    typer.echo(schema_text(), nl=False)


@contracts_app.command("due")
def due_contracts(
    workspace: Folder = HERE,
    on: Annotated[str | None, typer.Option(help="As of this date; today unless said.")] = None,
    as_json: Json = False,
) -> None:
    """Contracts that end unless they are renewed, those whose notice date comes first on top.

    Example: `recon contracts due --workspace demo`
    """
    found = due(_book(workspace).known_at(None), _today() if on is None else _date("--on", on))
    rows: list[dict[str, object]] = [
        {
            "contract": one.contract,
            "version": one.version,
            "ends": one.ends,
            "notice by": one.notice_by,
            "renews": "by its clause" if one.is_auto else "by agreement",
            "months": one.term_months,
            "escalator %": plain(one.escalator_percent),
            "is": "overdue" if one.is_overdue else "ahead",
        }
        for one in found
    ]
    print_json(rows) if as_json else _table(rows)


@contracts_app.command("inbox")
def inbox(workspace: Folder = HERE, as_json: Json = False) -> None:
    """Versions that wait: for an approval first, then the drafts; each with what it changes in words.

    Example: `recon contracts inbox --workspace demo`
    """
    found = waiting(Workspace.open(workspace))
    if as_json:
        print_json([{**_listed(one.version), "since": instant_text(one.since), "authors": one.authors,
                     "endorsed_by": one.endorsed_by, "changes": one.words} for one in found])  # fmt: skip
        return
    for one in found:
        by = f"by {', '.join(one.authors)}" + (f", endorsed by {', '.join(one.endorsed_by)}" if one.endorsed_by else "")
        typer.echo(f"{one.version.contract} v{one.version.version}: {one.status} since {moment(one.since)} UTC, {by}")
        for words in one.words:
            typer.echo(f"  {words}")
    typer.echo(f"{len(found)} version{'' if len(found) == 1 else 's'} open")


@contracts_app.command("history")
def history(
    contract: Annotated[str, typer.Argument(help="The contract's id.")],
    workspace: Folder = HERE,
    as_json: Json = False,
) -> None:
    """What was done to a contract: who, what, when, why.

    Example: `recon contracts history northwind-ctv --workspace demo`
    """
    place = Workspace.open(workspace)
    if as_json:
        with Ledger.open(place.database_url, place.closes) as ledger:
            print_json([asdict(act) | {"at": instant_text(act.at)} for act in ledger.register.acts(contract)])
        return
    told = list(history_words(place, contract))
    if not told:
        raise BadInput([Problem("contract", contract, "a contract of the register; `recon contracts import` fills it")])
    typer.echo("\n".join(told))


@contracts_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write the documents.")],
    contract: Annotated[str | None, typer.Argument(help="One contract; all unless named.")] = None,
    workspace: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write the kept versions as documents.

    Example: `recon contracts export book --workspace demo`
    """
    written = exported(Workspace.open(workspace), folder, contract)
    if as_json:
        print_json([str(path) for path in written])
    else:
        typer.echo(f"{len(written)} documents in {folder}")


def _version(folder: Path, contract: str, number: int | None) -> ContractVersion:
    book = _book(folder)
    versions = book.versions_of(contract)
    if not versions:
        raise BadInput([Problem("contract", contract, f"one of {', '.join(book.contracts)}")])
    found = versions[-1] if number is None else book.version(contract, number)
    if found is None:
        there = ", ".join(str(version.version) for version in versions)
        raise BadInput([Problem(f"version of {contract}", str(number), f"one of {there}")])
    return found


def _today() -> date:
    return datetime.now(timezone.utc).date()
