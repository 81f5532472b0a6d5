"""Page tokens are given back whole, and to their own list only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.page_tokens import read_page_token, write_page_token

FILTERS = st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), FILTERS)
def test_token_gives_its_place_back(after: str, filters: dict[str, str]) -> None:
    assert read_page_token(write_page_token(after, filters), filters) == after


@given(st.text(max_size=60), FILTERS)
def test_anything_else_is_none(token: str, filters: dict[str, str]) -> None:
    assert read_page_token(token, filters) in {None, ""}


def test_end_of_the_list_has_no_token() -> None:
    assert write_page_token("", {}) == ""
    assert read_page_token("", {}) == ""


def test_token_of_another_list_is_none() -> None:
    assert read_page_token(write_page_token("7", {"entity": "C01"}), {"entity": "C02"}) is None
