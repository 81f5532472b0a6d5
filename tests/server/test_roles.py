"""Who may call what: the table is complete, and the service keeps to it, role by role."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from engine.calls import SYSTEM_TYPES
from server.principals import add_token
from server.roles import COMMAND_ROLES, ROLE_TABLE, Role, allowed_roles, is_public, rpc_name
from tests.server.conftest import RunningServer, Serve
from tests.server.wire import info_of, json_batch, numbered, opening, post, reason_of, sale
from tongpin.v1 import (
    budget_service_pb2,
    explain_service_pb2,
    ledger_service_pb2,
    posting_service_pb2,
    rule_service_pb2,
)
from tongpin.v1 import posting_service_pb2 as pb

MODULES = (
    posting_service_pb2,
    ledger_service_pb2,
    rule_service_pb2,
    budget_service_pb2,
    explain_service_pb2,
)
METHODS: list[MethodDescriptor] = [
    method
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Role, str]]:
    path = tmp_path_factory.mktemp("principals") / "tokens.jsonl"
    return path, {role: add_token(path, f"only-{role}", [role]) for role in Role}


@pytest.fixture
def guarded(serve: Serve, tokens: tuple[Path, dict[Role, str]]) -> RunningServer:
    return serve(token_file=tokens[0])


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def code_of(
    server: RunningServer, method: MethodDescriptor, metadata: tuple[tuple[str, str], ...]
) -> grpc.StatusCode:
    """Code of a call with an empty request: what is allowed fails later, or not at all."""
    request = message_factory.GetMessageClass(method.input_type)().SerializeToString()
    channel = server.channel()
    try:
        if method.client_streaming:
            call = channel.stream_stream(path_of(method))(iter([request]), metadata=metadata)
            list(call)
        elif method.server_streaming:
            list(channel.unary_stream(path_of(method))(request, metadata=metadata, timeout=30))
        else:
            channel.unary_unary(path_of(method))(request, metadata=metadata, timeout=30)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_every_rpc_of_the_proto_is_in_the_table() -> None:
    named = {name.partition("#")[0] for name in ROLE_TABLE}
    assert named == {method.full_name for method in METHODS}


def test_every_command_has_its_roles() -> None:
    assert COMMAND_ROLES.keys() == SYSTEM_TYPES


def test_every_role_may_do_something_and_no_rpc_is_for_nobody() -> None:
    assert all(ROLE_TABLE.values())
    assert frozenset[Role]().union(*ROLE_TABLE.values()) == frozenset(Role)


def test_only_posters_change_books_and_only_approvers_rules() -> None:
    assert ROLE_TABLE["tongpin.v1.PostingService.PostEvents"] == {Role.POSTER}
    assert ROLE_TABLE["tongpin.v1.PostingService.StreamEvents"] == {Role.POSTER}
    assert ROLE_TABLE["tongpin.v1.RuleService.PublishRevision"] == {Role.APPROVER}
    assert not any(
        Role.AUDITOR in ROLE_TABLE[f"tongpin.v1.PostingService.{name}"]
        for name in ("PostEvents", "StreamEvents", "RetryUnposted", "WithdrawEvent")
    )


def test_variants_narrow_or_widen_an_rpc_of_the_table() -> None:
    for name in ROLE_TABLE:
        rpc, _, _ = name.partition("#")
        assert ROLE_TABLE[rpc] <= allowed_roles(rpc)


def matrix() -> Iterator[tuple[MethodDescriptor, Role]]:
    return itertools.product(METHODS, Role)


@pytest.mark.slow
def test_service_keeps_to_the_table(
    guarded: RunningServer, tokens: tuple[Path, dict[Role, str]]
) -> None:
    for method, role in matrix():
        code = code_of(guarded, method, bearer(tokens[1][role]))
        is_allowed = role in allowed_roles(method.full_name)
        # An empty PublishRevision commits, and an empty PostEvents too: the plain entry counts.
        if method.name in {"PublishRevision", "PostEvents"}:
            is_allowed = role in ROLE_TABLE[method.full_name]
        refused = code is grpc.StatusCode.PERMISSION_DENIED
        assert refused is not is_allowed, (method.full_name, role, code)


def test_no_rpc_is_open_without_a_token(guarded: RunningServer) -> None:
    for method in METHODS:
        for metadata in ((), bearer("tp_wrong"), (("authorization", "Basic eDp5"),)):
            assert code_of(guarded, method, metadata) is grpc.StatusCode.UNAUTHENTICATED


def test_health_and_reflection_are_open_to_all() -> None:
    assert is_public(rpc_name("/grpc.health.v1.Health/Check"))
    assert is_public(rpc_name("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"))
    assert not any(is_public(method.full_name) for method in METHODS)


def test_refusal_names_principal_rpc_and_roles(
    guarded: RunningServer, tokens: tuple[Path, dict[Role, str]]
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        guarded.posting().PostEvents(post(sale("1")), metadata=bearer(tokens[1][Role.AUTHOR]))
    assert reason_of(caught.value) == "ROLE_MISSING"
    assert dict(info_of(caught.value).metadata) == {
        "principal": "only-author",
        "rpc": "tongpin.v1.PostingService.PostEvents",
        "roles": "poster",
    }


def test_dry_run_is_for_authors_too(
    guarded: RunningServer, tokens: tuple[Path, dict[Role, str]]
) -> None:
    trial = post(sale("1"), mode=pb.POSTING_MODE_DRY_RUN)
    metadata = bearer(tokens[1][Role.AUTHOR])
    assert guarded.posting().PostEvents(trial, metadata=metadata).results
    with pytest.raises(grpc.RpcError, match="may not call"):
        guarded.posting().PostEvents(post(sale("1")), metadata=metadata)


@pytest.mark.parametrize("command", sorted(SYSTEM_TYPES))
def test_poster_cannot_slip_in_a_command_as_an_event(
    guarded: RunningServer, tokens: tuple[Path, dict[Role, str]], command: str
) -> None:
    event = {"id": "1", "type": command, "date": "2026-03-01"}
    metadata = bearer(tokens[1][Role.POSTER])
    for mode in (pb.POSTING_MODE_COMMIT, pb.POSTING_MODE_DRY_RUN):
        with pytest.raises(grpc.RpcError) as caught:
            guarded.posting().PostEvents(post(sale("0"), event, mode=mode), metadata=metadata)
        assert reason_of(caught.value) == "ROLE_MISSING"
    requests = iter([opening("s"), numbered(1, event)])
    with pytest.raises(grpc.RpcError) as caught:
        list(guarded.posting().StreamEvents(requests, metadata=metadata, timeout=30))
    assert reason_of(caught.value) == "ROLE_MISSING"
    assert guarded.book.seq == 0


def test_poster_sees_its_own_events_only(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    crm, expense = (add_token(path, name, [Role.POSTER]) for name in ("crm", "expense"))
    auditor = add_token(path, "auditor", [Role.AUDITOR])
    stub = serve(token_file=path).posting()
    stub.PostEvents(post(sale("1")), metadata=bearer(crm))
    request = pb.GetEventRequest(event_id="1")
    assert stub.GetEvent(request, metadata=bearer(crm)).event.principal == "crm"
    assert stub.GetEvent(request, metadata=bearer(auditor)).event.principal == "crm"
    with pytest.raises(grpc.RpcError) as other:
        stub.GetEvent(request, metadata=bearer(expense))
    with pytest.raises(grpc.RpcError) as absent:
        stub.GetEvent(pb.GetEventRequest(event_id="2"), metadata=bearer(expense))
    assert other.value.code() is absent.value.code() is grpc.StatusCode.NOT_FOUND
    assert other.value.details().replace("/1", "/2") == absent.value.details()


def test_streams_of_two_principals_with_one_name_do_not_meet(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    metadata = [bearer(add_token(path, name, [Role.POSTER])) for name in ("crm", "expense")]
    server = serve(token_file=path)
    for number, who in enumerate(metadata):
        requests = iter([opening("s"), pb.StreamEventsRequest(
            offset=1, batch=json_batch(sale(str(number)))
        )])  # fmt: skip
        opened, answer = server.posting().StreamEvents(requests, metadata=who, timeout=30)
        assert (opened.durable_offset, answer.replayed) == (0, False)
