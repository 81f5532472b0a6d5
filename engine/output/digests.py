"""Digests of the output files: SHA-256 over sorted, tab-joined text lines, in flat memory.

The lines of a book arrive in number order within each (entity, ledger, series, period, word), so
each such group is written to a file of its own, and sorting means reading those files in order.
"""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, assignment, attr-defined, call-overload, no-any-return"
# mypy: disable-error-code="return-value, type-arg"

from __future__ import annotations

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.effects import DIMENSION_PREFIX
from engine.errors import InvariantBroken
from engine.output.columns import VOUCHER_KEY

Int64s = npt.NDArray[np.int64]

#: Columns that name a group of voucher numbers.
_GROUP = VOUCHER_KEY[:-1]

_LINE_COLUMNS = (
    "account_code",
    "debit",
    "credit",
    "currency",
    "fc_debit",
    "fc_credit",
    "rate",
)
_AMOUNTS = frozenset({"debit", "credit"})
_FOREIGN = frozenset({"fc_debit", "fc_credit"})
_RESULT_COLUMNS = ("input_no", "source", "event_id", "type", "status", "reason")
_READ_BYTES = 1 << 20
_TEXT = pa.string()


class ResultDigest:
    """Digest of `results.parquet`: every column but the message, by input number."""

    __slots__ = ("_hash", "_last")

    def __init__(self) -> None:
        """Starts empty."""
        self._hash = sha256()
        self._last = 0

    def add(self, results: pa.Table) -> None:
        """Takes in further rows; their input numbers go on ascending."""
        numbers = results["input_no"].to_numpy()
        if not len(numbers):
            return
        if int(numbers[0]) <= self._last or (np.diff(numbers) <= 0).any():
            raise InvariantBroken("results are not in input order", self._last, int(numbers[0]))
        self._last = int(numbers[-1])
        columns = [results[name] for name in _RESULT_COLUMNS]
        self._hash.update(_bytes(_ended(_tabbed(columns))))

    def hex(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


class VoucherDigest:
    """Digest of the voucher lines; keeps them in files until it is asked for."""

    __slots__ = ("_files", "_folder", "_last")

    def __init__(self, folder: Path) -> None:
        """Works in `folder`, which it makes and removes."""
        self._folder = folder
        self._files: dict[tuple[str, ...], Path] = {}
        self._last: dict[tuple[str, ...], tuple[int, int]] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def add(self, vouchers: pa.Table, lines: pa.Table, owners: Int64s, scales: Int64s) -> None:
        """Takes in the lines of a commit.

        Args:
            vouchers: rows of `vouchers.parquet`.
            lines: rows of `lines.parquet`, those of a voucher together and in order.
            owners: int64[lines], row of the voucher of each line.
            scales: int64[lines], scale of the ledger of each line.
        """
        if not lines.num_rows:
            return
        of_line = pa.array(owners)
        texts = _ended(
            _tabbed(_line_values(vouchers, lines, of_line, scales)),
            *_dimensions(lines),
            "\t",
            _array(vouchers["reverses"]).take(of_line),
        )
        groups = vouchers.select(list(_GROUP)).to_pylist()
        keys = [tuple(str(group[name]) for name in _GROUP) for group in groups]
        by_key: dict[tuple[str, ...], list[int]] = {}
        for row, key in enumerate(keys):
            by_key.setdefault(key, []).append(row)
        codes = np.empty(len(keys), dtype=np.int64)
        for code, rows in enumerate(by_key.values()):
            codes[rows] = code
        groups_of_lines = codes[owners]
        order = np.argsort(groups_of_lines, kind="stable")
        starts = np.searchsorted(groups_of_lines[order], np.arange(len(by_key) + 1))
        for code, key in enumerate(by_key):
            places = pa.array(order[starts[code] : starts[code + 1]])
            self._append(key, lines.take(places), texts.take(places))

    def _append(self, key: tuple[str, ...], lines: pa.Table, texts: pa.Array) -> None:
        if not lines.num_rows:
            return
        numbers = lines["number"].to_numpy()
        line_nos = lines["line_no"].to_numpy().astype(np.int64)
        steps = np.diff(numbers)
        is_sorted = ((steps > 0) | ((steps == 0) & (np.diff(line_nos) > 0))).all()
        first = (int(numbers[0]), int(line_nos[0]))
        if not is_sorted or first <= self._last.get(key, (0, 0)):
            raise InvariantBroken("vouchers are not in number order", *key, first)
        self._last[key] = (int(numbers[-1]), int(line_nos[-1]))
        path = self._files.setdefault(key, self._folder / f"{len(self._files)}.lines")
        with path.open("ab") as file:
            file.write(_bytes(texts))

    def close(self) -> str:
        """Gives the digest and removes the files."""
        digest = sha256()
        for key in sorted(self._files):
            with self._files[key].open("rb") as file:
                while block := file.read(_READ_BYTES):
                    digest.update(block)
        shutil.rmtree(self._folder)
        return digest.hexdigest()


class BudgetDigest:
    """Digest of decisions in log order, then of nodes by name: every column of both files."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        """Starts empty."""
        self._hash = sha256()

    def add(self, rows: pa.Table) -> None:
        """Takes in further rows of the file whose turn it is."""
        if rows.num_rows:
            self._hash.update(_bytes(_ended(_tabbed(rows.columns))))

    def hex(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


def _line_values(
    vouchers: pa.Table, lines: pa.Table, owners: pa.Array, scales: Int64s
) -> list[pa.Array]:
    """What stands between the tabs of each line, the dimensions with the tab before them."""
    values = [_array(lines[name]) for name in (*VOUCHER_KEY, "line_no")]
    values += [
        _array(vouchers[name]).take(owners)
        for name in ("voucher_date", "event_date", "source", "event_id")
    ]
    for name in _LINE_COLUMNS:
        column = _array(lines[name])
        if name in _AMOUNTS:
            column = _amount_texts(column, scales)
        elif name in _FOREIGN:
            column = _foreign_texts(column, scales)
        values.append(column)
    return values


def _foreign_texts(amounts: pa.Array, scales: Int64s) -> pa.Array:
    """Foreign amounts at the ledger's scale, and finer ones with the decimals they need."""
    texts = amounts.cast(_TEXT)
    cut = _amount_texts(amounts, scales)
    # What the cut took away was zeros alone where the rest still means the same amount.
    same = pc.equal(cut.cast(amounts.type), amounts)
    needed = pc.replace_substring_regex(texts, pattern=r"0+$", replacement="")
    return pc.if_else(same, cut, needed)


def _amount_texts(amounts: pa.Array, scales: Int64s) -> pa.Array:
    """Amounts as text, each at its ledger's scale, which may be below that of the column."""
    texts = amounts.cast(_TEXT)
    scale = amounts.type.scale
    for own in np.unique(scales[scales < scale]).tolist():
        cut = scale - own + (0 if own else 1)  # the point goes with the last decimal
        short = pc.utf8_slice_codeunits(texts, 0, -cut)
        texts = pc.if_else(pa.array(scales == own), short, texts)
    return texts


def _dimensions(lines: pa.Table) -> list[pa.Array]:
    """For each dimension a tab, its name, `=` and its value; nothing where it is empty."""
    texts = []
    nothing = pa.scalar("")
    for name in sorted(name for name in lines.schema.names if name.startswith(DIMENSION_PREFIX)):
        values = _array(lines[name])
        label = pa.scalar(f"\t{name.removeprefix(DIMENSION_PREFIX)}=")
        text = pc.binary_join_element_wise(label, values, nothing)
        texts.append(pc.if_else(pc.equal(values, nothing), nothing, text))
    return texts


def _tabbed(values: Sequence[pa.Array]) -> pa.Array:
    """The values of each row with tabs between them; null is empty."""
    texts = [_array(value).cast(_TEXT) for value in values]
    return pc.binary_join_element_wise(*texts, "\t", null_handling="replace", null_replacement="")


def _ended(*texts: pa.Array | str) -> pa.Array:
    """The texts of each row one after the other, and the end of the line."""
    return pc.binary_join_element_wise(*texts, "\n", "")


def _bytes(texts: pa.Array) -> bytes:
    """All texts one after the other."""
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return b""
    places = np.frombuffer(offsets, dtype=np.int32)
    start, end = int(places[texts.offset]), int(places[texts.offset + len(texts)])
    return data.slice(start, end - start).to_pybytes()


def _array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
