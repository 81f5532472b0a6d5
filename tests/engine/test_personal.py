"""Personal data is readable with its subject's key and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import StoreCorrupt
from engine.log import CommitStore, open_store
from engine.personal import forget_subject, open_personal, seal_personal
from tests.engine.log.samples import url

NAME = "张三 13800000000".encode()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[CommitStore]:
    with closing(open_store(url(tmp_path / "book.db"), book_id="C01")) as store:
        yield store


def test_what_was_sealed_opens(keys: CommitStore) -> None:
    sealed = seal_personal(keys, "E0001", NAME)
    assert NAME not in sealed
    assert open_personal(keys, "E0001", sealed) == NAME
    assert open_personal(keys, "E0001", seal_personal(keys, "E0001", b"")) == b""


def test_the_same_value_never_looks_the_same(keys: CommitStore) -> None:
    assert seal_personal(keys, "E0001", NAME) != seal_personal(keys, "E0001", NAME)


def test_a_forgotten_subject_cannot_be_read_again(keys: CommitStore) -> None:
    sealed = seal_personal(keys, "E0001", NAME)
    other = seal_personal(keys, "E0002", NAME)
    assert forget_subject(keys, "E0001")
    assert not forget_subject(keys, "E0001")
    assert open_personal(keys, "E0001", sealed) is None
    assert open_personal(keys, "E0002", other) == NAME
    again = seal_personal(keys, "E0001", NAME)  # the person comes back, under a new key
    assert open_personal(keys, "E0001", again) == NAME
    assert open_personal(keys, "E0001", sealed) is None


def test_ciphertext_of_another_subject_or_altered_is_not_read(keys: CommitStore) -> None:
    sealed = seal_personal(keys, "E0001", NAME)
    seal_personal(keys, "E0002", NAME)
    assert open_personal(keys, "E0002", sealed) is None
    key_id = range(1, 9)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        if place in key_id:
            assert open_personal(keys, "E0001", bytes(altered)) is None
        else:
            with pytest.raises(StoreCorrupt):
                open_personal(keys, "E0001", bytes(altered))
    for length in range(len(sealed)):
        with pytest.raises(StoreCorrupt):
            open_personal(keys, "E0001", sealed[:length])
