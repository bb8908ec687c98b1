"""A workspace: the folder with `recon.toml`, read and checked whole, every problem at once."""

from recon.workspace.folder import Workspace
from recon.workspace.sources import Accounts, Control, Sample, SourceSpec, Tolerance
from recon.workspace.values import ROLES

__all__ = ["ROLES", "Accounts", "Control", "Sample", "SourceSpec", "Tolerance", "Workspace"]
