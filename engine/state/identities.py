"""Which identities a book has taken, and at which place of its log: about 12 bytes an event.

Keeps a 64-bit keyed prefix of each 128-bit identity and a 32-bit position, so an answer is a
candidate: whoever asks confirms it by reading the full identity from the commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import InvariantBroken, StoreCorrupt

Prefixes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.uint32]
Int64s = npt.NDArray[np.int64]

#: Maps identities, one row of two little-endian halves each, to prefixes.
PrefixFunction = Callable[[npt.NDArray[np.uint64]], Prefixes]

#: Identities kept in the dict of newest ones (about 100 bytes each) before they go to the tail.
RECENT_MAX = 1 << 16
#: Runs are not merged beyond this size while posting: merging is a pause of about 0.1 us an entry.
RUN_MAX = 1 << 22
#: Runs of this size and more are searched by buckets of their leading BUCKET_BITS bits, for
#: QUERIES_TOGETHER queries and more at once.
BUCKETS_FROM = 1 << 18
BUCKET_BITS = 16
QUERIES_TOGETHER = 64
IDENTITY_BYTES = 16

_KEY_BYTES = 16
_MAGIC = b"TPIDENT1"
_POSITION_END = 1 << 32
_BUCKET_SHIFT = np.uint64(64 - BUCKET_BITS)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of a query and a position at which its identity may stand.

    Attributes:
        rows: int64[k] index into the queries, ascending; queries never seen do not occur.
        positions: int64[k], ascending within a row: the newest is the last.
    """

    rows: Int64s
    positions: Int64s


@dataclass(slots=True)
class _Run:
    prefixes: Prefixes  # ascending
    positions: Positions  # ascending where prefixes are equal
    bounds: Int64s | None = None  # where each bucket of leading bits starts, made when needed

    def __len__(self) -> int:
        return len(self.prefixes)

    def merge(self, newer: _Run) -> _Run:
        """Both runs in one; at equal prefixes what is newer stands behind."""
        count = len(self) + len(newer)
        prefixes = np.concatenate((self.prefixes, newer.prefixes))
        positions = np.concatenate((self.positions, newer.positions))
        if len(newer) * 8 > len(self):  # a stable sort merges two sorted runs in one pass
            order = np.argsort(prefixes, kind="stable")
            return _Run(prefixes[order], positions[order])
        places = np.searchsorted(self.prefixes, newer.prefixes, side="right")
        places += np.arange(len(newer), dtype=places.dtype)
        is_old = np.ones(count, dtype=np.bool_)
        is_old[places] = False
        prefixes[places] = newer.prefixes
        prefixes[is_old] = self.prefixes
        positions[places] = newer.positions
        positions[is_old] = self.positions
        return _Run(prefixes, positions)

    def find(self, prefixes: Prefixes) -> tuple[Int64s, Int64s]:
        """Rows of the queries and positions that match."""
        first = self._lower_bounds(prefixes)
        inside = np.minimum(first, len(self) - 1)
        rows = np.flatnonzero(self.prefixes[inside] == prefixes)
        if not len(rows):
            return rows, rows
        starts = first[rows]
        counts = np.searchsorted(self.prefixes, prefixes[rows], side="right") - starts
        ends = np.cumsum(counts)
        within = np.arange(ends[-1], dtype=np.int64) - np.repeat(ends - counts, counts)
        found = self.positions[np.repeat(starts, counts) + within]
        return np.repeat(rows, counts), found.astype(np.int64)

    def _lower_bounds(self, prefixes: Prefixes) -> Int64s:
        """`np.searchsorted`, narrowed by the buckets first: all queries of a batch step at once.

        Over 10 million identities this is several times as fast as a binary search for each
        query, since the memory that a step reads is waited for once and not once a query.
        """
        if len(self) < BUCKETS_FROM or len(prefixes) < QUERIES_TOGETHER:
            return np.searchsorted(self.prefixes, prefixes, side="left")
        if self.bounds is None:
            edges = np.arange(1 << BUCKET_BITS, dtype=np.uint64) << _BUCKET_SHIFT
            starts = np.searchsorted(self.prefixes, edges, side="left")
            self.bounds = np.append(starts, len(self)).astype(np.int64)
        bucket = (prefixes >> _BUCKET_SHIFT).astype(np.int64)
        low, high = self.bounds[bucket], self.bounds[bucket + 1]
        for _ in range(int((high - low).max()).bit_length()):
            middle = (low + high) >> 1
            is_below = self.prefixes[np.minimum(middle, len(self) - 1)] < prefixes
            is_below &= low < high
            low = np.where(is_below, middle + 1, low)
            high = np.where(is_below, high, middle)
        return low


