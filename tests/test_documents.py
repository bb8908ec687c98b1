"""Contract documents: what is accepted, how every error is told, and that nothing is lost on the way out and in."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from recon.contracts import yamltext
from recon.contracts.documents import (
    content_hash,
    document_text,
    json_schema,
    load_book,
    located,
    parse_version,
    read_version,
    schema_text,
    write_version,
)
from recon.contracts.lint import lint
from recon.problems import BadInput

BOOK = Path(__file__).parent.parent / "contracts"
CPM = """\
contract: acme
version: 1
kind: original
counterparty: { id: acme, name: Acme, role: advertiser }
direction: charge
currency: USD
timezone: America/New_York
effective: { from: 2026-10-01, to: 2026-12-31 }
status: approved
history:
  - { action: approve, by: lee, at: 2026-09-14T09:05:00Z }
terms:
  model: cpm
  items:
    - item: RUN
      rates:
        - { when: { geo: [NO, US] }, per_mille: 22.50 }
        - { per_mille: "18" }
"""


def problems(text):
    with pytest.raises(BadInput) as caught:
        parse_version(text, "acme/v1.yaml")
    return [(problem.place.removeprefix("acme/v1.yaml:"), problem.value) for problem in caught.value.problems]


def edited(old, new):
    assert old in CPM
    return CPM.replace(old, new)


def test_a_document_is_read_with_its_defaults():
    version = parse_version(CPM, "x")
    assert (version.terms.basis, version.terms.exclude_ivt, version.terms.rounding) == (
        "delivered",
        ("givt", "sivt"),
        "half_up",
    )
    assert version.approved_at == 1789376700_000000


def test_norway_stays_a_country_and_a_bare_number_keeps_its_written_digits():
    rate = parse_version(CPM, "x").terms.items[0].rates[0]
    assert rate.when.geo == ("NO", "US")
    assert str(rate.per_mille) == "22.50"


@pytest.mark.parametrize(
    "text", ["1e3", "0x10", "010", "1_000", "22.", ".5", "-1", ".inf", "NaN", "1:30", "+5", "true"]
)
def test_a_number_that_could_be_read_two_ways_is_refused(text):
    assert problems(edited("22.50", text)) == [
        ("17 terms.items[0].rates[0].per_mille", text.capitalize() if text == "true" else text)
    ]


@pytest.mark.parametrize("text", ["0.1", "123456789012.123456789", "0", "22.500"])
def test_an_exact_number_is_taken_as_it_stands(text):
    assert parse_version(edited("22.50", text), "x").terms.items[0].rates[0].per_mille == Decimal(text)


def test_a_binary_float_is_refused_in_code_too():
    content = parse_version(CPM, "x").model_dump(by_alias=True)
    content["terms"]["items"][0]["rates"][1]["per_mille"] = 0.1
    with pytest.raises(ValueError, match="a number such as"):
        type(parse_version(CPM, "x")).model_validate(content)


def test_every_error_of_a_document_is_told_with_line_path_and_value():
    text = edited("currency: USD", "currency: XXY").replace("model: cpm", "model: cpm\n  bil: net").replace("18", "x")
    text = text.replace("timezone: America/New_York", "timezone: America/Atlantis\ncurrency: EUR")
    assert problems(text) == [
        ("6 currency", "XXY"),
        ("7 timezone", "America/Atlantis"),
        ("8 currency", "currency"),
        ("15 terms.bil", "net"),
        ("20 terms.items[0].rates[1].per_mille", "x"),
    ]


def test_errors_in_the_terms_hide_none_in_the_head():
    text = edited("18", "x").replace("status: approved", "status: draft").replace("kind: original", "kind: renewal")
    assert problems(text) == [("9 status", "draft"), ("18 terms.items[0].rates[1].per_mille", "x")]


def test_a_missing_key_is_told_at_its_group_and_an_unknown_one_with_those_known():
    with pytest.raises(BadInput) as caught:
        parse_version(edited("role: advertiser", "rle: advertiser"), "v")
    told = [str(problem) for problem in caught.value.problems]
    assert told == [
        "v:4 counterparty.role; expected a value for this key",
        "v:4 counterparty.rle: 'advertiser'; expected one of the keys id, name, role",
    ]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("to: 2026-12-31", "to: 2026-09-30", "8 effective.to"),
        ("2026-10-01", "2026-02-30", "8 effective.from"),
        ("2026-10-01", "20261001", "8 effective.from"),
        ("2026-09-14T09:05:00Z", "2026-09-14T09:05:00", "11 history[0].at"),
        ("status: approved", "status: draft", "9 status"),
        ("action: approve", "action: submit", "9 status"),
        ("kind: original", "kind: termination", "12 terms"),
        ("model: cpm", "model: cpx", "12 terms"),
        ("per_mille: 22.50", "fee: 1", "17 terms.items[0].rates[0].fee"),
        ("geo: [NO, US]", "geo: []", "17 terms.items[0].rates[0].when.geo"),
        ("geo: [NO, US]", "geo: NO", "17 terms.items[0].rates[0].when.geo"),
        ("item: RUN", "item: _minimum", "15 terms.items[0].item"),
        ("contract: acme", "contract: ../acme", "1 contract"),
        ("model: cpm", "model: cpm\n  <<: { bill: net }", "14 terms.<<"),
        ("from: 2026-10-01", "first: 2026-10-01", "8 effective.first"),
    ],
)
def test_each_contradiction_is_placed(old, new, place):
    assert place in [found for found, _ in problems(edited(old, new))]


def test_a_rate_needs_a_price_and_only_one():
    with pytest.raises(BadInput, match="exactly one of per_mille, tiers"):
        parse_version(edited("per_mille: 22.50", "").replace("[NO, US] },", "[NO, US] }"), "x")


def test_anchors_and_two_documents_are_refused():
    assert ("18 terms.items[0].rates[1].when.geo", "") in problems(
        edited("geo: [NO", "geo: &here [NO").replace('{ per_mille: "18"', '{ when: { geo: *here }, per_mille: "18"')
    )
    assert len(problems(CPM + "---\n" + CPM)) == 1
    assert len(problems("[" * 100_000)) == 1
    assert len(problems("a: [")) == 1 and len(problems("")) == 1 and len(problems("- a")) == 1


def test_a_book_tells_the_errors_of_all_documents_at_once(tmp_path):
    for name, text in {"acme/v1": edited("USD", "USX"), "acme/v2": CPM, "beta/v1": edited("18", "x")}.items():
        path = tmp_path / "contracts" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_book(tmp_path / "contracts")
    places = [problem.place for problem in caught.value.problems]
    assert places == [
        "contracts/acme/v1.yaml:6 currency",
        "contracts/acme/v2.yaml",
        "contracts/beta/v1.yaml:18 terms.items[0].rates[1].per_mille",
    ]


def test_a_document_under_another_ending_or_encoding_is_no_silent_gap(tmp_path):
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/v1.yml").write_text(CPM)
    (tmp_path / "acme/v2.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput) as caught:
        load_book(tmp_path)
    assert len(caught.value.problems) == 2
    with pytest.raises(BadInput):
        load_book(tmp_path / "nowhere")


@pytest.mark.parametrize("version", load_book(BOOK).versions, ids=lambda one: f"{one.contract}-v{one.version}")
def test_the_demo_book_round_trips_and_fits_its_schema(version, tmp_path):
    path = write_version(tmp_path, version, "v1: as it was")
    assert path.read_text().startswith("# v1: as it was\ncontract: ")
    again = read_version(path)
    assert again == version and content_hash(again) == content_hash(version)
    assert document_text(again) == document_text(version)
    content = yaml.load(path.read_text(), yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)
    jsonschema.validate(json.loads(json.dumps(content, default=str)), json_schema())


def test_the_schema_file_is_the_one_of_the_model():
    assert (BOOK / "schema.json").read_text() == schema_text()


def test_the_schema_knows_choices_and_unknown_keys():
    content = json.loads(json.dumps(yaml.safe_load(edited("[NO, US]", "[CA, US]")), default=str))
    jsonschema.validate(content, json_schema())
    content["terms"]["items"][0]["rates"][0] |= {"tiers": {"mode": "volume", "steps": [{"over": 0, "per_mille": 1}]}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, json_schema())


def test_the_hash_is_of_terms_and_dates_not_of_status_history_or_stated_defaults():
    version = parse_version(CPM, "x")
    same = [
        edited("lee", "omar"),
        edited("status: approved", "status: draft").replace("action: approve", "action: create"),
        edited("model: cpm", "model: cpm\n  bill: gross\n  discount_percent: '0.00'"),
        edited("status: approved", "status: approved\ndocument: { name: IO }"),
    ]
    other = [
        edited('"18"', '"18.00"'),
        edited("2026-12-31", "2026-12-30"),
        edited("[NO, US]", "[US, NO]"),
        edited("acme", "acmf"),
        edited("status: approved", "status: approved\nrenewal: { auto: true, term_months: 12 }"),
    ]
    assert {content_hash(parse_version(text, "x")) for text in same} == {content_hash(version)}
    assert len({content_hash(parse_version(text, "x")) for text in [*other, CPM]}) == len(other) + 1


def test_what_is_refused_in_a_book_is_told_at_its_line(tmp_path):
    path = tmp_path / "contracts/acme/v1.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(edited("{ when: { geo: [NO, US] }, per_mille: 22.50 }", '{ per_mille: "19" }'))
    found = located(path.parent.parent, lint(load_book(path.parent.parent)))
    assert [one.place for one in found] == ["contracts/acme/v1.yaml:18 terms.items[0].rates[1]"]


# Written plainly, or looked at closely


def test_a_document_read_in_one_pass_says_what_its_nodes_say() -> None:
    """Plain documents are read by their events alone; whatever else is written goes the longer way."""
    chance = random.Random(1)
    texts = [path.read_text("utf-8") for path in sorted(BOOK.rglob("*.yaml"))]
    assert all(yamltext.plainly(text) is not None for text in texts)
    for text in [*texts, *(_disturbed(chance.choice(texts), chance) for _ in range(600)), *ODD]:
        quick = yamltext.plainly(text)
        assert quick is None or quick == yamltext.composed(text), text
        assert yamltext.read(text) == yamltext.composed(text)


ODD = [
    "", "~", "a", "a: 'true'\nb: true\nc:\n", "&a [*a]", "a: &x 1\nb: *x", "a: !!str b", "a: 1\na: 2", "? [a]\n: b",
    "a: b\n---\nc: d", "- - - - a", *("[" * depth + "]" * depth for depth in (19, 20, 21, 2000)),
    *("{a: " * depth + "1" + "}" * depth for depth in (20, 21)),
]  # fmt: skip


def _disturbed(text: str, chance: random.Random) -> str:
    """A text with a sign of YAML put in, something left out, or a part of it repeated."""
    place, size = chance.randrange(len(text)), chance.randrange(1, 60)
    signs = ["&a ", "*a", "!!str ", "? ", "- ", "[", "]", "{", "}", ":", "\n", '"', "'", "#", "|", "---\n", "~", "\t"]
    put = chance.choice([*signs, "", text[place : place + size]])
    return text[:place] + put + text[place + (0 if put else size) :]


def test_documents_are_found_by_their_parts_and_hidden_ones_are_not(tmp_path: Path) -> None:
    text = next(iter(sorted(BOOK.rglob("*.yaml")))).read_text("utf-8")
    for name in ("b-1", "b", ".hidden", "b/deep"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "v1.yaml").write_text(text, "utf-8")
    (tmp_path / "b" / ".v2.yaml").write_text(text, "utf-8")
    (tmp_path / "b" / "v2.yaml").mkdir()
    with pytest.raises(BadInput) as refused:
        load_book(tmp_path)
    places = [problem.place.removeprefix(f"{tmp_path.name}/") for problem in refused.value.problems]
    assert places == ["b/deep/v1.yaml", "b/v1.yaml", "b-1/v1.yaml"]
