"""The days on which dated records have versions, sorted by key, so that the one in force is found.

An index of `BookState.records`, where the day of a version is the last part of its key. It says
nothing that the records do not say: it is made when a record is first read by date, kept up from
then on, and is in no snapshot.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from engine.state.keys import Key


class VersionIndex:
    """Days by record name and length of the whole key, then by the key before the day."""

    __slots__ = ("_days",)

    def __init__(self) -> None:
        """Starts without any record."""
        self._days: dict[tuple[str, int], dict[Key, list[int]]] = {}

    def of(
        self, records: Mapping[str, Mapping[Key, object]], name: str, length: int
    ) -> Mapping[Key, list[int]]:
        """The days of a record's versions, ascending.

        Args:
            records: `BookState.records`.
            name: of the record.
            length: of its keys with the day; keys of another length are of a time when the
                record was declared otherwise.
        """
        found = self._days.get((name, length))
        if found is None:
            found = self._days[name, length] = {}
            for key in sorted(key for key in records.get(name, {}) if len(key) == length):
                found.setdefault(key[:-1], []).append(key[-1])
        return found

    def forget(self, name: str, key: Key) -> None:
        """Takes in that a version is no longer there."""
        days = self._days.get((name, len(key)), {}).get(key[:-1], [])
        if key[-1] in days:
            days.remove(key[-1])

    def note(self, name: str, key: Key) -> None:
        """Takes in that a version was written, for records that have been read by date."""
        kept = self._days.get((name, len(key)))
        if kept is None:
            return
        days = kept.setdefault(key[:-1], [])
        place = bisect_left(days, key[-1])
        if place == len(days) or days[place] != key[-1]:
            days.insert(place, key[-1])
