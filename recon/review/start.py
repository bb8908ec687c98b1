"""The start page: the months with their state, what needs attention, and the way to each page. Plain HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from recon.close import today
from recon.ledger import Ledger, RecordedClose, Sight, Signed
from recon.ledger.signing import LOCKED, OPEN, PREPARED, REVIEWED, rejected_left, undecided
from recon.period import Period, moment
from recon.problems import BadInput
from recon.review.coming import AHEAD
from recon.review.kept import ContractBook, not_taken_in, open_book
from recon.review.look import LOOK
from recon.review.words import counted, shown
from recon.signoff import staleness
from recon.workspace import Workspace

MOST_MONTHS = 24
LOOKED_AT = 3  # signed months whose files are read again for the start page; the month's own page always looks
WORKSPACE = "workspace"  # what a request to one of several workspaces carries beside it, put there by the server
PAGES_SERVED = "RECON_PAGES"  # the setting by which a page knows what is served beside it
COLUMNS = ("month", "state", "run", "signed", "still stands", "to be decided")
PAGES = {
    "month-end": "Decide about a month's findings, and sign it off",
    "evidence": "What an auditor samples, traces and takes along",
    "debug": "One line, one conversion, one event: how it came about",
    "contracts": "What holds on a date, what waits for an approval, what ends",
}


@dataclass(frozen=True)
class MonthState:
    """A month as the start page tells it: its run, state, last signature, what stands against a lock, is it stale?"""

    close: RecordedClose
    state: str
    signed: Signed | None
    sight: Sight
    stale: str | None  # None: nobody looked

    @property
    def undecided(self) -> Mapping[str, str]:
        """The findings nobody decided: gross amounts by currency, as a page writes them."""
        wanted = {problem.value.split(" ")[0] for problem in undecided(self.close.period, self.sight)}
        sums: dict[str, Decimal] = {}
        for one in self.sight.findings:
            if one.finding_id in wanted:
                sums[one.currency] = sums.get(one.currency, Decimal(0)) + abs(one.amount)
        return {currency: shown(amount, currency) for currency, amount in sorted(sums.items())}


def start_page(workspace: Workspace, addresses: Mapping[str, str], back: str = "") -> str:
    """The whole page; `addresses` are the pages there are, by name. What can't be read is told in its place.

    `back` leads to all workspaces, where there are several.
    """
    way_back = f'<nav><a href="{escape(back)}">All workspaces</a></nav>' if back else ""
    parts = (way_back, f"<h1>{escape(workspace.name)}</h1>", _ways(addresses), _standing(workspace, addresses, "h2"))
    return page(workspace.name, "\n".join(parts))


def workspaces_page(workspaces: Mapping[str, Path], pages: Sequence[str]) -> str:
    """Several workspaces under one another, by their addresses: of each its months, and what needs attention."""
    parts = (_workspace(address, folder, pages) for address, folder in workspaces.items())
    return page("recon", "\n".join(("<h1>Workspaces</h1>", *parts)))


def _workspace(address: str, folder: Path, pages: Sequence[str]) -> str:
    try:
        workspace = Workspace.open(folder)
    except BadInput as bad:
        return f"<section><h2>{escape(folder.name)}</h2>{_trouble(bad)}</section>"
    heading = f'<h2><a href="{escape(address)}">{escape(workspace.name)}</a> <small>{escape(folder.name)}</small></h2>'
    addresses = {name: f"{address}{name}/" for name in pages}
    return f'<section class="workspace">{heading}{_standing(workspace, addresses, "h3")}</section>'


def _standing(workspace: Workspace, addresses: Mapping[str, str], level: str) -> str:
    """What needs attention, and the months; under headings of a level."""
    try:
        months, book = list(_months(workspace)), open_book(workspace, None)
    except BadInput as bad:
        return _trouble(bad, level)
    attention = [*_of_months(months, addresses), *_of_contracts(workspace, book, addresses)]
    return "\n".join((_attention(attention, level), _table(months, addresses, level)))


def trouble_page(bad: BadInput) -> str:
    """The start page of a workspace that can't be opened: what is wrong, and what was expected."""
    return page("recon", f"<h1>recon</h1>{_trouble(bad)}")


def page(title: str, body: str) -> str:
    """A page in the look of the others, in light and in dark, that asks nothing of the network."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
    head += f'<link rel="icon" href="data:,"><style>{LOOK}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n<main>\n{body}\n</main>\n</body></html>\n'


def _trouble(bad: BadInput, level: str = "h2") -> str:
    rows = "".join(f"<li>{escape(str(one))}</li>" for one in bad.problems)
    return f"<{level}>This has to be mended first</{level}><ul>{rows}</ul>"


def _months(workspace: Workspace) -> Iterator[MonthState]:
    """The months that were closed, the latest first."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        latest = {one.period: one for one in ledger.closes()}
        chosen = sorted(latest.values(), key=lambda one: one.period, reverse=True)[:MOST_MONTHS]
        ways = {one.period: ledger.sign_offs.way(one.period) for one in chosen}
        sights = {one.period: ledger.sign_offs.sight(one.period) for one in chosen}
    looked = [period for period, way in ways.items() if way and way[-1].state in (PREPARED, REVIEWED, LOCKED)]
    for close in chosen:
        way = ways[close.period]
        stale = _stale(workspace, close.period) if close.period in looked[:LOOKED_AT] else None
        state, signed = (way[-1].state, way[-1]) if way else (OPEN, None)
        yield MonthState(close, state, signed, sights[close.period], stale)


