"""Thousands of random histories of contracts, writers racing on one contract, on SQLite and on PostgreSQL.

    python -m benchmarks.contract_histories --histories 2000 --seed 1
    python -m benchmarks.contract_histories --histories 1000 --database postgresql
    python -m benchmarks.contract_histories --histories 1 --seed 7 --steps 25      # one of them again

Each history makes acts on two contracts, every other step a race of two threads with a connection each. After a race
the register must be as some order of the acts leaves it, by an account that shares no code with recon; after a history
states, texts, duties, what was in force on random dates as known at random instants, and the chain must be as a replay
of the trail tells. The acts of a history follow from its seed; which thread of a race is first does not. A long run
(--histories 500 or more) fails where a kind of act, refusal or race was never reached. PostgreSQL is started for the
run, in a temporary folder.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.histories.desk import Desk
from benchmarks.histories.history import WANTED, History
from benchmarks.histories.past import check
from benchmarks.postgres import new_database, server

OF_ONE_DATABASE = 20  # histories
LONG = 500  # histories that must reach everything


@dataclass(frozen=True)
class Ran:
    """What histories reached, and what was wrong with those that failed, by their seeds."""

    reached: Counter[str]
    failed: dict[int, str]


def ran(seeds: Sequence[int], steps: int, host: str | None = None) -> Ran:
    """Histories one after the other in one new database, SQLite or on a server; what follows a failure is left out."""
    reached: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="histories-") as name, ExitStack() as open_ones:
        folder = Path(name)
        url = new_database(host, "histories") if host else f"sqlite:///{folder}/ledger.db"
        desks = [Desk(url, folder) for _ in range(2)]
        for desk in desks:
            open_ones.enter_context(desk.ledger)
        pool = open_ones.enter_context(ThreadPoolExecutor(2))
        for seed in seeds:
            try:
                reached += one_history(seed, steps, url, desks, pool)
            except Exception:
                return Ran(reached, {seed: traceback.format_exc()})
    return Ran(reached, {})


def one_history(seed: int, steps: int, url: str, desks: Sequence[Desk], pool: ThreadPoolExecutor) -> Counter[str]:
    """A whole history and its checks; Wrong where one fails."""
    history = History(str(seed), desks, pool)
    for _ in range(steps):
        history.step()
    check(url, desks[0].ledger, history.account, history.contracts, random.Random(seed))
    return history.reached + Counter(histories=1, acts=len(history.account.acts))


def many(given: argparse.Namespace, host: str | None) -> Ran:
    """Histories in as many processes as asked, their progress on a terminal."""
    seeds = range(given.seed, given.seed + given.histories)
    parts = [seeds[first : first + OF_ONE_DATABASE] for first in range(0, len(seeds), OF_ONE_DATABASE)]
    total = Ran(Counter(), {})
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as workers:
        for done in as_completed([workers.submit(ran, part, given.steps, host) for part in parts]):
            total.reached.update(done.result().reached)
            total.failed.update(done.result().failed)
            _say(f"{total.reached['histories']:,} histories, {len(total.failed)} failed")
    _say("")
    return total


def _say(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)


def missed(total: Ran) -> list[str]:
    """What histories should reach and did not."""
    return [name for name in WANTED if not total.reached[name]]


def told(total: Ran) -> Iterator[str]:
    """Every count, what was never reached, and every failure with its seed."""
    yield from (f"{total.reached[name]:8,}  {name}" for name in sorted(total.reached))
    yield from (f"   never  {name}" for name in missed(total))
    yield from (f"\nseed {seed}:\n{why}" for seed, why in sorted(total.failed.items()))


def main() -> None:
    """Command line; status 1 where a history failed, or a long run did not reach everything."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.contract_histories", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--histories", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="of the first history")
    parser.add_argument("--steps", type=int, default=25, help="of each history")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--processes", type=int, default=2)
    given, began = parser.parse_args(), time.monotonic()
    with ExitStack() as open_ones:
        host = open_ones.enter_context(server()) if given.database == "postgresql" else None
        total = many(given, host)
    print("\n".join(told(total)))
    print(
        f"\n{given.database}: {total.reached['histories']:,} histories from seed {given.seed}, {len(total.failed)} failed, {time.monotonic() - began:.0f} s"
    )
    if total.failed or (given.histories >= LONG and missed(total)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
