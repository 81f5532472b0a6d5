"""Files of events: JSON Lines, CSV and Parquet carry the same events in the same order."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import MalformedInput
from engine.limits import MAX_BATCH_EVENTS
from engine.receive import read_events, receive_rows
from engine.strings import StringPool
from tests.engine.receive.generate import Event

EVENTS: list[Event] = [
    {
        "id": f"E{n}",
        "type": "claim",
        "date": "2026-03-05",
        "客户": f"项目{n}, “甲”",
        "amount": f"{n}.50",
        "note": "two\nlines" if n % 7 == 0 else None,
        "lines": [{"gross": "1.00", "类别": "差旅"}] * (n % 3),
        "flag": n % 2 == 0,
    }
    for n in range(25)
]
SENT = [{key: value for key, value in event.items() if value is not None} for event in EVENTS]


def read(path: Path, encoding: str = "utf-8") -> list[Event]:
    return [event for chunk in read_events(path, encoding=encoding) for event in chunk]


def write_csv(path: Path, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(EVENTS[0]))
        writer.writeheader()
        for event in EVENTS:
            cells = {key: _cell(value) for key, value in event.items()}
            writer.writerow(cells)


def _cell(value: object) -> object:
    if isinstance(value, bool | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def as_csv(event: Event) -> Event:
    return {key: _cell(value) if isinstance(value, bool) else value for key, value in event.items()}


def test_json_lines_and_arrays_are_read_in_order(tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text("\n".join(json.dumps(event) for event in EVENTS), encoding="utf-8")
    array = tmp_path / "a.json"
    array.write_text(json.dumps(EVENTS, ensure_ascii=False, indent=1), encoding="utf-8-sig")
    assert read(lines) == read(array) == EVENTS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, encoding)
    assert read(path, "utf-8" if encoding == "utf-8-sig" else encoding) == list(map(as_csv, SENT))


def test_a_byte_order_mark_wins_over_the_encoding_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, "utf-8-sig")
    assert read(path, "gb18030") == list(map(as_csv, SENT))


def test_parquet_is_read_with_decimals_as_strings(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.Table.from_pylist([dict(event) for event in EVENTS])
    amounts = pa.array([Decimal(str(event["amount"])) for event in EVENTS], pa.decimal128(18, 2))
    place = table.column_names.index("amount")
    pq.write_table(table.set_column(place, "amount", amounts), path, row_group_size=7)
    assert read(path) == SENT


def test_every_form_of_file_has_the_same_content(tmp_path: Path) -> None:
    lines, cells, columns = (tmp_path / f"a.{suffix}" for suffix in ("jsonl", "csv", "parquet"))
    lines.write_text("\n".join(json.dumps(event) for event in EVENTS), encoding="utf-8")
    write_csv(cells, "utf-8")
    pq.write_table(pa.Table.from_pylist([dict(event) for event in EVENTS]), columns)
    batches = [
        receive_rows(read(path), StringPool(), default_entity="C01")
        for path in (lines, cells, columns)
    ]
    assert not any(batch.problems for batch in batches)
    assert batches[0].content_hashes == batches[1].content_hashes == batches[2].content_hashes


def test_chunks_are_bounded(tmp_path: Path) -> None:
    count = 2 * MAX_BATCH_EVENTS + 3
    lines, cells = tmp_path / "a.jsonl", tmp_path / "a.csv"
    lines.write_text("".join(f'{{"id":"{n}"}}\n' for n in range(count)))
    cells.write_text("id,x\n" + "".join(f"{n},1\n" for n in range(count)))
    for path in (lines, cells):
        sizes = [len(chunk) for chunk in read_events(path)]
        assert sum(sizes) == count
        assert max(sizes) <= MAX_BATCH_EVENTS
        assert [event["id"] for event in read(path)] == [str(n) for n in range(count)]


def test_lines_are_counted_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.receive.files._BLOCK_BYTES", 64)
    path = tmp_path / "a.jsonl"
    good = "".join(f'{{"id":"{n}","x":"字"}}\n\n' for n in range(40))
    path.write_text(good, encoding="utf-8")
    assert [event["id"] for event in read(path)] == [str(n) for n in range(40)]
    path.write_text(good + '{"id":\n', encoding="utf-8")
    with pytest.raises(MalformedInput, match=r"a\.jsonl: line 81: "):
        read(path)


def test_a_line_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.receive.files._BLOCK_BYTES", 64)
    path = tmp_path / "a.jsonl"
    path.write_text('{"id":"' + "x" * 1_000)
    with pytest.raises(MalformedInput, match="line 1: the line is longer than"):
        read(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,x\n1,\n", [{"id": "1"}]),
        ("id,x\n\n1,2\n\n\n", [{"id": "1", "x": "2"}]),
        ("id,x\r\n1,\"a\nb\"\r\n", [{"id": "1", "x": "a\nb"}]),
        ('id,x\n1,"[1, 2]"\n', [{"id": "1", "x": [1, 2]}]),
        ('id,x\n1,"{""a"": ""b""}"\n', [{"id": "1", "x": {"a": "b"}}]),
        ("id,x\n1,[urgent] pay\n", [{"id": "1", "x": "[urgent] pay"}]),
        ("id,x\n1,{half\n", [{"id": "1", "x": "{half"}]),
        (" id , x \n1, 2\n", [{"id": "1", "x": " 2"}]),
        ("id\n", []),
    ],
)  # fmt: skip
def test_cells_are_text_unless_they_are_json(
    tmp_path: Path, text: str, expected: list[Event]
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert read(path) == expected


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "the file is empty; its first line names the columns"),
        ("a.csv", b"id,,x\n", "line 1: column 2 has no name"),
        ("a.csv", b"id,x,id\n", 'line 1: the column "id" is there twice'),
        ("a.csv", b"id,x\n1,2\n1,2,3\n", "line 3: 3 cells under 2 column names"),
        ("a.csv", b'id,x\n1,"2\n', "line 2: "),
        ("a.csv", b"id,x\n1,\xb0\xa1\n", "the text is not utf-8; name its encoding"),
        ("a.csv", b"id,x\n1," + b"y" * 2**21 + b"\n", "field larger than field limit"),
        ("a.csv", ",".join(f"f{n}" for n in range(201)).encode(), "201 columns; at most 200"),
        ("a.jsonl", b'{"id":1}\n{"id"\n', "line 2: this is not JSON"),
        ("a.jsonl", b'\n{"a":1,"a":2}\n', 'line 2: the key "a" is there twice'),
        ("a.parquet", b"PAR1 but not really PAR1", "cannot be read as Parquet"),
        ("a.parquet", b"", "cannot be read as Parquet"),
        ("a.xlsx", b"", "the suffix '.xlsx' is not known; use .jsonl, .csv or .parquet"),
    ],
)
def test_what_cannot_be_read_names_file_and_line(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MalformedInput) as caught:
        read(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert message in caught.value.message
    assert caught.value.metadata["file"] == str(path)


def test_a_missing_file_and_an_unknown_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="No such file"):
        read(tmp_path / "a.jsonl")
    path = tmp_path / "a.csv"
    path.write_text("id\n")
    with pytest.raises(MalformedInput, match="the encoding klingon is not known"):
        read(path, "klingon")


def test_a_parquet_column_of_another_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["1"], "at": pa.array([0], pa.timestamp("us"))}), path)
    with pytest.raises(MalformedInput, match="column at has the type timestamp"):
        read(path)
