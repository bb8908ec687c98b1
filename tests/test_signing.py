# ruff: noqa: F811 - fixtures
"""Sign-offs in the ledger of both databases: states, roles, duties, dispositions and gates hold, also at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from signed import PEOPLE, RULES, STEPS, sign_off
from test_ledger_store import AT, ORIGINAL, PERIOD, finding, folder, ledger, line, record, url  # noqa: F401

from recon.ledger import CloseMeta, FindingAct, Ledger, Rules
from recon.ledger.signing import ACCEPT_ROWS
from recon.problems import BadInput

RUN_ID = f"{PERIOD}/ctv/RUN/charge/USD/unexplained"
STRICT = Rules(PEOPLE, {"USD": Decimal("5.00")})


def sign(ledger, action, who, reason="", *, run=None, rules=RULES):
    return ledger.sign_offs.sign(PERIOD, action, who, AT, reason, rules, run)


def act(ledger, action, who="pat", *, finding_id=RUN_ID, rules=RULES, **said):
    return ledger.sign_offs.enter(FindingAct(PERIOD, 0, finding_id, action, who, AT, **said), rules)


def states(ledger):
    return [(one.state, one.who, one.run) for one in ledger.sign_offs.way(PERIOD)]


def closed(ledger, digest="digest", rejected="", **rows):
    """A run whose digest and rejected rows are said."""

    def write(folder):
        (folder / "rejected.csv").write_text("dataset,file,row,column,value,reason\n" + rejected)

    meta = CloseMeta(AT, '{"name":"northwind"}', versions=(ORIGINAL,))
    content = {"lines": [line()], "findings": [finding()]} | rows
    return ledger.record_close(PERIOD, digest, meta, **content, files=write)


def test_a_month_goes_from_open_to_locked(ledger):
    record(ledger)
    assert sign_off(ledger, PERIOD, AT).run == 1
    assert states(ledger) == [("prepared", "pat", 1), ("reviewed", "rae", 1), ("locked", "rae", 1)]
    assert ledger.verify_chain() == []


WRONG_ORDER = [
    ((), "review"), ((), "lock"), ((), "return"), ((), "reopen"), (("prepare",), "prepare"), (("prepare",), "lock"),
    (("prepare",), "reopen"), (("prepare", "review"), "review"), (("prepare", "review"), "prepare"),
    (STEPS, "prepare"), (STEPS, "review"), (STEPS, "lock"), (STEPS, "return"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "action"), WRONG_ORDER)
def test_no_step_is_left_out_or_done_twice(ledger, before, action):
    record(ledger)
    act(ledger, "accept")
    for step in before:
        sign(ledger, step, "pat" if step == "prepare" else "rae")
    seen = states(ledger)
    with pytest.raises(BadInput, match="expected a period that is"):
        sign(ledger, action, "pat" if action == "prepare" else "rae", "because")
    assert states(ledger) == seen


@pytest.mark.parametrize(
    ("action", "who"), [("prepare", "rae"), ("prepare", "vic"), ("prepare", "zoe"), ("review", "pat"), ("lock", "pat")]
)
def test_roles_are_asked_for(ledger, action, who):
    record(ledger)
    act(ledger, "accept")
    for step in STEPS[: STEPS.index(action)]:
        sign(ledger, step, "kim" if step == "prepare" else "rae")
    with pytest.raises(BadInput, match=f"{who}: .*expected somebody with the role"):
        sign(ledger, action, who)


@pytest.mark.parametrize("action", ["review", "lock"])
def test_nobody_reviews_or_locks_what_they_prepared(ledger, action):
    record(ledger)
    act(ledger, "accept")
    sign(ledger, "prepare", "kim")
    if action == "lock":
        sign(ledger, "review", "rae")
    with pytest.raises(BadInput, match="'kim'; expected somebody else than the preparer"):
        sign(ledger, action, "kim")


def test_who_approved_a_version_first_used_here_does_not_sign(ledger):
    record(ledger)
    rules = Rules({**PEOPLE, "lee": ("preparer", "reviewer", "contract_approver")})
    with pytest.raises(BadInput, match="nobody who approved a version that 2026-10 used first: ctv v1"):
        sign(ledger, "prepare", "lee", rules=rules)
    sign(ledger, "prepare", "pat")
    with pytest.raises(BadInput, match="nobody who approved"):
        sign(ledger, "review", "lee", rules=rules)


def test_who_approved_a_version_of_an_earlier_month_signs(ledger):
    record(ledger, "2026-09")
    record(ledger)
    rules = Rules({**PEOPLE, "lee": ("preparer",)})
    assert sign(ledger, "prepare", "lee", rules=rules).state == "prepared"


@pytest.mark.parametrize("reviewed", [False, True])
def test_a_returned_month_is_prepared_again(ledger, reviewed):
    record(ledger)
    sign(ledger, "prepare", "pat")
    if reviewed:
        sign(ledger, "review", "rae")
    with pytest.raises(BadInput, match="the reason, in words"):
        sign(ledger, "return", "rae", " ")
    sign(ledger, "return", "rae", "the Kumo rate first")
    sign(ledger, "prepare", "pat")
    assert [one.reason for one in ledger.sign_offs.way(PERIOD)][-2:] == ["the Kumo rate first", ""]


def test_a_reopened_month_asks_for_another_run(ledger):
    record(ledger)
    sign_off(ledger, PERIOD, AT)
    with pytest.raises(BadInput, match="the reason, in words"):
        sign(ledger, "reopen", "rae")
    sign(ledger, "reopen", "rae", "late conversions")
    assert ledger.locked(PERIOD) is None
    with pytest.raises(BadInput, match="a run after run 1, which was locked"):
        sign(ledger, "prepare", "pat")
    record(ledger)
    assert sign_off(ledger, PERIOD, AT).run == 2
    assert [one.run for one in ledger.sign_offs.way(PERIOD)] == [1, 1, 1, 1, 2, 2, 2]


def test_a_run_that_another_superseded_is_neither_reviewed_nor_locked(ledger):
    closed(ledger)
    act(ledger, "accept")
    sign(ledger, "prepare", "pat")
    closed(ledger, "other")
    with pytest.raises(BadInput, match="run 1 is stale: run 2 was made from something else"):
        sign(ledger, "review", "rae")
    assert sign(ledger, "prepare", "pat").run == 2
    sign(ledger, "review", "rae")
    closed(ledger, "third")
    with pytest.raises(BadInput, match="run 2 is stale"):
        sign(ledger, "lock", "rae")


def test_a_second_run_of_the_same_inputs_makes_nothing_stale(ledger):
    closed(ledger)
    act(ledger, "accept")
    sign(ledger, "prepare", "pat")
    closed(ledger)
    assert [sign(ledger, step, "rae").run for step in ("review", "lock")] == [1, 1]


def test_an_older_run_is_not_prepared_where_a_later_one_says_otherwise(ledger):
    closed(ledger), closed(ledger, "other")
    with pytest.raises(BadInput, match="run 1 is stale"):
        sign(ledger, "prepare", "pat", run=1)


def test_locking_asks_for_a_disposition_of_every_finding_above_tolerance(ledger):
    small = line("TINY", status="within_tolerance")
    closed(ledger, lines=[line(), small], findings=[finding(), finding("TINY"), finding("REMARK", "0")])
    sign(ledger, "prepare", "pat"), sign(ledger, "review", "rae")
    with pytest.raises(BadInput) as refused:
        sign(ledger, "lock", "rae")
    assert [problem.value for problem in refused.value.problems] == [f"{RUN_ID} USD 0.10"]
    act(ledger, "dispute")
    assert sign(ledger, "lock", "rae").state == "locked"


def test_a_disposition_is_for_the_amount_it_was_made_for(ledger):
    closed(ledger)
    act(ledger, "accept")
    closed(ledger, "other", lines=[line(variance="0.20")], findings=[finding(amount="0.20")])
    sign(ledger, "prepare", "pat"), sign(ledger, "review", "rae")
    with pytest.raises(BadInput, match=r"USD 0.20, accepted at 0.10 by pat"):
        sign(ledger, "lock", "rae")


def test_what_is_unexplained_stays_within_materiality(ledger):
    closed(ledger, lines=[line(), line("B")], findings=[finding(amount="3.00"), finding("B", "-2.01")])
    for item in ("RUN", "B"):
        act(ledger, "accept", finding_id=RUN_ID.replace("RUN", item))
    sign(ledger, "prepare", "pat"), sign(ledger, "review", "rae")
    with pytest.raises(BadInput, match=r"unexplained USD 5.01'; expected at most 5.00, the materiality"):
        sign(ledger, "lock", "rae", rules=STRICT)
    assert sign(ledger, "lock", "rae", rules=Rules(PEOPLE, {"USD": Decimal("5.01")})).state == "locked"


def test_no_materiality_means_nothing_may_be_unexplained_or_waived(ledger):
    closed(ledger)
    with pytest.raises(BadInput, match="at most 0, the month's materiality"):
        act(ledger, "waive", reason="small", rules=Rules(PEOPLE))


def test_waiving_asks_for_a_reason_and_stays_within_materiality(ledger):
    closed(ledger, lines=[line(), line("B")], findings=[finding(amount="3.00"), finding("B", "-2.01")])
    other = RUN_ID.replace("RUN", "B")
    with pytest.raises(BadInput, match="the reason, in words"):
        act(ledger, "waive", rules=STRICT)
    act(ledger, "waive", reason="below what a credit note costs", rules=STRICT)
    with pytest.raises(BadInput, match=r"USD 5.01 waived in all'; expected at most 5.00"):
        act(ledger, "waive", finding_id=other, reason="small as well", rules=STRICT)
    act(ledger, "accept", rules=STRICT)  # which frees what was waived
    act(ledger, "waive", finding_id=other, reason="small as well", rules=STRICT)


@pytest.mark.parametrize("who", ["vic", "zoe"])
def test_findings_are_decided_by_preparers_and_reviewers(ledger, who):
    closed(ledger)
    with pytest.raises(BadInput, match="somebody with the role preparer or reviewer"):
        act(ledger, "accept", who)


def test_only_findings_of_the_run_are_decided(ledger):
    closed(ledger)
    with pytest.raises(BadInput, match=f"a finding above tolerance of run 1: {RUN_ID}"):
        act(ledger, "accept", finding_id="2026-10/ctv/GONE/charge/USD/unexplained")


def test_a_locked_month_takes_remarks_alone(ledger):
    record(ledger)
    sign_off(ledger, PERIOD, AT)
    with pytest.raises(BadInput, match="an open period: reopen it"):
        act(ledger, "dispute")
    act(ledger, "comment", reason="credit note is on its way"), act(ledger, "assign", owner="sam")
    assert [one.action for one in ledger.sign_offs.acts(PERIOD)] == ["dispute", "comment", "assign"]
    assert ledger.verify_chain() == []


def test_rejected_rows_are_accepted_by_name_before_anybody_reviews(ledger):
    closed(ledger, rejected="clicks,a.csv,7,ts,soon,an instant\nclicks,a.csv,9,ts,late,an instant\n")
    act(ledger, "accept")
    sign(ledger, "prepare", "pat")
    with pytest.raises(BadInput, match="2 rejected rows of clicks"):
        sign(ledger, "review", "rae")
    with pytest.raises(BadInput, match="the reason, in words"):
        act(ledger, ACCEPT_ROWS, finding_id="clicks")
    with pytest.raises(BadInput, match="a dataset with rejected rows of run 1: clicks"):
        act(ledger, ACCEPT_ROWS, finding_id="conversions", reason="test rows")
    assert act(ledger, ACCEPT_ROWS, finding_id="clicks", reason="test rows").amount == 2
    assert sign(ledger, "review", "rae").state == "reviewed"


def test_other_rejected_rows_are_to_be_accepted_anew(ledger):
    closed(ledger, rejected="clicks,a.csv,7,ts,soon,an instant\n")
    act(ledger, ACCEPT_ROWS, finding_id="clicks", reason="a test row")
    closed(ledger, "other", rejected="clicks,a.csv,7,ts,never,an instant\n")
    sign(ledger, "prepare", "pat")
    with pytest.raises(BadInput, match="1 rejected rows of clicks"):
        sign(ledger, "review", "rae")


def at_once(ledger, *acts):
    """What each act came to when all were started together, each over connections of its own."""
    found, start = [None] * len(acts), threading.Barrier(len(acts))

    def run(place, one):
        with Ledger.open(ledger._engine.url.render_as_string(hide_password=False), ledger._closes) as own:
            start.wait()
            try:
                found[place] = one(own)
            except BadInput as refused:
                found[place] = refused

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def refused(outcomes):
    return [one for one in outcomes if isinstance(one, BadInput)]


def test_of_two_who_sign_at_once_one_is_told(ledger):
    record(ledger)
    for _ in range(5):
        outcomes = at_once(ledger, *(lambda own, who=who: sign(own, "prepare", who) for who in ("pat", "kim", "pat")))
        assert len(refused(outcomes)) == 2
        sign(ledger, "return", "rae", "again")
    assert [state for state, *_ in states(ledger)] == ["prepared", "returned"] * 5
    assert ledger.verify_chain() == []


def test_a_close_and_a_signature_at_once_leave_no_signature_for_what_was_superseded(ledger):
    closed(ledger)
    act(ledger, "accept")
    for number in range(5):
        sign(ledger, "prepare", "pat")
        at_once(ledger, lambda own: sign(own, "review", "rae"), lambda own, n=number: closed(own, f"other {n}"))
        with pytest.raises(BadInput, match="is stale"):
            sign(ledger, "lock" if states(ledger)[-1][0] == "reviewed" else "review", "rae")
    assert ledger.verify_chain() == []


def test_two_who_waive_at_once_do_not_waive_too_much_together(ledger):
    items = ("A", "B", "C", "D")
    closed(ledger, lines=[line(one) for one in items], findings=[finding(one, "2.00") for one in items])

    def waive(item):
        return lambda own: act(own, "waive", finding_id=RUN_ID.replace("RUN", item), reason="small", rules=STRICT)

    assert len(refused(at_once(ledger, *map(waive, items)))) == 2
    assert len(ledger.sign_offs.acts(PERIOD)) == 2


def test_an_act_is_entered_with_the_amount_that_the_ledger_knows(ledger):
    closed(ledger)
    claimed = FindingAct(PERIOD, 7, RUN_ID, "accept", "pat", AT, amount=Decimal(99), currency="EUR")
    entered = ledger.sign_offs.enter(claimed, RULES)
    assert entered == replace(claimed, run=1, amount=Decimal("0.10"), currency="USD")
    assert ledger.sign_offs.acts(PERIOD) == (entered,)
