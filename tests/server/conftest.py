"""Fixtures of the service's tests: a server over a book in memory, and how to speak to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from server.committer import Committer, CommitterLimits
from server.config import ServerConfig
from server.metrics import ServiceMetrics
from server.principals import Authenticator
from server.service import Service, start_service
from tests.server.fake_book import FakeBook
from tongpin.v1 import (
    budget_service_pb2_grpc,
    ledger_service_pb2_grpc,
    posting_service_pb2_grpc,
    rule_service_pb2_grpc,
)

#: Seconds after which a test that waits has failed.
PATIENCE = 30


class RunningServer:
    """A service on an event loop of its own thread, over any book."""

    def __init__(self, book: Any, config: ServerConfig, limits: CommitterLimits | None) -> None:
        self.book = book
        self.config = config
        self.metrics = ServiceMetrics()
        self.authenticator = Authenticator(config.token_path, is_loopback=config.is_loopback)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="server")
        self._thread.start()
        self._channels: list[grpc.Channel] = []
        self.service: Service = self.run(self._start(limits))

    async def _start(self, limits: CommitterLimits | None) -> Service:
        committer = Committer(self.book, self.metrics, limits=limits)
        committer.start()
        return await start_service(
            self.book, committer, self.config, self.authenticator, self.metrics
        )

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine on the server's loop and gives what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.service.port}"

    def channel(self, **options: int) -> grpc.Channel:
        named = [(f"grpc.{name}", value) for name, value in options.items()]
        # Each channel is a connection of its own, as of separate clients.
        channel = grpc.insecure_channel(
            self.address, [*named, ("grpc.use_local_subchannel_pool", 1)]
        )
        self._channels.append(channel)
        return channel

    def posting(self, **options: int) -> posting_service_pb2_grpc.PostingServiceStub:
        return posting_service_pb2_grpc.PostingServiceStub(self.channel(**options))

    def ledger(self) -> ledger_service_pb2_grpc.LedgerServiceStub:
        return ledger_service_pb2_grpc.LedgerServiceStub(self.channel())

    def rules(self) -> rule_service_pb2_grpc.RuleServiceStub:
        return rule_service_pb2_grpc.RuleServiceStub(self.channel())

    def budgets(self) -> budget_service_pb2_grpc.BudgetServiceStub:
        return budget_service_pb2_grpc.BudgetServiceStub(self.channel())

    def stop(self) -> None:
        for channel in self._channels:
            channel.close()
        self.run(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()

    async def _stop(self) -> None:
        await self.service.stop(5)
        await self.service.committer.close()
        # Lets the transports of gRPC end before the loop does.
        await asyncio.sleep(0)


Serve = Callable[..., RunningServer]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers; they are stopped after the test."""
    running: list[RunningServer] = []

    def start(
        book: Any = None, limits: CommitterLimits | None = None, **settings: Any
    ) -> RunningServer:
        settings.setdefault("data", tmp_path)
        config = ServerConfig(listen="127.0.0.1:0", **settings)
        server = RunningServer(book if book is not None else FakeBook(), config, limits)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def server(serve: Serve) -> RunningServer:
    """A server over a fake book, for the local user."""
    return serve()
