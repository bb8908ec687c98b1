"""Who signs a month off, and when: its states, what is decided about its findings, and what makes it stale (AUDIT)."""

from recon.ledger import AGE_CLASSES, Item, RollForward
from recon.signoff.desk import accept_rows, assign, comment, dispose, locked, rules_of, sign
from recon.signoff.dossier import Dossier
from recon.signoff.rollforward import roll_forward
from recon.signoff.stale import Change, Staleness, staleness
from recon.signoff.standing import Standing, standing
from recon.signoff.trend import MonthTotal

__all__ = [
    "AGE_CLASSES",
    "Change",
    "Dossier",
    "Item",
    "MonthTotal",
    "RollForward",
    "Staleness",
    "Standing",
    "accept_rows",
    "assign",
    "comment",
    "dispose",
    "locked",
    "roll_forward",
    "rules_of",
    "sign",
    "staleness",
    "standing",
]
