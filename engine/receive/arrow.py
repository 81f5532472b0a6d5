"""Events as Arrow columns: the same envelope keys and fields as in rows, one column each."""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, assignment, attr-defined, call-overload, no-any-return"
# mypy: disable-error-code="return-value, type-arg"

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

from engine.batch import ReceivedBatch
from engine.errors import MalformedInput
from engine.limits import MAX_UNPACKED_BYTES
from engine.receive.arrow_json import contents_of
from engine.receive.arrow_values import ColumnFields, check_type
from engine.receive.canonical import EXCLUDED, HASH_BYTES, TRANSPORT
from engine.receive.envelope import read_envelope
from engine.receive.ipc import read_stream
from engine.receive.rows import receive_rows
from engine.receive.wording import Problems, escaped
from engine.strings import BatchStrings, StringPool


def receive_arrow(
    data: bytes | pa.Table | pa.RecordBatch,
    pool: StringPool,
    *,
    default_entity: str,
    default_source: str = "default",
    strings: BatchStrings | None = None,
) -> ReceivedBatch:
    """Receives events that lie in columns; the batch equals that of the same events as rows.

    Text columns may be dictionary encoded. Decimals stand for strings at their full scale, dates
    for ISO text, null for an absent field.

    Args:
        data: an Arrow IPC stream, or a table or record batch of a file.
        pool: the book's strings; it is only read.
        default_entity: entity of events that name none.
        default_source: source of events that name none.
        strings: codes to share with other batches of the same commit; None = own ones.

    Raises:
        MalformedInput: it is not an Arrow stream, or a column has a type no event value has.
    """
    arrays, count = _arrays(read_stream(data) if isinstance(data, bytes) else data)
    fields = ColumnFields(arrays, count)
    content_arrays = {wire: array for wire, array in arrays.items() if wire not in EXCLUDED}
    contents = contents_of(content_arrays, count)
    if contents is None:
        return receive_rows(
            list(fields),
            pool,
            default_entity=default_entity,
            default_source=default_source,
            strings=strings,
        )
    problems = Problems()
    strings = BatchStrings(pool) if strings is None else strings
    envelope = read_envelope(
        fields.column, count, strings, problems, (default_source, default_entity)
    )
    return ReceivedBatch(
        strings=strings,
        sources=envelope.sources,
        ids=envelope.ids,
        types=envelope.types,
        entities=envelope.entities,
        groups=envelope.groups,
        dates=envelope.dates,
        posting_dates=envelope.posting_dates,
        fields=fields,
        contents=contents[0],
        identities=envelope.identities,
        content_hashes=[blake2b(text, digest_size=HASH_BYTES).digest() for text in contents[1]],
        problems=problems.messages(),
    )


def _arrays(data: pa.Table | pa.RecordBatch) -> tuple[Mapping[str, pa.Array], int]:
    """Checked columns by wire name, each in one piece, without those of the transport."""
    table = pa.Table.from_batches([data]) if isinstance(data, pa.RecordBatch) else data
    arrays: dict[str, pa.Array] = {}
    unfolded = 0
    try:
        names = table.column_names
        for name, column in zip(names, table.columns, strict=True):
            check_type(name, column.type)
    except UnicodeDecodeError:
        raise MalformedInput("ARROW", "a column has a name that is not UTF-8") from None
    for name, column in zip(names, table.columns, strict=True):
        if name in arrays:
            raise MalformedInput(
                "ARROW", f"column {escaped(name)} is there twice; send it once", column=name
            )
        if name in TRANSPORT:
            continue
        arrays[name] = _in_one_piece(column)
        unfolded += _unfolded_bytes(arrays[name])
    if unfolded > MAX_UNPACKED_BYTES:
        raise MalformedInput(
            "ARROW",
            f"the columns hold {unfolded} bytes of text; at most {MAX_UNPACKED_BYTES} are accepted",
        )
    return arrays, table.num_rows


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def _unfolded_bytes(array: pa.Array) -> int:
    """Bytes of a dictionary column's text if every row had its own copy."""
    if not pa.types.is_dictionary(array.type):
        return 0
    lengths = pc.binary_length(array.dictionary.cast(pa.large_string()))
    return pc.sum(lengths.take(array.indices)).as_py() or 0
