"""What two closes of a month differ by, and what becomes of it: the true-up (RULES 2.7)."""

from recon.trueup.accepting import accept_true_up, accepted_of
from recon.trueup.compared import TrueUp, TrueUpLine, TrueUpTotal, chosen_closes, true_up
from recon.trueup.reasons import Reason

__all__ = [
    "Reason", "TrueUp", "TrueUpLine", "TrueUpTotal", "accept_true_up", "accepted_of", "chosen_closes", "true_up",
]  # fmt: skip
