"""The search: an edit that was billed is found again, a number out of nowhere is never proven, pairs share exactly."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import OCTOBER, Program, cpa, sale, tiers
from shares import share
from versions import item, version

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms
from recon.diagnose.byhand import changed_by_hand, stands
from recon.diagnose.case import Case, Side
from recon.diagnose.details import Witness, _is_alike, _is_near
from recon.diagnose.edits import CAUSES, CODES, Asked, Edit
from recon.diagnose.edits.price import _swapped
from recon.diagnose.fits import Fit, Tried
from recon.diagnose.pairs import completing, halves, needed, with_shares
from recon.diagnose.proof import NO_DETAILS, Events, grouped, in_part, proof
from recon.diagnose.reprice import UNPRICEABLE, Observations, Repricer, observed_by
from recon.diagnose.search import Search
from recon.diagnose.world import LineKey, Lines, Priced, Reading, World
from recon.engine import Engine
from recon.observe import Scope
from recon.observe import observe as observe_all
from tests.reopening import reopened_month

SEEDS = (7200, 7201)
TRIES = 5  # edits of a contract that are billed
KEY = LineKey("RUN", "charge", "USD")
SALE = LineKey("sale", "payout", "USD")
NOWHERE = World(Book(()), Book(()), Scope(OCTOBER, 3))
cents = st.integers(-(10**6), 10**6).map(lambda n: Decimal(n).scaleb(-2))


@pytest.mark.parametrize("seed", share(SEEDS, 0))
def test_what_an_edit_bills_is_named_by_its_code(seed: int, tmp_path: Path) -> None:
    again, draw = reopened_month(seed, tmp_path), random.Random(seed)
    billed = 0
    with Repricer(again.observations) as repricer:
        search = Search(repricer, Witness(repricer, again.world), again.world)
        for contract in again.world.book.contracts:
            expected = repricer.lines(again.world, contract)
            edits = [(edit, lines) for edit, lines in _effects(search, repricer, again.world, contract, expected)]
            for edit, lines in draw.sample(edits, min(TRIES, len(edits))):
                case = _billed(contract, expected, lines)
                found = search.singles(case)
                chosen, left = grouped(found, case)
                assert not left, (contract, edit.words)
                names = {code for fit, rivals in chosen for one in (fit, *rivals) for code in one.codes}
                assert edit.code in names, (contract, edit.words, names)
                billed += 1
    assert billed > TRIES


@pytest.mark.parametrize("seed", share(SEEDS, 0))
def test_amounts_out_of_nowhere_are_never_proven(seed: int, tmp_path: Path) -> None:
    again, draw = reopened_month(seed, tmp_path), random.Random(seed)
    with Repricer(again.observations) as repricer:
        search = Search(repricer, Witness(repricer, again.world), again.world)
        for contract in again.world.book.contracts:
            expected = repricer.lines(again.world, contract)
            for _ in range(3 if expected else 0):
                lines = {key: _moved_somehow(line, draw) for key, line in expected.items()}
                case = _billed(contract, expected, lines)
                for fit, rivals in grouped(search.singles(case), case)[0]:
                    graded = proof(case, fit, rivals, search.tried[contract], NO_DETAILS)
                    assert graded.grade != "proven", (contract, fit.words, graded)


@given(ours=cents, first=cents, second=cents, both=cents)
def test_the_shares_of_a_pair_add_up_to_the_cent(ours: Decimal, first: Decimal, second: Decimal, both: Decimal) -> None:
    expected, one, other, lines = ({KEY: Priced(Decimal(1), amount)} for amount in (ours, first, second, both))
    case = Case("acme", expected, {KEY: Side(Decimal(1), both, True)}, frozenset([KEY]))
    shared = with_shares(case, _fit(lines), (one, other))
    share = dict(shared.first_share)[KEY]
    assert shared.is_enough_with_one is (both in (first, second))
    if both in (first, second):
        assert share == (both - ours if both == first else 0)
        return
    alone = (first - ours, both - second)
    assert min(alone) <= share <= max(alone)
    assert 0 <= 2 * share - sum(alone) <= Decimal("0.01") or 0 >= 2 * share - sum(alone) >= Decimal("-0.01")
    assert share.as_tuple().exponent == -2


def test_details_agree_to_a_minor_unit_or_in_one_proportion() -> None:
    exact = Counter({("a", 1_234_567): 1, ("b", 10_000_000): 1})
    rounded = Counter({("a", 1_230_000): 1, ("b", 10_000_000): 1})
    doubled = Counter({("a", 2_469_134): 1, ("b", 20_000_000): 1})
    assert _is_near(rounded, exact, 10_000)
    assert not _is_near(rounded, exact, 1)
    assert not _is_near(Counter({("a", 1_234_567): 1}), exact, 10_000)
    assert _is_alike(doubled, exact, 1)
    assert not _is_alike(rounded, exact, 1)


def test_a_pair_of_which_one_edit_is_enough_needs_the_word_of_the_details() -> None:
    lines = {KEY: Priced(Decimal(1), Decimal(5))}
    case = Case("acme", {KEY: Priced(Decimal(1), Decimal(3))}, {KEY: Side(None, Decimal(5), True)}, frozenset([KEY]))
    enough, both = (with_shares(case, _fit(lines), (first, case.expected)) for first in (lines, case.expected))
    assert needed(enough, ()) == ("agree",)
    assert needed(both, ()) == ("agree", "none")


def test_an_edit_beside_one_that_is_named_for_other_lines_needs_no_details() -> None:
    lines = {KEY: Priced(Decimal(1), Decimal(5))}
    case = Case("acme", {KEY: Priced(Decimal(1), Decimal(3))}, {KEY: Side(None, Decimal(5), True)}, frozenset([KEY]))
    pair = replace(with_shares(case, _fit(lines), (lines, case.expected)), scope="contract")
    first, second = pair.edits
    assert needed(pair, [second]) == ("agree", "none")
    assert needed(pair, [first]) == ("agree",)
    assert needed(replace(pair, scope="item"), [second]) == ("agree",)


def test_two_errors_that_look_like_one_are_named_beside_it() -> None:
    other = KEY._replace(item="WALK")
    wide = _fit({}, "hold_ignored", KEY, other)
    here, there, typed = _fit({}, "fx_date", KEY), _fit({}, "minimum_ignored", other), _fit({}, "rate_mistyped", KEY)
    assert in_part(wide, [wide, here, there, typed]) == [there, here, typed]
    assert in_part(wide, [wide, here, typed]) == [here]  # a rate may have been typed as anything
    assert in_part(wide, [wide, typed]) == []


def test_an_edit_that_gives_what_another_lacks_is_tried_beside_it_first_and_named_where_it_is_enough() -> None:
    other = KEY._replace(item="WALK")
    ours, theirs, wrong = (
        {KEY: Priced(Decimal(1), Decimal(a)), other: Priced(Decimal(1), Decimal(b))}
        for a, b in ((3, 4), (5, 6), (9, 9))
    )
    case = Case(
        "acme", ours, {key: Side(None, line.amount, True) for key, line in theirs.items()}, frozenset([KEY, other])
    )
    first = _tried("lock_ignored", {KEY: theirs[KEY], other: wrong[other]})
    second = _tried("reversal_ignored", {KEY: wrong[KEY], other: theirs[other]})
    neither = _tried("fraud_paid", {KEY: wrong[KEY], other: ours[other]})
    assert [(one.edit.code, edit.code) for one, edit in completing(case, [second, neither], [first])] == [
        ("reversal_ignored", "lock_ignored")
    ]
    both = replace(
        _fit(theirs, "", KEY), edits=(second.edit, first.edit), scope="contract", idle=frozenset([(0, KEY), (1, other)])
    )
    single = _fit(theirs, "missing_line", other)
    assert [one.codes for one in halves([both], single, [])] == [("reversal_ignored",)]
    assert halves([both], single, [_fit(theirs, "reversal_ignored", other)]) == []
    assert halves([replace(both, scope="item")], single, []) == []


def test_a_repeat_that_names_another_person_is_found_with_its_own_touches() -> None:
    month = Program().won("c1", "10-05").conversion("c2", "10-07", user="eve").click("eve", "10-06", "t2")
    month.conversion("c1", "10-08", user="eve").conversion("c0", "09-01").conversion("c0", "10-08", user="eve")
    world = World(Book([cpa(items=[sale()])]), Book([cpa(items=[sale()])]), Scope(OCTOBER, 3))
    observed = _observed(month, world)
    again = [world.reads(Reading().without("repeated_row")), world]
    with Repricer(observed) as abreast, Repricer(observed) as alone:
        assert abreast.lines(world, "ann") == {SALE: Priced(Decimal(2), Decimal("20.00"))}
        abreast.prepare(again, "ann")
        for repricer in (abreast, alone):
            assert repricer.lines(again[0], "ann") == {SALE: Priced(Decimal(4), Decimal("40.00"))}


def test_a_digit_of_a_rate_is_found_by_what_is_taken_back() -> None:
    """10.00 typed as 70.00: the more was paid, the more is taken back."""
    world = World(Book([cpa(items=[sale()])]), Book([cpa(items=[sale()])]), Scope(OCTOBER, 3))
    month = Program().won("c1", "09-20").reversal("c1", "10-05")
    key = SALE._replace(kind="clawback")
    with Repricer(_observed(month, world)) as repricer:
        search = Search(repricer, Witness(repricer, world), world)
        expected = repricer.lines(world, "ann")
        assert expected == {key: Priced(Decimal(0), Decimal("-10.00"))}
        found = search.singles(_billed("ann", expected, {key: Priced(Decimal(0), Decimal("-70.00"))}))
    assert "sale flat: 10 typed as 70" in [words for fit in found for words in fit.words]


def test_a_mode_is_swapped_where_the_other_one_can_be_said() -> None:
    by_sales = [{"over": "0", "flat": "1"}], [{"over": "0", "percent_of_sale": "1"}]
    items = [sale(f"s{n}", **tiers(*steps, mode="volume", measure="sale_amount")) for n, steps in enumerate(by_sales)]
    terms = cpa(items=items).terms
    assert isinstance(terms, CpaTerms)
    modes = [_swapped(one.tiers).mode for one in terms.items]
    assert modes == ["volume", "graduated"]  # a flat price has no part to split at a threshold of sales (6.2)


def test_what_follows_from_other_lines_confirms_nothing() -> None:
    """A fee of 3.00 that is held back: one number, and one that any edit gives which lets the fee fall due."""
    fee, hold = SALE, LineKey("_hold", "hold", "USD")
    lines = {fee: Priced(Decimal(0), Decimal("3.00")), hold: Priced(Decimal(0), Decimal("-3.00"))}
    alone = proof(_billed("ann", {}, lines), _fit(lines, "stale_version", fee, hold), [], [], NO_DETAILS)
    assert (alone.grade, alone.chance, len(alone.confirmations)) == ("consistent", 1, 1)
    counted = {fee: Priced(Decimal(3), Decimal("913.00")), hold: Priced(Decimal(0), Decimal("-913.00"))}
    known = proof(_billed("ann", {}, counted), _fit(counted, "stale_version", fee, hold), [], [], NO_DETAILS)
    assert (known.grade, len(known.confirmations)) == ("proven", 2)


def test_what_lay_under_a_change_by_hand_is_told_by_another_number() -> None:
    """Seven under the edit, nine on the bill: two units, where we count one, say that the edit is there as well."""
    edited = {KEY: Priced(Decimal(2), Decimal(7))}
    tried = Tried(Edit("fx_date", "another date", lambda world: None), NOWHERE, edited)
    for quantity, is_told in ((Decimal(2), True), (None, False)):
        billed = {KEY: Side(quantity, Decimal(9), True)}
        case = Case("acme", {KEY: Priced(Decimal(1), Decimal(3))}, billed, frozenset([KEY]))
        (pair,) = changed_by_hand(case, [_fit({}, "manual_override")], [tried])
        assert (pair.codes, dict(pair.first_share)) == (("fx_date", "manual_override"), {KEY: Decimal(4)})
        assert stands(case, pair, NO_DETAILS) is is_told
        assert stands(case, pair, Events("agree", 1, 3)) and not stands(case, pair, Events("contradict"))
    other = replace(tried, lines={KEY: Priced(Decimal(1), Decimal(7))})
    counted = replace(case, billed={KEY: Side(Decimal(2), Decimal(9), True)})
    assert not list(changed_by_hand(counted, [_fit({}, "manual_override")], [other]))


def _observed(month: Program, world: World) -> Observations:
    """The observations of a program's month, without impressions of CPM items."""
    with Engine(memory_limit="500MB", threads=2) as engine:
        month.load(engine)
        engine.table("input_files", {"number": "INTEGER", "file": "TEXT"}, [])
        engine.table("third_party", {"item": "TEXT", "date": "DATE"}, [])
        observe_all(engine, world.book, world.scope)
        return observed_by(engine)


