"""What a version would change in the months that were closed, line by line, from stored observations (RULES 2.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from recon.close import load_close, periods, reopened
from recon.contracts.book import Book
from recon.contracts.documents import content_hash
from recon.contracts.terms import ContractVersion
from recon.diagnose import Preview, PreviewLine
from recon.ledger import Ledger
from recon.period import Period
from recon.workspace import Workspace


@dataclass(frozen=True)
class Effect:
    """A closed month with and without a version: its latest run, whether it is locked, and every line concerned."""

    period: str
    run: int
    is_locked: bool
    preview: Preview

    @property
    def gross(self) -> dict[str, Decimal]:
        """Σ |difference| by currency, in major units: a plus does not hide a minus."""
        found: dict[str, Decimal] = {}
        for line in self.preview.moved:
            found[line.currency] = found.get(line.currency, Decimal(0)) + abs(line.difference)
        return dict(sorted(found.items()))


def effects_of(workspace: Workspace, version: ContractVersion) -> list[Effect]:
    """What a version changes in each closed month that its dates reach, the earliest first.

    Months are those with a close; before it, a month's contracts are those approved until now. Raw events are read
    again only where the observations can't answer, which the preview says.
    """
    return [_effect(workspace, month, version) for month in _reached(workspace, version)]


def gross_of_last(workspace: Workspace, version: ContractVersion) -> dict[str, Decimal]:
    """What a version moves in the last closed month by currency, every line's difference counted as positive."""
    closed = periods(workspace)
    last = [month for month in closed[:1] if _reaches(version, Period.parse(month))]
    return _effect(workspace, last[0], version).gross if last else {}


def _reached(workspace: Workspace, version: ContractVersion) -> list[str]:
    return [month for month in reversed(periods(workspace)) if _reaches(version, Period.parse(month))]


def _reaches(version: ContractVersion, period: Period) -> bool:
    last = version.effective.last
    return version.effective.first <= period.last and (last is None or last >= period.first)


def _effect(workspace: Workspace, month: str, version: ContractVersion) -> Effect:
    close = load_close(workspace, Period.parse(month))
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        approved = ledger.register.book().known_at(None)
        locked = ledger.locked(month)
    again = reopened(close)
    since = list(_approved_since(again.world.book, approved, version))
    found = again.preview([*since, version])
    if since:
        was = {_key(line): line for line in again.preview(since).lines}
        found = replace(found, lines=tuple(_from(line, was.get(_key(line))) for line in found.lines))
    return Effect(month, close.run, locked is not None, found)


def _approved_since(used: Book, approved: Book, version: ContractVersion) -> Iterator[ContractVersion]:
    """Versions that hold by now, but were not known to the close."""
    known = {(one.contract, one.version): content_hash(one) for one in used.versions}
    for one in approved.versions:
        key = (one.contract, one.version)
        if known.get(key) != content_hash(one) and key != (version.contract, version.version):
            yield one


def _key(line: PreviewLine) -> tuple[str, str, str, str]:
    return line.contract, line.item, line.kind, line.currency


def _from(line: PreviewLine, was: PreviewLine | None) -> PreviewLine:
    """A line compared with what it is by now, in place of what the close made of it."""
    if was is None:
        return line
    return replace(line, quantity_before=was.quantity_after, amount_before=was.amount_after)
