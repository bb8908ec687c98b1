"""Random months: the close and the plain biller agree on every line, fate and decision, at zero tolerance.

Every working of the close is done again from its own numbers, too.

A share of the seeds runs by default, the others of the first twenty with `-m long`. More of them, from another seed
on, or of one kind:

    RANDOM_MONTHS=1000 RANDOM_MONTHS_FROM=5000 pytest tests/test_random_months.py -k all
"""

import os

import openpyxl
import pytest
from shares import share

from fixtures.random_months import make
from fixtures.random_months.agreement import apart, disagreements, misjudged, not_redone
from fixtures.random_months.hits import hits, wanted
from fixtures.random_months.month import asked
from recon.close import close_period
from recon.evidence import write_pack
from recon.period import Period
from recon.workspace import Workspace

COUNT = int(os.environ.get("RANDOM_MONTHS", "20"))
DEFAULT = COUNT if "RANDOM_MONTHS" in os.environ else 8
FIRST = int(os.environ.get("RANDOM_MONTHS_FROM", "0"))
SEEDS = range(FIRST, FIRST + COUNT)
SHOWN = 12


def stored(folder):
    month = asked(folder)
    with_ = {"as_known_at": month["as_known_at"], "cutoff": month["cutoff"]}
    return close_period(Workspace.open(folder), Period.parse(month["period"]), **with_, is_diagnosed=False)


@pytest.mark.parametrize("seed", share(SEEDS, DEFAULT))
@pytest.mark.parametrize("clauses", ["simple", "all"])
def test_the_close_agrees_with_the_plain_biller(clauses, seed, tmp_path):
    answers = make(seed, tmp_path, clauses)
    close = stored(tmp_path)
    assert not close.not_priced
    run = close.folder
    found = disagreements(answers, run) + misjudged(tmp_path, run) + not_redone(run)
    assert not found, f"{clauses} month of seed {seed}, {len(found)} disagreements:\n" + "\n".join(found[:SHOWN])


def test_a_month_of_one_seed_is_always_the_same(tmp_path):
    for name in ("one", "two"):
        make(3, tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) > 10
    for path in files:
        if path.suffix != ".gz":  # which holds the time of writing
            assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_what_a_month_meets_is_told_by_known_names(tmp_path):
    found = hits(tmp_path, make(0, tmp_path), asked(tmp_path))
    assert found.keys() == wanted().keys()
    assert found["fate impressions billable"] > 0


def test_a_cent_a_fate_or_a_touch_apart_is_noticed():
    plain = {("a", "v1"): {"fate": "payable", "touch": "c1"}, ("a", "v2"): {"fate": "late", "touch": ""}}
    other = {("a", "v1"): {"fate": "payable", "touch": "c2"}}
    assert len(apart("conversion", plain, other)) == 2
    assert apart("conversion", plain, dict(plain)) == []


@pytest.mark.parametrize("seed", share(SEEDS[: max(COUNT // 2, 1)], DEFAULT // 2))
def test_every_check_of_the_evidence_pack_holds(seed, tmp_path):
    """A pack re-performs each line by its own formulas: their values, as written, agree with the engine's."""
    make(seed, tmp_path, "all")
    write_pack(stored(tmp_path), tmp_path / "pack.xlsx")
    checks = openpyxl.load_workbook(tmp_path / "pack.xlsx", data_only=True, read_only=True)["Checks"]
    results = {row[2]: row[3] for row in checks.iter_rows(min_row=6, max_col=4, values_only=True) if row[3] is not None}
    assert len(results) > 10
    assert [statement for statement, holds in results.items() if holds is not True] == []
