"""The snapshot beside a store: every value in it equals what the log adds up to at its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from engine.effects import COMMANDS, EFFECTS_SCHEMA
from engine.errors import StoreError
from engine.log import CommitStore
from engine.log.snapshot import Snapshot, SnapshotRejected, read_snapshot, snapshot_path
from engine.state.balances import BalanceSpec
from engine.state.book_state import BookState
from engine.state.serialize import STATE_SCHEMA, state_from_sections
from engine.strings import StringPool
from engine.verify.contents import StoredEvents
from engine.verify.report import Mismatch
from engine.verify.view import CommitView

_DIFFERS = "SNAPSHOT_DIFFERS"


class SnapshotCheck:
    """A snapshot on its way through the log, up to the commit it claims to be of."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Reads the sections."""
        self.seq = snapshot.header.seq
        self._chain = snapshot.header.chain
        try:
            self._state = state_from_sections(snapshot.sections)
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError, StoreError) as error:
            key = f"commit {self.seq}"
            raise Mismatch("SNAPSHOT_UNREADABLE", key, self.seq, "sections", error) from error

    @classmethod
    def open(cls, store_file: Path, store: CommitStore) -> SnapshotCheck | None:
        """The snapshot of this book, if there is one that this version would read."""
        path = snapshot_path(store_file)
        if not path.exists():
            return None
        snapshot = read_snapshot(path)
        if isinstance(snapshot, SnapshotRejected):
            raise Mismatch("SNAPSHOT_UNREADABLE", path.name, 0, "a snapshot", snapshot.reason)
        header = snapshot.header
        is_ours = (
            header.book_id == store.book_id
            and header.state_schema == STATE_SCHEMA
            and header.effects_schema <= EFFECTS_SCHEMA
        )
        if not is_ours:
            return None
        head, _ = store.head()
        if header.seq > head:
            raise Mismatch("COMMIT_MISSING", "snapshot", header.seq, header.seq, f"head {head}")
        return cls(snapshot)

    def empty_state(self) -> BookState:
        """An empty state whose text codes and balances are those of the snapshot.

        So the keys of both can be compared as they are once the log is folded.
        """
        state = BookState.empty()
        pool = self._state.pool
        for code in range(len(pool)):
            state.pool.intern(pool.text(code))
        state.balances = {spec: {} for spec in self._state.balances}
        return state

    def check_identities(self, view: CommitView, stored: StoredEvents, first: int) -> None:
        """The snapshot knows the identities of a commit; `first`: ordinal of its first row."""
        identities = view.blobs(COMMANDS.name, "identity") if stored.rows else []
        taken = [identities[row] for row in stored.rows]
        found = self._state.identities.find_many(taken)
        pairs = set(zip(found.rows.tolist(), found.positions.tolist(), strict=True))
        for place, row in enumerate(stored.rows):
            if (place, first + row) not in pairs:
                name = f"identity of {view.event(row)}"
                raise view.differs(_DIFFERS, name, f"event {first + row}", "not there")

    def check(self, state: BookState) -> int:
        """Compares every value with the fold of the log up to here; gives their number."""
        if self._chain != state.chain.hex():
            raise Mismatch(_DIFFERS, "chain", self.seq, state.chain.hex(), self._chain)
        known, found = _parts(state), _parts(self._state)
        count = 0
        for name, part in known.items():
            count += len(part)
            if part != found[name]:
                raise self._difference(name, part, found[name], state.pool)
        counts = len(state.identities), len(self._state.identities)
        if counts[0] != counts[1]:
            raise Mismatch(_DIFFERS, "identities", self.seq, *counts)
        return count

    def _difference(
        self,
        name: str,
        known: Mapping[object, object],
        found: Mapping[object, object],
        pool: StringPool,
    ) -> Mismatch:
        for key in [*known, *(key for key in found if key not in known)]:
            expected, present = known.get(key, "nothing"), found.get(key, "nothing")
            if expected != present:
                shown = _shown(name, key, pool)
                return Mismatch(_DIFFERS, f"{name} {shown}", self.seq, expected, present)
        return Mismatch(_DIFFERS, name, self.seq, "one order", "another")


def _parts(state: BookState) -> dict[str, dict[object, object]]:
    """Everything in a state but its identities, as flat mappings."""
    place = {"seq": state.seq, "sealed at": state.sealed_at_us, "events": state.event_count}
    return {
        "place": _flat(place.items()),
        "commits": _flat(zip(state.commit_seqs, state.commit_firsts, strict=True)),
        "totals": {key: tuple(total) for key, total in state.totals.items()},
        "account names": _flat(state.account_names.items()),
        "ledgers": _flat(state.ledgers.items()),
        "numbers": {key: (s.last, s.firsts, s.seqs) for key, s in state.series.items()},
        "waiting": _flat(state.waiting.items()),
        "settled": _flat(state.settled.items()),
        "drafts": {
            name: (event.seq, event.drafts, event.records) for name, event in state.drafts.items()
        },
        "reviewed": _flat(state.reviewed.items()),
        "closed periods": dict.fromkeys(state.closed_periods, "closed"),
        "streams": {name: (s.last_offset, list(s.seqs)) for name, s in state.streams.items()},
        "attempts": _flat(state.attempts.items()),
        "attempt queue": _flat(enumerate(state.attempt_queue)),
        "revisions": _flat(enumerate(state.revisions)),
        "proposals": _flat(enumerate(state.proposals)),
        "publishing": {"mode": state.publishing},
        "counters": _flat(state.counters.items()),
        "entities": _flat(enumerate(state.entities)),
        "balances": {
            (spec, key): amount
            for spec, balances in state.balances.items()
            for key, amount in balances.items()
        },
        "targets": {
            (name, key): value
            for name, values in state.targets.items()
            for key, value in values.items()
        },
        "records": {
            (name, key): values
            for name, records in state.records.items()
            for key, values in records.items()
        },
        "budget nodes": _flat(state.budgets.terms.items()),
        "budget figures": {
            (node, name): figure
            for node, figures in state.budgets.figures.items()
            for name, figure in figures._asdict().items()
        },
        "references": {
            key: (holding.group, holding.expires_us, holding.parts)
            for key, holding in state.budgets.holdings.items()
        },
        "groups": {key: tuple(names) for key, names in state.budgets.groups.items()},
    }


def _flat(pairs: Iterable[tuple[object, object]]) -> dict[object, object]:
    return dict(pairs)


def _shown(part: str, key: object, pool: StringPool) -> str:
    """A key as a person reads it; parts of state keys are texts wherever they can be."""

    def texts(codes: tuple[int, ...]) -> str:
        return "/".join(pool.text(code) if code < len(pool) else str(code) for code in codes)

    match part, key:
        case (("targets" | "records"), (str(name), tuple(codes))):
            return f"{name} {texts(codes)}"
        case "balances", (BalanceSpec() as spec, tuple(codes)):
            return f"{spec.ledger}:{'+'.join(spec.accounts)} {texts(codes)}"
        case _, tuple(parts):
            return "/".join(map(str, parts))
    return str(key)
