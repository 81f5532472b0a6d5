"""`tongpin serve`: opens the book, publishes the rules given, serves until told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import time_ns

import structlog
from prometheus_client import Gauge

from engine.book import Book
from engine.calls import RevisionState
from engine.errors import CallerError, TongpinError
from engine.garbage import collecting_rarely
from server.committer import Committer
from server.config import ServerConfig, redact_url, split_address
from server.limits import SWITCH_SECONDS
from server.logs import configure_logging
from server.metrics import ServiceMetrics, serve_metrics
from server.principals import Authenticator, own_principal
from server.projector import Projector
from server.publishing import set_up
from server.rulebooks import compile_files
from server.service import ListenError, Service, start_service

log = structlog.get_logger(__name__)

EXIT_DONE, EXIT_INPUT, EXIT_ENVIRONMENT = 0, 1, 3

#: What a process ends with that was told to stop twice: 128 + SIGTERM, as shells count.
EXIT_FORCED = 143

Ready = Callable[[str], None]


def run_server(config: ServerConfig, *, ready: Ready | None = None) -> int:
    """Serves until SIGTERM or SIGINT; gives the exit code.

    Args:
        config: what to serve where.
        ready: called once with the address when calls are answered; by default one line
            with it is printed.
    """
    configure_logging(config.log_level, config.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        return asyncio.run(serve(config, ready=ready))
    except CallerError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_INPUT
    except (TongpinError, ListenError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_ENVIRONMENT


async def serve(config: ServerConfig, *, ready: Ready | None = None) -> int:
    """Serves on the running event loop until a signal or a failure; gives the exit code.

    Raises:
        CallerError: the rules given do not compile or cannot be published.
        StoreError: the store or the token file cannot be used.
        ListenError: the address cannot be listened on.
    """
    authenticator = Authenticator(config.token_path, is_loopback=config.is_loopback)
    metrics = ServiceMetrics()
    config.data.mkdir(parents=True, exist_ok=True)
    book = await asyncio.to_thread(open_book, config)
    projector = Projector(book, config.store_url, config.book)
    try:
        await asyncio.to_thread(set_up_rules, book, config, authenticator)
        observe_book(book, metrics)
        committer = Committer(book, metrics)
        committer.start()
        try:
            service = await start_service(book, committer, config, authenticator, metrics)
            projector.start()
            with collecting_rarely():
                return await _serve_until_told(service, config, metrics, ready)
        finally:
            await committer.close()
    finally:
        await asyncio.to_thread(projector.close)
        await asyncio.to_thread(book.close)


def open_book(config: ServerConfig) -> Book:
    """Opens the book, or makes it."""
    book = Book.open(
        config.store_url,
        compiler=compile_files,
        book_id=config.book,
        entities=config.entities,
        strict=config.strict,
    )
    log.info("book open", store=redact_url(config.store_url), book=config.book, seq=book.seq)
    return book


def set_up_rules(book: Book, config: ServerConfig, authenticator: Authenticator) -> None:
    """Fixes how the book publishes, and publishes or proposes the rule book given.

    Raises:
        CallerError: the rule book does not compile, a test fails, or the book refuses it.
    """
    published = set_up(
        book,
        config.rules,
        config.publishing,
        has_principals=authenticator.needs_token,
        principal=own_principal(),
    )
    if published is None:
        return
    if published.state is RevisionState.PROPOSED:
        command = f"tongpin approve {published.revision[:8]}"
        log.warning("revision waits for approval", revision=published.revision, next=command)
    else:
        log.info("revision published", revision=published.revision)


def observe_book(book: Book, metrics: ServiceMetrics) -> None:
    """Lets the metrics read the book whenever they are asked."""

    def oldest_seconds() -> float:
        oldest = book.unposted(limit=1)[0]
        return max(0.0, time_ns() / 1e9 - oldest[0].sealed_at_us / 1e6) if oldest else 0.0

    sources: tuple[tuple[Gauge, Callable[[], float]], ...] = (
        (metrics.seq, lambda: book.seq),
        (metrics.projection_lag, lambda: max(0, book.seq - book.stats.projection_seq)),
        (metrics.lost_races, lambda: book.stats.lost_races),
        (metrics.unposted, lambda: book.unposted(limit=1)[2]),
        (metrics.oldest_unposted_seconds, oldest_seconds),
    )
    for gauge, source in sources:
        gauge.set_function(source)


async def _serve_until_told(
    service: Service, config: ServerConfig, metrics: ServiceMetrics, ready: Ready | None
) -> int:
    told = _signals()
    host, _ = split_address(config.listen)
    address = f"{host}:{service.port}"
    if config.metrics_listen:
        metrics_host, metrics_port = split_address(config.metrics_listen)
        _, _, port = serve_metrics(metrics, metrics_host, metrics_port)
        log.info("metrics", address=f"{metrics_host}:{port}")
    if config.ready_file is not None:
        _write_ready(config.ready_file, address)
    (ready or _print_ready)(address)
    log.info("ready", address=address, seq=service.book.seq)
    failed = service.committer.failed
    await asyncio.wait((told, failed), return_when=asyncio.FIRST_COMPLETED)
    if config.ready_file is not None:
        config.ready_file.unlink(missing_ok=True)
    await service.stop(config.grace_seconds)
    log.info("stopped", seq=service.book.seq)
    return EXIT_ENVIRONMENT if failed.done() else EXIT_DONE


def _signals() -> asyncio.Future[None]:
    """A future that the first signal sets; a second one ends the process on the spot."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        if told.done():
            # What was answered is durable, so that nothing is lost by leaving now.
            os._exit(EXIT_FORCED)
        told.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows has no signal handlers on the loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    return told


def _print_ready(address: str) -> None:
    print(f"tongpin serves on {address}", flush=True)  # noqa: T201 - the ready line of contract.md


def _write_ready(path: Path, address: str) -> None:
    # Renamed into place, so that whoever waits for the file never reads half of it.
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(f"{address}\n", encoding="utf-8")
    fresh.replace(path)
