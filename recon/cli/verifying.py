"""`recon verify`: a pack against its seal, the packs before it and the ledger; or the ledger against itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from recon.cli.options import BAD_INPUT, print_json
from recon.evidence import Verdict, verify_pack
from recon.ledger import Ledger
from recon.workspace import Workspace

_SHOWN = 200  # alterations; --json has them all


def verify_file(file: Path, workspace: Path | None, previous: Path | None, as_json: bool) -> None:
    """Say what of a pack was altered; status 2 where it does not hold, or the ledger never issued it."""
    found = verify_pack(file, Workspace.open(workspace) if workspace else None, previous)
    if as_json:
        print_json({"is_intact": found.is_intact, **asdict(found)})
    else:
        typer.echo("\n".join(_lines(found)))
    if not found.is_intact or (found.is_draft and workspace):  # the ledger was asked to speak for it, and can't
        raise typer.Exit(BAD_INPUT)


def _lines(found: Verdict) -> list[str]:
    more = len(found.alterations) - _SHOWN
    lines = [f"altered   {one}" for one in found.alterations[:_SHOWN]]
    lines += [f"altered   {more} places more; --json names them all"] if more > 0 else []
    lines += [f"wrong     {one}" for one in found.problems] + [f"note      {one}" for one in found.notes]
    return [*lines, f"{_verdict(found)}: {found.file}, pack digest {found.digest}"]


def _verdict(found: Verdict) -> str:
    if not found.is_intact:
        return "NOT INTACT"
    return "NOT ISSUED, a draft whose cells are intact" if found.is_draft else "intact"


def verify_ledger(workspace: Path, as_json: bool) -> None:
    """Say what of the ledger and of the runs' files was altered, the first broken entry on top."""
    place = Workspace.open(workspace)
    with Ledger.open(place.database_url, place.closes) as ledger:
        found, head = [*ledger.verify_chain(), *ledger.verify_files()], ledger.head()
    if as_json:
        print_json({"is_intact": not found, "head": head, "problems": [asdict(one) for one in found]})
    elif found:
        typer.echo("\n".join(f"altered   {problem}" for problem in found))
    else:
        typer.echo(f"the chain holds; its last digest is {head}")
    if found:
        raise typer.Exit(BAD_INPUT)
