"""A sealed head shows every log that does not lead to it, and can be made by its key alone."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import StoreUnavailable
from engine.log import CommitStore, open_store
from engine.log.seal import check_seal, load_seal_key, seal_head
from tests.engine.log.samples import BOOK, SEALED_AT_US, append, append_expenses, url
from tests.engine.log.samples import expense_effects as effects


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CommitStore]:
    with closing(open_store(url(tmp_path / "book.db"), book_id=BOOK)) as opened:
        append_expenses(opened, 3)
        yield opened


@pytest.fixture
def sealed(store: CommitStore, tmp_path: Path) -> str:
    key = load_seal_key(tmp_path / "seal.pem")
    return seal_head(store, key, sealed_at_us=SEALED_AT_US).to_json()


def kind(seal: str, store: CommitStore, public_key: str | None = None) -> str:
    finding = check_seal(seal, store, public_key=public_key)
    return finding.kind if finding else ""


def test_a_log_that_went_on_still_meets_its_seal(store: CommitStore, sealed: str) -> None:
    value = json.loads(sealed)
    assert value["seq"] == 3
    assert value["chain"] == store.head()[1].hex()
    assert kind(sealed, store, value["public_key"]) == ""
    append_expenses(store, 1)
    assert kind(sealed, store) == ""


def test_a_rewritten_or_shortened_log_is_shown(
    store: CommitStore, sealed: str, tmp_path: Path
) -> None:
    with closing(open_store(url(tmp_path / "forged.db"), book_id=BOOK)) as forged:
        append(forged, effects(1, 1))
        append(forged, effects(2, 1))
        assert kind(sealed, forged) == "COMMIT_MISSING"
        append(forged, effects(77, 1))
        assert kind(sealed, forged) == "SEALED_HEAD_DIFFERS"
    with closing(open_store(url(tmp_path / "forged.db"), book_id="C02")) as other:
        assert kind(sealed, other) == "SEAL_OF_OTHER_BOOK"


def test_an_empty_log_can_be_sealed(tmp_path: Path) -> None:
    key = load_seal_key(tmp_path / "seal.pem")
    with closing(open_store(url(tmp_path / "empty.db"), book_id=BOOK)) as store:
        seal = seal_head(store, key, sealed_at_us=SEALED_AT_US).to_json()
        append_expenses(store, 1)
        assert kind(seal, store) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("seq", 2), ("chain", "00" * 32), ("sealed_at_us", 1), ("book_id", "C02")],
)
def test_a_changed_field_is_a_forgery(
    store: CommitStore, sealed: str, field: str, value: object
) -> None:
    forged = json.dumps(json.loads(sealed) | {field: value})
    assert kind(forged, store) == "SEAL_FORGED"


def test_a_seal_of_another_key_is_told_apart(
    store: CommitStore, sealed: str, tmp_path: Path
) -> None:
    key = load_seal_key(tmp_path / "other.pem")
    other = seal_head(store, key, sealed_at_us=SEALED_AT_US).to_json()
    trusted = json.loads(sealed)["public_key"]
    assert kind(other, store) == ""
    assert kind(other, store, trusted) == "SEAL_KEY_DIFFERS"
    mixed = json.dumps(json.loads(other) | {"public_key": trusted})
    assert kind(mixed, store, trusted) == "SEAL_FORGED"


def test_what_is_no_seal_is_refused(store: CommitStore, sealed: str) -> None:
    value = json.loads(sealed)
    for text in (
        "", "[]", "{}", "null",
        json.dumps(value | {"seq": "3"}),
        json.dumps(value | {"seq": True}),
        json.dumps(value | {"public_key": "zz"}),
        json.dumps(value | {"public_key": "00"}),
        json.dumps(value | {"more": 1}),
    ):  # fmt: skip
        assert kind(text, store) == "SEAL_UNREADABLE"


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "seal.pem"
    first = load_seal_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_seal_key(path).private_bytes_raw() == first.private_bytes_raw()
    path.chmod(0o644)
    with pytest.raises(StoreUnavailable, match="can be read by others; set its mode to 600"):
        load_seal_key(path)
    path.chmod(0o600)
    path.write_text("no key", encoding="ascii")
    with pytest.raises(StoreUnavailable, match="is no seal key"):
        load_seal_key(path)
    with pytest.raises(StoreUnavailable, match="cannot use the seal key"):
        load_seal_key(path / "below.pem")
