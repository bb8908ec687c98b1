"""The evidence pack: a workbook in which an auditor re-performs the month (`recon.evidence.workbook`)."""

from recon.evidence.bundle import Bundle
from recon.evidence.issue import issue_pack, journals_of, latest_pack, write_draft
from recon.evidence.vouching import Verdict, verify_pack
from recon.evidence.workbook import write_pack

__all__ = [
    "Bundle", "Verdict", "issue_pack", "journals_of", "latest_pack", "verify_pack", "write_draft", "write_pack",
]  # fmt: skip
