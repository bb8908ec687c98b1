"""The README's table of benchmarks and its chart, made of the results that the benchmarks kept.

    python -m benchmarks.observe --keep docs/benchmarks.json
    python -m benchmarks.report

Ratios are of processor seconds, which other work on the machine moves less than seconds on the wall.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import altair as alt
import pandas as pd

from benchmarks.kept import Kept, kept
from benchmarks.racing import SCAN, Result
from recon.charts.look import BILLED, INK, QUIET, ROW

KEPT, README = Path("docs/benchmarks.json"), Path("README.md")
PICTURES = (Path("docs/screenshots/benchmarks.svg"),)
BEGIN, END = "<!-- benchmarks: python -m benchmarks.report -->", "<!-- end of benchmarks -->"
PANEL_WIDTH = 420
LEFT = 0.7  # times the bare scan: where the axis begins
ROOM = 4  # times the largest ratio that the axis goes, for the words behind a dot


def table(runs: list[Kept]) -> str:
    """Every run's works and contestants, each ratio to the bare scan of the same run."""
    rows = ["| work | by | processor s | × scan | peak GB |", "|---|---|--:|--:|--:|"]
    for run in runs:
        first = f"**{_title(run)}**: {run.date}, {run.cores} cores, {run.memory} GiB, load {run.load}"
        rows.append(f"| {first} | | | | |")
        for one in run.results:
            rows.append(
                f"| {one.work} | {one.used.name} | {one.used.processor:.1f} | {_ratio(run, one):.1f} "
                f"| {one.used.peak:.2f} |"
            )
    return "\n".join(rows)


def chart(runs: list[Kept]) -> alt.VConcatChart:
    """A dot per contestant on a logarithmic scale, a panel per run and work; recon stands out."""
    right = ROOM * max(_ratio(run, one) for run in runs for one in run.results)
    panels = [_panel(run, work, right) for run in runs for work in dict.fromkeys(one.work for one in run.results)]
    return (
        alt.vconcat(*panels, spacing=18)
        .resolve_scale(x="shared")
        .properties(
            title=alt.TitleParams(
                "Processor seconds beside DuckDB's bare scan of the same columns",
                subtitle="Less is better; one process each, the same answers asserted; memory is the process's peak.",
            )
        )
    )


def _panel(run: Kept, work: str, right: float) -> alt.LayerChart:
    results = [one for one in run.results if one.work == work and one.used.name != SCAN]
    shown = pd.DataFrame(
        {
            "by": [one.used.name for one in results],
            "ratio": [_ratio(run, one) for one in results],
            "words": [words_of(run, one) for one in results],
        }
    )
    axis = alt.Axis(title="× bare scan", values=[1, 2, 5, 10, 20, 50, 100, 200])
    drawn = alt.Chart(shown).encode(
        x=alt.X("ratio:Q", axis=axis, scale=alt.Scale(type="log", domain=[LEFT, right])),
        y=alt.Y("by:N", title=None, sort=None),
    )
    colour = alt.condition("datum.by == 'recon'", alt.value(BILLED), alt.value(QUIET))
    dots = drawn.mark_point(filled=True, size=110, opacity=1).encode(color=colour)
    words = drawn.mark_text(align="left", dx=9, color=INK).encode(text="words:N")
    return (dots + words).properties(width=PANEL_WIDTH, height=ROW * len(shown), title=f"{work}: {_title(run)}")


def words_of(run: Kept, one: Result) -> str:
    """What stands behind a dot: the ratio to the bare scan and the peak memory."""
    return f"{_ratio(run, one):.1f} × · {one.used.peak:.2f} GB"


def _ratio(run: Kept, one: Result) -> float:
    scan = next(each.used for each in run.results if each.work == one.work and each.used.name == SCAN)
    return one.used.processor / scan.processor


def _title(run: Kept) -> str:
    return ", ".join(f"{quantity:,} {name}".replace(",", " ") for name, quantity in run.size.items())


def written(text: str, runs: list[Kept]) -> str:
    """A text with the table between its two marks; ValueError where they are not there."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"no {BEGIN} followed by {END}")
    return f"{before}{BEGIN}\n{table(runs)}\n{END}{after}"


def main() -> None:
    """Command line: where results are kept, and what is made of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--pictures", type=Path, nargs="+", default=PICTURES, help="files .svg or .png")
    asked = parser.parse_args()
    runs = kept(asked.kept)
    asked.readme.write_text(written(asked.readme.read_text(encoding="utf-8"), runs), encoding="utf-8")
    for path in asked.pictures:
        chart(runs).save(path)


if __name__ == "__main__":
    main()
