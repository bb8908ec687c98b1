"""Why a month was billed otherwise: every variance with the edit that explains it, proven to the cent."""

from recon.diagnose.again import edited_versions, impressions_behind
from recon.diagnose.desks import Desks
from recon.diagnose.details import Details
from recon.diagnose.diagnosis import Diagnosis, diagnose
from recon.diagnose.preview import Preview, PreviewLine, preview
from recon.diagnose.reprice import Observations, lay_observations, observed_by, observed_in
from recon.diagnose.traces import Event, Trace
from recon.diagnose.world import LineKey, Priced, World

__all__ = [
    "Desks",
    "Details",
    "Diagnosis",
    "Event",
    "LineKey",
    "Observations",
    "Preview",
    "PreviewLine",
    "Priced",
    "Trace",
    "World",
    "diagnose",
    "edited_versions",
    "impressions_behind",
    "lay_observations",
    "observed_by",
    "observed_in",
    "preview",
]
