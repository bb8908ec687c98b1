"""How long a large book of contracts takes to be taken in, listed, resolved, read whole and verified.

    python -m benchmarks.contract_book --contracts 10000 --versions 5
    python -m benchmarks.contract_book --database postgresql     # a server of its own, gone afterwards

The documents are made once from a seed and kept in the system's temporary folder. Each step runs in a process of its
own, whose peak memory is told by the operating system; seconds leave the start of that process out. A database that is
named must be empty.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import yaml

from benchmarks.postgres import server
from recon.close.contracts import contracts_of, in_force_on
from recon.contracts.lint import accepted
from recon.ledger import Ledger
from recon.period import Period, instant
from recon.workspace import Workspace

MONTH = Period.parse("2026-10")
DAY = date(2026, 10, 16)
KNOWN_AT = instant("2026-07-01T00:00:00Z")
NOW = instant("2027-06-01T00:00:00Z")
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo")
CURRENCIES = ("USD", "EUR", "JPY", "GBP")
PROGRAM_SIZE = 400  # contracts that share a program
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Content = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """What a step took (seconds, GB) and what it found."""

    name: str
    seconds: float
    peak: float
    found: Content


# The documents


def folder_of(contracts: int, versions: int, seed: int) -> Path:
    """The folder of a book's documents, made on first use."""
    folder = Path(gettempdir()) / f"recon-book-{contracts}-{versions}-{seed}"
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        make(unfinished, contracts, versions, seed)
        unfinished.rename(folder)
    return folder


def make(folder: Path, contracts: int, versions: int, seed: int) -> None:
    """The documents of a book, the same for one seed."""
    for number in range(contracts):
        place = folder / f"contract-{number:05}"
        place.mkdir(parents=True)
        for content in series(number, versions, random.Random(f"{seed} {number}")):
            text = yaml.dump(content, Dumper=DUMPER, sort_keys=False)
            (place / f"v{content['version']}.yaml").write_text(text, encoding="utf-8")


def series(number: int, versions: int, chance: random.Random) -> Iterator[Content]:
    """One contract's documents: amendments in the middle of months, some ended, some still drafts."""
    direction, model = chance.choice([("charge", "cpm"), ("charge", "cpa"), ("payout", "cpm"), ("payout", "cpa")])
    head = {"contract": f"contract-{number:05}", "direction": direction, "model": model, "number": number}
    same = {"currency": chance.choice(CURRENCIES), "timezone": chance.choice(ZONES)}
    first = date(2025, 1, 1) + timedelta(days=chance.randrange(360))
    for version in range(1, versions + 1):
        is_last = version == versions > 1
        status = chance.choices(["approved", "draft", "submitted", "rejected", "withdrawn"], [80, 8, 6, 3, 3])[0]
        yield written(head, same, version, first, is_last, status if is_last else "approved", chance)
        first += timedelta(days=chance.randrange(20, 200))


def written(  # noqa: PLR0917
    head: Content, same: Content, version: int, first: date, is_last: bool, status: str, chance: random.Random
) -> Content:
    """One version's document."""
    kind = "original" if version == 1 else chance.choice(["amendment", "amendment", "correction", "renewal"])
    kind = "termination" if is_last and chance.random() < 0.1 else kind
    is_open = kind == "termination" or chance.random() < 0.7
    role = "advertiser" if head["direction"] == "charge" else "partner"
    party = {"id": f"party-{head['number'] // 3}", "name": f"Party No. {head['number'] // 3}", "role": role}
    dates = {"from": str(first)} | ({} if is_open else {"to": str(first + timedelta(days=chance.randrange(300, 700)))})
    ended = kind == "termination"
    return {
        "contract": head["contract"], "version": version, "kind": kind, "counterparty": party,
        "direction": head["direction"], **same, "effective": dates, "status": status,
        "history": history(status, first, chance),
        **({} if ended or is_open else {"renewal": {"auto": True, "term_months": 12, "notice_days": 60}}),
        **({} if ended else {"terms": (cpm if head["model"] == "cpm" else cpa)(head, version, chance)}),
    }  # fmt: skip


