"""Exceptions of the engine as statuses of the wire."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from engine import errors
from server.principals import NotAuthenticated
from server.status import CallRefused, cut, refusal_of, status_of


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (errors.MalformedInput("JSON", "x"), "INVALID_ARGUMENT", "MALFORMED_REQUEST"),
        (errors.MalformedInput("LIMIT_EXCEEDED", "x"), "INVALID_ARGUMENT", "LIMIT_EXCEEDED"),
        (errors.UnknownObject("X", "x"), "NOT_FOUND", "NOT_FOUND"),
        (errors.NotAllowed("X", "x"), "PERMISSION_DENIED", "ROLE_MISSING"),
        (errors.WrongState("X", "x"), "FAILED_PRECONDITION", "WRONG_STATE"),
        (errors.WrongState("OFFSET_GAP", "x"), "FAILED_PRECONDITION", "OFFSET_GAP"),
        (errors.WrongState("OVERLOADED", "x"), "RESOURCE_EXHAUSTED", "OVERLOADED"),
        (errors.CallerError("REVISION_REFUSED", "x"), "FAILED_PRECONDITION", "REVISION_REFUSED"),
        (errors.CallerError("X", "x"), "INVALID_ARGUMENT", "MALFORMED_REQUEST"),
        (errors.StoreUnavailable("x"), "UNAVAILABLE", "STORE_UNAVAILABLE"),
        (errors.StoreLocked("x"), "UNAVAILABLE", "STORE_UNAVAILABLE"),
        (errors.AppendConflict("x"), "UNAVAILABLE", "STORE_UNAVAILABLE"),
        (errors.StoreCorrupt("x"), "DATA_LOSS", "STORE_UNAVAILABLE"),
        (NotAuthenticated("x"), "UNAUTHENTICATED", "NOT_AUTHENTICATED"),
    ],
)
def test_every_exception_has_its_code(error: Exception, code: str, reason: str) -> None:
    refusal = refusal_of(error)
    assert refusal is not None
    assert (refusal.code.name, refusal.reason) == (code, reason)


def test_our_own_mistakes_have_none() -> None:
    assert refusal_of(errors.InvariantBroken("x", 1)) is None
    assert refusal_of(KeyError("x")) is None


def test_reason_that_is_not_of_the_wire_travels_as_detail() -> None:
    refusal = refusal_of(errors.MalformedInput("JSON", "x", line="3"))
    assert refusal is not None
    assert dict(refusal.metadata) == {"line": "3", "detail": "JSON"}


def test_words_of_the_store_stay_here() -> None:
    refusal = refusal_of(errors.StoreUnavailable("host db.internal refused"))
    assert refusal is not None
    assert "db.internal" not in refusal.message
    assert refusal.retry_after_seconds


def test_details_are_in_the_standard_form() -> None:
    refusal = CallRefused(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "later", {"a": "b"}, "batch", 2
    )
    status = status_of(refusal)
    found = {}
    for packed in status.details:
        kind = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])
        found[kind.DESCRIPTOR.name] = kind()
        packed.Unpack(found[kind.DESCRIPTOR.name])
    assert (status.code, status.message) == (8, "later")
    assert found["ErrorInfo"].domain == "tongpin"
    assert dict(found["ErrorInfo"].metadata) == {"a": "b"}
    assert found["BadRequest"].field_violations[0].field == "batch"
    assert found["RetryInfo"].retry_delay.seconds == 2


@given(st.text(max_size=600), st.integers(1, 300))
def test_texts_are_cut_to_something_that_can_be_sent(text: str, chars: int) -> None:
    shown = cut(text, chars)
    assert len(shown) <= chars
    assert shown.isprintable()
    shown.encode()
