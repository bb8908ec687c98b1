"""The conversions drawn at random, each with what every contract decided on it and where its event stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.evidence.entries import Entries
from recon.evidence.facts import Facts, Record, exact_or_zero, records
from recon.evidence.formula import Ref, Term, Value, rounded
from recon.evidence.pack import Pack, decimals
from recon.evidence.sampling import Drawn, drawn_events
from recon.evidence.sheet import Sheet
from recon.evidence.sheets.parameters import NOISE_DIGITS
from recon.evidence.sheets.sample_columns import auditors, headings, pair, result, stretch
from recon.evidence.sheets.sample_method import seed_of
from recon.evidence.style import COUNT, RATIO, TEXT, Look, unrounded
from recon.money import round_to

_HEADINGS = {
    "selection": "Selection", "who": "Decided", "direction": "Item", "why": "Drawn by", "point": "Told again by",
    "before": "", "upto": "", "billed": "Amount", "place": "Its event stands in", "tainting": "Deviates",
}  # fmt: skip
EXCEPTION, YES, NO = "X", "yes", "no"
_DIGITS = 12  # of a SHA-256: enough to tell one from the other


@dataclass(frozen=True)
class Written:
    """The decisions that the auditor's entries were put beside, and whether the population ties to Tie-out."""

    kept: frozenset[str]
    ties: Term


@dataclass(frozen=True)
class Decision:
    """What a contract decided on a conversion: its amount in the contract's currency, and what the auditor entered."""

    row: Record
    currency: str
    file: str
    entry: Mapping[str, Value]

    @property
    def identity(self) -> str:
        """The name that the auditor's entries are kept by."""
        return identity_of(self.row)

    @property
    def amount(self) -> Fraction:
        """What the conversion earns; nothing where it is not payable."""
        return exact_or_zero(self.row.get("exact_amount") or self.row["amount"])

    @property
    def gap(self) -> Fraction | None:
        """Our amount − the audited one, as the sheet rounds it; None where nothing was entered."""
        audited = self.entry.get("audited")
        if not isinstance(audited, Fraction):
            return None
        return Fraction(round_to(self.amount - audited, NOISE_DIGITS))

    @property
    def is_tested(self) -> bool:
        """Whether the auditor entered an amount or a tickmark."""
        return self.gap is not None or "tick" in self.entry

    @property
    def deviates(self) -> bool:
        """Whether the auditor found another amount, or marked an exception."""
        return bool(self.gap) or str(self.entry.get("tick", "")).upper() == EXCEPTION


def identity_of(row: Record) -> str:
    """A decision by its conversion and contract."""
    return f"{row['conversion_id']}/{row['contract']}"


def conversions_drawn(facts: Facts) -> tuple[Drawn, ...]:
    """The conversions of the month that are drawn at random, as many as the workspace asks for."""
    return drawn_events(facts.decided, seed_of(facts), facts.sample.conversions)


def decisions_on(facts: Facts, drawn: Sequence[Drawn], entries: Entries) -> dict[str, list[Decision]]:
    """What was decided on each conversion drawn, contract by contract, with the file of its event."""
    ids, frame = [one.identity for one in drawn], facts.decisions
    files = facts.close.files_of(ids)
    found: dict[str, list[Decision]] = {one: [] for one in ids}
    for row in records(frame[frame["conversion_id"].isin(ids)].sort_values("contract")):
        currency = str(facts.parties.get(row["contract"], {}).get("currency") or "")
        entry = entries.get(identity_of(row), {})
        found[row["conversion_id"]].append(Decision(row, currency, files.get(row["conversion_id"], ""), entry))
    return found


def write(pack: Pack, sheet: Sheet) -> Written:
    """Write how conversions are drawn, those that are, and what the auditor's entries come to."""
    sheet.new_page()
    sheet.line("Conversions: drawn at random, each as likely as the other", "section")
    with sheet.table({"selection": "Population", "who": "Conversions"}):
        ties = _method(pack, sheet)
    sheet.next_row()
    drawn = conversions_drawn(pack.facts)
    if not drawn:
        sheet.line("No conversion was drawn.")
        return Written(frozenset(), ties)
    decisions = decisions_on(pack.facts, drawn, pack.entries)
    with sheet.table(headings("number", "currency", "difference", **_HEADINGS)):
        verdicts = [
            _conversion(pack, sheet, (place, one), decisions[one.identity]) for place, one in enumerate(drawn, 1)
        ]
    _evaluated(sheet, verdicts)
    sheet.next_row()
    return Written(frozenset(one.identity for own in decisions.values() for one in own), ties)


