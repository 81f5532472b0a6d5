"""The service around an open book: what listens, what decides, and how it all comes to rest."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine.book import Book
from server.budget_service import BudgetService
from server.budget_watches import BudgetWatches
from server.committer import Committer
from server.config import ServerConfig, split_address
from server.explain_service import ExplainService
from server.interceptors import CallGuard
from server.ledger_service import LedgerService
from server.limits import (
    KEEPALIVE_SECONDS,
    KEEPALIVE_TIMEOUT_SECONDS,
    MAX_CONCURRENT_CALLS,
    MAX_CONCURRENT_CALLS_PER_CONNECTION,
    MAX_MESSAGE_BYTES,
    MAX_METADATA_BYTES,
)
from server.metrics import ServiceMetrics
from server.posting_service import PostingService
from server.principals import Authenticator
from server.reading import Reader
from server.rule_service import RuleService
from server.stream_session import StreamHub
from tongpin.v1 import (
    budget_service_pb2,
    budget_service_pb2_grpc,
    explain_service_pb2,
    explain_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    posting_service_pb2,
    posting_service_pb2_grpc,
    rule_service_pb2,
    rule_service_pb2_grpc,
)

log = structlog.get_logger(__name__)

#: Full names of our services, for health and reflection.
SERVICES = tuple(
    service.full_name
    for module in (
        posting_service_pb2,
        ledger_service_pb2,
        rule_service_pb2,
        budget_service_pb2,
        explain_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)

_SERVING = health_pb2.HealthCheckResponse.SERVING

#: Seconds a health watcher that does not read may hold up a stop.
_HEALTH_SECONDS = 1

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.max_concurrent_streams", MAX_CONCURRENT_CALLS_PER_CONNECTION),
    # A second server on the same port must fail instead of sharing the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1_000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


class ListenError(Exception):
    """The address cannot be listened on."""


@dataclass(slots=True)
class Service:
    """A running service. Made by `start_service`; `stop` leaves committer and book open."""

    book: Book
    port: int
    committer: Committer
    reader: Reader
    streams: StreamHub
    watches: BudgetWatches
    guard: CallGuard
    health: health.aio.HealthServicer
    server: aio.Server

    async def stop(self, grace_seconds: float) -> None:
        """Finishes what was accepted, within the time given, and answers nothing more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEALTH_SECONDS):
                await self.health.enter_graceful_shutdown()
        log.info("stopping", grace_seconds=grace_seconds)
        self.streams.drain()
        self.watches.drain()
        # Refuses new calls at once and cancels the rest after the grace period; health watchers
        # would last as long as that, so the second stop does not wait for them.
        stopping = asyncio.create_task(self.server.stop(grace_seconds))
        idle = asyncio.create_task(self.guard.idle())
        await asyncio.wait({stopping, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        await self.server.stop(None)
        await stopping
        await asyncio.to_thread(self.reader.close)


async def start_service(
    book: Book,
    committer: Committer,
    config: ServerConfig,
    authenticator: Authenticator,
    metrics: ServiceMetrics,
) -> Service:
    """Starts answering calls.

    Raises:
        ListenError: the address is taken or not this machine's.
    """
    reader = Reader(book, committer)
    streams = StreamHub(book, committer, reader, authenticator, metrics)
    guard = CallGuard(authenticator, metrics)
    server = aio.server(
        interceptors=[guard],
        options=_OPTIONS,
        maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS,
    )
    posting = PostingService(book, committer, reader, streams)
    posting_service_pb2_grpc.add_PostingServiceServicer_to_server(posting, server)
    ledger = LedgerService(book, reader)
    ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(ledger, server)
    rules = RuleService(book, committer, reader)
    rule_service_pb2_grpc.add_RuleServiceServicer_to_server(rules, server)
    watches = BudgetWatches(book, committer, reader, authenticator, metrics)
    budgets = BudgetService(book, committer, reader, watches)
    budget_service_pb2_grpc.add_BudgetServiceServicer_to_server(budgets, server)
    explaining = ExplainService(book, reader)
    explain_service_pb2_grpc.add_ExplainServiceServicer_to_server(explaining, server)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    if config.reflection:
        names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
    port = _listen(server, config)
    for name in SERVICES:
        await health_servicer.set(name, _SERVING)
    await server.start()
    return Service(book, port, committer, reader, streams, watches, guard, health_servicer, server)


def _listen(server: aio.Server, config: ServerConfig) -> int:
    host, _ = split_address(config.listen)
    try:
        if config.tls_certificate and config.tls_key:
            pair = (config.tls_key.read_bytes(), config.tls_certificate.read_bytes())
            return server.add_secure_port(config.listen, grpc.ssl_server_credentials([pair]))
        if not config.is_loopback:
            log.warning("tokens travel in the clear", host=host, instead="set tls_certificate")
        return server.add_insecure_port(config.listen)
    except (RuntimeError, OSError) as error:
        raise ListenError(f"cannot listen on {config.listen}: {error}") from error
