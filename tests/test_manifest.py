"""The manifest tells what was read in plain values, and its digest depends on nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.inputs.manifest import ControlTotal, SourceRecord, digest, inputs_list, source_dict

FILE = SourceRecord("clicks", "data/c.csv", "ab12", rows=10, rejected=2, bytes=512, first=0, last=1_500_000)
QUERY = SourceRecord(
    "billing_lines",
    "query:billing_lines",
    "cd34",
    rows=7,
    out_of_period=3,
    system="sqlite:///b.db",
    query="select 1",
    parameters={"period": "2026-10"},
    controls=(ControlTotal("amount", Decimal("1E+3"), Decimal("999.50")),),
)


def test_a_file_is_told_by_name_with_times_as_text() -> None:
    assert source_dict(FILE) == {
        "dataset": "clicks",
        "file": "data/c.csv",
        "bytes": 512,
        "sha256": "ab12",
        "rows": 10,
        "rejected": 2,
        "first": "1970-01-01T00:00:00Z",
        "last": "1970-01-01T00:00:01.500000Z",
    }


def test_a_query_is_told_by_its_text_with_controls_that_disagree_in_sight() -> None:
    told = source_dict(QUERY)
    assert (told["query"], told["parameters"], told["out_of_period"]) == ("select 1", {"period": "2026-10"}, 3)
    assert told["control"] == {"amount": {"declared": "1000", "found": "999.50", "agrees": False}}
    assert "file" not in told and "bytes" not in told


def test_rows_are_used_or_out_of_period_or_rejected() -> None:
    assert FILE.used == 8 and QUERY.used == 4


def test_the_manifest_is_json_without_further_help() -> None:
    assert json.loads(json.dumps(inputs_list([FILE, QUERY]))) == inputs_list([FILE, QUERY])


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), PLAIN, max_size=5))
def test_the_digest_does_not_depend_on_the_order_of_keys(manifest: dict) -> None:
    backwards = dict(reversed(manifest.items()))
    assert digest(manifest) == digest(backwards) == digest(json.loads(json.dumps(manifest)))


def test_every_field_that_is_told_moves_the_digest() -> None:
    changed = [
        replace(FILE, sha256="ab13"), replace(FILE, rows=11), replace(FILE, source="data/d.csv"),
        replace(FILE, bytes=513), replace(FILE, dataset="x"), replace(FILE, rejected=1),
        replace(FILE, first=1), replace(FILE, last=1),
    ]  # fmt: skip
    digests = {digest({"inputs": inputs_list([record])}) for record in [FILE, *changed]}
    assert len(digests) == len(changed) + 1


def test_a_float_has_no_place_in_a_digest() -> None:
    with pytest.raises(TypeError, match="no canonical form"):
        digest({"amount": {1.5}})
    with pytest.raises(TypeError, match="no canonical form"):
        digest({"rate": [{"x": 0.1}]})
    assert digest({"amount": Decimal("1.50")}) == digest({"amount": "1.50"})
