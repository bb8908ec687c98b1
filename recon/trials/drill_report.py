"""A drill in figures and as a table on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

VERDICTS = ("caught", "missed", "misnamed", "no effect")
PLACEMENTS = ("alone", "pair", "same line")
Row = dict[str, Any]


def summary(errors: Sequence[Row], alarms: Sequence[Row], broken: Sequence[str]) -> dict[str, Any]:
    """How many of each verdict, and how often the planted error is the one that is named."""
    counts = Counter(one["verdict"] for one in errors)
    planted = [one for one in errors if one["verdict"] != "no effect"]
    named = [one for one in planted if one["is_in_table"] and one["placement"] == "alone"]
    one_fits = [one for one in named if one["fits"] == 1]
    several = [one for one in named if one["fits"] > 1]
    return {
        **{verdict.replace(" ", "_"): counts[verdict] for verdict in VERDICTS},
        "false_alarms": len(alarms),
        "faults": len(broken),
        "codes_planted": len({one["code"] for one in planted}),
        "codes_without_effect": sorted({one["code"] for one in errors if one["verdict"] == "no effect"}),
        "outside_table": _counted([one for one in planted if not one["is_in_table"]]),
        "by_placement": {name: _counted([one for one in planted if one["placement"] == name]) for name in PLACEMENTS},
        "one_edit_fits": len(one_fits),
        "first_share": _share(sum(one["is_first"] for one in one_fits), len(one_fits)),
        "several_fit": len(several),
        "rival_share": _share(sum(one["is_first"] or one["is_rival"] for one in several), len(several)),
        "unexplained": sum(one["fits"] == 0 for one in named),
        "wrongly_proven": sum(one["is_wrongly_proven"] for one in errors),
    }


def _counted(errors: Sequence[Row]) -> dict[str, int]:
    counts = Counter(one["verdict"] for one in errors)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def _share(part: int, whole: int) -> str | None:
    """A share as a decimal text, None of nothing."""
    return f"{part / whole:.4f}" if whole else None


def show(result: dict[str, Any], console: Console) -> None:
    """The drill as a table by code, then what is wrong in it."""
    table = Table("error", "caught", "missed", "misnamed", "no effect", "named as", box=None, header_style="bold")
    for column in table.columns[1:5]:
        column.justify = "right"
    for code, rows in _by_code(result["errors"]).items():
        counts = Counter(one["verdict"] for one in rows)
        others = sorted({name for one in rows for name in one["named"]} - {code})
        style = "red" if counts["missed"] or counts["misnamed"] else ""
        name = code if rows[0]["is_in_table"] else f"{code} (outside)"
        figures = [str(counts[verdict] or "") for verdict in VERDICTS]
        table.add_row(name, *figures, " ".join(others), style=style)
    console.print(f"[bold]Drill of {result['period']}[/], seed {result['seed']}, {result['closes']} closes of the copy")
    console.print(table)
    for line in _words(result):
        console.print(line, soft_wrap=True)


def _by_code(errors: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for one in sorted(errors, key=lambda one: not one["is_in_table"]):
        found.setdefault(one["code"], []).append(one)
    return found


def _words(result: dict[str, Any]) -> list[str]:
    said = result["summary"]
    sampled = result["sampled"]["rows"]
    lines = [f"{said['caught']} caught, {said['missed']} missed, {said['misnamed']} misnamed, "
             f"{said['no_effect']} codes without effect on this month's data; "
             f"{said['false_alarms']} false alarms on {result['clean']['lines']} clean lines"]  # fmt: skip
    if said["first_share"] is not None:
        lines.append(f"where one edit fits ({said['one_edit_fits']}), it is the planted one: {said['first_share']}")
    if said["rival_share"] is not None:
        lines.append(f"where several fit ({said['several_fit']}), the planted one is among them: {said['rival_share']}")
    lines.append(f"wrongly proven: {said['wrongly_proven']}; without a cause: {said['unexplained']}")
    if result["sampled"]["is_sampled"]:
        lines.append("sampled: " + ", ".join(f"{one['kept']} of {one['read']} {name}" for name, one in sampled.items()))
    return [*lines, *(f"[red]{fault}[/]" for fault in result["faults"])]
