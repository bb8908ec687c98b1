"""Does a month still stand on what it was signed for: inputs, contract versions, settings, software (AUDIT)?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recon.close import StoredClose, load_close, standing_on
from recon.compare import Key
from recon.contracts.book import ONE_DAY
from recon.ledger import Ledger, RecordedClose, Signed
from recon.ledger.signing import LOCKED, PREPARED, REVIEWED
from recon.money import plain
from recon.period import Period, moment
from recon.workspace import Workspace

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Change:
    """Something a run was made from that is other now: what, its name, and both values (empty: not there)."""

    what: str
    name: str
    before: str
    now: str

    @property
    def words(self) -> str:
        """The change in words."""
        if not self.before:
            return f"{self.what} {self.name} is new"
        if not self.now:
            return f"{self.what} {self.name} is gone"
        return f"{self.what} {self.name} changed from {self.before} to {self.now}"


@dataclass(frozen=True)
class Moved:
    """A line that another run gives other amounts: major units, before and now."""

    key: Key
    expected: tuple[Decimal, Decimal]
    billed: tuple[Decimal, Decimal]

    @property
    def worth(self) -> Decimal:
        """What its variance moved by."""
        return (self.billed[1] - self.expected[1]) - (self.billed[0] - self.expected[0])

    @property
    def words(self) -> str:
        """The line in a sentence."""
        name = "/".join((self.key.contract, self.key.item, self.key.kind, self.key.currency))
        return f"{name}: expected {_moved(self.expected)}, billed {_moved(self.billed)}"


@dataclass(frozen=True)
class Staleness:
    """A signature that no longer stands: whose, what changed since, the lines to look at again and their worth.

    `lines` and `worth` (per currency) come from the latest run; where the month was not closed again since the change,
    they are not known yet, and `is_closed_again` is False.
    """

    signed: Signed
    changes: tuple[Change, ...]
    lines: tuple[Moved, ...]
    worth: Mapping[str, Decimal]
    is_closed_again: bool

    @property
    def words(self) -> str:
        """What people are told: the old name and time, what changed, and what it is worth."""
        was = f"{self.signed.state} by {self.signed.who} at {moment(self.signed.at)} UTC with run {self.signed.run}"
        changed = "; ".join(change.words for change in self.changes)
        return f"stale: {was}. Since then: {changed}. {self._worth}"

    @property
    def _worth(self) -> str:
        if not self.is_closed_again:
            return f"What that is worth is known once {self.signed.period} is closed again."
        if not self.lines:
            return "No line moves by it."
        sums = ", ".join(f"{currency} {amount:+,f}" for currency, amount in sorted(self.worth.items()))
        return f"Worth {sums or 'nothing net'} in variance, on {_counted(len(self.lines))} to look at again."


def staleness(workspace: Workspace, period: Period) -> Staleness | None:
    """What makes the month's last signature stale; None where there is none, or it still stands."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        so_far = ledger.sign_offs.way(str(period))
        if not so_far or so_far[-1].state not in (PREPARED, REVIEWED, LOCKED):
            return None
        signed, latest = so_far[-1], ledger.latest(str(period))
        close = ledger.find(str(period), signed.run)
    assert latest is not None
    now = tuple(changes_since(workspace, close))
    has_other = latest.digest != close.digest
    changes = now or (tuple(_differences(close.manifest, latest.manifest)) if has_other else ())
    if not changes:
        return None
    lines = _moved_lines(load_close(workspace, period, close.run), load_close(workspace, period, latest.run))
    is_closed_again = has_other and not list(changes_since(workspace, latest))
    return Staleness(signed, changes, lines if has_other else (), _worth(lines), is_closed_again)


def changes_since(workspace: Workspace, close: RecordedClose) -> Iterator[Change]:
    """What a run was made from, held against what is there now; files are read again, queries are not."""
    now = standing_on(workspace, Period.parse(close.period), close.manifest)
    yield from _differences(close.manifest, {**close.manifest, **now})


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for what, facts in PARTS.items():
        then, there = facts(before), facts(now)
        for name in sorted(then.keys() | there.keys()):
            if then.get(name) != there.get(name):
                yield Change(what, name, then.get(name, ""), there.get(name, ""))


def _files(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The sources by their digest; a file that begins a day after the month or later has no say in it."""
    end = str(Period.parse(manifest["period"]).last + 2 * ONE_DAY)
    read = (one for one in manifest["inputs"] if one.get("first", "") < end)
    return {_source(one): f"SHA-256 {one['sha256'][:12]}" for one in read}


def _source(one: Mapping[str, Any]) -> str:
    return f"{one['dataset']} {one.get('file') or one.get('query')}"


def _versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {f"{one['contract']} v{one['version']}": f"content {one['hash'][:12]}" for one in manifest["contracts"]}


def _settings(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {name: _said(value) for name, value in manifest["settings"].items()}


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in sorted(value.items())) or "none"
    return str(value)


def _software(manifest: Mapping[str, Any]) -> dict[str, str]:
    rules = {one["rule"]: f"{one['version']} {one['text_sha256'][:12]}" for one in manifest.get("rules", ())}
    return {"recon": manifest["software"], "tzdata": manifest["tzdata"], **rules}


def _months(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {one["period"]: f"run {one['run']}" for one in manifest["signed_off"]}


def _moved_lines(before: StoredClose, after: StoredClose) -> tuple[Moved, ...]:
    then, now = _amounts(before), _amounts(after)
    found = ((key, then.get(key, (NOTHING, NOTHING)), now.get(key, (NOTHING, NOTHING))) for key in {**then, **now})
    moved = (Moved(key, (a[0], b[0]), (a[1], b[1])) for key, a, b in found if a != b)
    return tuple(sorted(moved, key=lambda one: (-abs(one.worth), one.key)))


def _amounts(close: StoredClose) -> dict[Key, tuple[Decimal, Decimal]]:
    return {
        Key(row["contract"], row["item"] or "", row["period"], row["kind"], row["currency"]): (
            row["expected_amount"], row["billed_amount"],
        )
        for row in close.lines.to_dict("records")
    }  # fmt: skip


def _worth(lines: tuple[Moved, ...]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.key.currency] = sums.get(line.key.currency, NOTHING) + line.worth
    return {currency: amount for currency, amount in sums.items() if amount}


def _moved(pair: tuple[Decimal, Decimal]) -> str:
    return plain(pair[1]) if pair[0] == pair[1] else f"{plain(pair[0])} → {plain(pair[1])}"


PARTS = {
    "input": _files,
    "contract version": _versions,
    "setting": _settings,
    "software": _software,
    "locked month": _months,
}


def _counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"
