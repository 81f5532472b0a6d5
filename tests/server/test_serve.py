"""A server as a process: starting, refusing to start, stopping, dying, starting again."""

from __future__ import annotations

import getpass
import logging
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from engine.book import Book
from engine.errors import InvariantBroken
from server.config import ServerConfig
from server.principals import add_token
from server.rulebooks import compile_files
from server.serve import EXIT_DONE, EXIT_ENVIRONMENT, EXIT_FORCED, EXIT_INPUT, run_server
from server.service import SERVICES
from tests.server.fake_book import FakeBook
from tests.server.processes import PATIENCE, ServerProcess
from tests.server.rules import BROKEN, FAILING_TEST, SALES
from tests.server.wire import numbered, opening, post, statuses
from tongpin.v1 import ledger_service_pb2 as ledger_pb
from tongpin.v1 import ledger_service_pb2_grpc, posting_service_pb2_grpc, rule_service_pb2_grpc
from tongpin.v1 import posting_service_pb2 as pb
from tongpin.v1 import rule_service_pb2 as rule_pb
from tongpin_client import Client, Status

pytestmark = pytest.mark.slow


def sale(event_id: str, amount: str = "10.00") -> dict[str, str]:
    return {
        "id": event_id, "type": "sale", "date": "2026-03-01", "customer": "K1", "amount": amount,
    }  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path) as process:
        yield process


@pytest.fixture
def quiet_logs() -> Iterator[None]:
    """For tests that serve in this process: what they configure is taken back."""
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


@contextmanager
def open_stored(folder: Path) -> Iterator[Book]:
    """The book that a server of the folder left behind."""
    book = Book.open(f"sqlite:///{folder / 'data' / 'book.db'}", compiler=compile_files)
    try:
        yield book
    finally:
        book.close()


def post_one(address: str, event_id: str, attempt_id: str = "") -> pb.PostEventsResponse:
    with grpc.insecure_channel(address) as channel:
        stub = posting_service_pb2_grpc.PostingServiceStub(channel)
        return stub.PostEvents(post(sale(event_id), attempt_id=attempt_id), timeout=PATIENCE)


def test_server_says_when_it_is_ready_and_when_it_stops(server: ServerProcess) -> None:
    address = server.address()
    assert server.process.stdout is not None
    assert server.process.stdout.readline().decode() == f"tongpin serves on {address}\n"
    assert post_one(address, "1").results[0].vouchers == ["C01/GL/2026-03/记/1"]
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", *SERVICES):
            status = health.Check(health_pb2.HealthCheckRequest(service=name)).status
            assert status == health_pb2.HealthCheckResponse.SERVING
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        (answer,) = reflection.ServerReflectionInfo(iter([request]))
        listed = {service.name for service in answer.list_services_response.service}
        assert set(SERVICES) <= listed
        # A watcher is told first, and does not hold the stop up.
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        started = time.monotonic()
        server.tell()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert server.wait() == EXIT_DONE
        assert time.monotonic() - started < 15
    assert not server.ready_file.exists()
    assert server.folder.joinpath("data", "book.rows.db").exists()


def test_books_are_kept_over_a_restart_and_rules_published_once(tmp_path: Path) -> None:
    for number in range(2):
        with ServerProcess(tmp_path) as process:
            address = process.address()
            post_one(address, str(number))
            with grpc.insecure_channel(address) as channel:
                rules = rule_service_pb2_grpc.RuleServiceStub(channel)
                assert len(rules.ListRevisions(rule_pb.ListRevisionsRequest()).revisions) == 1
                ledger = ledger_service_pb2_grpc.LedgerServiceStub(channel)
                rows = ledger.TrialBalance(ledger_pb.TrialBalanceRequest()).rows
                assert rows[0].debit_minor == 1_000 * (number + 1)
            process.tell()
            assert process.wait() == EXIT_DONE
    changed = SALES.replace("卖给", "售予")
    with (
        ServerProcess(tmp_path, rules=changed) as process,
        grpc.insecure_channel(process.address()) as channel,
    ):
        rules = rule_service_pb2_grpc.RuleServiceStub(channel)
        newest, _ = rules.ListRevisions(rule_pb.ListRevisionsRequest()).revisions
        assert "folder rules" in newest.comment


@pytest.mark.parametrize("rules", [BROKEN, FAILING_TEST])
def test_unsound_rules_end_the_start_as_the_inputs_fault(
    tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str], quiet_logs: None
) -> None:
    (tmp_path / "a.tp").write_text(rules, encoding="utf-8")
    config = ServerConfig(data=tmp_path / "data", listen="127.0.0.1:0", rules=tmp_path)
    assert run_server(config) == EXIT_INPUT
    told = capsys.readouterr().err
    assert "a.tp:" in told
    assert "Traceback" not in told


