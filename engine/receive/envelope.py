"""The envelope of events, checked column by column: identity, type, dates, who and what for."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from engine.limits import MAX_NAME_CHARS
from engine.program import NO_DATE
from engine.receive.canonical import HASH_BYTES, prefixed
from engine.receive.dates import DATE_FORM, DayMemo
from engine.receive.texts import TextCodes
from engine.receive.wording import Problems, shown
from engine.strings import BatchStrings

Int32s = npt.NDArray[np.int32]

#: Envelope keys in the order in which their problems are reported.
KEYS = (
    "id",
    "type",
    "date",
    "source",
    "entity",
    "posting_date",
    "group_id",
    "actor",
    "approved_by",
    "source_doc",
)

_REQUIRED = frozenset({"id", "type", "date"})
_DOC_TEXTS = ("kind", "number", "hash")
_DOC_KEYS = frozenset({*_DOC_TEXTS, "attachments"})
_UNFIT = frozenset({"Cc", "Cs"})  # controls, halves of surrogate pairs
_NO_IDENTITY = bytes(HASH_BYTES)


@dataclass(slots=True)
class Envelope:
    """Envelope columns of n events, as in `ReceivedBatch`; -1 or NO_DATE where not readable."""

    sources: Int32s
    ids: Int32s
    types: Int32s
    entities: Int32s
    groups: Int32s
    dates: Int32s
    posting_dates: Int32s
    identities: list[bytes]


def read_envelope(
    column: Callable[[str], Sequence[object]],
    count: int,
    strings: BatchStrings,
    problems: Problems,
    defaults: tuple[str, str],
) -> Envelope:
    """Checks the envelope of `count` events and turns it into columns.

    Args:
        column: gives the values of an envelope key, one per event, None where absent.
        count: number of events.
        strings: gives out the codes.
        problems: where problems are reported, by row.
        defaults: source and entity of events that name none.
    """
    names = {
        key: _names(key, column(key), problems)
        for key in KEYS
        if key not in {"date", "posting_date", "source_doc"}
    }
    codes = TextCodes(strings)  # of what repeats; ids rarely do
    days = _days("date", column("date"), problems)
    posting_days = _days("posting_date", column("posting_date"), problems)
    _check_documents(column("source_doc"), problems)
    sources = [defaults[0] if text is None else text for text in names["source"]]
    entities = [defaults[1] if text is None else text for text in names["entity"]]
    return Envelope(
        sources=codes.column(sources, count),
        ids=strings.codes(names["id"]),
        types=codes.column(names["type"], count),
        entities=codes.column(entities, count),
        groups=codes.column(names["group_id"], count),
        dates=days,
        posting_dates=posting_days,
        identities=_identities(sources, names["id"]),
    )


def _names(key: str, values: Sequence[object], problems: Problems) -> list[str | None]:
    """Texts of an envelope key; None where absent or wrong, which is then reported."""
    if key not in _REQUIRED and list(values).count(None) == len(values):
        return [None] * len(values)
    texts = [value if isinstance(value, str) else None for value in values]
    present = [text for text in texts if text is not None]
    if (
        (len(present) == len(values) or (key not in _REQUIRED and not _has_strays(values)))
        and all(present)
        and max(map(len, present), default=0) <= MAX_NAME_CHARS
        and "".join(present).isprintable()
    ):
        return texts
    for row, value in enumerate(values):
        problem = _name_problem(key, value)
        if problem:
            problems.report(row, problem)
            texts[row] = None
    return texts


def _has_strays(values: Sequence[object]) -> bool:
    return any(value is not None and not isinstance(value, str) for value in values)


def _name_problem(key: str, value: object) -> str:
    if value is None:
        if key not in _REQUIRED:
            return ""
        return f"{key} is missing; every event has an id, a type and a date"
    if not isinstance(value, str):
        return f"{key} is {shown(value)}; write it as text in quotes"
    if not 1 <= len(value) <= MAX_NAME_CHARS:
        size = f"{len(value)} characters" if value else "empty"
        return f"{key} is {size}; it has 1 to {MAX_NAME_CHARS} characters"
    if not value.isprintable() and any(unicodedata.category(char) in _UNFIT for char in value):
        return f"{key} is {shown(value)}; it may not contain control characters"
    return ""


def _days(key: str, values: Sequence[object], problems: Problems) -> Int32s:
    """int32[n] days of a date key; NO_DATE where absent or wrong, which is then reported."""
    memo = DayMemo(absent=NO_DATE)
    texts = [value if isinstance(value, str) else None for value in values]
    days = np.fromiter(map(memo.__getitem__, texts), dtype=np.int32, count=len(texts))
    for row in np.flatnonzero(days == NO_DATE).tolist():
        value = values[row]
        if value is not None:
            problems.report(row, f"{key} is {shown(value)}; it is {DATE_FORM}")
        elif key in _REQUIRED:
            problems.report(row, _name_problem(key, None))
    return days


def _check_documents(values: Sequence[object], problems: Problems) -> None:
    for row, value in enumerate(values):
        if value is not None:
            problem = _document_problem(value)
            if problem:
                problems.report(row, problem)


def _document_problem(value: object) -> str:
    if not isinstance(value, dict):
        return f"source_doc is {shown(value)}; it is an object with kind, number, hash, attachments"
    unknown = sorted(value.keys() - _DOC_KEYS)
    if unknown:
        return f"source_doc has the key {shown(unknown[0])}; it has kind, number, hash, attachments"
    for key in _DOC_TEXTS:
        if not isinstance(value.get(key, ""), str):
            return f"source_doc.{key} is {shown(value[key])}; write it as text in quotes"
    attachments = value.get("attachments", 0)
    if isinstance(attachments, list):
        fits = all(isinstance(name, str) for name in attachments)
    else:
        fits = type(attachments) is int and attachments >= 0
    if fits:
        return ""
    return f"source_doc.attachments is {shown(attachments)}; give their number or list their names"


def _identities(sources: list[str], ids: list[str | None]) -> list[bytes]:
    prefixes = {source: prefixed(source) for source in set(sources)}
    return [
        _NO_IDENTITY
        if event_id is None
        else blake2b(prefixes[source] + prefixed(event_id), digest_size=HASH_BYTES).digest()
        for source, event_id in zip(sources, ids, strict=True)
    ]
