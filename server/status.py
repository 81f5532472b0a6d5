"""How a call fails on the wire: the one place where exceptions become google.rpc.Status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from engine.errors import (
    CallerError,
    MalformedInput,
    NotAllowed,
    StoreCorrupt,
    StoreError,
    UnknownObject,
    WrongState,
)
from server.limits import (
    MAX_ERROR_MESSAGE_CHARS,
    MAX_ERROR_VALUE_CHARS,
    RETRY_AFTER_SECONDS,
)
from server.principals import NotAuthenticated
from tongpin.v1 import error_reason_pb2

DOMAIN = "tongpin"
_PREFIX = "ERROR_REASON_"
_REASONS = frozenset(name.removeprefix(_PREFIX) for name, _ in error_reason_pb2.ErrorReason.items())
_MAX_METADATA = 16


@dataclass(eq=False)
class CallRefused(Exception):
    """A call fails as a whole, with all that its caller is told.

    Attributes:
        code: gRPC status code.
        reason: an ErrorReason without its prefix.
        message: one sentence.
        metadata: every dynamic part of the message.
        field_path: the field of the request that is at fault, or "".
        retry_after_seconds: when to come back, or None.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    field_path: str = ""
    retry_after_seconds: int | None = None

    def __str__(self) -> str:
        """The sentence."""
        return self.message


# ---------------------------------------------------------------- refusals we make ourselves


def malformed(field_path: str, message: str, found: str = "") -> CallRefused:
    """The request cannot be read."""
    metadata = {"field": field_path, "found": found} if found else {"field": field_path}
    return CallRefused(
        grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST", message, metadata, field_path
    )


def limit_exceeded(field_path: str, message: str, *, limit: int, value: int) -> CallRefused:
    """The request is beyond a limit."""
    metadata = {"field": field_path, "limit": str(limit), "value": str(value)}
    return CallRefused(
        grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED", message, metadata, field_path
    )


def overloaded(message: str) -> CallRefused:
    """The server has as much to do as it accepts."""
    return CallRefused(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "OVERLOADED",
        message,
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def draining() -> CallRefused:
    """The server is stopping."""
    return CallRefused(
        grpc.StatusCode.UNAVAILABLE,
        "DRAINING",
        "the server is stopping; send again later",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def not_caught_up(seq: int, min_seq: int) -> CallRefused:
    """The book is not at the position asked for."""
    return CallRefused(
        grpc.StatusCode.UNAVAILABLE,
        "NOT_CAUGHT_UP",
        f"the book is at {seq}, not yet at {min_seq}",
        {"seq": str(seq), "min_seq": str(min_seq)},
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def not_found(kind: str, name: str) -> CallRefused:
    """What the call names does not exist, or not for this principal."""
    metadata = {"kind": kind, "name": name}
    message = f"there is no {kind} {name}"
    return CallRefused(grpc.StatusCode.NOT_FOUND, "NOT_FOUND", message, metadata)


def role_missing(principal: str, rpc: str, roles: str) -> CallRefused:
    """The principal may not make this call."""
    metadata = {"principal": principal, "rpc": rpc, "roles": roles}
    message = f"{principal} may not call {rpc}; it takes one of the roles {roles or '(none)'}"
    return CallRefused(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", message, metadata)


def offset_gap(expected: int, offset: int) -> CallRefused:
    """A batch of a stream is missing."""
    return CallRefused(
        grpc.StatusCode.FAILED_PRECONDITION,
        "OFFSET_GAP",
        f"offset {offset} leaves a gap; the next one is {expected}",
        {"expected_offset": str(expected), "offset": str(offset)},
    )


def stream_fenced(stream_id: str) -> CallRefused:
    """A newer connection has taken the stream over."""
    return CallRefused(
        grpc.StatusCode.ABORTED,
        "STREAM_FENCED",
        f"a newer connection opened the stream {stream_id}",
        {"stream_id": stream_id},
    )


def revision_refused(message: str, reason: str) -> CallRefused:
    """A revision compiles but cannot be put into force."""
    return CallRefused(
        grpc.StatusCode.FAILED_PRECONDITION, "REVISION_REFUSED", message, {"reason": reason}
    )


def internal(incident: str) -> CallRefused:
    """Our own mistake; the log has what happened under the incident's id."""
    return CallRefused(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        f"the server made a mistake; its log describes it under {incident}",
        {"incident": incident},
    )


def deadline_exceeded(seconds: int) -> CallRefused:
    """The call lasted longer than any may."""
    return CallRefused(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "LIMIT_EXCEEDED",
        f"the call took longer than the {seconds} s a call may last",
        {"limit": str(seconds)},
    )


# ---------------------------------------------------------------- exceptions of the engine

#: Exception class -> (code, reason used where the exception's own is not one of the wire).
#: The first class that fits counts, so narrower ones stand first.
_CODES: tuple[tuple[type[Exception], grpc.StatusCode, str], ...] = (
    (NotAuthenticated, grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED"),
    (MalformedInput, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
    (UnknownObject, grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
    (NotAllowed, grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING"),
    (WrongState, grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE"),
    (CallerError, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
    (StoreCorrupt, grpc.StatusCode.DATA_LOSS, "STORE_UNAVAILABLE"),
    (StoreError, grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE"),
)

#: Codes of reasons that stand above the exception's class.
_CODES_BY_REASON = {
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "OFFSET_GAP": grpc.StatusCode.FAILED_PRECONDITION,
    "OVERLOADED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "REVISION_REFUSED": grpc.StatusCode.FAILED_PRECONDITION,
}


def refusal_of(error: BaseException) -> CallRefused | None:
    """What a caller is told about an exception; None for our own mistakes."""
    if isinstance(error, CallRefused):
        return error
    fit = next((entry for entry in _CODES if isinstance(error, entry[0])), None)
    if fit is None:
        return None
    _, code, reason = fit
    if not isinstance(error, CallerError):
        # The store's own words may name files and hosts; they are for the log.
        message = "the store cannot be used at the moment; nothing was stored"
        if code is grpc.StatusCode.DATA_LOSS:
            message = "what is stored does not verify; the operator has to look at it"
        return CallRefused(code, reason, message, retry_after_seconds=RETRY_AFTER_SECONDS)
    metadata = dict(error.metadata)
    if error.reason in _REASONS:
        reason = error.reason
        code = _CODES_BY_REASON.get(reason, code)
    else:
        metadata.setdefault("detail", error.reason)
    retry_after = RETRY_AFTER_SECONDS if reason == "OVERLOADED" else None
    field_path = metadata.get("field", "")
    return CallRefused(code, reason, error.message, metadata, field_path, retry_after)


def status_of(refusal: CallRefused) -> status_pb2.Status:
    """The google.rpc.Status of a refusal, with its details."""
    info = error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN)
    for key, value in list(refusal.metadata.items())[:_MAX_METADATA]:
        info.metadata[key] = cut(value, MAX_ERROR_VALUE_CHARS)
    details = [_packed(info)]
    message = cut(refusal.message, MAX_ERROR_MESSAGE_CHARS)
    if refusal.field_path:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=cut(refusal.field_path, MAX_ERROR_VALUE_CHARS), description=message
        )
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    if refusal.retry_after_seconds is not None:
        delay = duration_pb2.Duration(seconds=refusal.retry_after_seconds)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status_pb2.Status(code=refusal.code.value[0], message=message, details=details)


def cut(text: str, chars: int) -> str:
    """A text as it may travel in an error: bounded, one line, encodable."""
    flat = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return flat if len(flat) <= chars else flat[: chars - 1] + "…"


def _packed(
    message: (
        error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo
    ),
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
