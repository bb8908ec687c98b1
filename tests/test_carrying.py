# ruff: noqa: F811 - fixtures
"""What lives on in the ledger of both databases: carried items decided again, drift, true-ups; also at once."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from signed import PEOPLE, STEPS
from test_ledger_store import AT, folder, ledger, line, url  # noqa: F401
from test_signing import at_once, refused

from recon.ledger import CloseMeta, FindingAct, Rules
from recon.problems import BadInput

MONTHS = ("2026-08", "2026-09", "2026-10")
STRICT = Rules(PEOPLE, {"USD": Decimal("5.00")})
SETTINGS = {"drift": {"months": 12, "in_a_row": 3}, "materiality": {"USD": "5.00"}}
HEADER = "reference,contract,item,currency,expected_amount,billed_amount,billing_line_ids\n"


def name(period, item="RUN", cause="unexplained"):
    return f"{period}/ctv/{item}/charge/USD/{cause}"


def closed(ledger, period, adjusted="", digest="", settings=SETTINGS, **amounts):
    """A run with a line over-billed by each amount; `small_` before an item: within tolerance."""

    def write(folder):
        (folder / "adjustments.csv").write_text(HEADER + adjusted)

    told = {item.removeprefix("small_"): (amount, item.startswith("small_")) for item, amount in amounts.items()}
    lines = [
        line(item, amount, period=period, status="within_tolerance" if is_small else "over_billed")
        for item, (amount, is_small) in told.items()
    ]
    findings = [_finding(period, item, amount) for item, (amount, is_small) in told.items() if not is_small]
    meta = CloseMeta(AT, json.dumps({"settings": settings}))
    return ledger.record_close(period, digest or f"digest of {period}", meta, lines, findings, files=write)


def _finding(period, item, amount):
    return {
        "finding_id": name(period, item), "contract": "ctv", "item": item, "kind": "charge", "currency": "USD",
        "amount": Decimal(amount), "cause": "stale_version", "grade": "proven", "rivals": "", "witnesses": "",
        "sentence": "",
    }  # fmt: skip


def act(ledger, period, action, finding_id, **said):
    asked = FindingAct(period, 0, finding_id, action, "pat", AT, **({"reason": "small"} | said))
    return ledger.sign_offs.enter(asked, STRICT)


def signed(ledger, period, steps=STEPS):
    for step in steps:
        ledger.sign_offs.sign(period, step, "pat" if step == "prepare" else "rae", AT, "", STRICT, None)


def locked(ledger, period, how, **amounts):
    """A month with its findings decided one way, locked."""
    closed(ledger, period, **amounts)
    for one in ledger.sign_offs.sight(period).findings:
        act(ledger, period, how, one.finding_id)
    signed(ledger, period)


def rolled(ledger, period):
    """Opening, new, cleared and closing in USD, and how items were cleared."""
    found = ledger.sign_offs.rolled(period)
    sums = [str(found.total(part, "USD")) for part in ("opening", "new", "cleared", "closing")]
    return sums, [one.cleared_by for one in found.cleared]


# Carried items, decided again


def test_a_carried_dispute_is_accepted_later_and_the_earlier_month_stays_as_it_was(ledger):
    locked(ledger, "2026-08", "dispute", RUN="2.00")
    before = ledger.sign_offs.rolled("2026-08")
    closed(ledger, "2026-09")
    assert ledger.sign_offs.awaited("2026-09") == ()
    act(ledger, "2026-09", "accept", name("2026-08"), reason="they concede")
    (item,) = ledger.sign_offs.awaited("2026-09")
    assert (item.finding_id, str(item.amount), item.decided_by) == (name("2026-08"), "2.00", "pat")
    found = ledger.sign_offs.rolled("2026-09")
    assert [one.disposition for one in found.opening] == ["dispute"]
    assert [one.disposition for one in found.closing] == [one.disposition for one in found.decided] == ["accept"]
    assert ledger.sign_offs.rolled("2026-08") == before
    assert ledger.verify_chain() == []


def test_a_run_that_does_not_expect_what_was_accepted_since_is_not_signed(ledger):
    locked(ledger, "2026-08", "dispute", RUN="2.00")
    closed(ledger, "2026-09")
    act(ledger, "2026-09", "accept", name("2026-08"))
    with pytest.raises(BadInput, match=r"an adjustment of -2.00 is expected since a decision, the run knows none"):
        signed(ledger, "2026-09")
    closed(ledger, "2026-09", f"{name('2026-08')},ctv,RUN,USD,-2.00,,\n", "other")
    signed(ledger, "2026-09")
    assert rolled(ledger, "2026-09")[0] == ["2.00", "0", "0", "2.00"]


def test_a_carried_item_is_waived_later_and_counts_in_the_month_that_decides(ledger):
    locked(ledger, "2026-08", "timing", RUN="3.00")
    closed(ledger, "2026-09", B="2.50")
    act(ledger, "2026-09", "waive", name("2026-08"))
    with pytest.raises(BadInput, match=r"USD 5.50 waived in all'; expected at most 5.00"):
        act(ledger, "2026-09", "waive", name("2026-09", "B"))
    act(ledger, "2026-09", "accept", name("2026-09", "B"))
    signed(ledger, "2026-09")
    assert rolled(ledger, "2026-09") == (["3.00", "2.50", "3.00", "2.50"], ["waived"])
    assert rolled(ledger, "2026-08") == (["0", "3.00", "0", "3.00"], [])
    with pytest.raises(BadInput, match="expected an open item"):
        closed(ledger, "2026-10"), act(ledger, "2026-10", "accept", name("2026-08"))


def test_what_was_accepted_and_is_given_up_is_no_longer_expected(ledger):
    locked(ledger, "2026-08", "accept", RUN="2.00")
    closed(ledger, "2026-09", f"{name('2026-08')},ctv,RUN,USD,-2.00,,\n")
    act(ledger, "2026-09", "waive", name("2026-08"), reason="they are insolvent")
    with pytest.raises(BadInput, match=r"no adjustment is expected since a decision, the run knows -2.00"):
        signed(ledger, "2026-09")
    closed(ledger, "2026-09", digest="other")
    signed(ledger, "2026-09")
    assert rolled(ledger, "2026-09") == (["2.00", "0", "2.00", "0"], ["waived"])


def test_a_carried_item_that_an_adjustment_settled_is_not_decided_again(ledger):
    locked(ledger, "2026-08", "dispute", RUN="2.00")
    closed(ledger, "2026-09", f"{name('2026-08')},ctv,RUN,USD,,-2.00,B1\n")
    with pytest.raises(BadInput, match="expected an open item, or a finding above tolerance of run 1: none"):
        act(ledger, "2026-09", "waive", name("2026-08"))


def test_owners_of_carried_items_change_in_the_month_that_says_so(ledger):
    locked(ledger, "2026-08", "dispute", RUN="2.00")
    closed(ledger, "2026-09")
    act(ledger, "2026-09", "assign", name("2026-08"), owner="sam")
    assert [one.owner for one in ledger.sign_offs.rolled("2026-09").closing] == ["sam"]
    assert [one.owner for one in ledger.sign_offs.rolled("2026-08").closing] == [""]


def test_two_who_waive_one_carried_item_and_another_at_once_stay_within_materiality(ledger):
    locked(ledger, "2026-08", "dispute", A="3.00", B="3.00")
    closed(ledger, "2026-09")
    tasks = [lambda own, item=item: act(own, "2026-09", "waive", name("2026-08", item)) for item in ("A", "B")]
    assert len(refused(at_once(ledger, *tasks))) == 1
    assert rolled(ledger, "2026-09")[0] == ["6.00", "0", "3.00", "3.00"]


def test_two_who_dispose_of_one_carried_item_at_once_leave_one_decision_and_both_acts(ledger):
    locked(ledger, "2026-08", "dispute", RUN="2.00")
    closed(ledger, "2026-09")
    tasks = [lambda own, how=how: act(own, "2026-09", how, name("2026-08")) for how in ("waive", "accept", "timing")]
    assert refused(at_once(ledger, *tasks)) == []
    told = [one.action for one in ledger.sign_offs.acts("2026-09")]
    (item,) = [*ledger.sign_offs.rolled("2026-09").decided]
    assert sorted(told) == ["accept", "timing", "waive"] and item.disposition == told[-1]
    assert ledger.verify_chain() == []


def test_a_carried_item_and_a_lock_at_once_leave_no_month_that_knows_half_of_it(ledger):
    locked(ledger, "2026-08", "dispute", RUN="2.00")
    closed(ledger, "2026-09")
    signed(ledger, "2026-09", STEPS[:2])
    outcomes = at_once(
        ledger,
        lambda own: act(own, "2026-09", "accept", name("2026-08")),
        lambda own: signed(own, "2026-09", STEPS[2:]),
    )
    assert len(refused(outcomes)) == 1
    is_accepted = bool(ledger.sign_offs.acts("2026-09"))
    assert (ledger.locked("2026-09") is None) == is_accepted


# Drift (RULES 8.4)

DRIFT = "2026-10/ctv//charge/USD/drift"


@pytest.mark.parametrize("kind", ["RUN", "small_RUN"])
def test_what_is_let_pass_three_months_the_same_way_asks_for_a_decision(ledger, kind):
    for period in MONTHS[:2]:
        locked(ledger, period, "waive", **{kind: "0.40"})
    closed(ledger, "2026-10", **{kind: "0.20"})
    if kind == "RUN":
        assert [one.cause for one in ledger.sign_offs.sight("2026-10").findings] == ["stale_version"]
        act(ledger, "2026-10", "waive", name("2026-10"))
    found = {one.finding_id: str(one.amount) for one in ledger.sign_offs.sight("2026-10").findings}
    assert found == {DRIFT: "1.00"} | ({name("2026-10"): "0.20"} if kind == "RUN" else {})
    told = r"Let pass with ctv \(charges\): 2026-08 0.40, 2026-09 0.40, 2026-10 0.20; USD 1.00, 3 months in a row"
    with pytest.raises(BadInput, match=rf"{DRIFT} USD 1.00 \({told}"):
        signed(ledger, "2026-10")
    act(ledger, "2026-10", "accept", DRIFT, reason="claimed with the letter of 3 November")
    signed(ledger, "2026-10", STEPS[2:])
    assert rolled(ledger, "2026-10")[0][3] == "1.00"
    (item,) = ledger.sign_offs.awaited("2026-11")
    assert (item.finding_id, item.contract, item.item, str(item.amount)) == (DRIFT, "ctv", "RUN", "1.00")
    assert ledger.verify_chain() == []


def test_a_drift_that_was_claimed_starts_anew_and_one_that_was_waived_goes_on(ledger):
    for how, worth in (("dispute", []), ("waive", ["1.60"])):
        periods = MONTHS if how == "dispute" else ("2027-08", "2027-09", "2027-10")
        for period in periods:
            locked(ledger, period, "waive", small_RUN="0.40") if period != periods[-1] else None
        closed(ledger, periods[-1], small_RUN="0.40")
        act(ledger, periods[-1], how, f"{periods[-1]}/ctv//charge/USD/drift")
        signed(ledger, periods[-1])
        after = f"{periods[-1][:4]}-11"
        closed(ledger, after, small_RUN="0.40")
        found = ledger.sign_offs.rolled(after)
        assert [str(one.amount) for one in found.new] == worth


def test_a_waived_drift_counts_with_all_its_months_and_its_waivers_once(ledger):
    for period in MONTHS[:2]:
        locked(ledger, period, "waive", RUN="1.50")
    closed(ledger, "2026-10", RUN="1.50", B="0.50")
    act(ledger, "2026-10", "waive", name("2026-10"))
    act(ledger, "2026-10", "waive", DRIFT)
    act(ledger, "2026-10", "waive", name("2026-10", "B"))
    with pytest.raises(BadInput, match=r"USD 5.00, waived at 4.50 by pat"):
        signed(ledger, "2026-10")
    act(ledger, "2026-10", "waive", DRIFT)
    signed(ledger, "2026-10", STEPS[2:])


def test_more_than_is_material_over_the_months_is_never_waived(ledger):
    locked(ledger, "2026-08", "waive", RUN="3.00")
    closed(ledger, "2026-10", RUN="2.01")
    act(ledger, "2026-10", "waive", name("2026-10"))
    assert [str(one.amount) for one in ledger.sign_offs.rolled("2026-10").new] == ["5.01", "2.01"]
    with pytest.raises(BadInput, match=r"USD 5.01 waived in all'; expected at most 5.00"):
        act(ledger, "2026-10", "waive", DRIFT)
    act(ledger, "2026-10", "dispute", DRIFT)
    signed(ledger, "2026-10")


def test_a_run_without_settings_for_it_knows_no_drift(ledger):
    for period in MONTHS:
        closed(ledger, period, settings={}, small_RUN="0.40")
        signed(ledger, period)
    assert ledger.sign_offs.rolled("2026-10").new == ()


def test_a_month_that_is_not_locked_has_no_say(ledger):
    for period in MONTHS[:2]:
        closed(ledger, period, small_RUN="0.40")
    closed(ledger, "2026-10", small_RUN="0.40")
    assert ledger.sign_offs.rolled("2026-10").new == ()


def test_a_waiver_that_comes_in_while_a_month_is_locked_leaves_no_drift_undecided(ledger):
    for period in MONTHS[:2]:
        locked(ledger, period, "waive", RUN="0.40")
    for number in range(4):
        closed(ledger, "2026-10", digest=f"run {number}", RUN="0.40")
        act(ledger, "2026-10", "dispute", name("2026-10"))
        signed(ledger, "2026-10", STEPS[:2])
        outcomes = at_once(
            ledger,
            lambda own: act(own, "2026-10", "waive", name("2026-10")),
            lambda own: signed(own, "2026-10", STEPS[2:]),
        )
        assert len(refused(outcomes)) == 1
        if ledger.locked("2026-10"):
            assert [one.disposition for one in ledger.sign_offs.rolled("2026-10").new] == ["dispute"]
            ledger.sign_offs.sign("2026-10", "reopen", "rae", AT, "again", STRICT, None)
    assert ledger.verify_chain() == []


# True-ups (RULES 2.7, 8.6)

TRUE_UP = name("2026-08", cause="true_up")


def accept(ledger, run=2, **said):
    asked = FindingAct("2026-08", run, TRUE_UP, "accept", "pat", AT, reason="late events")
    return ledger.sign_offs.accept_true_up(replace(asked, **said), STRICT)


def trued_up(ledger, expected="107.00", digest="later"):
    """August locked with 100.00 expected, then closed again with something else expected."""
    if ledger.locked("2026-08") is None:
        locked(ledger, "2026-08", "accept", RUN="0.00")
    return again(ledger, expected, digest)


def again(ledger, expected, digest):
    row = line("RUN", "0.00", period="2026-08", status="matched", expected_amount=Decimal(expected))
    meta = CloseMeta(AT, json.dumps({"settings": SETTINGS}))
    return ledger.record_close("2026-08", digest, meta, [row], [], files=lambda folder: None)


def test_an_accepted_true_up_is_expected_and_rolls_forward(ledger):
    trued_up(ledger)
    entered = accept(ledger)
    assert (entered.period, str(entered.amount), entered.currency) == ("2026-09", "-7.00", "USD")
    (item,) = ledger.sign_offs.awaited("2026-09")
    assert (item.finding_id, item.cause, str(item.amount)) == (TRUE_UP, "true_up", "-7.00")
    closed(ledger, "2026-09", f"{TRUE_UP},ctv,RUN,USD,7.00,,\n")
    signed(ledger, "2026-09")
    assert rolled(ledger, "2026-09")[0] == ["0", "-7.00", "0", "-7.00"]
    closed(ledger, "2026-10", f"{TRUE_UP},ctv,RUN,USD,7.00,7.00,B7\n")
    signed(ledger, "2026-10")
    assert rolled(ledger, "2026-10") == (["-7.00", "0", "-7.00", "0"], ["adjustment"])
    assert rolled(ledger, "2026-08")[0] == ["0", "0", "0", "0"]
    assert ledger.verify_chain() == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"who": "vic"}, "somebody with the role preparer or reviewer"), ({"reason": " "}, "the reason, in words"),
        ({"run": 1}, "a later run than run 1, which is locked"), ({"run": 9}, "a later run than run 1"),
        ({"finding_id": TRUE_UP.replace("RUN", "GONE")}, "nothing is left of 0"),
    ],
)  # fmt: skip
def test_a_true_up_is_refused_where_something_is_missing(ledger, said, words):
    trued_up(ledger)
    with pytest.raises(BadInput, match=words):
        accept(ledger, **said)
    assert ledger.sign_offs.acts("2026-09") == ()


def test_an_open_month_has_no_true_up_to_accept(ledger):
    closed(ledger, "2026-08", RUN="0.00"), again(ledger, "107.00", "later")
    with pytest.raises(BadInput, match="a locked month: an open one is closed again"):
        accept(ledger)


def test_of_two_who_accept_one_true_up_at_once_one_is_told(ledger):
    trued_up(ledger)
    outcomes = at_once(ledger, *(lambda own, who=who: accept(own, who=who) for who in ("pat", "kim", "rae")))
    assert len(refused(outcomes)) == 2 and "already" in str(refused(outcomes)[0])
    assert len(ledger.sign_offs.acts("2026-09")) == 1


def test_what_comes_later_still_is_accepted_for_the_rest_alone(ledger):
    trued_up(ledger)
    accept(ledger)
    trued_up(ledger, "109.00", "later still")
    assert str(accept(ledger, 3).amount) == "-9.00"  # in the same month the last word counts
    closed(ledger, "2026-09", f"{TRUE_UP},ctv,RUN,USD,9.00,,\n"), signed(ledger, "2026-09")
    trued_up(ledger, "110.00", "last")
    with pytest.raises(BadInput, match=r"accepted before and still open, -9.00"):
        accept(ledger, 4)
    closed(ledger, "2026-10", f"{TRUE_UP},ctv,RUN,USD,9.00,9.00,B7\n"), signed(ledger, "2026-10")
    entered = accept(ledger, 4)
    assert (entered.period, str(entered.amount)) == ("2026-11", "-1.00")


def test_a_true_up_of_a_month_that_was_locked_anew_asks_for_nothing(ledger):
    trued_up(ledger)
    accept(ledger)
    ledger.sign_offs.sign("2026-08", "reopen", "rae", AT, "the later run is right", STRICT, None)
    signed(ledger, "2026-08")
    assert ledger.locked("2026-08").run == 2
    assert ledger.sign_offs.awaited("2026-09") == ()


def test_an_accepted_true_up_is_given_up_like_any_item(ledger):
    trued_up(ledger, "103.00")
    accept(ledger)
    closed(ledger, "2026-09")
    act(ledger, "2026-09", "waive", TRUE_UP)
    signed(ledger, "2026-09")
    assert rolled(ledger, "2026-09") == (["0", "-3.00", "-3.00", "0"], ["waived"])


def test_a_true_up_accepted_while_its_month_is_locked_goes_to_the_one_after(ledger):
    trued_up(ledger)
    closed(ledger, "2026-09")
    signed(ledger, "2026-09", STEPS[:2])
    outcomes = at_once(ledger, accept, lambda own: signed(own, "2026-09", STEPS[2:]))
    (entered,) = [one for one in ledger.sign_offs.acts() if one.bound]
    assert (entered.period == "2026-10") == (not refused(outcomes)) == (ledger.locked("2026-09") is not None)
