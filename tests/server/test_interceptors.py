"""What every call passes: unreadable requests, sizes, deadlines, our own mistakes, secrets."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
import structlog
from google.protobuf.descriptor import MethodDescriptor

from engine.errors import StoreUnavailable
from server.limits import MAX_MESSAGE_BYTES
from server.logs import configure_logging
from server.principals import add_token
from tests.server.conftest import RunningServer, Serve
from tests.server.fake_book import FakeBook
from tests.server.test_roles import METHODS, bearer, path_of
from tests.server.wire import arrow_batch, info_of, json_batch, post, reason_of, row_batch, sale
from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb

POST_EVENTS = "/tongpin.v1.PostingService/PostEvents"
STREAM_EVENTS = "/tongpin.v1.PostingService/StreamEvents"


def raw_post(server: RunningServer) -> Callable[[bytes], grpc.StatusCode]:
    """Sends bytes as a request; whatever fails has to be told as the caller's slip."""
    call = server.channel().unary_unary(POST_EVENTS)

    def send(data: bytes) -> grpc.StatusCode:
        failed = call.future(data, timeout=30).exception()
        if failed is None:
            return grpc.StatusCode.OK
        assert isinstance(failed, grpc.RpcError)
        assert "Traceback" not in failed.details()
        assert reason_of(failed) in {"MALFORMED_REQUEST", "LIMIT_EXCEEDED"}
        return failed.code()

    return send


def mangled(message: bytes, chance: random.Random) -> bytes:
    """The message with a few bytes changed, cut off, doubled or put in."""
    data = bytearray(message)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if data:
                data[place % len(data)] = chance.randrange(256)
            case 1:
                del data[place:]
            case 2:
                data[place:place] = chance.randbytes(chance.randint(1, 8))
            case _:
                data[place:place] = data[: chance.randint(0, 20)]
    return bytes(data)


@pytest.mark.slow
def test_random_bytes_are_invalid_arguments_and_nothing_else(server: RunningServer) -> None:
    chance = random.Random(24)
    events = [sale(str(number), "1060.00", customer="客户") for number in range(3)]
    good = [
        pb.PostEventsRequest(attempt_id="a", batch=make(*events)).SerializeToString()
        for make in (json_batch, row_batch, arrow_batch)
    ]
    send = raw_post(server)
    codes = set()
    for number in range(2_000):
        if number % 4 == 3:
            data = chance.randbytes(chance.randint(1, 200))
        else:
            data = mangled(good[number % 4 % 3], chance)
        codes.add(send(data))
    # A change may leave a message that can be read; then it is answered like any other.
    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OK}
    assert grpc.StatusCode.INVALID_ARGUMENT in codes
    assert send(good[0]) is grpc.StatusCode.OK


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 20,
        b"\x12\x80\x80\x80\x80\x10",  # a length beyond the message
        b"\x0a\x02\xff\xfe",  # an attempt id that is not UTF-8
        b"\x08\x01" * 3 + b"\x0b",  # a group that does not end
        b"\x12\x04\x0a\x02\x0a\x09",  # cut off inside
    ],
)
def test_unreadable_messages_are_invalid_arguments(server: RunningServer, data: bytes) -> None:
    assert raw_post(server)(data) is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("depth", [50, 101, 10_000])
def test_deep_nesting_is_refused_or_read(server: RunningServer, depth: int) -> None:
    text = b'{"id":"1","type":"sale","date":"2026-03-01","x":' + b"[" * depth + b"]" * depth + b"}"
    send = raw_post(server)
    request = pb.PostEventsRequest(batch=event_pb2.EventBatch(json=text))
    assert send(request.SerializeToString()) in {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OK,  # as an event that is INVALID
    }


def test_unknown_fields_are_passed_over(server: RunningServer) -> None:
    data = post(sale("1")).SerializeToString() + b"\xfa\x3f\x03abc"
    assert raw_post(server)(data) is grpc.StatusCode.OK


def test_unreadable_request_inside_a_stream_is_an_invalid_argument(server: RunningServer) -> None:
    opening = pb.StreamEventsRequest(stream_id="s").SerializeToString()
    call = server.channel().stream_stream(STREAM_EVENTS)(iter([opening, b"\xff\xff"]), timeout=30)
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def padded(size: int) -> pb.PostEventsRequest:
    """A request of exactly this many bytes, whose event is valid JSON."""
    event = sale("1")
    request = post(event)
    filler = size - request.ByteSize()
    while request.ByteSize() != size:
        request = pb.PostEventsRequest(
            batch=event_pb2.EventBatch(json=json_batch(event).json + b" " * filler)
        )
        filler += size - request.ByteSize()
    return request