def history(status: str, first: date, chance: random.Random) -> list[Content]:
    """Who wrote, submitted and decided; some versions are approved after they began."""
    steps = {"draft": ["create"], "submitted": ["create", "submit"]}.get(status)
    steps = steps or ["create", "submit", {"approved": "approve", "rejected": "reject"}.get(status, "withdraw")]
    at = datetime.combine(first, datetime.min.time()) - timedelta(days=chance.randrange(-5, 30))
    who = {"approve": "omar", "reject": "omar"}
    told = [(step, at + timedelta(hours=7 * n, minutes=chance.randrange(60))) for n, step in enumerate(steps)]
    return [{"action": step, "by": who.get(step, "dana"), "at": f"{when.isoformat()}Z"} for step, when in told]


def cpm(head: Content, version: int, chance: random.Random) -> Content:
    """Terms per thousand impressions: one to four items, by attribute, in tiers or flat."""
    items = [
        {"item": f"{head['contract']}-{n}", "rates": cpm_rates(version, chance)} | cpm_limits(chance)
        for n in range(chance.randrange(1, 5))
    ]
    more = {"minimum": {"amount": price(chance, 5000)}} if chance.random() < 0.3 else {}
    return {"model": "cpm", "basis": chance.choice(["delivered", "viewable"]), "items": items, **more}


def cpm_rates(version: int, chance: random.Random) -> list[Content]:
    if chance.random() < 0.4:
        steps = [{"over": 200_000 * n, "per_mille": f"{20 - n}.{version:02}"} for n in range(chance.randrange(2, 6))]
        return [{"tiers": {"mode": "graduated", "steps": steps}}]
    by_country = [{"when": {"geo": ["US", "CA"], "device": ["ctv"]}, "per_mille": price(chance, 20)}]
    return [*(by_country if chance.random() < 0.5 else []), {"per_mille": price(chance, 20)}]


def cpm_limits(chance: random.Random) -> Content:
    booked = {"booked": {"quantity": chance.randrange(10**5, 10**7)}} if chance.random() < 0.4 else {}
    return booked | ({"cap": {"amount": price(chance, 9000)}} if chance.random() < 0.2 else {})


def cpa(head: Content, version: int, chance: random.Random) -> Content:
    """Terms per conversion: new customers, a lead, and sales, in tiers or as a share."""
    tiers = [{"over": 100 * n, "percent_of_sale": f"{6 + n}.{version}"} for n in range(chance.randrange(2, 5))]
    sale = {"tiers": {"mode": chance.choice(["graduated", "volume"]), "steps": tiers}}
    items = [
        {"item": "sale-new", "action": "purchase", "when": {"customer": ["new"]}, "percent_of_sale": price(chance, 9)},
        {"item": "lead", "action": "lead", "flat": price(chance, 12)},
        {"item": "sale", "action": "purchase", **(sale if chance.random() < 0.5 else {"flat": price(chance, 7)})},
    ]
    partner = {"partner": f"partner-{head['number']}"} if head["direction"] == "payout" else {}
    paid = {"minimum_payout": {"amount": price(chance, 50), "below": "carry"}} if partner else {}
    return {
        "model": "cpa", "program": f"program-{head['number'] // PROGRAM_SIZE}", **partner,
        "attribution": {"click_window": chance.choice(["30d", "14d"]), "view_window": "1d"},
        "eligibility": {"geo": ["US", "CA"], "min_sale": price(chance, 20)}, "items": items,
        "caps": [{"per": "day", "conversions": chance.randrange(100, 900)}],
        "bonus": [{"at_least": 500, "amount": price(chance, 1000)}], **paid,
    }  # fmt: skip


def price(chance: random.Random, about: int) -> str:
    """A price near another, so that no version's is ten times the one before."""
    return f"{about * 100 + chance.randrange(about * 50)}"[:-2] + f".{chance.randrange(100):02}"


# The steps