class Identities:
    """Positions by identity, in sorted runs, each at most half the one before, and a recent dict.

    An identity may be added again later (withdrawn, then sent anew): both positions are found,
    in ascending order. Not safe for several threads at once.
    """

    __slots__ = ("_key", "_prefix", "_recent", "_recent_count", "_runs")

    def __init__(self, key: bytes | None = None, prefix: PrefixFunction | None = None) -> None:
        """Starts empty.

        Args:
            key: 16 secret bytes, random if not given. Without it nobody outside can choose
                events whose prefixes collide.
            prefix: replaces the keyed prefix; for tests that force collisions.
        """
        self._key = secrets.token_bytes(_KEY_BYTES) if key is None else key
        if len(self._key) != _KEY_BYTES:
            raise InvariantBroken("the key of identities has 16 bytes", len(self._key))
        self._prefix = prefix or _keyed_prefix(self._key)
        self._runs: list[_Run] = []  # oldest and largest first
        self._recent: dict[int, tuple[int, ...] | int] = {}
        self._recent_count = 0

    def __len__(self) -> int:
        """Number of identities added, repeated ones counted each time."""
        return sum(map(len, self._runs)) + self._recent_count

    @property
    def nbytes(self) -> int:
        """Bytes held by the runs; the dict of the newest is bounded by RECENT_MAX."""
        return sum(run.prefixes.nbytes + run.positions.nbytes for run in self._runs)

    def add_many(self, identities: Sequence[bytes], positions: Sequence[int] | Int64s) -> None:
        """Adds identities at positions, which ascend and lie behind all positions before."""
        places: list[int] = np.asarray(positions, dtype=np.int64).tolist()
        if len(places) != len(identities):
            raise InvariantBroken("one position an identity", len(identities), len(places))
        if not places:
            return
        if places[0] < 0 or places[-1] >= _POSITION_END:
            raise InvariantBroken("position outside 32 bits", places[0], places[-1])
        prefixes: list[int] = self._prefixes(identities).tolist()
        fresh = dict(zip(prefixes, places, strict=True))
        recent = self._recent
        if len(fresh) == len(places) and recent.keys().isdisjoint(fresh):
            recent.update(fresh)
        else:
            for prefix, place in zip(prefixes, places, strict=True):  # keeps order of equals
                held = _places(recent.get(prefix, ()))
                recent[prefix] = (*held, place) if held else place
        self._recent_count += len(places)
        if self._recent_count > RECENT_MAX:
            self._flush()

    def find(self, identity: bytes) -> tuple[int, ...]:
        """Positions at which the identity may stand, ascending."""
        return tuple(self.find_many([identity]).positions.tolist())

    def find_many(self, identities: Sequence[bytes]) -> Candidates:
        """Positions at which each identity may stand."""
        prefixes = self._prefixes(identities)
        order = np.argsort(prefixes)  # neighbours in the batch are then neighbours in memory
        ascending = prefixes[order]
        found = [run.find(ascending) for run in self._runs]
        hits = [(order[rows], positions) for rows, positions in found if len(rows)]
        if self._recent_count:
            hits.append(self._find_recent(prefixes))
        if not hits:
            none = np.empty(0, dtype=np.int64)
            return Candidates(none, none)
        rows = np.concatenate([pair[0] for pair in hits])
        positions = np.concatenate([pair[1] for pair in hits])
        order = np.lexsort((positions, rows))
        return Candidates(rows[order], positions[order])

    def compact(self) -> None:
        """Brings everything into one run; takes time in proportion to the whole."""
        self._flush()
        while len(self._runs) > 1:
            self._merge_last()

    def to_bytes(self) -> bytes:
        """Everything, for a snapshot."""
        self._flush()
        parts = [_MAGIC, self._key, len(self._runs).to_bytes(8, "little")]
        for run in self._runs:
            parts += [
                len(run).to_bytes(8, "little"),
                run.prefixes.astype("<u8", copy=False).tobytes(),
                run.positions.astype("<u4", copy=False).tobytes(),
            ]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes, prefix: PrefixFunction | None = None) -> Identities:
        """Reads what `to_bytes` wrote; the runs are views of `data`, not copies.

        Raises:
            StoreCorrupt: the bytes are something else.
        """
        place = len(_MAGIC) + _KEY_BYTES
        run_count = int.from_bytes(data[place : place + 8], "little")
        if data[: len(_MAGIC)] != _MAGIC or len(data) < place + 8:
            raise StoreCorrupt("the identities of a snapshot cannot be read")
        identities = cls(data[len(_MAGIC) : place], prefix)
        place += 8
        for _ in range(run_count):
            count = int.from_bytes(data[place : place + 8], "little")
            place += 8
            if len(data) < place + 12 * count:
                raise StoreCorrupt("the identities of a snapshot end too early")
            prefixes = np.frombuffer(data, dtype="<u8", count=count, offset=place)
            positions = np.frombuffer(data, dtype="<u4", count=count, offset=place + 8 * count)
            identities._runs.append(_Run(prefixes, positions))
            place += 12 * count
        if place != len(data):
            raise StoreCorrupt("the identities of a snapshot end too late")
        return identities

    def _prefixes(self, identities: Sequence[bytes]) -> Prefixes:
        joined = b"".join(identities)
        if len(joined) != IDENTITY_BYTES * len(identities):
            raise InvariantBroken("an identity has 16 bytes", len(joined), len(identities))
        return self._prefix(np.frombuffer(joined, dtype="<u8").reshape(-1, 2))

    def _find_recent(self, prefixes: Prefixes) -> tuple[Int64s, Int64s]:
        recent = self._recent
        asked: list[int] = prefixes.tolist()
        rows: list[int] = []
        positions: list[int] = []
        if not recent.keys().isdisjoint(asked):
            for row, prefix in enumerate(asked):  # a dict answers one key at a time
                for position in _places(recent.get(prefix, ())):
                    rows.append(row)
                    positions.append(position)
        return np.array(rows, dtype=np.int64), np.array(positions, dtype=np.int64)

    def _flush(self) -> None:
        if not self._recent_count:
            return
        recent = self._recent
        if len(recent) == self._recent_count:
            keys = np.fromiter(recent.keys(), dtype=np.uint64, count=len(recent))
            places = np.fromiter(recent.values(), dtype=np.uint32, count=len(recent))
        else:
            pairs = [(key, place) for key, held in recent.items() for place in _places(held)]
            keys = np.array([key for key, _ in pairs], dtype=np.uint64)
            places = np.array([place for _, place in pairs], dtype=np.uint32)
        order = np.argsort(keys, kind="stable")
        newest = _Run(keys[order], places[order])
        self._runs.append(newest)
        self._recent.clear()
        self._recent_count = 0
        while len(self._runs) > 1:
            older, last = len(self._runs[-2]), len(self._runs[-1])
            if older >= 2 * last or older + last > RUN_MAX:
                break
            self._merge_last()

    def _merge_last(self) -> None:
        last = self._runs.pop()
        self._runs[-1] = self._runs[-1].merge(last)


def _places(held: tuple[int, ...] | int) -> tuple[int, ...]:
    return (held,) if isinstance(held, int) else held


def _keyed_prefix(key: bytes) -> PrefixFunction:
    # Multilinear over both halves with secret odd factors: an identity is already a hash, so this
    # only has to keep an outsider from knowing which of them collide.
    factors = np.frombuffer(key, dtype="<u8") | np.uint64(1)

    def prefix(halves: npt.NDArray[np.uint64]) -> Prefixes:
        mixed: Prefixes = halves[:, 0] * factors[0] + halves[:, 1] * factors[1]
        return mixed

    return prefix
