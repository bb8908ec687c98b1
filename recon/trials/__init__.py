"""Trials of billing systems: cases worked out by hand against recon itself, or against any other biller."""

from __future__ import annotations

from recon.trials.billers import command_biller, recon_biller
from recon.trials.cases import Case, find_cases
from recon.trials.conformance import Trial, run_trials
from recon.trials.report import report, summary

__all__ = ["Case", "Trial", "command_biller", "find_cases", "recon_biller", "report", "run_trials", "summary"]
