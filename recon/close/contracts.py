"""The contracts that a month is closed by: the register, and what the folder of documents brings to it."""

from __future__ import annotations

from datetime import date

from recon.contracts.book import Book
from recon.ledger import Ledger, Plan, Registered, as_registered
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

IMPORTER = "recon close"


def contracts_of(workspace: Workspace, at: int = 0) -> Plan:
    """The book as it is once the workspace's documents are taken in; nothing is stored yet. `at` in µs.

    BadInput with every problem of the documents, or where there is neither a document nor a registered contract.
    """
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        if workspace.contracts.is_dir():
            plan = ledger.plan_import(workspace.contracts, IMPORTER, at)
        else:
            plan = Plan(workspace.contracts, (), (), ledger.register.kept(), 0)
    if not plan.book.versions and not workspace.contracts.is_dir():
        raise BadInput([Problem(str(workspace.contracts), "", "a folder of contract documents, or a kept contract")])
    return plan


def in_force_on(workspace: Workspace, day: date, known_at: int | None = None) -> list[Registered]:
    """What is in force on a date, as known at an instant (µs, UTC; None: now), in the order of contracts (RULES 2.2).

    The register answers without reading a text, unless the workspace's documents bring something new to it.
    """
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        if ledger.register.head() and not ledger.has_news(workspace.contracts):
            spans = ledger.register.in_force(day, day, known_at)
            return sorted((span.version for span in spans), key=lambda one: one.contract)
    book = contracts_of(workspace).book.known_at(known_at)
    found = (book.in_force(contract, day) for contract in book.contracts)
    return [as_registered(one) for one in found if one is not None]


def registered_book(workspace: Workspace) -> Book:
    """Every version that is kept, whatever its status."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        return ledger.register.book()
