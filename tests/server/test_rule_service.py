"""Checking, publishing and reading rule books over gRPC, compiled for real."""

from __future__ import annotations

import json

import grpc
import pyarrow as pa
import pytest

from server.rulebooks import compile_files
from tests.server.conftest import RunningServer
from tests.server.rules import BROKEN, FAILING_TEST, SALES
from tests.server.wire import info_of, reason_of
from tongpin.v1 import rule_service_pb2 as pb


def files(**contents: str) -> list[pb.SourceFile]:
    return [
        pb.SourceFile(path=f"{name}.tp", content=text.encode()) for name, text in contents.items()
    ]


def test_sound_rules_are_ok_and_named(server: RunningServer) -> None:
    answer = server.rules().CheckRules(pb.CheckRulesRequest(files=files(a=SALES), run_tests=True))
    assert answer.ok
    assert [(test.name, test.passed) for test in answer.tests] == [("a sale", True)]
    assert answer.revision == compile_files([("a.tp", SALES.encode())]).revision
    assert server.book.seq == 0


def test_diagnostics_carry_place_and_rendering(server: RunningServer) -> None:
    answer = server.rules().CheckRules(pb.CheckRulesRequest(files=files(a=BROKEN)))
    assert not answer.ok
    error = next(d for d in answer.diagnostics if d.severity == pb.SEVERITY_ERROR)
    assert error.code.startswith("TP")
    assert error.path == "a.tp"
    assert error.line > 0
    assert error.message in error.rendered
    assert answer.revision == ""


def test_failing_test_is_not_ok(server: RunningServer) -> None:
    request = pb.CheckRulesRequest(files=files(a=FAILING_TEST), run_tests=True)
    answer = server.rules().CheckRules(request)
    (test,) = answer.tests
    assert not answer.ok
    assert not test.passed
    assert test.message


def test_publication_is_in_the_log_with_its_files(server: RunningServer) -> None:
    stub = server.rules()
    answer = stub.PublishRevision(
        pb.PublishRevisionRequest(
            files=files(a=SALES), comment="first", valid_from="2026-01-01", attempt_id="p"
        )
    )
    assert (answer.ok, answer.seq) == (True, 1)
    (listed,) = stub.ListRevisions(pb.ListRevisionsRequest()).revisions
    assert (listed.comment, listed.valid_from, len(listed.files)) == ("first", "2026-01-01", 0)
    revision = stub.GetRevision(pb.GetRevisionRequest(revision=listed.revision[:8])).revision
    assert [(file.path, file.content.decode()) for file in revision.files] == [("a.tp", SALES)]


def test_rules_that_do_not_compile_or_pass_are_not_published(server: RunningServer) -> None:
    for text in (BROKEN, FAILING_TEST):
        answer = server.rules().PublishRevision(
            pb.PublishRevisionRequest(files=files(a=text), comment="x")
        )
        assert not answer.ok
        assert answer.diagnostics or answer.tests
    assert server.book.seq == 0


def test_validation_alone_publishes_nothing(server: RunningServer) -> None:
    answer = server.rules().PublishRevision(
        pb.PublishRevisionRequest(files=files(a=SALES), validate_only=True)
    )
    assert answer.ok
    assert server.book.seq == 0


def test_revisions_are_paged_newest_first(server: RunningServer) -> None:
    stub = server.rules()
    for number in range(5):
        text = SALES.replace("the sale", f"the sale {number}")
        stub.PublishRevision(pb.PublishRevisionRequest(files=files(a=text), comment=str(number)))
    token, seen = "", []
    while True:
        page = stub.ListRevisions(pb.ListRevisionsRequest(page_size=2, page_token=token))
        seen.append([revision.comment for revision in page.revisions])
        token = page.next_page_token
        if not token:
            break
    assert seen == [["4", "3"], ["2", "1"], ["0"]]
    assert stub.GetRevision(pb.GetRevisionRequest()).revision.comment == "4"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "1 to 512"),
        ("a.txt", "ends in"),
        ("../a.tp", "inside the rule book"),
        ("/a.tp", "inside the rule book"),
        ("a//b.tp", "inside the rule book"),
        ("a\\b.tp", "'/'"),
        ("C:a.tp", "'/'"),
        ("a\n.tp", "printable"),
        ("x" * 600 + ".tp", "1 to 512"),
    ],
)
def test_paths_outside_a_rule_book_are_refused(server: RunningServer, path: str, told: str) -> None:
    request = pb.CheckRulesRequest(files=[pb.SourceFile(path=path, content=b"")])
    with pytest.raises(grpc.RpcError) as caught:
        server.rules().CheckRules(request)
    assert info_of(caught.value).metadata["field"] == "files[0].path"
    assert told in caught.value.details()


@pytest.mark.parametrize(
    "request_",
    [
        pb.PublishRevisionRequest(),
        pb.PublishRevisionRequest(files=[*files(a=SALES), *files(a=SALES)]),
        pb.PublishRevisionRequest(files=files(a=SALES), valid_from="1.1.2026"),
        pb.PublishRevisionRequest(files=[pb.SourceFile(path="a.tp", content=b"\xff")]),
    ],
)
def test_bad_publications_are_invalid(
    server: RunningServer, request_: pb.PublishRevisionRequest
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.rules().PublishRevision(request_)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name", ["ab", "zz" * 8, "A" * 8, "a" * 65])
def test_names_that_are_no_revision_are_invalid(server: RunningServer, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.rules().GetRevision(pb.GetRevisionRequest(revision=name))
    assert reason_of(caught.value) == "MALFORMED_REQUEST"


def test_unknown_revision_is_not_found(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.rules().GetRevision(pb.GetRevisionRequest(revision="0" * 8))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_event_types_come_with_their_schemas(server: RunningServer) -> None:
    stub = server.rules()
    stub.PublishRevision(pb.PublishRevisionRequest(files=files(a=SALES)))
    server.book.program = lambda revision="": compile_files([("a.tp", SALES.encode())])
    _, found = stub.GetEventTypes(pb.GetEventTypesRequest()).event_types
    assert found.type == "sale"
    assert json.loads(found.json_schema)["properties"]["type"] == {"const": "sale"}
    schema = pa.ipc.read_schema(pa.py_buffer(found.arrow_schema))
    assert schema.field("amount").type == pa.decimal128(38, 2)
