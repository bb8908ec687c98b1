"""`recon contracts new|edit|submit|approve|reject|withdraw|amend|correct|renew|terminate|reinstate|import|preview`."""

from __future__ import annotations

import getpass
import re
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Annotated

import click
import typer

from recon.cli.options import HERE, Folder, Json, print_json, progress
from recon.contracting import Effect, Office, effects_of
from recon.contracting.questions import before
from recon.contracts.changing import changed
from recon.contracts.documents import document_text, parse_version, read_version
from recon.contracts.lifecycle import Act
from recon.contracts.lint import accepted
from recon.contracts.renewing import due
from recon.contracts.terms import ContractVersion
from recon.contracts.wording import difference_words
from recon.ledger import Ledger
from recon.money import plain
from recon.period import instant_of, instant_text, moment
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

acts_app = typer.Typer()
Contract = Annotated[str, typer.Argument(help="The contract's id.")]
Number = Annotated[int, typer.Argument(help="The version's number.")]
By = Annotated[str | None, typer.Option(help="Who acts.", show_default="you")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the trail.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="A clause and its value: 'minimum.amount=5000.00'.")]
From = Annotated[str, typer.Option("--from", help="The first date.")]
To = Annotated[str | None, typer.Option("--to", help="The last date.")]


def _office(folder: Path, by: str | None) -> Office:
    return Office(Workspace.open(folder), by or getpass.getuser(), instant_of(datetime.now(timezone.utc)))


def _settings(said: list[str] | None) -> dict[str, str]:
    wrong = [Problem("--set", one, "a clause and its value, CLAUSE=VALUE") for one in said or () if "=" not in one]
    if wrong:
        raise BadInput(wrong)
    return {name.strip(): value.strip() for name, _, value in (one.partition("=") for one in said or ())}


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput([Problem(option, text, "a date, such as 2026-10-16")]) from error


def _known(folder: Path, contract: str) -> tuple[ContractVersion, ...]:
    place = Workspace.open(folder)
    with Ledger.open(place.database_url, place.closes) as ledger:
        return ledger.register.versions_of(contract)


def _drafted(folder: Path, draft: ContractVersion, as_json: bool) -> None:
    """A draft with what it changes in words, and what comes next."""
    was = before(_known(folder, draft.contract), draft)
    words = difference_words(was, draft) if was is not None else ()
    name = f"{draft.contract} v{draft.version}"
    if as_json:
        print_json({"contract": draft.contract, "version": draft.version, "status": draft.status, "changes": words})
        return
    typer.echo(f"{name}: {draft.kind}, {draft.status}")
    for one in words:
        typer.echo(f"  {one}")
    typer.echo(f"next      recon contracts submit {draft.contract} {draft.version}")


def _done(act: Act, as_json: bool) -> None:
    said = {"contract": act.contract, "version": act.version, "action": act.action, "by": act.who,
            "at": instant_text(act.at), "effect": act.effect}  # fmt: skip
    if as_json:
        print_json(said)
        return
    moves = f"; it moves {act.effect} of the last closed month" if act.effect else ""
    more = "; a second approval is asked" if act.action == "endorse" else ""
    typer.echo(f"{act.contract} v{act.version}: {act.action} by {act.who} at {moment(act.at)} UTC{moves}{more}")


