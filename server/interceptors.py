"""What every call passes around its handler: reading, principal, role, deadline, errors."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, cast

import grpc
import structlog
from grpc import aio

from server.limits import MAX_CALL_SECONDS
from server.metrics import ServiceMetrics
from server.principals import Authenticator, Principal
from server.roles import ROLE_TABLE, allowed_roles, is_public, rpc_name
from server.status import (
    CallRefused,
    deadline_exceeded,
    internal,
    malformed,
    refusal_of,
    role_missing,
    status_of,
)

log = structlog.get_logger(__name__)

# The stubs of gRPC cannot tell which messages a handler takes that is found by its name.
Context = aio.ServicerContext[Any, Any]
Handler = Callable[[Any, Context], Awaitable[Any]]
#: Writes its answers to the context instead of giving one.
StreamHandler = Callable[[Any, Context], Awaitable[None]]
RpcHandler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

# Distinguishes the ids we make from those of other servers and starts.
_PROCESS_ID = secrets.token_hex(4)

_allowed_roles = lru_cache(allowed_roles)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:/+=-]{1,64}")
_DETAILS_KEY = "grpc-status-details-bin"
_REQUEST_ID_KEY = "x-request-id"


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Who makes the present call, under which id, and which RPC it is."""

    rpc: str
    principal: Principal
    request_id: str

    def require(self, variant: str = "") -> None:
        """Refuses the call where no role of the principal allows the RPC or this variant of it."""
        name = f"{self.rpc}#{variant}" if variant else self.rpc
        roles = ROLE_TABLE.get(name, frozenset())
        if not roles & self.principal.roles:
            raise role_missing(self.principal.name, name, ", ".join(sorted(roles)))


_NOBODY = Principal("", frozenset())
_current: ContextVar[CallIdentity] = ContextVar("current_call")


def current_call() -> CallIdentity:
    """Who makes the call whose handler is running."""
    return _current.get()


class _Unreadable:
    """Stands for a request that is no message of its type."""


_UNREADABLE: Final = _Unreadable()


