"""The power of the diagnosis over many random months: errors planted in each, totals per code, every failure.

    python -m benchmarks.drill --months 50 --seed 3000
    python -m benchmarks.drill --months 1 --seed 3007     # one of its months again
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from fixtures.random_months.month import asked, make
from recon.period import Period
from recon.trials.drill import Asked, drill
from recon.workspace import Workspace

Row = dict[str, Any]
VERDICTS = ("caught", "missed", "misnamed")
PLACEMENTS = ("alone", "pair", "same line")


def main() -> None:
    """Drills months one seed after the other, in as many processes as asked, and prints what came out."""
    parser = argparse.ArgumentParser(prog="benchmarks.drill", description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=50)
    parser.add_argument("--seed", type=int, default=3000, help="of the first month")
    parser.add_argument("--closes", type=int, default=10, help="at most, of each month")
    parser.add_argument("--pairs", type=int, default=4, help="of each kind, in each month")
    parser.add_argument("--times", type=int, default=1, help="that each error is planted alone in a month")
    parser.add_argument("--codes", nargs="*", default=(), help="only these errors")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("-o", type=Path, dest="output", help="a file for the results as JSON")
    given = parser.parse_args()
    began = time.monotonic()
    months = sorted(drilled(given), key=lambda month: month["month"])
    if given.output:
        given.output.write_text(json.dumps(months, indent=1), encoding="utf-8")
    for line in told(months):
        print(line)
    print(f"\n{len(months)} months in {time.monotonic() - began:.0f} s")


def drilled(given: argparse.Namespace) -> Iterator[Row]:
    """The drill of every month as it ends; one that breaks off says why."""
    seeds = range(given.seed, given.seed + given.months)
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        running = {pool.submit(one_month, seed, given): seed for seed in seeds}
        for done in as_completed(running):
            yield done.result()
            print(f"\rmonth {running[done]}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def one_month(seed: int, given: argparse.Namespace) -> Row:
    """The month of a seed, billed rightly and drilled."""
    with tempfile.TemporaryDirectory(prefix="drill-month-") as folder:
        make(seed, Path(folder))
        wanted = asked(Path(folder))
        how = Asked(
            seed=seed, times=given.times, pairs=given.pairs, most_runs=given.closes, codes=tuple(given.codes),
            as_known_at=wanted["as_known_at"], cutoff=wanted["cutoff"],
        )  # fmt: skip
        try:
            return {"month": seed, **drill(Workspace.open(folder), Period.parse(wanted["period"]), how)}
        except Exception:
            return {"month": seed, "broke_off": traceback.format_exc()}


def told(months: list[Row]) -> Iterator[str]:
    """Totals, then everything that is not as it should be."""
    whole = [month for month in months if "broke_off" not in month]
    errors = [{"month": month["month"], **one} for month in whole for one in month["errors"]]
    planted = [one for one in errors if one["verdict"] != "no effect"]
    yield from _by_code(planted)
    yield from _overall(planted)
    yield from _failures(planted)
    for month in whole:
        yield from (f"clean month {month['month']} has a finding: {one}" for one in month["clean"]["false_alarms"])
        yield from (f"month {month['month']}: {fault}" for fault in month["faults"])
    for month in months:
        if "broke_off" in month:
            yield f"month {month['month']} broke off:\n{month['broke_off']}"
    closes = sum(month["closes"] for month in whole)
    alarms = sum(bool(month["clean"]["false_alarms"]) for month in whole)
    broken = sum(bool(month["faults"]) for month in whole)
    yield (
        f"\n{len(whole)} months, {closes} closes; clean months with findings: {alarms}; months with faults: {broken}; "
        f"months that broke off: {len(months) - len(whole)}"
    )


def _by_code(planted: list[Row]) -> Iterator[str]:
    yield f"{'error':24} {'caught':>8} {'missed':>8} {'misnamed':>9} {'first':>7} {'rival':>7}  named as"
    alone = [one for one in planted if one["placement"] == "alone"]
    order = {one["code"]: (not one["is_in_table"], one["code"]) for one in alone}
    for code in sorted(order, key=lambda code: order[code]):
        rows = [one for one in alone if one["code"] == code]
        counts = Counter(one["verdict"] for one in rows)
        first, rival = sum(one["is_first"] for one in rows), sum(one["is_rival"] for one in rows)
        others = Counter(name for one in rows for name in one["named"] if name != code)
        name = code if rows[0]["is_in_table"] else f"({code})"
        named = " ".join(f"{name} {times}" for name, times in others.most_common(5))
        yield f"{name:24} {counts['caught']:8} {counts['missed']:8} {counts['misnamed']:9} {first:7} {rival:7}  {named}"


def _overall(planted: list[Row]) -> Iterator[str]:
    inside = [one for one in planted if one["is_in_table"]]
    for place in PLACEMENTS:
        rows = [one for one in inside if one["placement"] == place]
        yield f"\nof the table, {place}: {_counts(rows)}"
        one_fits = [one for one in rows if one["fits"] == 1]
        several = [one for one in rows if one["fits"] > 1]
        yield f"  one edit fits, and it is the planted one: {_share(one_fits, 'is_first')}"
        yield f"  several fit, the planted one first: {_share(several, 'is_first')}, among the rivals: {_share(several, 'is_rival')}"
        yield f"  without a cause: {sum(one['fits'] == 0 for one in rows)} of {len(rows)}"
    yield f"\noutside the table: {_counts([one for one in planted if not one['is_in_table']])}"
    yield f"wrongly proven: {sum(one['is_wrongly_proven'] for one in planted)} of {len(planted)}"


def _counts(rows: Iterable[Row]) -> str:
    counts = Counter(one["verdict"] for one in rows)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)


def _share(rows: list[Row], name: str) -> str:
    part = sum(one[name] for one in rows)
    return f"{part} of {len(rows)}" + (f" ({100 * part / len(rows):.1f} %)" if rows else "")


def _failures(planted: list[Row]) -> Iterator[str]:
    """Everything missed, misnamed or wrongly proven, with what it takes to see it again."""
    bad = [one for one in planted if one["verdict"] != "caught" or one["is_wrongly_proven"]]
    yield f"\n{len(bad)} failures"
    for one in sorted(bad, key=lambda one: (not one["is_wrongly_proven"], one["code"], one["month"])):
        wrong = "WRONGLY PROVEN, " if one["is_wrongly_proven"] else ""
        beside = f" beside {' '.join(one['with'])}" if one["with"] else ""
        rivals = f", rivals {' '.join(one['rivals'])}" if one["rivals"] else ""
        yield (
            f"  month {one['month']}, {one['placement']}: {one['code']} in {one['contract']}{beside} ({one['what']}): "
            f"{wrong}{one['verdict']}, named {' '.join(one['named'])} ({one['grade']}{rivals}); "
            f"{one['amount']} on {' '.join(one['lines'])}"
        )


if __name__ == "__main__":
    main()
