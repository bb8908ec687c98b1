"""Contracts as people keep them: drafted, submitted, approved, amended, renewed, ended; the trail tells each act."""

from recon.contracting.effects import Effect, effects_of, gross_of_last
from recon.contracting.office import Office
from recon.contracting.questions import Waiting, exported, history_words, waiting

__all__ = ["Effect", "Office", "Waiting", "effects_of", "exported", "gross_of_last", "history_words", "waiting"]
