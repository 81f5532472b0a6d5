"""What is decoded is what was encoded, and what is not ours is refused with its name."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columns import ColumnTable, ColumnType, EffectBatch, TableSpec
from engine.effects import COMMANDS, PERIODS, TABLES
from engine.errors import InvariantBroken, StoreCorrupt
from engine.log import codec, decode_payload, encode_payload, packed
from tests.engine.log.samples import expense_effects, tables_equal
from tests.engine.log.strategies import effect_batches


@given(effect_batches())
def test_decoding_gives_back_every_value(effects: EffectBatch) -> None:
    decoded = decode_payload(encode_payload(effects))
    assert tables_equal(decoded, effects)
    assert list(decoded.tables) == [spec.name for spec in TABLES]
    for table in decoded.tables.values():
        for name, kind in table.spec.columns:
            column = table.columns[name]
            assert isinstance(column, list) if kind.is_blob else column.dtype == kind.dtype


def test_an_independent_reader_needs_pyarrow_only() -> None:
    payload = encode_payload(expense_effects(7, 2))
    reader = pa.ipc.open_stream(pa.input_stream(pa.py_buffer(payload), compression="zstd"))
    row = reader.read_all().to_pylist()[0]
    strings = row["strings"]
    assert [strings[line["account_name"]] for line in row["lines"]] == [
        "管理费用", "银行存款", "管理费用", "银行存款",
    ]  # fmt: skip
    assert [line["debit"] for line in row["lines"]] == [700, 0, 800, 0]
    assert row["commands"][0]["content"] == b'{"amount": "7.00", "id": "EXP-000007"}'
    struct = reader.schema.field("lines").type.value_type
    assert struct.field("account_code").metadata == {b"tongpin.type": b"text"}


def test_sliced_and_strided_columns_are_stored_as_they_read() -> None:
    effects = expense_effects(1, 4)
    lines = effects.tables["lines"]
    lines.columns["debit"] = np.repeat(lines.columns["debit"], 2)[::2]  # type: ignore[arg-type]
    assert tables_equal(decode_payload(encode_payload(effects)), effects)


def test_a_table_or_column_of_a_later_version_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later_table = TableSpec("budgets", (("command", ColumnType.INT32),))
    later_column = replace(PERIODS, columns=(*PERIODS.columns, ("dim_x", ColumnType.TEXT)))
    later_type = replace(PERIODS, columns=(*PERIODS.columns[:-1], ("state", ColumnType.INT64)))
    for spec, named in (
        (later_table, "table budgets"),
        (later_column, "dim_x of periods"),
        (later_type, "state of periods"),
    ):
        known = {**codec.TABLES_BY_NAME, spec.name: spec}
        with monkeypatch.context() as patch:
            for module in (codec, packed):
                patch.setattr(module, "TABLES_BY_NAME", known)
            patch.setattr(packed, "TABLES", tuple(known.values()))
            codec._schema.cache_clear()
            codec._struct_type.cache_clear()
            rows = [[1] * len(spec.columns)]
            payload = encode_payload(
                EffectBatch(["x", "y"], {spec.name: ColumnTable.from_rows(spec, rows)})
            )
        codec._schema.cache_clear()
        codec._struct_type.cache_clear()
        with pytest.raises(StoreCorrupt, match=f"{named}.*later version"):
            decode_payload(payload)


def test_effects_that_are_not_as_declared_are_not_written() -> None:
    def broken(column: str, value: object) -> EffectBatch:
        effects = expense_effects(1, 1)
        effects.tables["commands"].columns[column] = value  # type: ignore[assignment]
        return effects

    wrong_columns = replace(COMMANDS, columns=COMMANDS.columns[1:])
    extra = COMMANDS.with_columns((("dim_x", ColumnType.TEXT),))
    for effects, why in (
        (broken("event_date", np.zeros(1, dtype=np.int64)), "another type"),
        (broken("event_date", np.zeros(2, dtype=np.int32)), "another length"),
        (broken("content", np.zeros(1, dtype=np.int32)), "another type"),
        (broken("event_date", [b""]), "another type"),
        (EffectBatch([], {"odd": ColumnTable.from_rows(COMMANDS, [])}), "unknown table"),
        (EffectBatch([], {"commands": ColumnTable(wrong_columns, {}, 1)}), "declared columns"),
        (EffectBatch([], {"commands": ColumnTable(extra, {}, 1)}), "only voucher lines"),
    ):
        with pytest.raises(InvariantBroken, match=why):
            encode_payload(effects)


@given(st.data())
def test_a_damaged_payload_is_refused_or_reads_as_something(data: st.DataObject) -> None:
    payload = bytearray(encode_payload(expense_effects(1, 3)))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(StoreCorrupt):  # nothing else, and the process lives
        decode_payload(bytes(payload))


@given(st.binary(max_size=200))
def test_bytes_that_were_never_a_payload_are_refused(junk: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        decode_payload(junk)


def test_a_cut_payload_is_refused() -> None:
    payload = encode_payload(expense_effects(1, 50))
    for length in range(0, len(payload) - 1, 97):
        with pytest.raises(StoreCorrupt):
            decode_payload(payload[:length])