class CallGuard(aio.ServerInterceptor):
    """Wraps each handler once and keeps the result; handlers then see readable, allowed calls."""

    def __init__(self, authenticator: Authenticator, metrics: ServiceMetrics) -> None:
        """Guards with this authenticator and counts in these metrics."""
        self._authenticator = authenticator
        self._metrics = metrics
        # Bound once: a logger taken from structlog anew costs as much as a small call.
        self._log = log.bind()
        self._request_ids = (f"{_PROCESS_ID}-{number:x}" for number in itertools.count(1))
        self._wrapped: dict[str, RpcHandler | None] = {}
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[RpcHandler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> RpcHandler | None:
        """Gives the wrapped handler of the method called."""
        path = str(handler_call_details.method)
        if path not in self._wrapped:
            handler = await continuation(handler_call_details)
            if handler is None:
                return handler  # not a method of ours; gRPC answers UNIMPLEMENTED
            self._wrapped[path] = self._wrap(rpc_name(path), handler)
        return self._wrapped[path]

    async def idle(self) -> None:
        """Waits until no call of ours is under way; health watchers do not count."""
        await self._idle.wait()

    def _wrap(self, rpc: str, handler: RpcHandler) -> RpcHandler:
        reader = _safe_reader(handler.request_deserializer)
        writer = handler.response_serializer
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(rpc, cast("Handler", handler.unary_unary)), reader, writer
            )
        if handler.unary_stream is not None and not is_public(rpc):
            return grpc.unary_stream_rpc_method_handler(
                self._unary_stream(rpc, cast("StreamHandler", handler.unary_stream)),
                reader,
                writer,
            )
        if handler.stream_stream is not None and not is_public(rpc):
            return grpc.stream_stream_rpc_method_handler(
                self._stream(rpc, cast("StreamHandler", handler.stream_stream)), reader, writer
            )
        return handler  # health's Watch and reflection, which end by themselves

    def _unary(self, rpc: str, inner: Handler) -> Handler:
        async def guarded(request: object, context: Context) -> object:
            started = time.perf_counter()
            self._enter()
            code = grpc.StatusCode.OK
            try:
                self._identify(rpc, context)
                if request is _UNREADABLE:
                    raise malformed("", "the request is not a message of its type")
                return await _within_limit(inner, request, context)
            except (asyncio.CancelledError, aio.AbortError):
                code = grpc.StatusCode.CANCELLED
                raise
            except Exception as error:  # noqa: BLE001 - the abort raises
                refusal = self._explain(rpc, error)
                code = refusal.code
                await self._abort(context, rpc, refusal)
            finally:
                self._leave()
                self._metrics.observe_call(rpc, code.name, time.perf_counter() - started)

        return guarded

    def _unary_stream(self, rpc: str, inner: StreamHandler) -> StreamHandler:
        async def answer(request: object, context: Context) -> None:
            if request is _UNREADABLE:
                raise malformed("", "the request is not a message of its type")
            await inner(request, context)

        return self._stream(rpc, answer)

    def _stream(self, rpc: str, inner: StreamHandler) -> StreamHandler:
        async def guarded(requests: object, context: Context) -> None:
            self._enter()
            try:
                self._identify(rpc, context)
                await inner(requests, context)
            except (asyncio.CancelledError, aio.AbortError):
                raise
            except Exception as error:  # noqa: BLE001 - the abort raises
                await self._abort(context, rpc, self._explain(rpc, error))
            finally:
                self._leave()

        return guarded

    def _identify(self, rpc: str, context: Context) -> None:
        """Tells who calls, and refuses who may not."""
        authorization, request_id = None, ""
        for key, value in context.invocation_metadata() or ():
            if key == "authorization" and isinstance(value, str):
                authorization = value
            elif key == _REQUEST_ID_KEY and _REQUEST_ID.fullmatch(str(value)):
                request_id = str(value)
        request_id = request_id or next(self._request_ids)
        _current.set(CallIdentity(rpc, _NOBODY, request_id))
        if is_public(rpc):
            return
        principal = self._authenticator.principal(authorization, context.peer())
        _current.set(CallIdentity(rpc, principal, request_id))
        # A method that the table does not know is refused, so that none is open by mistake.
        roles = _allowed_roles(rpc)
        if not roles & principal.roles:
            raise role_missing(principal.name, rpc, ", ".join(sorted(roles)))
        self._log.debug("call", rpc=rpc, principal=principal.name, request_id=request_id)

    def _explain(self, rpc: str, error: Exception) -> CallRefused:
        identity = _current.get(None)
        who = identity.principal.name if identity else ""
        request_id = identity.request_id if identity else ""
        refusal = refusal_of(error)
        if refusal is None:
            refusal = internal(secrets.token_hex(4))
            log.error(
                "call failed by our own mistake",
                rpc=rpc,
                principal=who,
                request_id=request_id,
                incident=refusal.metadata["incident"],
                exc_info=error,
            )
        else:
            told = refusal.message if refusal is error else str(error)
            log.info(
                "call refused",
                rpc=rpc,
                principal=who,
                request_id=request_id,
                code=refusal.code.name,
                reason=refusal.reason,
                message=told,
            )
        return refusal

    async def _abort(self, context: Context, rpc: str, refusal: CallRefused) -> NoReturn:
        status = status_of(refusal)
        identity = _current.get(None)
        trailing: list[tuple[str, str | bytes]] = [(_DETAILS_KEY, status.SerializeToString())]
        if identity is not None and identity.rpc == rpc:
            trailing.append((_REQUEST_ID_KEY, identity.request_id))
        await context.abort(refusal.code, status.message, tuple(trailing))
        raise AssertionError("abort returned")

    def _enter(self) -> None:
        self._under_way += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()


Request = TypeVar("Request")


async def readable(
    context: aio.ServicerContext[Request, object],
) -> AsyncIterator[Request]:
    """The requests of a stream until its sender half-closes.

    Raises:
        CallRefused: one of them is no message of its type.
    """
    while True:
        request: Any = await context.read()
        if request is aio.EOF:
            return
        if request is _UNREADABLE:
            raise malformed("", "the request is not a message of its type")
        yield request


async def _within_limit(inner: Handler, request: object, context: Context) -> object:
    """Runs a handler for no longer than a call may last, or than its caller waits."""
    remaining = cast("float | None", context.time_remaining())
    if remaining is not None and remaining < MAX_CALL_SECONDS:
        return await inner(request, context)  # gRPC ends it at its deadline
    limit = asyncio.timeout(MAX_CALL_SECONDS)
    try:
        async with limit:
            return await inner(request, context)
    except TimeoutError:
        if limit.expired():
            raise deadline_exceeded(MAX_CALL_SECONDS) from None
        raise


def _safe_reader(
    deserializer: Callable[[bytes], object] | None,
) -> Callable[[bytes], object] | None:
    # Left alone, gRPC answers UNKNOWN where a deserializer raises.
    if deserializer is None:
        return None

    def read(data: bytes) -> object:
        try:
            return deserializer(data)
        except Exception:  # noqa: BLE001 - protobuf raises several kinds; each means unreadable
            return _UNREADABLE

    return read
