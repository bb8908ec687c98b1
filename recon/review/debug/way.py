"""A conversion's path for the page: what the chart draws, on a contract's clocks, and the rules in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from recon import views
from recon.close import StoredClose, believed
from recon.period import DAY, HOUR, Period, duration, instant_text, local, midnight
from recon.problems import BadInput
from recon.review.words import counted, literal, shown
from recon.views import Claim, Path
from recon.views.path import BEYOND, window_of

WHOLE, CLOSE_UP = "whole", "touches"
WHOLE_SPAN = "whole: windows, cut-off, lock"
PATH_SPANS = {WHOLE_SPAN: WHOLE, "close up: first touch to conversion": CLOSE_UP}
NOWHERE = "in no contract's reach"
RULE_COLUMNS = ["rule", "asks", "found", "decision"]
INSTANT_COLUMNS = ["at", "words", "role", "lane"]
SPAN_COLUMNS = ["lane", "what", "role", "first", "last"]
TOUCH_COLUMNS = ["lane", "at", "kind", "touch", "partner", "state", "told"]
FIGURE_COLUMNS = ["lane", "what", "from", "until", "kind", "partner", "told"]
ONE_DAY = timedelta(days=1)


def way_of(close: StoredClose, conversion: str) -> Path | None:
    """The path of a conversion; None where a version is not kept as the close used it."""
    try:
        return views.path_of(close, conversion)
    except BadInput:
        return None


def no_path(close: StoredClose) -> str:
    """Why a path can't be told again, in Markdown."""
    try:
        believed(close)
    except BadInput as changed:
        faults = "".join(f"\n- {literal(str(one))}" for one in changed.problems)
        return f"**The path can't be told again:** a version is not kept as the close used it.\n{faults}"
    return "**The path can't be told again.**"


def path_heading(path: Path) -> str:
    """A conversion in a few lines of Markdown: when, what, its sale and marks, who was paid, what turns on it."""
    one = path.conversion
    facts = [one["program"], one["action"], _sale(one), f"order {one['order_id']}" if one["order_id"] else ""]
    facts += [f"{name} {one[name]}" for name in ("customer", "category", "coupon", "geo", "device") if one[name]]
    marks = [f"**{name}**" for name in ("is_test", "is_fraud") if one[name]]
    found = views.findings_naming(path.close, one["conversion_id"])
    named = [f"- finding `{row['finding_id']}` ({row['grade']}) turns on it" for row, _ in found]
    told = " · ".join([*(literal(str(fact)) for fact in facts if fact), *marks])
    title = f"## Conversion {literal(one['conversion_id'])}"
    return "\n".join([title, "", f"{instant_text(one['ts'])} · {told}", "", _paid(path), "", *named])


def _sale(one: views.Record) -> str:
    if one["sale_micros"] is None:
        return ""
    amount = Decimal(one["sale_micros"]).scaleb(-6).normalize() + 0
    return f"sale {shown(amount, one['currency'])} {one['currency']}" if one["currency"] else f"sale {amount:,f}"


def _paid(path: Path) -> str:
    """How each contract that had a say ended it."""
    told = [f"**{one.contract}** {_fate(one)}" for one in path.claims if one.decision is not None]
    return " · ".join(told) or "**unclaimed:** no contract in force had a touch in reach (5.4)"


def _fate(claim: Claim) -> str:
    assert claim.decision is not None
    return str(claim.decision["fate"]).replace("_", " ")


def contract_choices(path: Path) -> dict[str, str]:
    """The contracts in force for a conversion by the name a page shows: how each of them ended it; what pays first."""
    return {_named(one): one.contract for one in path.claims}


def _named(claim: Claim) -> str:
    ended = _fate(claim) if claim.decision is not None else "no touch in reach" if not claim.in_reach else "–"
    return f"{claim.contract}: {ended}"


def contract_chosen(path: Path, line: pd.DataFrame, wanted: str | None) -> str | None:
    """The contract that an address asks for, else that of the line, else the first."""
    choices = contract_choices(path)
    for contract in (wanted, *line["contract"]):
        for name, known in choices.items():
            if known == contract:
                return name
    return next(iter(choices), None)


def _claim(path: Path, contract: str | None) -> Claim | None:
    return next((one for one in path.claims if one.contract == contract), None)


def rules_heading(path: Path, contract: str | None) -> str:
    """Whose rules stand below."""
    claim = _claim(path, contract)
    if claim is None:
        return "### Rules\n\nNo contract of the program is in force on that date (2.2)."
    return f"### The rules in order, for {literal(claim.contract)} v{claim.version.version} ({claim.version.timezone})"


def rule_rows(path: Path, contract: str | None) -> pd.DataFrame:
    """Every rule in order with what was found and where the fate fell."""
    claim = _claim(path, contract)
    rows = [] if claim is None else views.rulings(path, claim)
    told = [(one.rule, one.question, one.found, one.decision) for one in rows]
    return pd.DataFrame(told, columns=RULE_COLUMNS, dtype=object)


# The chart


def _zone(path: Path, contract: str | None) -> str:
    claim = _claim(path, contract)
    return path.zones[0] if claim is None else claim.version.timezone


def drawn(path: Path, contract: str | None, span: str) -> dict[str, Any]:
    """What `charts.path` draws, on the clocks of a contract's zone, whole or close to the touches."""
    return {
        "spans": path_rows(path, contract), "touches": path_touches(path, contract),
        "instants": instant_rows(path, contract), "bounds": path_bounds(path, contract, span),
        "title": path_title(path, contract),
    }  # fmt: skip


