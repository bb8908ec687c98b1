"""Why a month was billed otherwise: every variance with the edit that explains it, proven to the cent."""

from recon.diagnose.details import Details
from recon.diagnose.diagnosis import Diagnosis, diagnose
from recon.diagnose.reprice import observed_by, observed_in
from recon.diagnose.traces import Event, Trace
from recon.diagnose.world import World

__all__ = ["Details", "Diagnosis", "Event", "Trace", "World", "diagnose", "observed_by", "observed_in"]