def _stale(workspace: Workspace, period: str) -> str:
    found = staleness(workspace, Period.parse(period))
    return "" if found is None else found.words


def _ways(addresses: Mapping[str, str]) -> str:
    """A way to each page there is; a page that came later stands under its own name."""
    cards = (
        f'<a class="card" href="{escape(address)}"><b>{escape(_title(name))}</b>{escape(PAGES.get(name, ""))}</a>'
        for name, address in addresses.items()
    )
    return f'<nav class="cards" aria-label="Pages">{"".join(cards)}</nav>'


def ways_bar(names: Sequence[str], period: str | None = None, here: str = "") -> str:
    """The way to the start page and to each page, with its month: what stands on top of a page. Empty without pages.

    `here` is the page they stand on.
    """
    query = f"?{escape(urlencode({'period': period}))}" if period else ""
    marks = {name: ' aria-current="page"' if name == here else "" for name in names}
    links = (f'<a href="../{escape(name)}/{query}"{marks[name]}>{escape(_title(name))}</a>' for name in names)
    return f'<nav class="ways" aria-label="Pages"><a href="../">Start</a> {" ".join(links)}</nav>' if names else ""


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def link(addresses: Mapping[str, str], name: str, words: str, **filters: str) -> str:
    """Words as a link to a page with filters in its address; the words alone where the page is not there."""
    if name not in addresses:
        return escape(words)
    return f'<a href="{escape(addresses[name])}?{escape(urlencode(filters))}">{escape(words)}</a>'


def _attention(found: Sequence[str], level: str) -> str:
    rows = "".join(f"<li>{one}</li>" for one in found)
    return f"<{level}>Needs attention</{level}>{f'<ul>{rows}</ul>' if rows else '<p>Nothing waits.</p>'}"


def _of_months(months: Iterable[MonthState], addresses: Mapping[str, str]) -> Iterator[str]:
    for month in months:
        period = month.close.period
        if month.stale:
            told = link(addresses, "month-end", f"{period} is stale", period=period)
            yield f'{told} <span class="warn">{escape(month.stale.removeprefix("stale: "))}</span>'
        if month.state != LOCKED:
            yield from _not_locked(month, addresses)


def _not_locked(month: MonthState, addresses: Mapping[str, str]) -> Iterator[str]:
    period = month.close.period
    count, worth = len(list(undecided(period, month.sight))), month.undecided
    if count:
        words = f"{period}: {counted(count, 'finding')} to be decided"
        sums = " · ".join(f"{name} {amount}" for name, amount in worth.items())
        yield f"{link(addresses, 'month-end', words, period=period, status='open')}, worth {escape(sums)} without signs"
    for problem in rejected_left(period, month.sight):
        told = link(addresses, "month-end", f"{period}: {problem.value}", period=period)
        yield f"{told} wait for their acceptance"
    if month.state == OPEN and not count and not any(rejected_left(period, month.sight)):
        told = link(addresses, "month-end", f"{period} waits to be prepared", period=period)
        yield f"{told}: nothing is left to decide"
    if month.state in (PREPARED, REVIEWED) and month.signed is not None:
        told = link(addresses, "month-end", f"{period} is {month.state}", period=period)
        wanted = "a review" if month.state == PREPARED else "its lock"
        yield f"{told} by {escape(month.signed.who)} and waits for {wanted}"


def _of_contracts(workspace: Workspace, book: ContractBook, addresses: Mapping[str, str]) -> Iterator[str]:
    for one in book.waiting:
        if one.status == "submitted":
            words = f"{one.version.contract} v{one.version.version}"
            yield f"{link(addresses, 'contracts', words, versions='open')} waits for approval"
    for due in book.due:
        if due.notice_by <= today() + AHEAD:
            words = f"{due.contract} ends on {due.ends}"
            told = link(addresses, "contracts", words, counterparty=book.party(due.contract))
            passed = ", which has passed" if due.is_overdue else ""
            yield f"{told} unless it is renewed; notice by {due.notice_by}{passed}"
    arrivals = not_taken_in(workspace)
    if arrivals:
        yield escape(arrivals.replace("`", ""))


def _table(months: Sequence[MonthState], addresses: Mapping[str, str], level: str) -> str:
    """A row per month with its state."""
    heading = f"<{level}>Months</{level}>"
    if not months:
        return f"{heading}<p>No month was closed yet: <code>recon close 2026-10</code> recomputes one.</p>"
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _row(one, addresses))}</tr>" for one in months)
    return f"{heading}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(one: MonthState, addresses: Mapping[str, str]) -> Iterator[str]:
    yield link(addresses, "month-end", one.close.period, period=one.close.period)
    yield f'<span class="state {escape(one.state)}">{escape(one.state)}</span>'
    yield str(one.signed.run if one.signed else one.close.run)
    yield escape(f"{one.signed.who}, {moment(one.signed.at)} UTC") if one.signed else "–"
    yield {None: "–", "": "yes"}.get(one.stale, '<span class="warn">no, stale</span>')
    yield escape(" · ".join(f"{name} {amount}" for name, amount in one.undecided.items())) or "–"
