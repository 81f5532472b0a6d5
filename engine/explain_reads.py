"""Which event wrote what a rule read: the newest write in the log that gave the value read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.book import Book
from engine.calendar import iso_day, iso_instant
from engine.calls import EVENT_RETRIED
from engine.columns import EffectBatch
from engine.effects import COMMANDS, RECORDS, TARGETS, VOUCHERS
from engine.errors import UnknownObject

#: What was read: the name of a record's field, of a record alone ("" as field) or of a target; for
#: a target the entity; the key as it stands in the log.
ReadKey = tuple[str, str, str, str]  # "record" | "target", name, field or entity, key


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value read: which one, and its raw number at `scale`, or its text; neither: any."""

    key: ReadKey
    number: int | None = None
    scale: int = 0
    text: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """The event that wrote a value, and the commit it stands in."""

    source: str
    event_id: str
    type: str
    date: str
    seq: int
    sealed_at_us: int

    def to_text(self) -> str:
        """The event and its place, for people."""
        at = iso_instant(self.sealed_at_us)
        return f"{self.source}/{self.event_id} ({self.type}, {self.date}, #{self.seq}, {at})"


def find_writers(book: Book, voucher: str, wanted: Iterable[Wanted]) -> dict[ReadKey, WrittenBy]:
    """Looks for the writes behind what the rule of a voucher read.

    Reads the log backwards from the voucher, once, until all are found or the log begins.

    Args:
        book: with the voucher.
        voucher: its name.
        wanted: the values read.
    """
    open_reads = {one.key: one for one in wanted}
    found: dict[ReadKey, WrittenBy] = {}
    if not open_reads:
        return found
    seq, row = _place(book, voucher)
    for at in range(seq, 0, -1):
        header, effects = book.commit(at)
        before = row if at == seq else None
        for key, command in _writes(effects, open_reads, before):
            names = ("source", "event_id", "type")
            source, event_id, kind = (effects.text(COMMANDS.name, name)[command] for name in names)
            day = int(effects.tables[COMMANDS.name].ints("event_date")[command])
            found[key] = WrittenBy(
                source, event_id, kind, iso_day(day), header.seq, header.sealed_at_us
            )
            del open_reads[key]
        if not open_reads:
            break
    return found


def _place(book: Book, name: str) -> tuple[int, int]:
    """Commit and command row before which the voucher's event was decided."""
    voucher = book.voucher(name)
    _, effects = book.commit(voucher.seq)
    table = effects.tables[VOUCHERS.name]
    names = zip(
        effects.text(VOUCHERS.name, "source"),
        effects.text(VOUCHERS.name, "event_id"),
        table.ints("command").tolist(),
        strict=True,
    )
    for source, event_id, command in names:
        if (source, event_id) == (voucher.source, voucher.event_id):
            kind = effects.text(COMMANDS.name, "type")[command]
            # A retry decides several events in one command; the earlier ones count as well.
            return voucher.seq, int(command) + (kind == EVENT_RETRIED)
    raise UnknownObject("NOT_FOUND", f"there is no voucher {name}", kind="voucher", name=name)


def _writes(
    effects: EffectBatch, wanted: dict[ReadKey, Wanted], before: int | None
) -> Iterator[tuple[ReadKey, int]]:
    """The newest rows of a commit that wrote what is wanted, with their commands."""
    seen: set[ReadKey] = set()
    for key, number, scale, text, command in (*_targets(effects), *_records(effects)):
        one = wanted.get(key)
        if one is None or key in seen or (before is not None and command >= before):
            continue
        if one.text is not None and one.text != text:
            continue
        if one.number is not None and one.number * 10**scale != number * 10**one.scale:
            continue
        seen.add(key)
        yield key, command


def _targets(effects: EffectBatch) -> Iterator[tuple[ReadKey, int, int, str, int]]:
    table = effects.tables.get(TARGETS.name)
    if table is None:
        return
    texts = [effects.text(TARGETS.name, name) for name in ("target", "entity", "key")]
    rows = zip(*texts, table.ints("value").tolist(), table.ints("command").tolist(), strict=True)
    for target, entity, key, value, command in reversed(list(rows)):
        # A target's value is in its own minor units, as it is read.
        yield ("target", target, entity, key), value, 0, "", command


def _records(effects: EffectBatch) -> Iterator[tuple[ReadKey, int, int, str, int]]:
    table = effects.tables.get(RECORDS.name)
    if table is None:
        return
    texts = [effects.text(RECORDS.name, name) for name in ("record", "field", "key", "text")]
    ints = [table.ints(name).tolist() for name in ("number", "scale", "command")]
    for record, field, key, text, number, scale, command in reversed(
        list(zip(*texts, *ints, strict=True))
    ):
        yield ("record", record, field, key), number, scale, text, command
