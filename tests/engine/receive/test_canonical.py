"""Canonical content: one form for one event, however it was written, and its hashes."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MalformedInput
from engine.limits import MAX_EVENT_BYTES, MAX_FIELDS, MAX_LIST_ELEMENTS, MAX_TEXT_CHARS
from engine.receive import canonical_content, content_hash, identity
from tests.engine.receive.generate import Event, events, texts

TRANSPORT = {"attempt_id": "a", "stream_id": "s", "offset": 7, "group_id": "g"}


def reference(event: Mapping[str, object]) -> bytes:
    """Canonical content written down as slowly and plainly as possible."""

    def clean(value: object) -> object:
        if isinstance(value, str):
            return unicodedata.normalize("NFC", value)
        if isinstance(value, list):
            return [clean(element) for element in value]
        if isinstance(value, dict):
            pairs = sorted(
                (unicodedata.normalize("NFC", key), clean(member))
                for key, member in value.items()
                if member is not None
            )
            return dict(pairs)
        return value

    kept = {key: value for key, value in event.items() if key not in TRANSPORT}
    return json.dumps(clean(kept), ensure_ascii=False, separators=(",", ":")).encode()


def hash_of(event: Event) -> bytes:
    return content_hash(canonical_content(event))


@given(events, st.randoms(use_true_random=False))
def test_content_is_that_of_the_plain_reference_in_any_key_order(
    event: Event, chance: object
) -> None:
    keys = list(event)
    chance.shuffle(keys)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    shuffled = {key: event[key] for key in keys}
    assert canonical_content(event) == canonical_content(shuffled) == reference(event)


@given(events)
def test_content_survives_being_read_back(event: Event) -> None:
    content = canonical_content(event)
    assert canonical_content(json.loads(content)) == content


@given(events)
def test_transport_and_nulls_are_no_content(event: Event) -> None:
    assert canonical_content({**event, **TRANSPORT, "absent": None}) == canonical_content(event)


@given(events)
def test_unicode_forms_are_one_content(event: Event) -> None:
    text = json.dumps(event, ensure_ascii=False)
    decomposed = json.loads(unicodedata.normalize("NFD", text))
    composed = json.loads(unicodedata.normalize("NFC", text))
    assert canonical_content(decomposed) == canonical_content(composed)


def test_keys_are_in_code_point_order_and_nothing_is_escaped_needlessly() -> None:
    event = {"\U00010000": 1, "\uffff": 2, "é": "中/\u2028\x7f", "a": '"\\\n', "Z": [True, {}]}
    assert canonical_content(event).decode() == (
        '{"Z":[true,{}],"a":"\\"\\\\\\n","é":"中/\u2028\x7f","\uffff":2,"\U00010000":1}'
    )


def test_null_is_absent_in_nested_objects_too() -> None:
    assert canonical_content({"a": {"b": None, "c": [{"d": None}]}}) == b'{"a":{"c":[{}]}}'


def test_source_and_entity_are_not_filled_in() -> None:
    assert canonical_content({"id": "1"}) != canonical_content({"id": "1", "source": "default"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1060.00", "1060"),
        ("1060.10", "1060.1"),
        ("1060.", "1060"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0.0", "0"),
        ("-5.50", "-5.5"),
        ("12", 12),
        ("-12.0", -12),
        ("true", True),
        ("false", False),
    ],
)
def test_equal_values_hash_alike_wherever_they_stand(one: object, other: object) -> None:
    for shape in (lambda v: {"a": v}, lambda v: {"a": [{"b": v}]}, lambda v: {"m": {"k": v}}):
        left, right = shape(one), shape(other)
        assert canonical_content(left) != canonical_content(right)
        assert hash_of(left) == hash_of(right)
    assert hash_of({"a": [str(one), "x"]}) == hash_of({"a": [str(other).lower(), "x"]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("007", "7"),
        ("1e3", "1000"),
        ("+1", "1"),
        (".5", "0.5"),
        ("1.0.0", "1.0"),
        ("１２", "12"),
        (" 1", "1"),
        ("1,060.00", "1060"),
        ("10", "1"),
        ("100", "1"),
        ('x"1.00', 'x"1'),
        ('a:"1.00"', 'a:"1"'),
        ('["1.00"]', '["1"]'),
        ("-", ""),
        ("", None),
        ("True", True),
    ],
)
def test_other_texts_hash_apart(one: object, other: object) -> None:
    assert hash_of({"a": one}) != hash_of({"a": other})
    if other is not None:
        assert hash_of({"a": ["x", one]}) != hash_of({"a": ["x", other]})


def test_keys_that_look_like_decimals_stay_as_they_are() -> None:
    assert hash_of({"m": {"1.50": "x"}}) != hash_of({"m": {"1.5": "x"}})
    assert hash_of({"m": ["x", {"1.50": "x"}]}) != hash_of({"m": ["x", {"1.5": "x"}]})


@given(st.lists(texts, min_size=1, max_size=4), st.lists(texts, min_size=1, max_size=4))
def test_events_hash_alike_only_if_equal(left: list[str], right: list[str]) -> None:
    def plain(text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        digits = text.removeprefix("-").replace(".", "", 1)
        if digits.isascii() and digits.isdigit() and not text.removeprefix("-").startswith("."):
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if text == "-0" else text
        return text

    def event(values: list[str]) -> Event:
        return {"x": values, **{f"f{n}": value for n, value in enumerate(values)}}

    equal = [plain(text) for text in left] == [plain(text) for text in right]
    assert (hash_of(event(left)) == hash_of(event(right))) is equal


def test_hashes_have_16_bytes_and_are_pinned() -> None:
    assert hash_of({"id": "1", "amount": "1060.00"}) == (
        blake2b(b'{"amount":1060,"id":1}', digest_size=16).digest()
    )
    assert identity("erp", "é") == (
        blake2b(b"\x03\0\0\0erp\x02\0\0\0\xc3\xa9", digest_size=16).digest()
    )


def test_identity_does_not_run_source_and_id_together() -> None:
    assert identity("a", "bc") != identity("ab", "c")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"gross": 1060.0}, 'gross is the number 1060.0; write amounts as strings, such as "1060'),
        ({"x": [{"gross": 1.5}]}, r"x\[1\]\.gross is the number 1\.5; write"),
        ({"x": float("nan")}, "x is the number nan"),
        ({"x": 2**63}, "a whole number has at most 18 digits"),
        ({"x": 10**5000}, "x is a number of 16610 bits"),
        ({"x": ["a", None]}, r"x\[2\] is null; leave the element out"),
        ({"x": "a\0b"}, "x contains a NUL character"),
        ({"x\0": "a"}, r"the name x\\u0000 contains a NUL character"),
        ({"x": "\ud800"}, "x contains half of a surrogate pair"),
        ({"\ud800": "x"}, "half of a surrogate pair"),
        ({"é": 1, "e\u0301": 2}, "is there twice, spelt in two Unicode forms"),
        ({"x": b"a"}, "x is a value of type bytes; a value is text"),
        ({"x": (1,)}, "x is a list of 1; a value is"),
        ({"x": {1: 2}}, "x has the key the number 1; keys are text"),
        ({"x": "a" * (MAX_TEXT_CHARS + 1)}, "x has 4097 characters; at most 4096"),
        ({"x": [1] * (MAX_LIST_ELEMENTS + 1)}, "x has 10001 elements; at most 10000"),
        ({"x": [[[[1]]]]}, r"x\[1\]\[1\]\[1\] is nested deeper than 4 levels"),
        ({f"f{n}": 1 for n in range(MAX_FIELDS + 1)}, "has 201 fields; at most 200"),
        ({"x": ["y" * 4_000] * (MAX_EVENT_BYTES // 4_000 + 1)}, "bytes of content; at most"),
        ({"x\x1b[31m" + "y" * 90: None, "z": 0.5}, "z is the number"),
        ({"x\x1b[31m" + "y" * 90: 0.5}, r"^x\\u001b\[31my{34}… is the number"),
    ],
)
def test_what_has_no_content_is_refused_with_its_place(event: Event, message: str) -> None:
    with pytest.raises(MalformedInput, match=message):
        canonical_content(event)


def test_limits_are_inclusive() -> None:
    event = {
        "text": "字" * MAX_TEXT_CHARS,
        "list": [1] * MAX_LIST_ELEMENTS,
        "deep": [[[1]]],
        "int": -(2**63),
        **{f"f{n}": 1 for n in range(MAX_FIELDS - 4)},
    }
    assert canonical_content(event) == reference(event)


def test_a_published_revision_may_carry_whole_files() -> None:
    event = {"type": "revision.published", "files": [{"path": "a.tp", "content": "x" * 3_000_000}]}
    assert canonical_content(event) == reference(event)
    with pytest.raises(MalformedInput, match="characters"):
        canonical_content({**event, "type": "revision.publishe"})
