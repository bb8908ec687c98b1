"""The contract book as the page opens it: every version kept, as of a date; how it stands, and which are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from recon.close import today
from recon.close.contracts import contracts_of, registered_book
from recon.contracting import Waiting, waiting
from recon.contracts.book import Book, Span
from recon.contracts.phrases import date_words
from recon.contracts.renewing import Due, due
from recon.contracts.terms import ContractVersion
from recon.problems import BadInput
from recon.review.month import ALL, OPEN
from recon.review.words import counted, literal
from recon.workspace import Workspace

BOOK_FILTERS = ("counterparty", "direction", "versions")
NO_CONTRACTS = (
    "## No contract is kept yet\n\n`recon contracts import` takes the documents of the workspace's folder in; "
    "`recon contracts new FILE` writes a first draft."
)


@dataclass(frozen=True)
class ContractBook:
    """Every version that is kept, as of a date, and the versions that wait; what is approved by now counts."""

    workspace: Workspace
    book: Book
    day: date
    waiting: tuple[Waiting, ...]

    @property
    def is_empty(self) -> bool:
        return not self.book.versions

    @cached_property
    def due(self) -> tuple[Due, ...]:
        """The contracts that end unless they are renewed."""
        return due(self.book.known_at(None), self.day)

    @cached_property
    def in_force(self) -> dict[str, ContractVersion]:
        """The version of each contract that is in force on the date."""
        found = ((contract, self.book.in_force(contract, self.day)) for contract in self.book.contracts)
        return {contract: version for contract, version in found if version is not None}

    def span(self, contract: str) -> Span[ContractVersion] | None:
        """The dates around the date on which one version of a contract holds, cut where another takes over."""
        spans = self.book.spans(contract)
        return next((one for one in spans if one.first <= self.day and (one.end is None or self.day < one.end)), None)

    def party(self, contract: str) -> str:
        """The name of a contract's counterparty."""
        return self.newest(contract).counterparty.name

    def newest(self, contract: str) -> ContractVersion:
        """The version of a contract with the highest number, whatever its status."""
        return self.book.versions_of(contract)[-1]


def as_of(wanted: object = None) -> date:
    """The date that a link or the page asks for, else today's in UTC."""
    try:
        return date.fromisoformat(str(wanted))
    except ValueError:
        return today()


def open_book(workspace: Workspace, day: date | None) -> ContractBook:
    """The contracts that are kept, as of a date; today where none is said."""
    return ContractBook(workspace, registered_book(workspace), as_of(day), tuple(waiting(workspace)))


def book_headline(kept: ContractBook) -> str:
    """The book in a few lines of Markdown: how many contracts, how many in force, what waits."""
    title = f"# Contracts of {literal(kept.workspace.name)}"
    if kept.is_empty:
        return title
    holds = f"{len(kept.in_force)} of {counted(len(kept.book.contracts), 'contract')} in force"
    waits = f"**{_waiting_words(kept)}**" if kept.waiting else "nothing waits for a decision"
    told = f"**{holds} on {date_words(kept.day)}** · {waits} · {counted(len(kept.book.versions), 'version')} kept"
    return f"{title}\n\n{told}"


def _waiting_words(kept: ContractBook) -> str:
    submitted = sum(one.status == "submitted" for one in kept.waiting)
    drafts = len(kept.waiting) - submitted
    waits = [f"{counted(submitted, 'version')} wait{'s' if submitted == 1 else ''} for approval"] if submitted else []
    return ", ".join([*waits, *([f"{counted(drafts, 'draft')} not submitted"] if drafts else [])])


def not_taken_in(workspace: Workspace) -> str:
    """What the folder of documents brings that is not kept yet, in Markdown; empty where it is nothing."""
    try:
        arrivals = len(contracts_of(workspace).arrivals)
    except BadInput as bad:
        faults = "".join(f"\n- {literal(str(one))}" for one in bad.problems)
        return f"The folder of documents can't be taken in:\n{faults}" if workspace.contracts.is_dir() else ""
    if not arrivals:
        return ""
    brings = f"{counted(arrivals, 'document')} in the folder {'says' if arrivals == 1 else 'say'} more than is kept"
    return f"{brings}: the next close takes them in, or `recon contracts import`."


def book_choices(kept: ContractBook, name: str) -> list[str]:
    """What a filter offers: all, then its values; of the versions those of contracts with one that is open."""
    if name == "versions":
        return [ALL, OPEN]
    newest = [kept.newest(contract) for contract in kept.book.contracts]
    return [ALL, *sorted({one.direction if name == "direction" else one.counterparty.name for one in newest})]


def book_chosen(kept: ContractBook, name: str, wanted: str | None) -> str:
    """The value of a filter that a link asks for, else all."""
    return wanted if wanted in book_choices(kept, name) else ALL


def contracts_passing(
    kept: ContractBook, *, counterparty: str = ALL, direction: str = ALL, versions: str = ALL
) -> list[str]:
    """The contracts that pass the filters, by the name of their counterparty."""
    newest = [kept.newest(contract) for contract in kept.book.contracts]
    waits = {one.version.contract for one in kept.waiting}
    passing = [
        one for one in newest
        if counterparty in (ALL, one.counterparty.name) and direction in (ALL, one.direction)
        and (versions != OPEN or one.contract in waits)
    ]  # fmt: skip
    return [one.contract for one in sorted(passing, key=lambda one: (one.counterparty.name.casefold(), one.contract))]
