"""The ledger: what was closed, by whom and when; append-only, hash-chained, in SQLite or PostgreSQL."""

from recon.ledger.files import FileRecord, Staging
from recon.ledger.importing import Plan
from recon.ledger.issuing import Turn
from recon.ledger.items import AGE_CLASSES, Item, RollForward
from recon.ledger.packs import IssuedPack
from recon.ledger.register import Moved, Register
from recon.ledger.registered import Registered, as_registered
from recon.ledger.signing import FindingAct, Rules, Sight, Signed
from recon.ledger.store import CloseMeta, Ledger, RecordedClose
from recon.ledger.trail import Entry
from recon.ledger.versions import VersionUsed

__all__ = [
    "AGE_CLASSES", "CloseMeta", "Entry", "FileRecord", "FindingAct", "IssuedPack", "Item", "Ledger", "Moved", "Plan",
    "RecordedClose", "Register", "Registered", "RollForward", "Rules", "Sight", "Signed", "Staging",
    "Turn", "VersionUsed", "as_registered",
]  # fmt: skip