def imported(place: Workspace) -> Content:
    """`recon contracts import`."""
    with Ledger.open(place.database_url, place.closes) as ledger:
        plan = ledger.plan_import(place.contracts, "dana", NOW)
        if plan.arrivals:
            accepted(plan.book)
        return {"documents": len(ledger.take_in(plan, "dana", NOW).arrivals)}


def listed(place: Workspace) -> Content:
    """`recon contracts list --on`."""
    return {"contracts": len(in_force_on(place, DAY))}


def listed_then(place: Workspace) -> Content:
    """`recon contracts list --on --as-known-at`."""
    return {"contracts": len(in_force_on(place, DAY, KNOWN_AT))}


def resolved(place: Workspace) -> Content:
    """What was in force in a month, piece by piece."""
    with Ledger.open(place.database_url, place.closes) as ledger:
        return {"spans": len(ledger.register.in_force(MONTH.first, MONTH.last))}


def read(place: Workspace) -> Content:
    """The whole book, every clause."""
    with Ledger.open(place.database_url, place.closes) as ledger:
        return {"documents": len(ledger.register.book().versions)}


def closing(place: Workspace) -> Content:
    """The book a month is closed by: the register, and the folder looked at again."""
    return {"documents": len(contracts_of(place, NOW).book.versions)}


def verified(place: Workspace) -> Content:
    """What `recon verify` does: the chain, and every row of the register beside it."""
    with Ledger.open(place.database_url, place.closes) as ledger:
        return {"problems": len(ledger.verify_chain())}


STEPS: dict[str, Callable[[Workspace], Content]] = {
    "import": imported,
    "import again": imported,
    "list --on": listed,
    "list --as-known-at": listed_then,
    "in force, a month": resolved,
    "the whole book": read,
    "the book of a close": closing,
    "verify": verified,
}


def run(documents: Path, database: str, folder: Path, repeat: int = 1) -> list[Measured]:
    """Every step in its order, the fastest of `repeat`; the first import can be made but once."""
    place = Workspace(folder, "book", database, contracts_path=str(documents))
    found = []
    for name in STEPS:
        _say(name)
        times = 1 if name == "import" else repeat
        found.append(min((apart(name, place) for _ in range(times)), key=lambda one: one.seconds))
    _say("")
    return found


def _say(step: str) -> None:
    """The step at work, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{step}", end="", file=sys.stderr, flush=True)


def apart(name: str, place: Workspace) -> Measured:
    """A step in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measured, name, place).result()


def measured(name: str, place: Workspace) -> Measured:
    """A step in this process."""
    began = time.monotonic()
    found = STEPS[name](place)
    seconds = time.monotonic() - began
    # Linux tells the peak in KiB, macOS in bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6 / 1.024)
    return Measured(name, seconds, peak, found)


def told(documents: int, found: list[Measured]) -> str:
    """A small table: seconds, documents per second, peak memory, and what each step found."""
    titles = f"{'':22}{'seconds':>9}{'documents/s':>13}{'peak GB':>9}  found"
    rows = [
        f"{one.name:22}{one.seconds:9.2f}{documents / one.seconds:13,.0f}{one.peak:9.2f}  "
        + ", ".join(f"{count:,} {what}" for what, count in one.found.items())
        for one in found
    ]
    return "\n".join([f"{documents:,} documents", titles, *rows])


@contextmanager
def database_at(asked: str, folder: Path) -> Iterator[str]:
    """An empty database: SQLite in a folder, a PostgreSQL of one's own, or the one at a URL."""
    if asked == "postgresql":
        with server() as url:
            yield url
    else:
        yield f"sqlite:///{folder}/book.db" if asked == "sqlite" else asked


def main() -> None:
    """Command line: the size of the book, and where its ledger is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contract_book", description=__doc__.splitlines()[0])
    parser.add_argument("--contracts", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=5, help="of each contract")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of an empty database")
    given = parser.parse_args()
    documents = folder_of(given.contracts, given.versions, given.seed)
    with TemporaryDirectory(prefix="recon-book-") as name, database_at(given.database, Path(name)) as url:
        print(told(given.contracts * given.versions, run(documents, url, Path(name), given.repeat)))


if __name__ == "__main__":
    main()