@acts_app.command("new")
def new(
    file: Annotated[Path, typer.Argument(help="A contract document.")],
    workspace: Folder = HERE, by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Enter a new contract, or a contract's next version, as a draft, from a document.

    Example: `recon contracts new acme.yaml --by dana --workspace demo`
    """
    _drafted(workspace, _office(workspace, by).new(read_version(file), reason), as_json)


@acts_app.command("edit")
def edit(  # noqa: PLR0917
    contract: Contract, version: Number, workspace: Folder = HERE,
    file: Annotated[Path | None, typer.Option(help="The new text; without it and --set your editor opens.")] = None,
    settings: Settings = None,
    revision: Annotated[int | None, typer.Option(help="The revision you saw; the file may tell it.")] = None,
    by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Change a draft: clauses by --set, from a file, or in your editor.

    Example: `recon contracts edit northwind-ctv 3 --set 'minimum.amount=4000.00' --by dana --workspace demo`
    """
    place = Workspace.open(workspace)
    with Ledger.open(place.database_url, place.closes) as ledger:
        known = {one.version: one for one in ledger.register.versions_of(contract)}
        seen = {act.version: act.revision for act in ledger.register.acts(contract)}
    if version not in known:
        raise BadInput([Problem("version", f"{contract} v{version}", "a version of the register")])
    text, upon = known[version], revision or seen[version]
    if file is not None:
        text, upon = read_version(file), _revision_of(file, revision)
    elif settings is None:
        typed = click.edit(document_text(text), extension=".yaml")
        text = parse_version(typed, f"{contract} v{version}") if typed else text
    text = changed(text, _settings(settings))
    _drafted(workspace, _office(workspace, by).edit(text, upon, reason), as_json)


def _revision_of(file: Path, said: int | None) -> int:
    """The revision that an exported draft tells in its opening lines."""
    told = re.search(r"^# revision (\d+)$", file.read_text(encoding="utf-8-sig"), re.MULTILINE)
    if said is None and told is None:
        raise BadInput([Problem(str(file), "no '# revision' line", "the revision you saw; say --revision")])
    return int(told[1]) if said is None and told is not None else said or 0


@acts_app.command("amend")
def amend(  # noqa: PLR0917
    contract: Contract, first: From, workspace: Folder = HERE, last: To = None, settings: Settings = None,
    by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Draft the next version: the last one with other clauses from a date on.

    Example: `recon contracts amend acme --from 2026-10-16 --set 'items[RUN].rates[0].per_mille=22.00' --by dana`
    """
    end = None if last is None else _day("--to", last)
    draft = _office(workspace, by).amend(contract, _day("--from", first), _settings(settings), end, reason)
    _drafted(workspace, draft, as_json)


@acts_app.command("correct")
def correct(  # noqa: PLR0917
    contract: Contract, version: Number, workspace: Folder = HERE, settings: Settings = None, by: By = None,
    reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Draft a version as it should have been, for the same dates.

    Example: `recon contracts correct northwind-ctv 2 --set 'minimum.amount=5000.00' --reason 'misread' --by dana`
    """
    _drafted(workspace, _office(workspace, by).correct(contract, version, _settings(settings), reason), as_json)


@acts_app.command("renew")
def renew(  # noqa: PLR0917
    contract: Annotated[str | None, typer.Argument(help="The contract's id.")] = None,
    workspace: Folder = HERE, settings: Settings = None,
    is_due: Annotated[bool, typer.Option("--due", help="All that their clause renews by now.")] = False,
    by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Draft the renewal that a contract's clause asks for: its term, its escalator.

    Example: `recon contracts renew --due --by dana --workspace demo`
    """
    office = _office(workspace, by)
    if is_due == (contract is not None):
        raise BadInput([Problem("CONTRACT", contract or "", "a contract, or --due")])
    place = Workspace.open(workspace)
    with Ledger.open(place.database_url, place.closes) as ledger:
        book = ledger.register.book()
    waiting = due(book.known_at(None), datetime.now(timezone.utc).date()) if is_due else ()
    drafts = {one.contract for one in book.versions if one.status in ("draft", "submitted")}
    names = [one.contract for one in waiting if one.is_auto and one.is_overdue and one.contract not in drafts]
    for name in [contract] if contract is not None else names:
        _drafted(workspace, office.renew(name, _settings(settings), reason), as_json)
    if is_due and not names:
        typer.echo("no renewal is due")


@acts_app.command("terminate")
def terminate(  # noqa: PLR0917
    contract: Contract, first: From, workspace: Folder = HERE, by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Draft the end of a contract: from a date on nothing is in force.

    Example: `recon contracts terminate northwind-ctv --from 2026-12-01 --by dana --workspace demo`
    """
    _drafted(workspace, _office(workspace, by).terminate(contract, _day("--from", first), reason), as_json)


@acts_app.command("reinstate")
def reinstate(  # noqa: PLR0917
    contract: Contract, first: From, workspace: Folder = HERE, last: To = None, settings: Settings = None,
    by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Draft the return of a contract that was ended, on the terms it had.

    Example: `recon contracts reinstate northwind-ctv --from 2027-01-01 --by dana --workspace demo`
    """
    end = None if last is None else _day("--to", last)
    draft = _office(workspace, by).reinstate(contract, _day("--from", first), _settings(settings), end, reason)
    _drafted(workspace, draft, as_json)


@acts_app.command("submit")
def submit(  # noqa: PLR0917
    contract: Contract, version: Number, workspace: Folder = HERE,
    revision: Annotated[int | None, typer.Option(help="The revision you saw.")] = None,
    by: By = None, reason: Why = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Submit a draft for approval: what it says is fixed from now on.

    Example: `recon contracts submit northwind-ctv 3 --by dana --workspace demo`
    """
    _done(_office(workspace, by).submit(contract, version, revision, reason), as_json)


@acts_app.command("approve")
def approve(  # noqa: PLR0917
    contract: Contract, version: Number, workspace: Folder = HERE, by: By = None, reason: Why = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Approve a submitted version; where two are asked, the first approval endorses it.

    Example: `recon contracts approve northwind-ctv 3 --by omar --workspace demo`
    """
    _done(_office(workspace, by).approve(contract, version, reason), as_json)


@acts_app.command("reject")
def reject(  # noqa: PLR0917
    contract: Contract, version: Number, reason: Annotated[str, typer.Option(help="Why, for the trail.")],
    workspace: Folder = HERE, by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Reject a draft or a submitted version.

    Example: `recon contracts reject northwind-ctv 3 --reason 'rate not agreed' --by omar --workspace demo`
    """
    _done(_office(workspace, by).reject(contract, version, reason), as_json)


@acts_app.command("withdraw")
def withdraw(  # noqa: PLR0917
    contract: Contract, version: Number, workspace: Folder = HERE, by: By = None, reason: Why = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Take a draft or a submitted version back.

    Example: `recon contracts withdraw northwind-ctv 3 --by dana --workspace demo`
    """
    _done(_office(workspace, by).withdraw(contract, version, reason), as_json)


@acts_app.command("import")
def take_in(
    folder: Annotated[Path | None, typer.Argument(help="A folder of documents; the workspace's unless named.")] = None,
    workspace: Folder = HERE, by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Take a folder of documents into the register, all or nothing; what is known already stays as it is.

    Example: `recon contracts import --by dana --workspace demo`
    """
    office = _office(workspace, by)
    place = office.workspace
    with progress() as told, Ledger.open(place.database_url, place.closes) as ledger:
        plan = ledger.plan_import(folder or place.contracts, office.who, office.at, told)
        if plan.arrivals:
            told(f"checking the book with {len(plan.arrivals):,} documents")
            accepted(plan.book)
            told(f"recording {len(plan.arrivals):,} versions")
        plan = ledger.take_in(plan, office.who, office.at)
    named = [f"{one.document.version.contract} v{one.document.version.version}" for one in plan.arrivals]
    if as_json:
        print_json({"imported": named})
    else:
        typer.echo(f"{len(named)} version{'' if len(named) == 1 else 's'} brought something new")


@acts_app.command("preview")
def preview(contract: Contract, version: Number, workspace: Folder = HERE, as_json: Json = False) -> None:
    """What a version would change in the closed months, line by line, in money.

    Example: `recon contracts preview northwind-ctv 3 --workspace demo`
    """
    known = {one.version: one for one in _known(workspace, contract)}
    if version not in known:
        raise BadInput([Problem("version", f"{contract} v{version}", "a version of the register")])
    found = effects_of(Workspace.open(workspace), known[version])
    if as_json:
        print_json([_effect(one) for one in found])
        return
    for one in found:
        state = "locked" if one.is_locked else "open"
        totals = ", ".join(f"{currency} {amount:+,}" for currency, amount in one.preview.totals.items())
        typer.echo(f"{one.period} ({state}, run {one.run}): {totals or 'no line moves'}")
        for line in one.preview.moved:
            amounts = f"{line.amount_before:,} → {line.amount_after:,} ({line.difference:+,})"
            typer.echo(f"  {line.contract}/{line.item}/{line.kind}/{line.currency}: {amounts}")
    if not found:
        typer.echo("no closed month is reached")


def _effect(one: Effect) -> dict[str, object]:
    lines = [
        {"contract": line.contract, "item": line.item, "kind": line.kind, "currency": line.currency,
         "before": plain(line.amount_before), "after": plain(line.amount_after), "difference": plain(line.difference)}
        for line in one.preview.moved
    ]  # fmt: skip
    return {"period": one.period, "run": one.run, "is_locked": one.is_locked, "lines": lines}
