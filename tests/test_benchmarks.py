"""Benchmarks at a small size, for what they find; their times are for a quiet machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import compare, contract_book, contract_histories, observe, office, pack_lines, racing, reclose, report
from benchmarks.comparing import CONTESTANTS, by_duckdb, by_pandas, by_recon
from benchmarks.comparing.lines import make_lines
from benchmarks.histories.history import Wrong
from benchmarks.histories.plain import Account, Did
from benchmarks.kept import Kept, finished, keep, kept
from benchmarks.measuring import Measured
from benchmarks.postgres import new_database
from fixtures.billing import write_billing
from fixtures.demo import make_workspace
from fixtures.months import Month
from recon.contracts import lifecycle
from recon.contracts.documents import load_book
from recon.contracts.lint import accepted
from recon.workspace import Workspace

CONTRACTS, VERSIONS, SEED = 30, 4, 3  # a book with versions of every kind and status


@pytest.fixture(params=["sqlite", "postgresql"])
def host(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_a_book_taken_in_answers_as_its_documents_do(host: str | None, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    contract_book.make(documents, CONTRACTS, VERSIONS, seed=SEED)
    url = new_database(host) if host else f"sqlite:///{tmp_path}/book.db"
    place = Workspace(tmp_path, "book", url, contracts_path=str(documents))
    found = {name: contract_book.measured(name, place).found for name in contract_book.STEPS}
    assert found == _expected(documents)


def _expected(documents: Path) -> dict[str, dict[str, int]]:
    """The same by the documents alone, day by day."""
    book = accepted(load_book(documents))
    then, whole = book.known_at(contract_book.KNOWN_AT), {"documents": CONTRACTS * VERSIONS}
    month = contract_book.MONTH
    on = [sum(one.in_force(name, contract_book.DAY) is not None for name in one.contracts) for one in (book, then)]
    spans = [
        span
        for name in book.contracts
        for span in book.spans(name)
        if span.first <= month.last and (span.end is None or span.end > month.first)
    ]
    assert len({one.status for one in book.versions}) == len({one.kind for one in book.versions}) == 5
    return {
        "import": whole, "import again": {"documents": 0}, "list --on": {"contracts": on[0]},
        "list --as-known-at": {"contracts": on[1]}, "in force, a month": {"spans": len(spans)},
        "the whole book": whole, "the book of a close": whole, "verify": {"problems": 0},
    }  # fmt: skip


def test_random_histories_with_racing_writers_are_as_a_plain_account_tells(host: str | None) -> None:
    total = contract_histories.ran(range(1, 5), 25, host)
    assert total.failed == {}
    assert total.reached["histories"] == 4
    assert total.reached["acts"] > 50


@pytest.mark.parametrize("check", ["_role", "_state", "_seen", "_clock", "_duties"])
def test_a_check_left_out_of_the_lifecycle_is_noticed(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, check, lambda *given: iter(()))
    assert contract_histories.ran(range(1, 13), 25).failed


def test_an_act_that_is_not_in_the_register_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account itself is compared: one that forgets an act disagrees with every register."""
    whole = Account._told
    monkeypatch.setattr(
        Account, "_told", lambda self, dids, text: whole(self, dids[:1] if len(dids) > 1 else dids, text)
    )
    failed = contract_histories.ran(range(1, 6), 25).failed
    assert Wrong.__name__ in next(iter(failed.values()))
    assert Did.__name__ in next(iter(failed.values()))


@pytest.mark.long
@pytest.mark.xdist_group("office")
def test_a_pack_of_many_lines_is_calculated_to_the_same_cents(tmp_path: Path) -> None:
    if office.missing():
        pytest.skip("soffice is missing: install libreoffice-calc")
    found = pack_lines.run(tmp_path, 100)
    assert found.lines == 100 and found.conversions == 200 and found.formulas > 2000
    assert found.differing == ()


@pytest.fixture(scope="module")
def small_month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Month, Path]:
    """A month of which pandas holds all."""
    month, folder = Month(impressions=40_000, clicks=4_000, conversions=1_500), tmp_path_factory.mktemp("small")
    make_workspace(folder, month)
    write_billing(folder / "billing", [])
    return month, folder


