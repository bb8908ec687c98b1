"""What comes in: the datasets, read from files and databases, and the manifest of what was read."""

from recon.inputs.manifest import SourceRecord, digest, inputs_list
from recon.inputs.opened import open_engine
from recon.inputs.recalled import Events, Recalled
from recon.inputs.rejects import Rejected
from recon.inputs.rows import BillingRow, FxRate, OpeningBalance, ThirdPartyCount
from recon.inputs.sources import Inputs, read_inputs

__all__ = [
    "BillingRow",
    "Events",
    "FxRate",
    "Inputs",
    "OpeningBalance",
    "Recalled",
    "Rejected",
    "SourceRecord",
    "ThirdPartyCount",
    "digest",
    "inputs_list",
    "open_engine",
    "read_inputs",
]
