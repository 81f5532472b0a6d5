"""The chain is over values: it is pinned here byte by byte, whatever Arrow does."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given

from engine.columns import ColumnTable, EffectBatch
from engine.effects import PERIODS
from engine.log import columns_digest, decode_payload, encode_payload, genesis, next_chain
from engine.log.chain import canonical_parts
from engine.log.packed import pack_effects
from tests.engine.log.samples import expense_effects
from tests.engine.log.strategies import effect_batches


def test_canonical_bytes_are_as_documented() -> None:
    effects = EffectBatch(
        ["C01", "é"], {"periods": ColumnTable.from_rows(PERIODS, [(0, 0, 202603, 2)])}
    )
    expected = (
        b"\2\0\0\0\0\0\0\0"  # two strings, their offsets, their bytes
        b"\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0C01\xc3\xa9"
        b"\7\0\0\0periods\4\0\0\0"
        b"\7\0\0\0command\3\0\0\0i32\6\0\0\0entity\4\0\0\0text"
        b"\6\0\0\0period\3\0\0\0i32\5\0\0\0state\2\0\0\0u8"
        b"\1\0\0\0\0\0\0\0"
        b"\0\0\0\0" + b"\0\0\0\0" + b"\x6b\x17\3\0" + b"\2"
    )
    assert b"".join(canonical_parts(pack_effects(effects))) == expected
    assert columns_digest(effects) == hashlib.sha256(expected).digest()


def test_links_are_as_documented() -> None:
    assert genesis("C01") == hashlib.sha256(b"tongpin book\0C01").digest()
    assert (
        next_chain(b"a" * 32, b"head", b"b" * 32)
        == hashlib.sha256(b"a" * 32 + b"head" + b"b" * 32).digest()
    )


@given(effect_batches())
def test_the_digest_survives_encoding(effects: EffectBatch) -> None:
    assert columns_digest(decode_payload(encode_payload(effects))) == columns_digest(effects)


def test_every_value_and_every_string_counts() -> None:
    whole = columns_digest(expense_effects(1, 2))
    for name, column in expense_effects(1, 2).tables["lines"].columns.items():
        changed = expense_effects(1, 2)
        changed.tables["lines"].columns[name] = np.asarray(column) + np.ones(1, dtype=column.dtype)
        assert columns_digest(changed) != whole, name
    changed = expense_effects(1, 2)
    changed.strings[0] += "x"
    assert columns_digest(changed) != whole
    changed = expense_effects(1, 2)
    changed.tables["commands"].columns["content"][0] += b" "  # type: ignore[operator]
    assert columns_digest(changed) != whole