@pytest.mark.long
@pytest.mark.parametrize("work", ["counts", "duplicates", "touches"])
def test_everybody_observes_the_same(small_month: tuple[Month, Path], work: str) -> None:
    month, folder = small_month
    results = observe.run(month, folder, 1, [work])
    answers = [one.answer for one in results if one.used.name != racing.SCAN]
    assert len(answers) >= 3 and len(set(answers)) == 1 and answers[0]
    assert {"recon", "duckdb", "pandas"} <= {one.used.name for one in results}
    assert f"| {work} | recon |" in racing.table(results)
    assert f"{work:12}bare scan  ████\n" in racing.bars(results)


def test_another_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    used = Measured("", 1, 1, 1)
    monkeypatch.setattr(racing, "best", lambda work, name, *_: racing.Result(work, replace(used, name=name), name))
    with pytest.raises(racing.Disagreement):
        list(racing.raced("counts", ["recon", "duckdb"], lambda *_: [], 1))


@pytest.fixture(scope="module")
def small_lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines")
    make_lines(folder, 4_000)
    return folder


def test_the_lines_that_differ_are_the_same_for_everybody(small_lines: Path) -> None:
    found = [set(one.differences(small_lines)) for one in (by_recon, by_duckdb, by_pandas)]
    assert found[0] == found[1] == found[2]
    missing = [row for row in found[0] if not row[-1]]
    unexpected = [row for row in found[0] if not row[-2]]
    assert missing and unexpected and len(found[0]) > len(missing) + len(unexpected)
    other_currency = {row[:4] for row in missing} & {row[:4] for row in unexpected}
    assert other_currency and len(other_currency) < len(missing)


def test_lines_follow_from_their_seed(small_lines: Path, tmp_path: Path) -> None:
    make_lines(tmp_path / "same", 4_000)
    make_lines(tmp_path / "other", 4_000, seed=2)
    same, other = (racing.digest(by_duckdb.differences(tmp_path / name)) for name in ("same", "other"))
    assert same == racing.digest(by_duckdb.differences(small_lines)) != other


@pytest.mark.long
def test_everybody_that_is_there_compares_the_same(tmp_path: Path) -> None:
    there = compare.pythons([])
    results = compare.run(2_000, 1, [], tmp_path)
    assert [one.used.name for one in results] == list(there)
    assert {racing.SCAN, "recon", "duckdb", "pandas"} <= set(there) <= {racing.SCAN, *CONTESTANTS}
    assert len({one.answer for one in results if one.used.name != racing.SCAN}) == 1


def test_results_are_kept_once_per_size_and_work(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    for seconds in (1.0, 2.0):
        results = [racing.Result("compare", Measured(name, 1, seconds, 1), None) for name in (racing.SCAN, "recon")]
        for lines in (10, 20):
            keep(path, finished({"lines": lines}, results))
    runs = kept(path)
    assert [(one.size["lines"], one.results[1].used.processor) for one in runs] == [(10, 2.0), (20, 2.0)]
    assert all(isinstance(one, Kept) and one.cores >= 1 and one.memory >= 1 for one in runs)


def test_the_readme_tells_the_results_that_were_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    readme = report.README.read_text(encoding="utf-8")
    runs = kept(report.KEPT)
    assert runs and report.written(readme, runs) == readme
    picture = report.PICTURES[0].read_text(encoding="utf-8")
    told = [report.words_of(run, one) for run in runs for one in run.results if one.used.name != racing.SCAN]
    assert [words for words in told if words not in picture] == []


@pytest.mark.long
def test_a_month_closed_again_has_the_bytes_of_a_full_close_whatever_changed(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.close_month.gettempdir", lambda: str(tmp_path))
    small = Month(impressions=6_000, clicks=300, conversions=100)
    found = {one.change: one.reused for one in reclose.run(small, (reclose.rate_changed, reclose.late_file))}
    assert found == {"rate changed": "all observations, of run 1", "late file": ""}


def test_a_byte_apart_from_a_full_close_is_noticed(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.close_month.gettempdir", lambda: str(tmp_path))

    def spoilt(folder: Path, period: str, name: str) -> tuple[Measured, str]:
        run = folder / "closes" / period / ("2" if name == "again" else "1")
        run.mkdir(parents=True)
        (run / "lines.csv").write_text(name, encoding="utf-8")
        return Measured(name, 1, 1, 1), ""

    monkeypatch.setattr(reclose, "closed", spoilt)
    with pytest.raises(reclose.Differing, match="nothing: lines.csv"):
        reclose.run(Month(impressions=6_000, clicks=300, conversions=100), (reclose.nothing,))