def _method(pack: Pack, sheet: Sheet) -> Term:
    facts, shape = pack.facts, Look("formula", COUNT)
    told = pair(sheet, "Conversions decided on (Tie-out)", pack.decided, shape)
    known = pair(sheet, "Conversions drawn from", len(facts.decided), Look("engine", COUNT),
                 "each counts once, however many contracts decided on it")  # fmt: skip
    seed = seed_of(facts)
    pair(sheet, "Selections asked for", facts.sample.conversions, Look("input", COUNT), "[sample] in recon.toml")
    how = f"drawn are those with the smallest SHA-256 of “{seed}|” and the id, in whatever order they come"
    pair(sheet, "Seed", seed, Look("input", TEXT), how)
    return told.far.same_as(known.far)


def _conversion(pack: Pack, sheet: Sheet, drawn: tuple[int, Drawn], decisions: list[Decision]) -> Ref:
    """The decisions on a conversion, a row each; whether it deviates stands on the first."""
    place, one = drawn
    sheet.next_row()
    sheet.put("number", place, Look("tick"))
    sheet.put("why", f"{one.digits[:_DIGITS]}…", Look("engine", TEXT))
    sheet.put("point", f"recon explain {pack.facts.close.period} {one.identity}", Look("run-on", TEXT))
    verdict = sheet.put("tainting", _verdict(sheet, decisions), Look("formula"))
    for number_of, decision in enumerate(decisions):
        if number_of:
            sheet.next_row()
        _decision(pack, sheet, decision)
    return verdict


def _verdict(sheet: Sheet, decisions: list[Decision]) -> Term:
    """Deviating where an amount differs or a row is ticked X; blank where the auditor entered nothing yet."""
    last = sheet.row + len(decisions) - 1
    audited, gaps, ticks = (
        f"{sheet.letter(name)}{sheet.row}:{sheet.letter(name)}{last}" for name in ("audited", "difference", "tick")
    )
    wrong = f'COUNTIF({ticks},"{EXCEPTION}")+SUMPRODUCT(ISNUMBER({gaps})*({gaps}<>0))'
    text = f'IF(COUNT({audited})+COUNTA({ticks})=0,"",IF({wrong}>0,"{YES}","{NO}"))'
    if not any(one.is_tested for one in decisions):
        return Term(text, "")
    return Term(text, YES if any(one.deviates for one in decisions) else NO)


def _decision(pack: Pack, sheet: Sheet, one: Decision) -> None:
    shape = f'{unrounded(decimals(one.currency))};"–"_)'
    reason = f", {one.row['reason']}" if one.row["reason"] else ""
    sheet.put("selection", one.identity, Look("text", TEXT))
    sheet.put("who", f"{str(one.row['fate']).replace('_', ' ')}{reason}", Look("engine", TEXT))
    sheet.put("direction", one.row.get("item"), Look("text", TEXT))
    sheet.put("currency", one.currency, Look("text", TEXT))
    ours = sheet.put("billed", one.amount, Look("engine", shape))
    sheet.put("place", one.file, Look("text", TEXT))
    audited = auditors(sheet, one.entry, shape)["audited"]
    gap = rounded(ours - audited, pack.names["noise_digits"]).value if one.gap is not None else ""
    text = f'IF(ISNUMBER({audited.text}),ROUND({ours.text}-{audited.text},{pack.names["noise_digits"].text}),"")'
    sheet.put("difference", Term(text, gap), Look("formula", shape))


def _evaluated(sheet: Sheet, verdicts: list[Ref]) -> None:
    """How many of the conversions tested deviate."""
    area, told = stretch(verdicts), [cell.value for cell in verdicts]
    counts = {word: Fraction(told.count(word)) for word in (YES, NO)}
    tested = Term(f'COUNTIF({area},"{YES}")+COUNTIF({area},"{NO}")', counts[YES] + counts[NO])
    every = result(sheet, f"Conversions tested, of {len(verdicts)} drawn", tested, Look("formula", COUNT))
    wrong = result(sheet, "of them deviating: another amount, or ticked X",
                   Term(f'COUNTIF({area},"{YES}")', counts[YES]), Look("formula", COUNT))  # fmt: skip
    share = "–" if every.number == 0 else wrong.number / every.number
    result(sheet, "Rate of deviation", Term(f'IF({every.text}=0,"–",{wrong.text}/{every.text})', share),
           Look("total-ratio", RATIO))  # fmt: skip