def path_figures(drawn: Mapping[str, Any]) -> pd.DataFrame:
    """What the chart draws, as a table: stretches, touches and instants by lane, on the same clocks."""
    spans = drawn["spans"].rename(columns={"first": "from", "last": "until"})
    touches = drawn["touches"].rename(columns={"at": "from", "touch": "what"})
    instants = drawn["instants"].rename(columns={"at": "from", "words": "what"})
    return pd.concat([instants, spans, touches])[FIGURE_COLUMNS].reset_index(drop=True)


def path_title(path: Path, contract: str | None) -> tuple[str, str]:
    """The chart's title and, below it, whose clocks the axis goes by and which contracts are not drawn."""
    away = len(path.claims) - len(_drawn(path))
    rest = f" · {counted(away, 'more contract')} in force without a touch in reach" if away else ""
    return f"Touches and windows of {path.conversion['conversion_id']}", f"Clocks of {_zone(path, contract)}{rest}"


def _drawn(path: Path) -> list[Claim]:
    """The contracts with a touch in reach."""
    return [one for one in path.claims if one.in_reach]


def _lane(claim: Claim) -> str:
    ended = _fate(claim) if claim.decision is not None else "not of this month"
    return f"{claim.contract} v{claim.version.version}: {ended}"


def path_rows(path: Path, contract: str | None) -> pd.DataFrame:
    """Stretches of time by lane: the version in force, and the windows that end at the conversion."""
    zone, at = _zone(path, contract), path.conversion["ts"]
    rows = [row for claim in _drawn(path) for row in _stretches(claim, at, zone)]
    return pd.DataFrame(rows, columns=SPAN_COLUMNS, dtype=object)


def _stretches(claim: Claim, at: int, zone: str) -> Iterator[tuple[Any, ...]]:
    lane, effective = _lane(claim), claim.version.effective
    until = None if effective.last is None else _wall(midnight(effective.last + ONE_DAY, claim.version.timezone), zone)
    begin = _wall(midnight(effective.first, claim.version.timezone), zone)
    yield (
        lane,
        f"v{claim.version.version} from {effective.first} to {effective.last or 'no end'}",
        "version",
        begin,
        until,
    )
    for kind in ("click", "view"):
        stated = window_of(claim.terms, kind)
        if duration(stated):
            yield lane, f"{kind} window {stated}", f"{kind} window", _wall(at - duration(stated), zone), _wall(at, zone)


def path_touches(path: Path, contract: str | None) -> pd.DataFrame:
    """Each touch on the lane of every contract that has it in reach; on one of its own where nobody does."""
    zone = _zone(path, contract)
    rows = [(_lane(claim), look) for claim in _drawn(path) for look in claim.in_reach]
    reached = {id(look.touch) for _, look in rows}
    rows += [(NOWHERE, views.Look(one, BEYOND)) for one in path.touches if id(one) not in reached]
    return pd.DataFrame([_touch(lane, look, zone) for lane, look in rows], columns=TOUCH_COLUMNS, dtype=object)


def _touch(lane: str, look: views.Look, zone: str) -> tuple[Any, ...]:
    one = look.touch
    told = f"{look.state}{': ' + look.why if look.why else ''}, {_age(one['age'])} before, {instant_text(one['ts'])}"
    return lane, _wall(one["ts"], zone), one["kind"], one["touch_id"], one["partner"] or "–", look.state, told


def _age(age: int) -> str:
    days, rest = divmod(age, DAY)
    hours = f"{Decimal(rest) / HOUR:.2f} h"
    return f"{days} d {hours}" if days else hours


def instant_rows(path: Path, contract: str | None) -> pd.DataFrame:
    """The instants that decide: the conversion, the month's bounds, cut-off, reversals, and each contract's lock."""
    zone, claim = _zone(path, contract), _claim(path, contract)
    own = claim.version.timezone if claim is not None else "UTC"
    month = Period.parse(path.close.period)
    rows = [(path.conversion["ts"], "conversion", "conversion", "")]
    rows += [(month.start(own), f"{month} begins", "month", ""), (month.end(own), f"{month} ends", "month", "")]
    rows += [(claim.cutoff, f"cut-off of {claim.period}", "cut-off", "")] if claim is not None else []
    rows += [(one["ts"], f"reversal {one['reversal_id']}", "reversal", "") for one in path.reversals]
    rows += [_lock(one, one.lock_date) for one in _drawn(path) if one.lock_date is not None]
    told = [(_wall(at, zone), words, role, lane) for at, words, role, lane in rows]
    return pd.DataFrame(told, columns=INSTANT_COLUMNS, dtype=object)


def _lock(claim: Claim, day: date) -> tuple[int, str, str, str]:
    """The end of the lock date, in the contract's own zone."""
    return midnight(day + ONE_DAY, claim.version.timezone), f"locks at the end of {day}", "lock", _lane(claim)


def path_bounds(path: Path, contract: str | None, span: str) -> tuple[datetime, datetime]:
    """From when to when the chart is drawn: all that decides, or close to the touches."""
    zone, at = _zone(path, contract), path.conversion["ts"]
    oldest = min([one["ts"] for one in path.touches], default=at - DAY)
    if span == CLOSE_UP:
        room = max((at - oldest) // 12, DAY // 24)
        return _wall(oldest - room, zone), _wall(at + room, zone)
    windows = [window_of(one.terms, kind) for one in _drawn(path) for kind in ("click", "view")]
    instants = instant_rows(path, contract)
    decisive = instants[instants["role"] != "month"]["at"]
    start = min([oldest, *(at - duration(one) for one in windows)])
    return _wall(start - DAY, zone), max(decisive) + ONE_DAY


def _wall(us: int, zone: str) -> datetime:
    """An instant as the clocks of a zone show it."""
    return local(us, zone).replace(tzinfo=None)