@pytest.mark.parametrize(("over", "fits"), [(-1, True), (0, True), (1, False)])
def test_messages_are_bounded_to_the_byte(server: RunningServer, over: int, fits: bool) -> None:
    stub = server.posting(max_send_message_length=-1)
    request = padded(MAX_MESSAGE_BYTES + over)
    if fits:
        assert stub.PostEvents(request).results
        return
    with pytest.raises(grpc.RpcError) as caught:
        stub.PostEvents(request)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_huge_messages_are_refused_packed_or_not(
    server: RunningServer, compression: grpc.Compression
) -> None:
    stub = server.posting(max_send_message_length=-1)
    request = pb.PostEventsRequest(batch=event_pb2.EventBatch(json=b" " * (100 * 2**20)))
    with pytest.raises(grpc.RpcError) as caught:
        stub.PostEvents(request, compression=compression, timeout=60)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert server.posting().PostEvents(post(sale("1"))).results


def test_metadata_beyond_its_limit_is_refused(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().PostEvents(post(sale("1")), metadata=(("x-long", "y" * 17_000),))
    assert caught.value.code() in {
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INVALID_ARGUMENT,
    }


def test_call_without_a_deadline_gets_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.interceptors.MAX_CALL_SECONDS", 0.2)
    book = FakeBook()
    release = threading.Event()
    book.before_post = lambda calls: release.wait(20) and None
    server = serve(book)
    for timeout in (None, 60):
        started = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            server.posting().PostEvents(post(sale("1")), timeout=timeout)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - started < 10
    release.set()


def test_callers_own_deadline_is_kept(serve: Serve) -> None:
    book = FakeBook()
    release = threading.Event()
    book.before_post = lambda calls: release.wait(20) and None
    server = serve(book)
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().PostEvents(post(sale("1"), attempt_id="a"), timeout=0.2)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    release.set()
    # What the caller no longer heard of is found again by its attempt.
    again = server.posting().PostEvents(post(sale("1"), attempt_id="a"), timeout=20)
    assert again.results[0].vouchers == ["C01/GL/2026-03/记/1"]
    assert len(book.vouchers(limit=9)[0]) == 1


def test_our_own_mistakes_are_told_by_a_number_only(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", "json")
    book = FakeBook()

    def before_post(calls: object) -> None:
        raise ZeroDivisionError("salary of 张三 / 0")

    book.before_post = before_post
    server = serve(book)
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().PostEvents(post(sale("1")))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    incident = info_of(caught.value).metadata["incident"]
    assert re.fullmatch(r"[0-9a-f]{8}", incident)
    assert incident in caught.value.details()
    assert "张三" not in caught.value.details()
    logged = capfd.readouterr().err
    assert incident in logged
    assert "ZeroDivisionError" in logged
    structlog.reset_defaults()


def test_request_id_comes_back_with_a_refusal(server: RunningServer) -> None:
    stub = server.posting()
    for sent, kept in (("order-7", True), ("bad id", False), ("x" * 65, False)):
        with pytest.raises(grpc.RpcError) as caught:
            stub.PostEvents(pb.PostEventsRequest(), metadata=(("x-request-id", sent),))
        told = dict(caught.value.trailing_metadata())["x-request-id"]
        assert (told == sent) is kept


def test_long_messages_of_refusals_are_cut(serve: Serve) -> None:
    server = serve(FakeBook())
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().GetVoucher(pb.GetVoucherRequest(name="票" * 100_000))
    assert len(caught.value.details()) <= 500
    size = sum(len(key) + len(value) for key, value in caught.value.trailing_metadata())
    assert size < 8_192


def answers(
    server: RunningServer, method: MethodDescriptor, data: bytes, metadata: tuple[tuple[str, str]]
) -> list[str]:
    """Everything a caller is told, whether the call succeeds or not."""
    channel = server.channel()
    try:
        if method.client_streaming:
            call = channel.stream_stream(path_of(method))(
                iter([data]), metadata=metadata, timeout=20
            )
            return [repr(answer) for answer in call]
        answer = channel.unary_unary(path_of(method))(data, metadata=metadata, timeout=20)
        return [repr(answer)]
    except grpc.RpcError as error:
        return [error.details(), repr(error.trailing_metadata())]


@pytest.mark.slow
def test_tokens_are_never_logged(
    serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("debug", "json")
    path = tmp_path / "tokens.jsonl"
    known, foreign = add_token(path, "crm", ["poster"]), "tp_planted-foreign-token"
    server = serve(token_file=path)
    told = [
        answer
        for token in (known, foreign)
        for method in METHODS
        for data in (b"", b"\xff")
        for answer in answers(server, method, data, bearer(token))
    ]
    assert len(told) > len(METHODS)
    server.book.before_post = lambda calls: (_ for _ in ()).throw(StoreUnavailable("gone"))
    with pytest.raises(grpc.RpcError):
        server.posting().PostEvents(post(sale("1")), metadata=bearer(known))
    out, err = capfd.readouterr()
    assert "call" in err
    for token in (known, foreign):
        assert token.removeprefix("tp_") not in "".join([out, err, *told])
    structlog.reset_defaults()


def test_unknown_methods_are_unimplemented(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.channel().unary_unary("/tongpin.v1.PostingService/EraseEverything")(b"", timeout=20)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
