"""Identities are found at every position they were added, also where prefixes collide."""

from __future__ import annotations

import secrets
import tracemalloc
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvariantBroken, StoreCorrupt
from engine.state import identities as module
from engine.state.identities import Identities

KEY = bytes(range(16))


def identity(number: int) -> bytes:
    return blake2b(number.to_bytes(8, "little"), digest_size=16).digest()


def colliding(halves: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return halves[:, 0] % np.uint64(7)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECENT_MAX", 8)
    monkeypatch.setattr(module, "RUN_MAX", 100)
    monkeypatch.setattr(module, "BUCKETS_FROM", 16)
    monkeypatch.setattr(module, "QUERIES_TOGETHER", 2)


def test_an_empty_book_has_seen_nothing() -> None:
    found = Identities().find_many([identity(1), identity(2)])
    assert (found.rows.tolist(), found.positions.tolist()) == ([], [])
    assert Identities().find(identity(1)) == ()
    assert len(Identities().find_many([]).rows) == 0


def test_a_resent_identity_keeps_both_positions_newest_last() -> None:
    seen = Identities()
    seen.add_many([identity(1), identity(2)], [0, 1])
    seen.add_many([identity(1)], [2])
    seen.compact()
    seen.add_many([identity(1), identity(1)], [3, 4])
    assert seen.find(identity(1)) == (0, 2, 3, 4)
    assert seen.find(identity(2)) == (1,)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("prefix", [None, colliding])
@settings(max_examples=60, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=25),
    serialise_after=st.integers(0, 25),
)
def test_agrees_with_a_dict_of_lists(
    prefix: module.PrefixFunction | None, batches: list[list[int]], serialise_after: int
) -> None:
    seen = Identities(KEY, prefix)
    expected: dict[int, list[int]] = {}
    position = 0
    for index, batch in enumerate(batches):
        places = list(range(position, position + len(batch)))
        seen.add_many([identity(number) for number in batch], places)
        for number, place in zip(batch, places, strict=True):
            expected.setdefault(number, []).append(place)
        position += len(batch)
        if index == serialise_after:
            seen = Identities.from_bytes(seen.to_bytes(), prefix)
    asked = list(range(45))
    found = seen.find_many([identity(number) for number in asked])
    assert len(seen) == position
    pairs = list(zip(found.rows.tolist(), found.positions.tolist(), strict=True))
    assert pairs == sorted(pairs)
    for number in asked:
        mine = [place for row, place in pairs if row == number]
        if prefix is None:
            assert mine == expected.get(number, [])
        else:
            assert set(expected.get(number, [])) <= set(mine)
        assert list(seen.find(identity(number))) == mine


def test_prefix_depends_on_the_key_and_on_both_halves() -> None:
    halves = np.array([[1, 0], [0, 1], [1, 1]], dtype="<u8")
    one = Identities(KEY)._prefix(halves)
    other = Identities(bytes(reversed(KEY)))._prefix(halves)
    assert len(set(one.tolist())) == 3
    assert one.tolist() != other.tolist()


def test_positions_need_32_bits_and_identities_16_bytes() -> None:
    seen = Identities()
    with pytest.raises(InvariantBroken, match="32 bits"):
        seen.add_many([identity(1)], [2**32])
    with pytest.raises(InvariantBroken, match="16 bytes"):
        seen.find_many([b"short"])
    seen.add_many([identity(1)], [2**32 - 1])
    seen.compact()
    assert seen.find(identity(1)) == (2**32 - 1,)


def test_other_bytes_are_not_read_as_identities() -> None:
    seen = Identities()
    seen.add_many([identity(1)], [0])
    data = seen.to_bytes()
    for damaged in (b"", data[:-1], b"X" + data[1:], data + b"\0"):
        with pytest.raises(StoreCorrupt):
            Identities.from_bytes(damaged)


@pytest.mark.slow
def test_a_million_events_take_about_12_bytes_each(capsys: pytest.CaptureFixture[str]) -> None:
    count, batch = 1_000_000, 10_000
    blob = secrets.token_bytes(16 * batch)
    tracemalloc.start()
    seen = Identities()
    for start in range(0, count, batch):
        salt = start.to_bytes(8, "little")
        rows = [salt + blob[16 * row : 16 * row + 8] for row in range(batch)]
        seen.add_many(rows, np.arange(start, start + batch, dtype=np.int64))
    seen.compact()
    del rows
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with capsys.disabled():
        hundredths = held * 100 // count
        print(f"\nidentities: {hundredths // 100}.{hundredths % 100:02} bytes an event at {count}")
    assert len(seen) == count
    assert seen.nbytes == 12 * count
    assert held < 13 * count