def test_windows_of_less_than_a_day_reach_nothing_a_day_shorter_or_stay_as_they_are() -> None:
    wide = cpa(items=[sale()], attribution={"click_window": "30d"})
    narrow = cpa(2, "2026-10-10", items=[sale()], attribution={"click_window": "45s"})
    found = {edit.words: edit for edit in _edits("window_off", "ann", wide, narrow)}
    told = {
        "click window a day shorter": ["29d", "0d"],
        "click window a day shorter where it is a day or more": ["29d", "45s"],
    }
    for words, windows in told.items():
        world = found[words].change(_world(wide, narrow))
        assert world is not None
        terms = [one for one in world.terms("ann") if isinstance(one, CpaTerms)]
        assert [one.attribution.click_window for one in terms] == windows
    assert "view window a day shorter where it is a day or more" not in found


def test_a_third_partys_count_may_be_billed_for_all_items_or_where_a_clause_speaks_of_it() -> None:
    clause = {"third_party": {"tolerance_percent": "10", "controlling": "own"}}
    some = version(items=[item(), item("WALK", **clause)])
    every = version(items=[item(**clause), item("WALK", **clause)])
    billed = {}
    for edit in _edits("third_party_clause", "acme", some):
        world = edit.change(_world(some))
        terms = world.terms("acme")[0] if world is not None else None
        assert terms is None or isinstance(terms, CpmTerms)
        billed[edit.words] = terms and (terms.third_party is not None, [one.third_party for one in terms.items])
    told = billed["the third party's count is billed where a clause speaks of it, whatever the difference"]
    assert told and not told[0] and [one and one.controlling for one in told[1]] == [None, "third_party"]
    given = billed["the third party's count is billed, whatever the difference"]
    assert given and given[0]
    assert not any("speaks of it" in edit.words for edit in _edits("third_party_clause", "acme", every))


