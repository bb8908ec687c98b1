"""The register: what was approved never changes, and every question of the past is answered as its acts answer it."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from shares import share
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from versions import item, version

from recon.contracts.book import Book
from recon.contracts.documents import content_hash, load_book, write_version
from recon.contracts.lifecycle import STEPS, Act, Policy, status_of
from recon.contracts.terms import ContractVersion
from recon.ledger import Ledger, Moved
from recon.period import Period, instant
from recon.problems import BadInput

AT = instant("2026-10-01T00:00:00Z")
PEOPLE = {
    "dana": ("contract_author",), "rosa": ("contract_author",), "omar": ("contract_approver",),
    "ida": ("contract_approver", "contract_author"), "mia": ("preparer",),
}  # fmt: skip
POLICY = Policy(PEOPLE, frozenset({"big"}), {"USD": Decimal(100)})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    return database(request.param, request, tmp_path)


def database(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/{uuid.uuid4().hex}.db"
    server, name = request.getfixturevalue("postgres_url"), f"register_{uuid.uuid4().hex}"
    execute(server, f"CREATE DATABASE {name}")
    return server.rsplit("/", 1)[0] + "/" + name


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


@pytest.fixture
def ledger(url: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(url, tmp_path / "closes") as opened:
        yield opened


def draft(number: int = 1, rate: str = "10", contract: str = "acme", **said: Any) -> ContractVersion:
    """A draft at a rate."""
    made = version(number, contract=contract, items=[item(per_mille=rate)], **said)
    return made.model_copy(update={"status": "draft", "history": ()})


def act(action: Any, who: str, at: int, number: int = 1, contract: str = "acme", **said: Any) -> Act:
    return Act(contract, number, 0, action, who, at, **said)


def approved(ledger: Ledger, made: ContractVersion, at: int) -> None:
    """A version through its whole life in three minutes."""
    number, register = made.version, ledger.register
    register.create(made, act("create", "dana", at, number), POLICY, number - 1)
    register.record(act("submit", "dana", at + 1, number), POLICY, 1)
    register.record(act("approve", "omar", at + 2, number, approvers_needed=1), POLICY)


def test_a_version_is_written_submitted_and_approved(ledger: Ledger) -> None:
    approved(ledger, draft(), AT)
    (found,) = ledger.register.versions_of("acme")
    assert (found.status, [entry.action for entry in found.history]) == ("approved", ["create", "submit", "approve"])
    assert found.approved_at == AT + 2
    assert content_hash(found) == content_hash(draft())
    assert ledger.verify_chain() == []


@pytest.mark.parametrize(
    ("action", "who", "expected"),
    [
        ("approve", "mia", "the role contract_approver"), ("approve", "dana", "the role contract_approver"),
        ("submit", "omar", "the role contract_author"), ("approve", "omar", "a version that is submitted"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_says_why(ledger: Ledger, action: str, who: str, expected: str) -> None:
    ledger.register.create(draft(), act("create", "dana", AT), POLICY, 0)
    with pytest.raises(BadInput, match=expected):
        ledger.register.record(act(action, who, AT + 1), POLICY)
    assert [one.action for one in ledger.register.acts("acme")] == ["create"]


def test_nobody_approves_what_they_wrote(ledger: Ledger) -> None:
    ledger.register.create(draft(), act("create", "ida", AT), POLICY, 0)
    ledger.register.record(act("submit", "dana", AT + 1), POLICY, 1)
    with pytest.raises(BadInput, match="neither wrote nor submitted"):
        ledger.register.record(act("approve", "ida", AT + 2), POLICY)


def test_two_approve_where_two_are_asked(ledger: Ledger) -> None:
    ledger.register.create(draft(), act("create", "dana", AT), POLICY, 0)
    ledger.register.record(act("submit", "dana", AT + 1), POLICY, 1)
    first = ledger.register.record(act("approve", "omar", AT + 2, approvers_needed=2), POLICY)
    assert first.action == "endorse"
    assert ledger.register.versions_of("acme")[0].status == "submitted"
    with pytest.raises(BadInput, match="a second person"):
        ledger.register.record(act("approve", "omar", AT + 3, approvers_needed=2), POLICY)
    ledger.register.record(act("approve", "ida", AT + 3, approvers_needed=2), POLICY)
    assert ledger.register.versions_of("acme")[0].status == "approved"


def test_the_policy_tells_how_many_approve() -> None:
    assert POLICY.approvers_of(draft(), {"USD": Decimal(100), "EUR": Decimal(10**6)}) == 1
    assert POLICY.approvers_of(draft(), {"USD": Decimal("100.01")}) == 2
    assert Policy(counterparties=frozenset({"a"})).approvers_of(draft(), {}) == 2


def test_the_second_writer_of_a_draft_is_told_who_was_first(ledger: Ledger) -> None:
    register = ledger.register
    register.create(draft(), act("create", "dana", AT), POLICY, 0)
    register.record(act("edit", "rosa", AT + 1), POLICY, 1, draft(rate="11"))
    for action, words in (("edit", "revision 2, by rosa"), ("submit", "revision 2, by rosa")):
        with pytest.raises(BadInput, match=words):
            register.record(act(action, "dana", AT + 2), POLICY, 1, draft(rate="12") if action == "edit" else None)
    assert register.versions_of("acme")[0].terms == draft(rate="11").terms


def test_a_second_new_version_waits_for_the_first(ledger: Ledger) -> None:
    ledger.register.create(draft(), act("create", "dana", AT), POLICY, 0)
    with pytest.raises(BadInput, match="v1 is draft, by dana"):
        ledger.register.create(draft(2), act("create", "rosa", AT + 1, 2), POLICY, 1)
    with pytest.raises(BadInput, match="which you saw"):
        ledger.register.create(draft(1), act("create", "rosa", AT + 1, 1), POLICY, 0)


def test_a_judgement_upon_an_older_register_is_not_recorded(ledger: Ledger) -> None:
    head = ledger.register.head()
    ledger.register.create(draft(), act("create", "dana", AT), POLICY, 0)
    with pytest.raises(Moved):
        ledger.register.record(act("submit", "dana", AT + 1), POLICY, 1, head=head)


def test_what_was_in_force_is_told_as_it_was_known(ledger: Ledger) -> None:
    approved(ledger, draft(1, "10", first="2026-01-01"), AT)
    approved(ledger, draft(2, "12", first="2026-10-16", last="2026-10-20"), AT + 10)
    october = Period.parse("2026-10")
    spans = [(one.version.version, one.first.day, one.end) for one in _in_force(ledger, october, None)]
    assert spans == [(1, 1, date(2026, 10, 16)), (2, 16, date(2026, 10, 21)), (1, 21, date(2026, 11, 1))]
    assert [one.version.version for one in _in_force(ledger, october, AT + 11)] == [1]
    assert _in_force(ledger, october, AT + 1) == []


def _in_force(ledger: Ledger, period: Period, known_at: int | None) -> list[Any]:
    return ledger.register.in_force(period.first, period.last, known_at)


# Documents


def test_the_demo_book_goes_in_and_out_without_a_loss(ledger: Ledger, tmp_path: Path) -> None:
    book = load_book(Path("contracts"))
    plan = ledger.take_in(ledger.plan_import(Path("contracts"), "dana", AT), "dana", AT)
    assert plan.book == book == ledger.register.book()
    for one in ledger.register.book().versions:
        write_version(tmp_path / "out", one)
    assert load_book(tmp_path / "out") == book
    head = ledger.register.head()
    for folder in (Path("contracts"), tmp_path / "out"):
        assert not ledger.take_in(ledger.plan_import(folder, "rosa", AT + 9), "rosa", AT + 9).arrivals
        assert ledger.plan_import(folder, "rosa", AT + 9).is_empty
    assert ledger.register.head() == head
    assert ledger.verify_chain() == []


def test_an_approved_version_whose_file_changed_is_refused_with_the_difference(ledger: Ledger, tmp_path: Path) -> None:
    for rate in ("10", "11"):
        write_version(tmp_path / "book", version(items=[item(per_mille=rate)]))
        if rate == "10":
            ledger.take_in(ledger.plan_import(tmp_path / "book", "dana", AT), "dana", AT)
    write_version(tmp_path / "book", version(contract="other", items=[item("WALK")]))
    with pytest.raises(BadInput, match=r"10 → 11"):
        ledger.plan_import(tmp_path / "book", "dana", AT)
    assert ledger.register.book().contracts == ("acme",)


def test_a_document_may_know_more_of_a_version_or_less(ledger: Ledger, tmp_path: Path) -> None:
    whole = version(items=[item()])
    stages = [("draft", whole.history[:1]), ("submitted", whole.history[:2]), ("approved", whole.history)]
    for status, history in stages:
        write_version(tmp_path / status, whole.model_copy(update={"status": status, "history": history}))
    for status, _ in [*stages, *stages]:
        ledger.take_in(ledger.plan_import(tmp_path / status, "dana", AT), "dana", AT)
    assert ledger.register.book() == load_book(tmp_path / "approved")
    assert [one.action for one in ledger.register.acts()] == ["create", "submit", "approve"]


def test_two_who_take_the_same_folder_in_do_it_once(ledger: Ledger, url: str, tmp_path: Path) -> None:
    write_version(tmp_path / "book", version(items=[item()]))
    with Ledger.open(url, tmp_path / "closes") as other:
        plans = [one.plan_import(tmp_path / "book", "dana", AT) for one in (ledger, other)]
        for one, plan in zip((ledger, other), plans, strict=True):
            one.take_in(plan, "dana", AT)
    assert len(ledger.register.acts()) == 3
    assert ledger.verify_chain() == []


def test_what_came_meanwhile_is_judged_beside_a_folder_before_it_is_taken_in(ledger: Ledger, tmp_path: Path) -> None:
    for name in ("acme", "other"):
        write_version(tmp_path / name, version(contract=name, items=[item("RUN")]))
    plans = [ledger.plan_import(tmp_path / name, "dana", AT) for name in ("acme", "other")]
    ledger.take_in(plans[0], "dana", AT)
    with pytest.raises(BadInput, match="an item that no other charge contract in force lists"):
        ledger.take_in(plans[1], "dana", AT)
    assert ledger.register.book().contracts == ("acme",)


def test_a_folder_has_news_until_it_is_taken_in_as_it_is(ledger: Ledger, tmp_path: Path) -> None:
    assert not ledger.has_news(tmp_path / "none")
    path = write_version(tmp_path / "book", version(items=[item()]))
    assert ledger.has_news(tmp_path / "book")
    ledger.take_in(ledger.plan_import(tmp_path / "book", "dana", AT), "dana", AT)
    assert not ledger.has_news(tmp_path / "book")
    path.write_text(f"# seen\n{path.read_text('utf-8')}", "utf-8")
    assert ledger.has_news(tmp_path / "book")


@pytest.mark.parametrize("table", ["register_texts", "register_acts", "register_documents", "trail"])
def test_the_role_of_the_application_may_not_change_the_trail(request: Any, tmp_path: Path, table: str) -> None:
    admin = database("postgresql", request, tmp_path)
    role, name = f"app_{uuid.uuid4().hex}", admin.rsplit("/", 1)[1]
    execute(
        admin,
        f"CREATE ROLE {role} LOGIN",
        f"ALTER DATABASE {name} OWNER TO {role}",
        f"ALTER SCHEMA public OWNER TO {role}",
    )
    Ledger.open(admin.replace("://postgres@", f"://{role}@"), tmp_path / "closes").close()
    for attempt in (
        f"UPDATE {table} SET contract = 'x'" if table != "trail" else "UPDATE trail SET who = 'x'",
        f"DELETE FROM {table}",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            execute(admin, f"SET ROLE {role}", attempt)


# Any history


class Histories(RuleBasedStateMachine):
    """Writers, approvers and strangers at work on two contracts, each from what they saw last."""

    url = ""
    folder = Path()

    @initialize()
    def begin(self) -> None:
        url = database("sqlite", None, self.folder) if self.url == "" else self.url  # type: ignore[arg-type]
        self.ledgers = [Ledger.open(url, self.folder / "closes") for _ in range(2)]
        self.contracts = [f"{name}-{uuid.uuid4().hex[:8]}" for name in ("a", "b")]
        self.now, self.seen = AT, dict.fromkeys(self.contracts, (0, 1))
        self.answers: dict[tuple[str, int, date], int | None] = {}
        self.texts: dict[tuple[str, int], str] = {}

    def teardown(self) -> None:
        for ledger in getattr(self, "ledgers", []):
            ledger.close()

    @rule(of=st.integers(0, 1), desk=st.integers(0, 1))
    def look(self, of: int, desk: int) -> None:
        """Somebody looks at a contract: what they do next is upon that."""
        versions = self.ledgers[desk].register.versions_of(self.contracts[of])
        acts = self.ledgers[desk].register.acts(self.contracts[of])
        self.seen[self.contracts[of]] = (len(versions), acts[-1].revision if acts else 1)

    @rule(
        of=st.integers(0, 1), desk=st.integers(0, 1), who=st.sampled_from(sorted(PEOPLE)), rate=st.integers(1, 9),
        first=st.integers(0, 40), days=st.none() | st.integers(0, 20), ends=st.booleans(),
    )  # fmt: skip
    def create(  # noqa: PLR0917
        self, of: int, desk: int, who: str, rate: int, first: int, days: int | None, ends: bool
    ) -> None:
        """A new version after the last one that was seen."""
        name = self.contracts[of]
        number = self.seen[name][0] + 1
        start = date(2026, 10, 1) + timedelta(days=first)
        last = None if days is None else str(start + timedelta(days=days))
        made = draft(number, str(rate), name, first=str(start), last=last)
        if ends and number > 1:
            made = made.model_copy(
                update={
                    "kind": "termination",
                    "terms": None,
                    "effective": made.effective.model_copy(update={"last": None}),
                }
            )
        self._try(
            lambda at: self.ledgers[desk].register.create(
                made, act("create", who, at, number, name), POLICY, number - 1
            )
        )

    @rule(
        of=st.integers(0, 1), desk=st.integers(0, 1), who=st.sampled_from(sorted(PEOPLE)), rate=st.integers(1, 9),
        action=st.sampled_from(["edit", "submit", "approve", "approve", "reject", "withdraw"]), needed=st.integers(1, 2),
    )  # fmt: skip
    def do(  # noqa: PLR0917
        self, of: int, desk: int, who: str, rate: int, action: str, needed: int
    ) -> None:
        """An act on the version seen last."""
        name = self.contracts[of]
        number, revision = self.seen[name]
        known = self.ledgers[desk].register.versions_of(name)
        made = None
        if action == "edit" and number and len(known) >= number and known[number - 1].terms is not None:
            made = known[number - 1].model_copy(update={"terms": draft(rate=str(rate)).terms})
        asked = act(action, who, 0, number or 1, name, approvers_needed=needed)
        checked = revision if action in ("edit", "submit") else None
        self._try(lambda at: self.ledgers[desk].register.record(replaced(asked, at), POLICY, checked, made))

    def _try(self, work: Any) -> None:
        self.now += 60_000_000
        head = self.ledgers[0].head()
        try:
            work(self.now)
        except BadInput:
            assert self.ledgers[1].head() == head  # what is refused leaves nothing behind
        self._remember()

    def _remember(self) -> None:
        """What the register says today of some dates, to be asked again later."""
        for name in self.contracts:
            for day in (date(2026, 10, 5), date(2026, 10, 25), date(2026, 11, 9)):
                self.answers[name, self.now, day] = self._asked(name, day, self.now)

    def _asked(self, name: str, day: date, known_at: int | None) -> int | None:
        spans = self.ledgers[0].register.in_force(day, day, known_at)
        return next((one.version.version for one in spans if one.contract == name), None)

    @invariant()
    def is_legal(self) -> None:
        """Only legal states are reached, what was submitted never changes, and a replay gives the same answers."""
        if not hasattr(self, "ledgers"):
            return
        for name in self.contracts:
            acts = self.ledgers[0].register.acts(name)
            by_version: dict[int, list[Act]] = {}
            for one in acts:
                so_far = by_version.setdefault(one.version, [])
                assert (status_of(so_far) or "new") in STEPS[one.action].of
                assert STEPS[one.action].role in PEOPLE[one.who]
                if one.action in ("approve", "endorse"):
                    assert one.who not in {was.who for was in so_far if was.action != "endorse"}
                    assert one.who not in {was.who for was in so_far if was.action == "endorse"}
                    assert one.action == "endorse" or one.approvers_needed <= 1 + sum(
                        was.action == "endorse" for was in so_far
                    )
                so_far.append(one)
            assert list(by_version) == list(range(1, len(by_version) + 1))
            assert sum(status_of(done) in ("draft", "submitted") for done in by_version.values()) <= 1
            for found in self.ledgers[1].register.versions_of(name):
                if found.status != "draft":
                    assert self.texts.setdefault((name, found.version), content_hash(found)) == content_hash(found)
        for (name, known_at, day), told in random.Random(len(self.answers)).sample(
            sorted(self.answers.items(), key=str), min(4, len(self.answers))
        ):
            assert self._asked(name, day, known_at) == told == self._replayed(name, day, known_at)

    def _replayed(self, name: str, day: date, known_at: int) -> int | None:
        """The answer by a plain replay: every version with the status that its acts until then left it in."""
        versions = self.ledgers[0].register.versions_of(name, known_at)
        book = Book(versions)
        found = book.in_force(name, day)
        by_rule = None
        for one in versions:
            ends = one.effective.last
            if one.status == "approved" and one.effective.first <= day and (ends is None or day <= ends):
                by_rule = None if one.kind == "termination" else one.version
        assert by_rule == (found.version if found else None)
        return by_rule


def replaced(asked: Act, at: int) -> Act:
    return Act(asked.contract, asked.version, 0, asked.action, asked.who, at, approvers_needed=asked.approvers_needed)


@pytest.mark.parametrize("kind", share(["sqlite", "postgresql"], 1))
def test_no_history_reaches_an_illegal_state(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    machine = type("Here", (Histories,), {"url": database(kind, request, tmp_path), "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    with Ledger.open(machine.url, tmp_path / "closes") as ledger:  # type: ignore[attr-defined]
        assert ledger.register.acts()
        assert ledger.verify_chain() == []
