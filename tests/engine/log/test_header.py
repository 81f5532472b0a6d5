"""A header reads back as written, and only in the form in which it was written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvariantBroken, StoreCorrupt
from engine.log import CommitHeader, TableShape
from engine.log.header import table_shapes
from engine.log.packed import pack_effects
from tests.engine.log.samples import expense_effects, header

names = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
headers = st.builds(
    CommitHeader,
    book_id=names,
    seq=st.integers(1, 2**63 - 1),
    sealed_at_us=st.integers(0, 2**63 - 1),
    engine_version=names,
    language_version=names,
    effects_schema=st.integers(0, 2**31),
    revisions=st.lists(names).map(tuple),
    kind=st.sampled_from(["batch", "tick"]),
    counters=st.dictionaries(names, st.integers(0, 2**40)),
    tables=st.lists(
        st.builds(TableShape, names, st.integers(0, 9), st.lists(names).map(tuple))
    ).map(tuple),
)


@given(headers)
def test_a_header_reads_back_as_written(written: CommitHeader) -> None:
    assert CommitHeader.from_bytes(written.to_bytes()) == written


def test_the_bytes_are_canonical_json() -> None:
    value = replace(header(3), counters={"POSTED": 2, "DUPLICATE": 1}, revisions=("修订",))
    assert value.to_bytes().decode() == (
        '{"book_id":"C01","counters":{"DUPLICATE":1,"POSTED":2},"effects_schema":3,'
        '"engine_version":"0.1.0","kind":"batch","language_version":"1","revisions":["修订"],'
        '"sealed_at_us":1772668800000003,"seq":3,"tables":[]}'
    )


def test_shapes_name_rows_and_dimensions() -> None:
    assert table_shapes(pack_effects(expense_effects(1, 3))) == (
        TableShape("commands", 3),
        TableShape("vouchers", 3),
        TableShape("lines", 6, ("dim_department", "dim_项目")),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"seq": True},
        {"seq": "1"},
        {"seq": 0},
        {"kind": "other"},
        {"revisions": "r1"},
        {"tables": [["lines"]]},
        {"tables": [[]]},
        {"counters": []},
        {"added_later": 1},
    ],
)
def test_other_forms_are_refused(change: dict[str, object]) -> None:
    value = json.loads(header(1).to_bytes()) | change
    data = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(StoreCorrupt):
        CommitHeader.from_bytes(data)


def test_the_same_fields_in_another_form_are_refused() -> None:
    spaced = json.dumps(json.loads(header(1).to_bytes()), sort_keys=True).encode()
    for data in (spaced, b"", b"[]", b"\xff", b"null"):
        with pytest.raises(StoreCorrupt):
            CommitHeader.from_bytes(data)


def test_a_header_without_a_place_in_the_log_is_not_written() -> None:
    for wrong in (replace(header(1), seq=0), replace(header(1), kind="other")):
        with pytest.raises(InvariantBroken):
            wrong.to_bytes()


def test_counters_cannot_be_changed_afterwards() -> None:
    counters = {"POSTED": 1}
    value = replace(header(1), counters=counters)
    counters["POSTED"] = 2
    assert value.counters["POSTED"] == 1
