"""The contracts that a month is closed by: the register, and what the folder of documents brings to it."""

from __future__ import annotations

from recon.contracts.book import Book
from recon.ledger import Ledger, Plan
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
            plan = Plan(workspace.contracts, (), (), ledger.register.book(), 0)
    if not plan.book.versions and not workspace.contracts.is_dir():
        raise BadInput([Problem(str(workspace.contracts), "", "a folder of contract documents, or a kept contract")])
    return plan


def registered_book(workspace: Workspace) -> Book:
    """Every version that is kept, whatever its status."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        return ledger.register.book()