def _tried(code: str, lines: Lines) -> Tried:
    return Tried(Edit(code, code, lambda world: world), NOWHERE, lines)


def _world(*versions: ContractVersion) -> World:
    return World(Book(versions), Book(versions), Scope(OCTOBER, 3))


def _edits(code: str, contract: str, *versions: ContractVersion) -> list[Edit]:
    asked = Asked(_world(*versions), contract, {}, lambda dataset: ((), ()), str)
    return list(CODES[code].edits(asked))


def _effects(
    search: Search, repricer: Repricer, world: World, contract: str, expected: Lines
) -> list[tuple[Edit, Lines]]:
    """Edits that move a contract's lines, with what they make of them."""
    case = Case(contract, expected, {}, frozenset())
    changed = [
        (edit, other)
        for cause in CAUSES
        for edit in list(cause.edits(search.asked(case)))[:8]
        if (other := edit.change(world)) is not None
    ]
    repricer.prepare([other for _, other in changed], contract)
    found = []
    for edit, other in changed:
        try:
            lines = repricer.lines(other, contract)
        except UNPRICEABLE:
            continue
        if any(lines.get(key, Priced()).amount != line.amount for key, line in expected.items()):
            found.append((edit, lines))
    return found


def _billed(contract: str, expected: Lines, lines: Lines) -> Case:
    """A contract billed as some lines say, without details."""
    billed = {key: Side(line.quantity, line.amount, True) for key, line in lines.items()}
    keys = expected.keys() | lines.keys()
    is_open = {key for key in keys if lines.get(key, Priced()).amount != expected.get(key, Priced()).amount}
    return Case(contract, expected, billed, frozenset(is_open))


def _moved_somehow(line: Priced, draw: random.Random) -> Priced:
    _, _, exponent = line.amount.as_tuple()
    assert isinstance(exponent, int)
    return Priced(line.quantity, line.amount + Decimal(draw.randrange(1, 10**7)).scaleb(exponent))


def _fit(lines: Lines, code: str = "", *keys: LineKey) -> Fit:
    """A fit of one code, else of a pair."""
    codes, explained = ([code] if code else ["rounding_mode", "fx_date"]), frozenset(keys or [KEY])
    edits = tuple(Edit(one, f"{one} of {sorted(explained)}", lambda world: None) for one in codes)
    return Fit(edits, "item", explained, explained, lines, NOWHERE)
