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
#: The tail run goes into the main run when it is larger than this and than a quarter of it.
TAIL_MIN = 1 << 20
IDENTITY_BYTES = 16

_KEY_BYTES = 16
_MAGIC = b"TPIDENT1"
_POSITION_END = 1 << 32


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

    @classmethod
    def empty(cls) -> _Run:
        return cls(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint32))

    def __len__(self) -> int:
        return len(self.prefixes)

    def merge(self, newer: _Run) -> _Run:
        """Both runs in one; at equal prefixes what is newer stands behind."""
        count = len(self) + len(newer)
        places = np.searchsorted(self.prefixes, newer.prefixes, side="right")
        places += np.arange(len(newer), dtype=places.dtype)
        is_old = np.ones(count, dtype=np.bool_)
        is_old[places] = False
        prefixes = np.empty(count, dtype=np.uint64)
        prefixes[places] = newer.prefixes
        prefixes[is_old] = self.prefixes
        positions = np.empty(count, dtype=np.uint32)
        positions[places] = newer.positions
        positions[is_old] = self.positions
        return _Run(prefixes, positions)

    def find(self, prefixes: Prefixes) -> tuple[Int64s, Int64s]:
        """Rows of the queries and positions that match, rows ascending."""
        first = np.searchsorted(self.prefixes, prefixes, side="left")
        inside = np.minimum(first, len(self) - 1)
        rows = np.flatnonzero(self.prefixes[inside] == prefixes)
        if not len(rows):
            return rows, rows
        starts = first[rows]
        counts = np.searchsorted(self.prefixes, prefixes[rows], side="right") - starts
        ends = np.cumsum(counts)
        within = np.arange(ends[-1], dtype=np.int64) - np.repeat(ends - counts, counts)
        return np.repeat(rows, counts), self.positions[np.repeat(starts, counts) + within].astype(
            np.int64
        )


class Identities:
    """Positions by identity, in a main run, a tail run and a dict of the newest.

    An identity may be added again later (withdrawn, then sent anew): both positions are found,
    in ascending order. Not safe for several threads at once.
    """

    __slots__ = ("_key", "_main", "_prefix", "_recent", "_recent_count", "_tail")

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
        self._main = _Run.empty()
        self._tail = _Run.empty()
        self._recent: dict[int, tuple[int, ...] | int] = {}
        self._recent_count = 0

    def __len__(self) -> int:
        """Number of identities added, repeated ones counted each time."""
        return len(self._main) + len(self._tail) + self._recent_count

    @property
    def nbytes(self) -> int:
        """Bytes held by the runs; the dict of the newest is bounded by RECENT_MAX."""
        runs = (self._main, self._tail)
        return sum(run.prefixes.nbytes + run.positions.nbytes for run in runs)

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
                held = recent.get(prefix, ())
                held = (held,) if isinstance(held, int) else held
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
        found = [run.find(prefixes) for run in (self._main, self._tail) if len(run)]
        if self._recent_count:
            found.append(self._find_recent(prefixes))
        hits = [pair for pair in found if len(pair[0])]
        if not hits:
            none = np.empty(0, dtype=np.int64)
            return Candidates(none, none)
        rows = np.concatenate([pair[0] for pair in hits])
        positions = np.concatenate([pair[1] for pair in hits])
        order = np.lexsort((positions, rows))
        return Candidates(rows[order], positions[order])

    def compact(self) -> None:
        """Brings everything into the main run; takes time in proportion to the whole."""
        self._flush()
        if len(self._tail):
            self._main, self._tail = self._main.merge(self._tail), _Run.empty()

    def to_bytes(self) -> bytes:
        """Everything, for a snapshot; compacts first."""
        self.compact()
        count = len(self._main).to_bytes(8, "little")
        prefixes = self._main.prefixes.astype("<u8", copy=False).data
        positions = self._main.positions.astype("<u4", copy=False).data
        return b"".join((_MAGIC, self._key, count, prefixes, positions))

    @classmethod
    def from_bytes(cls, data: bytes, prefix: PrefixFunction | None = None) -> Identities:
        """Reads what `to_bytes` wrote; the main run is a view of `data`, not a copy.

        Raises:
            StoreCorrupt: the bytes are something else.
        """
        head = len(_MAGIC) + _KEY_BYTES
        count = int.from_bytes(data[head : head + 8], "little")
        if data[: len(_MAGIC)] != _MAGIC or len(data) != head + 8 + 12 * count:
            raise StoreCorrupt("the identities of a snapshot cannot be read")
        identities = cls(data[len(_MAGIC) : head], prefix)
        identities._main = _Run(
            np.frombuffer(data, dtype="<u8", count=count, offset=head + 8),
            np.frombuffer(data, dtype="<u4", count=count, offset=head + 8 + 8 * count),
        )
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
                held = recent.get(prefix, ())
                for position in (held,) if isinstance(held, int) else held:
                    rows.append(row)
                    positions.append(position)
        return np.array(rows, dtype=np.int64), np.array(positions, dtype=np.int64)

    def _flush(self) -> None:
        if not self._recent_count:
            return
        prefixes: list[int] = []
        positions: list[int] = []
        for prefix, held in self._recent.items():
            for position in (held,) if isinstance(held, int) else held:
                prefixes.append(prefix)
                positions.append(position)
        keys = np.array(prefixes, dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        newest = _Run(keys[order], np.array(positions, dtype=np.uint32)[order])
        self._tail = self._tail.merge(newest)
        self._recent.clear()
        self._recent_count = 0
        if len(self._tail) > max(TAIL_MIN, len(self._main) // 4):
            self._main, self._tail = self._main.merge(self._tail), _Run.empty()


def _keyed_prefix(key: bytes) -> PrefixFunction:
    # Multilinear over both halves with secret odd factors: an identity is already a hash, so this
    # only has to keep an outsider from knowing which of them collide.
    factors = np.frombuffer(key, dtype="<u8") | np.uint64(1)

    def prefix(halves: npt.NDArray[np.uint64]) -> Prefixes:
        mixed: Prefixes = halves[:, 0] * factors[0] + halves[:, 1] * factors[1]
        return mixed

    return prefix
