"""One edit = one candidate cause: the smallest change of our belief that may give what was billed."""

from recon.diagnose.edits.edit import Asked, Cause, Edit
from recon.diagnose.edits.table import CAUSES, CODES

__all__ = ["CAUSES", "CODES", "Asked", "Cause", "Edit"]
