"""JSON rows: reading the text, the envelope, and problems that stay with their row."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from engine.errors import MalformedInput
from engine.program import NO_DATE
from engine.receive import identity, parse_json_rows, receive_rows
from engine.strings import StringPool
from tests.engine.receive.generate import Event

GOOD: Event = {"id": "e1", "type": "a.b", "date": "2026-03-05", "amount": "1.00"}


def problem_of(change: Event) -> str:
    event = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    batch = receive_rows([GOOD, event, GOOD], StringPool(), default_entity="C01")
    assert set(batch.problems) <= {1}
    return batch.problems.get(1, "")


def test_a_batch_holds_the_events_in_order_with_defaults_in_the_columns_only() -> None:
    pool = StringPool()
    pool.intern("erp")
    rows: list[Event] = [
        GOOD,
        {**GOOD, "id": "e2", "source": "erp", "entity": "C02", "group_id": "g"},
        {**GOOD, "id": "e3", "posting_date": "2026-04-01", "actor": "E1", "approved_by": "E2"},
    ]
    batch = receive_rows(rows, pool, default_entity="C01")
    assert batch.problems == {}
    assert batch.strings.texts(batch.sources) == ["default", "erp", "default"]
    assert batch.sources[1] == pool.find("erp")
    assert batch.strings.texts(batch.entities) == ["C01", "C02", "C01"]
    assert batch.strings.texts(batch.ids) == ["e1", "e2", "e3"]
    assert batch.strings.texts(batch.types) == ["a.b"] * 3
    assert batch.strings.texts(batch.groups) == ["", "g", ""]
    assert batch.groups.tolist()[0] == -1
    assert batch.dates.tolist() == [20517] * 3
    assert batch.posting_dates.tolist() == [NO_DATE, NO_DATE, 20544]
    pairs = [("default", "e1"), ("erp", "e2"), ("default", "e3")]
    assert batch.identities == [identity(*pair) for pair in pairs]
    assert json.loads(batch.contents[1]) == {
        key: value for key, value in rows[1].items() if key != "group_id"
    }
    assert list(batch.fields) == rows
    columns = (batch.sources, batch.ids, batch.types, batch.entities, batch.groups, batch.dates)
    assert {column.dtype for column in columns} == {np.dtype(np.int32)}
    assert len(pool) == 1


def test_an_empty_batch_is_a_batch() -> None:
    batch = receive_rows([], StringPool(), default_entity="C01")
    assert len(batch) == 0
    assert batch.problems == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "id is missing; every event has an id, a type and a date"),
        ({"type": None}, "type is missing"),
        ({"date": None}, "date is missing"),
        ({"id": ""}, "id is empty; it has 1 to 256 characters"),
        ({"id": "x" * 257}, "id is 257 characters; it has 1 to 256 characters"),
        ({"id": 7}, "id is the number 7; write it as text in quotes"),
        ({"id": ["x"]}, "id is a list of 1; write"),
        ({"id": "a\nb"}, 'id is "a\\u000ab"; it may not contain control characters'),
        ({"source": ""}, "source is empty"),
        ({"source": True}, "source is true; write it as text"),
        ({"entity": "\x1b[31m"}, 'entity is "\\u001b[31m"; it may not'),
        ({"group_id": 5}, "group_id is the number 5"),
        ({"actor": ""}, "actor is empty"),
        ({"approved_by": {}}, "approved_by is an object"),
        ({"date": "2026-02-29"}, 'date is "2026-02-29"; it is a date of the calendar, such as'),
        ({"date": "2026-3-5"}, "it is a date of the calendar"),
        ({"date": "20260305"}, "it is a date"),
        ({"date": "2026-W10-4"}, "it is a date"),
        ({"date": "２０２６-03-05"}, "it is a date"),
        ({"date": "2026-03-05 "}, "it is a date"),
        ({"date": "1899-12-31"}, "it is a date"),
        ({"date": "3000-01-01"}, "it is a date"),
        ({"date": 20517}, "date is the number 20517"),
        ({"date": ""}, 'date is ""'),
        ({"posting_date": "soon"}, 'posting_date is "soon"; it is a date'),
        ({"source_doc": "x"}, "source_doc is \"x\"; it is an object with kind, number, hash"),
        ({"source_doc": {"sort": "x"}}, 'source_doc has the key "sort"; it has kind, number'),
        ({"source_doc": {"number": 5}}, "source_doc.number is the number 5; write it as text"),
        ({"source_doc": {"attachments": "5"}}, 'source_doc.attachments is "5"; give their number'),
        ({"source_doc": {"attachments": -1}}, "source_doc.attachments is the number -1"),
        ({"source_doc": {"attachments": True}}, "source_doc.attachments is true"),
        ({"source_doc": {"attachments": [5]}}, "source_doc.attachments is a list of 1"),
        ({"amount": 1.0}, "amount is the number 1.0; write amounts as strings"),
        ({"id": None, "date": "x", "actor": 5}, "id is missing; every event has an id, a type and"
         " a date (and 2 more problems)"),
    ],
)  # fmt: skip
def test_a_problem_stays_with_its_row_and_says_what_is_right(change: Event, message: str) -> None:
    assert message in problem_of(change)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x" * 256},
        {"id": "项目/１２\u3000三"},
        {"source_doc": {}},
        {"source_doc": {"kind": "a", "number": "b", "hash": "c", "attachments": 0}},
        {"source_doc": {"attachments": ["a.pdf"]}},
        {"date": "2028-02-29"},
        {"note": "line\nbreak\tand \x1b"},
    ],
)
def test_what_is_in_order_has_no_problem(change: Event) -> None:
    assert not problem_of(change)


def test_what_is_no_event_at_all_is_a_problem_of_its_row() -> None:
    rows: list[Event] = [GOOD, [1], "x", None]  # type: ignore[list-item] # wrong on purpose
    batch = receive_rows(rows, StringPool(), default_entity="C01")
    assert {row: text[:40] for row, text in batch.problems.items()} == {
        1: "a list of 1 stands where an event is nee",
        2: '"x" stands where an event is needed, an ',
        3: "nothing stands where an event is needed,",
    }


def test_an_invalid_event_still_tells_who_it_is_where_that_can_be_read() -> None:
    rows: list[Event] = [{**GOOD, "amount": 1.5}, {**GOOD, "id": "\ud800"}, {**GOOD, "type": 5}]
    batch = receive_rows(rows, StringPool(), default_entity="C01")
    assert sorted(batch.problems) == [0, 1, 2]
    assert batch.strings.texts(batch.ids) == ["e1", "", "e1"]
    assert batch.strings.texts(batch.types) == ["a.b", "a.b", ""]
    assert len(batch.contents) == len(batch.identities) == len(batch.content_hashes) == 3


def hostile_strings() -> list[str]:
    """500 strings: row 35 of the reliability table."""
    seeds = [
        *("'; DROP TABLE vouchers; --", '" OR 1=1 --', "%s%n%d", "%(name)s", "{0}", "${jndi:x}"),
        *(
            "\0",
            "a\0b",
            "\u02bc; DROP",
            "\\",
            "\\\\'",
            "x" * 65_536,
            "=cmd|' /C calc'!A0",
            "../../x",
        ),
        *("\u202egnp.exe", "\r\nHTTP/1.1", "\x1b]0;x\x07", "null", "NaN", "\ud800", "\ufeff"),
    ]
    chance = random.Random(35)
    alphabet = "'\";-%\\\0\n\t{}[]$`ʼ字é\u0301=+@ \x7f\u2028😀"
    return seeds + [
        "".join(chance.choices(alphabet, k=chance.randrange(1, 30)))
        for _ in range(500 - len(seeds))
    ]


def test_hostile_strings_are_kept_verbatim_or_refused() -> None:
    strings = hostile_strings()
    assert len(strings) == 500
    for key in ("id", "source", "note"):
        rows: list[Event] = [{**GOOD, "id": str(n), key: text} for n, text in enumerate(strings)]
        batch = receive_rows(rows, StringPool(), default_entity="C01")
        for row, event in enumerate(rows):
            if row in batch.problems:
                assert batch.problems[row].isprintable()
                assert len(batch.problems[row]) < 300
            else:
                stored = json.loads(batch.contents[row])[key]
                assert stored == batch.fields[row][key]
                assert stored == event[key] or "\u0301" in str(event[key])
        assert len(batch.problems) < len(strings)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("\n\n", 0),
        ("[]", 0),
        (" [\n] ", 0),
        ('{"a":1}', 1),
        ('{"a":1}\n{"a":2}', 2),
        ('{"a":1}\r\n\r\n{"a":2}\r\n', 2),
        ('\n\n{"a":1}\n', 1),
        ('[{"a":1},\n{"a":2}]', 2),
        ('{\n  "a" : 1,\n  "b": {"c": [1]}\n}\n', 1),
        ('\ufeff{"a":1}', 1),
        ('{"a\\u0022:":1,"b":"\\u0022:"}', 1),
    ],
)
def test_arrays_lines_and_single_objects_are_read(text: str, count: int) -> None:
    assert len(parse_json_rows(text.encode())) == count


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b'{"a":1}\n{"a":\n{"a":3}', 2, "this is not JSON"),
        (b'{"a":1}\n\nx', 3, "this is not JSON"),
        (b'[{"a":1},\n{"a":1}\n{"b":2}]', 3, "this is not JSON"),
        (b"[1, 2]", 1, "element 1 of the array is the number 1; every event is a JSON object"),
        (b'{"a":1}\n5\n', 2, "the line is the number 5"),
        (b'{"a":1}\n[{"a":1}]\n', 2, "the line is a list of 1"),
        (b'{"a":1}\n{"a":1,"b":2,"a":3}\n', 2, 'the key "a" is there twice; send it once'),
        (b'{"a":{"x":1,"x":1}}', 1, 'the key "x" is there twice'),
        (b'{"\\u0061":1,"a":2}', 1, 'the key "a" is there twice'),
        (b'[{"a":1},{"a":1,"a":1}]', 1, 'the key "a" is there twice'),
        (b'{\n"a" : 1,\n"a" : 2}', 1, 'the key "a" is there twice'),
        (b'{"a":"\\u0022:","b":1,"b":2}', 1, 'the key "b" is there twice'),
        (b'{"a":"\xff"}', 1, "the text is not UTF-8"),
        (b'{"a":1}\n{"a":"\xe9"}', 2, "the text is not UTF-8"),
        (b'\xff\xfe{\0"\0', 1, "this is not JSON"),
        (b"[" * 100_000, 1, "nested too deeply"),
        (b'{"a":' * 100_000, 1, "nested too deeply"),
        (b'{"a":NaN}', 1, "this is not JSON"),
        (b'{"a":1e999}', 1, "this is not JSON"),
        (b'{"a":"\\ud800"}', 1, "this is not JSON"),
        (b"{'a':1}", 1, "this is not JSON"),
        (b'{"a":1,}', 1, "this is not JSON"),
        (b'{"a":1} {"a":2}', 1, "this is not JSON"),
        (b'{"a":1}\n{"a":1} 5\n', 2, "this is not JSON"),
        (b'{"a":\n1}\n{"a":2}', 1, "this is not JSON"),
        (b"null", 1, "the line is nothing"),
    ],
)
def test_malformed_text_names_its_line(data: bytes, line: int, message: str) -> None:
    with pytest.raises(MalformedInput, match=message) as caught:
        parse_json_rows(data)
    assert caught.value.metadata["line"] == str(line)
    assert caught.value.message.startswith(f"line {line}: ")


def test_random_damage_is_malformed_or_read() -> None:
    text = "\n".join(json.dumps({**GOOD, "客户": "项目\u0301", "x": [{"y": n}]}) for n in range(5))
    chance = random.Random(24)
    for _ in range(20_000):
        damaged = bytearray(text.encode())
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            rows = parse_json_rows(bytes(damaged))
        except MalformedInput:
            continue
        receive_rows(rows, StringPool(), default_entity="C01")
