"""Errors of the client: what a server refused, read from the details that travel with it.

* TongpinError
  x TongpinRpcError     a call failed as a whole; `reason` says why
  x ColumnsError        columns cannot be sent as they are
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import grpc
from google.protobuf import any_pb2, duration_pb2, empty_pb2, unknown_fields
from google.protobuf.message import DecodeError

_DOMAIN = "tongpin"
_DETAILS_KEY = "grpc-status-details-bin"

# Fields of google.rpc.Status and its details, which are not part of grpcio or protobuf.
_STATUS_DETAILS = 3
_INFO_REASON, _INFO_DOMAIN, _INFO_METADATA = 1, 2, 3
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_RETRY_DELAY = 1


class TongpinError(Exception):
    """Base of all errors of the client."""


class ColumnsError(TongpinError):
    """Columns cannot be sent as they are."""


class TongpinRpcError(TongpinError):
    """A call failed as a whole. What became of single events is in their results instead.

    Attributes:
        code: gRPC status code.
        reason: stable machine reason, such as "ROLE_MISSING"; the code's name where the server
            gave none.
        message: one sentence for people.
        metadata: every dynamic part of the message.
        retry_after: seconds after which another try is worth it, or None.
        attempt_id: for a post, the attempt that may be sent again; it is never booked twice.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Keeps what the server told."""
        super().__init__(f"{reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after
        self.attempt_id = ""

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.code is grpc.StatusCode.UNAVAILABLE or self.reason == "OVERLOADED"


def read_rpc_error(error: grpc.RpcError) -> TongpinRpcError:
    """The error of a failed call, with its details if the server sent any."""
    code = error.code()
    read = TongpinRpcError(code, code.name, error.details() or "the call failed")
    for kind, value in _details(tuple(error.trailing_metadata() or ())):
        if kind == "google.rpc.ErrorInfo":
            _read_info(value, read)
        elif kind == "google.rpc.RetryInfo":
            for number, data in _fields(value):
                if number == _RETRY_DELAY and isinstance(data, bytes):
                    delay = duration_pb2.Duration.FromString(data)
                    read.retry_after = delay.seconds + delay.nanos / 1e9
    return read


def _read_info(value: bytes, error: TongpinRpcError) -> None:
    texts = {number: data for number, data in _fields(value) if number != _INFO_METADATA}
    if texts.get(_INFO_DOMAIN) != _DOMAIN.encode():
        return
    error.reason = _text(texts.get(_INFO_REASON)) or error.reason
    error.args = (f"{error.reason}: {error.message}",)
    for number, data in _fields(value):
        if number == _INFO_METADATA and isinstance(data, bytes):
            entry = dict(_fields(data))
            error.metadata[_text(entry.get(_ENTRY_KEY))] = _text(entry.get(_ENTRY_VALUE))


def _details(metadata: Iterable[Any]) -> Iterator[tuple[str, bytes]]:
    """Kind and content of each detail."""
    for key, value in metadata:
        if key != _DETAILS_KEY or not isinstance(value, bytes):
            continue
        for number, data in _fields(value):
            if number == _STATUS_DETAILS and isinstance(data, bytes):
                detail = any_pb2.Any.FromString(data)
                yield detail.TypeName(), detail.value


def _fields(data: bytes) -> list[tuple[int, object]]:
    """Fields of any message, by number; nothing where the bytes are no message."""
    message = empty_pb2.Empty()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return []
    # The stubs do not say so, but the set is a sequence.
    found = cast("Any", unknown_fields.UnknownFieldSet(message))
    return [(field.field_number, field.data) for field in found]


def _text(data: object) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes) else ""
