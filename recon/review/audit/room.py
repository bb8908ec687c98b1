"""One run of a month as an auditor looks at it: which, in what state, by whom signed, and whether that still holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from recon.close import StoredClose, load_close, periods
from recon.evidence.complete import Completeness, completeness
from recon.evidence.entries import Entries
from recon.evidence.facts import Facts
from recon.evidence.issue import entries_at_hand
from recon.evidence.sampling import Drawn
from recon.evidence.sheets.sample_conversions import conversions_drawn
from recon.evidence.sheets.sample_listing import Population
from recon.evidence.sheets.sample_method import populations
from recon.evidence.tied import TieOut, tie_out
from recon.ledger import Ledger, RecordedClose
from recon.ledger.signing import LOCKED, PREPARED, REVIEWED
from recon.period import Period, instant_text, moment
from recon.problems import BadInput, Problem
from recon.review.audit.link import Filter, Link
from recon.review.month import month
from recon.review.words import counted, literal
from recon.signoff import Change, Dossier, Standing, standing
from recon.signoff.stale import changes_since
from recon.workspace import Workspace

NO_MONTH = (
    "# Evidence\n\n**No month has been closed yet**, so there is nothing to audit. `recon close 2026-10` closes a "
    "month; its runs, signatures and packs are then found here."
)
SIGNED = (PREPARED, REVIEWED, LOCKED)
DIGEST = 16  # characters of a digest that are enough to tell it from others


@dataclass(frozen=True)
class Room:
    """A run with what people said of it; `since` is what it was made from that is other now."""

    close: StoredClose
    recorded: RecordedClose
    latest_run: int
    said: Dossier
    standing: Standing
    since: tuple[Change, ...]
    altered_files: tuple[Problem, ...]

    @property
    def workspace(self) -> Workspace:
        return self.close.workspace

    @property
    def is_stale(self) -> bool:
        """Whether this run is signed, and that no longer stands."""
        stale = self.standing.stale
        return stale is not None and stale.signed.run == self.close.run

    @cached_property
    def facts(self) -> Facts:
        """The run as the sheets of the pack see it."""
        return Facts(self.close, self.said)

    @cached_property
    def tied(self) -> TieOut:
        return tie_out(self.facts)

    @cached_property
    def complete(self) -> Completeness:
        return completeness(self.facts)

    @cached_property
    def populations(self) -> list[Population]:
        """The lines that the auditor's sample is drawn from, currency by currency, with what is drawn."""
        return populations(self.facts)

    @cached_property
    def conversions(self) -> tuple[Drawn, ...]:
        """The conversions drawn at random."""
        return conversions_drawn(self.facts)

    @cached_property
    def entries(self) -> Entries | None:
        """What the auditor wrote into the month's last pack; None where its file cannot be read."""
        try:
            return entries_at_hand(self.close)
        except BadInput:
            return None


def runs(workspace: Workspace, period: str | None) -> dict[str, int]:
    """The runs of a month by the names that a page shows, the latest first; none without a month."""
    if period is None:
        return {}
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        found, way = ledger.closes(period), ledger.sign_offs.way(period)
    states = {one.run: one.state for one in way}
    notes = {close.run: [states[close.run]] if close.run in states else [] for close in found}
    notes[found[-1].run].append("latest")
    return {_run_name(close, notes[close.run]): close.run for close in reversed(found)}


def _run_name(close: RecordedClose, notes: list[str]) -> str:
    told = f", {', '.join(notes)}" if notes else ""
    return f"run {close.run} of {instant_text(close.recorded_at)[:10]}{told}"


def run_chosen(found: dict[str, int], wanted: str | None) -> str | None:
    """The name of the run that a link asks for, else of the one signed last, else of the latest."""
    asked = next((name for name, run in found.items() if str(run) == wanted), None)
    signed = next((name for name in found if any(state in name.split(", ") for state in SIGNED)), None)
    return asked or signed or next(iter(found), None)


def month_filter(workspace: Workspace, link: Link) -> Filter:
    """The closed months to choose from, the latest first; none where nothing was closed."""
    return {"options": periods(workspace), "value": month(workspace, link.get("period")), "label": "Month",
            "searchable": True, "on_change": link.keep("period", forget="run")}  # fmt: skip


def run_filter(found: dict[str, int], link: Link) -> Filter:
    """The runs of a month to choose from."""
    return {"options": found, "value": run_chosen(found, link.get("run")), "label": "Run", "searchable": True,
            "on_change": link.keep("run")}  # fmt: skip


def open_room(workspace: Workspace, period: str, run: int) -> Room:
    """A run with its signatures, and what of inputs, contracts, settings and software is other now than then."""
    chosen = Period.parse(period)
    close = load_close(workspace, chosen, run)
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        recorded, latest = ledger.find(period, run), ledger.latest(period)
        altered = tuple(ledger.verify_files(period, run))
    stands = standing(workspace, chosen)
    since = _since(workspace, recorded, stands)
    assert latest is not None
    return Room(close, recorded, latest.run, Dossier.of(close), stands, since, altered)


def _since(workspace: Workspace, recorded: RecordedClose, stands: Standing) -> tuple[Change, ...]:
    """What the run was made from that is other now; of a signed one that was looked at for its signature."""
    if stands.state in SIGNED and stands.signed is not None and stands.signed.run == recorded.run:
        return stands.stale.changes if stands.stale is not None else ()
    return tuple(changes_since(workspace, recorded))


def headline(room: Room) -> str:
    """The run in a few lines of Markdown: state, what ties, what is open, what it was made with."""
    close, wrong = room.close, sum(not holds for _, holds in room.tied.statements)
    ties = "**everything ties out**" if not wrong else f"**{counted(wrong, 'total')} do not tie out**"
    gaps = f"**{counted(room.complete.gaps, 'gap')} in completeness**" if room.complete.gaps else "complete both ways"
    told = " · ".join([f"**{_state(room)}**", ties, gaps, _decisions(room)])
    later = "" if close.run == room.latest_run else f" (run {room.latest_run} is later)"
    made = f"{later}, recorded {moment(room.recorded.recorded_at)} UTC{_by(room.recorded.recorded_by)}"
    digest = f"digest `{str(close.manifest['digest'])[:DIGEST]}`"
    return (
        f"# Evidence of {literal(close.workspace_name)} · {close.period}\n\n{told}\n\n"
        f"run {close.run}{made} · {close.manifest['software']} · cut-off {close.manifest['cutoff']} · {digest}"
    )


def _by(who: str) -> str:
    return f" by {literal(who)}" if who else ""


def _state(room: Room) -> str:
    last = room.standing.signed
    if last is None:
        return "Open: nobody has signed it"
    if last.run != room.close.run:
        return f"{last.state.capitalize()} with run {last.run}, not with this one"
    return f"{last.state.capitalize()}, but stale" if room.is_stale else last.state.capitalize()


def _decisions(room: Room) -> str:
    new = room.said.items.new
    left = sum(not one.disposition for one in new)
    if not new:
        return "no finding asks for a decision"
    asks = "asks" if len(new) == 1 else "ask"
    return f"{counted(len(new), 'finding')} {asks} for a decision, {left or 'none'} undecided"


@dataclass(frozen=True)
class Notice:
    """Something that a reader must see, in Markdown, and how a page frames it."""

    words: str
    look: str = "neutral"
