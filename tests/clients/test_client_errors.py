"""Details of a failed call are read where they are, and nothing breaks where they are not."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from tongpin_client.errors import TongpinRpcError, read_rpc_error
from tongpin_client.retrying import RetryPolicy

KEY = "grpc-status-details-bin"


class FailedCall(grpc.RpcError):
    """What gRPC raises, with the trailing metadata of a test."""

    def __init__(self, code: grpc.StatusCode, trailing: tuple[tuple[str, Any], ...] | None) -> None:
        super().__init__()
        self._code, self._trailing = code, trailing

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str | None:
        return "it failed"

    def trailing_metadata(self) -> Any:
        return self._trailing


def status_bytes(*details: Any) -> bytes:
    status = status_pb2.Status(code=8, message="x")
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status.SerializeToString()


def test_details_are_read() -> None:
    info = error_details_pb2.ErrorInfo(
        domain="tongpin", reason="OVERLOADED", metadata={"部门": "市场部", "a": "b"}
    )
    delay = error_details_pb2.RetryInfo(
        retry_delay=duration_pb2.Duration(seconds=2, nanos=5 * 10**8)
    )
    trailing = (("x", "y"), (KEY, status_bytes(info, delay)))
    error = read_rpc_error(FailedCall(grpc.StatusCode.RESOURCE_EXHAUSTED, trailing))
    assert (error.reason, error.message, error.retry_after) == ("OVERLOADED", "it failed", 2.5)
    assert error.metadata == {"部门": "市场部", "a": "b"}
    assert error.is_transient


@pytest.mark.parametrize(
    "trailing",
    [
        None,
        (),
        ((KEY, "text"),),
        ((KEY, b"\xff\xff"),),
        ((KEY, status_bytes(error_details_pb2.ErrorInfo(domain="other", reason="X"))),),
    ],
)
def test_code_stands_in_where_the_server_gave_no_reason(trailing: Any) -> None:
    error = read_rpc_error(FailedCall(grpc.StatusCode.RESOURCE_EXHAUSTED, trailing))
    assert (error.reason, error.metadata, error.retry_after) == ("RESOURCE_EXHAUSTED", {}, None)
    assert not error.is_transient


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    read_rpc_error(FailedCall(grpc.StatusCode.INTERNAL, ((KEY, data),)))


def failure(code: grpc.StatusCode, reason: str = "", retry_after: float | None = None) -> Any:
    return TongpinRpcError(code, reason, "x", retry_after=retry_after)


def test_waits_grow_stay_bounded_and_end() -> None:
    policy = RetryPolicy(attempts=6, first_delay=1.0, most_delay=4.0)
    away = failure(grpc.StatusCode.UNAVAILABLE)
    for attempt, most in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 4.0), (5, 4.0)):
        delay = policy.delay(attempt, away)
        assert delay is not None
        assert most / 2 <= delay <= most
    assert policy.delay(6, away) is None
    assert policy.reconnect_delay(6, away, was_open=True) is not None
    assert policy.reconnect_delay(6, away, was_open=False) is None


def test_server_says_how_long_to_wait() -> None:
    busy = failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", 30.0)
    assert RetryPolicy().delay(1, busy) == 30.0


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.INTERNAL,
    ],
)
def test_what_will_not_change_is_not_tried_again(code: grpc.StatusCode) -> None:
    assert RetryPolicy().delay(1, failure(code)) is None