def test_start_is_refused_where_the_environment_is_at_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet_logs: None
) -> None:
    def start(**settings: str) -> str:
        settings.setdefault("listen", "127.0.0.1:0")
        assert run_server(ServerConfig(data=tmp_path / "data", **settings)) == EXIT_ENVIRONMENT
        told = capsys.readouterr().err
        assert "Traceback" not in told
        return told

    assert "needs a token file" in start(listen="0.0.0.0:0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in start(listen=f"127.0.0.1:{port}")
    assert "names no store" in start(store="nonsense")


def test_server_whose_state_may_be_wrong_stops_as_the_environments_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_logs: None
) -> None:
    book = FakeBook()

    def before_post(calls: object) -> None:
        book.stats.appends += 1  # the commit is on disk, and then applying it fails
        raise InvariantBroken("balances do not add up")

    class NoProjector:
        def __init__(self, *settings: object) -> None: ...
        def start(self) -> None: ...
        def close(self) -> None: ...

    book.before_post = before_post
    monkeypatch.setattr("server.serve.open_book", lambda config: book)
    monkeypatch.setattr("server.serve.Projector", NoProjector)
    codes: list[grpc.StatusCode] = []

    def post_to(address: str) -> None:
        with grpc.insecure_channel(address) as channel:
            stub = posting_service_pb2_grpc.PostingServiceStub(channel)
            error = stub.PostEvents.future(post(sale("1")), timeout=PATIENCE).exception()
            codes.append(error.code())

    with ThreadPoolExecutor(1) as pool:
        config = ServerConfig(data=tmp_path, listen="127.0.0.1:0")
        code = run_server(config, ready=lambda address: pool.submit(post_to, address) and None)
    assert code == EXIT_ENVIRONMENT
    assert codes == [grpc.StatusCode.INTERNAL]
    assert book.is_closed
    assert book.snapshots == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls_is_spoken_where_a_certificate_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out",
         str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = {"tls_key": str(key), "tls_certificate": str(certificate)}
    with ServerProcess(tmp_path, **settings) as process:
        address = process.address()
        with Client(address, tls=certificate.read_bytes()) as client:
            assert client.post(sale("1")).results[0].status is Status.POSTED
        with pytest.raises(grpc.RpcError) as caught:
            post_one(address, "2")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_server_open_to_others_takes_tokens_only(tmp_path: Path) -> None:
    token = add_token(tmp_path / "tokens", "crm", ["poster"])
    with ServerProcess(
        tmp_path, listen="0.0.0.0:0", token_file=str(tmp_path / "tokens")
    ) as process:
        address = process.address().replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(grpc.RpcError) as caught:
            post_one(address, "1")
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with grpc.insecure_channel(address) as channel:
            stub = posting_service_pb2_grpc.PostingServiceStub(channel)
            metadata = (("authorization", f"Bearer {token}"),)
            answer = stub.PostEvents(post(sale("1")), metadata=metadata)
            assert statuses(answer.results) == ["POSTED"]
        assert token not in process.log


def test_stop_answers_or_refuses_every_batch_of_every_stream(server: ServerProcess) -> None:
    address = server.address()
    answered: dict[int, int] = {}
    codes: dict[int, grpc.StatusCode] = {}
    flowing = threading.Barrier(17, timeout=PATIENCE)

    def run(number: int) -> None:
        def requests() -> Iterator[pb.StreamEventsRequest]:
            yield opening(f"s{number}", summary_only=True)
            for offset in range(1, 100_000):
                yield numbered(offset, *[sale(f"{number}-{offset}-{n}") for n in range(5)])

        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = posting_service_pb2_grpc.PostingServiceStub(channel)
            call = stub.StreamEvents(requests(), timeout=PATIENCE)
            try:
                for answer in call:
                    answered[number] = answer.durable_offset
                    if answer.offset == 2:
                        flowing.wait()
            except grpc.RpcError as error:
                codes[number] = error.code()

    with ThreadPoolExecutor(16) as pool:
        runs = [pool.submit(run, number) for number in range(16)]
        flowing.wait()
        server.tell()
        assert server.wait() == EXIT_DONE
        for each in runs:
            each.result(PATIENCE)
    assert set(codes.values()) == {grpc.StatusCode.UNAVAILABLE}
    assert "call failed by our own mistake" not in server.log
    # What was told to be durable is there: the streams go on behind it.
    principal = f"os:{getpass.getuser()}"
    with open_stored(server.folder) as book:
        for number, offset in answered.items():
            assert book.stream_offset(principal, f"s{number}") == offset


def test_second_signal_ends_the_process_on_the_spot(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address()) as channel:
        stub = posting_service_pb2_grpc.PostingServiceStub(channel)
        release = threading.Event()

        def requests() -> Iterator[pb.StreamEventsRequest]:
            yield opening("s")
            release.wait(PATIENCE)

        call = stub.StreamEvents(requests(), timeout=PATIENCE)
        next(call)
        # A process that is stopped cannot finish stopping, so that the second signal meets it.
        server.tell(signal.SIGSTOP)
        server.tell(signal.SIGTERM)
        server.tell(signal.SIGINT)
        server.tell(signal.SIGCONT)
        assert server.wait() in {EXIT_FORCED, EXIT_DONE}
        release.set()


def test_answer_lost_with_the_process_is_given_again(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, crash_at="after_append:2") as process:
        address = process.address()
        with pytest.raises(grpc.RpcError) as caught:
            post_one(address, "1", attempt_id="a")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert process.wait() == -signal.SIGKILL
    process.ready_file.unlink()
    with ServerProcess(tmp_path) as process:
        answer = post_one(process.address(), "1", attempt_id="a")
        (result,) = answer.results
        assert (result.replayed, list(result.vouchers)) == (True, ["C01/GL/2026-03/记/1"])


@pytest.mark.parametrize("how", ["unary", "stream"])
def test_process_that_dies_after_its_answer_has_kept_it(tmp_path: Path, how: str) -> None:
    with ServerProcess(tmp_path, crash_at="after_answer") as process:
        with grpc.insecure_channel(process.address()) as channel:
            stub = posting_service_pb2_grpc.PostingServiceStub(channel)
            if how == "unary":
                call = stub.PostEvents.future(post(sale("1")), timeout=PATIENCE)
                call.exception()
            else:
                list_of = iter([opening("s"), numbered(1, sale("1"))])
                call = stub.StreamEvents(list_of, timeout=PATIENCE)
                with pytest.raises(grpc.RpcError):
                    list(call)
        assert process.wait() == -signal.SIGKILL
    with open_stored(tmp_path) as book:
        (voucher,) = book.vouchers(limit=9)[0]
        assert voucher.event_id == "1"
