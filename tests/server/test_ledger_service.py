"""TrialBalance and AccountActivity over gRPC."""

from __future__ import annotations

import grpc
import pytest

from tests.server.conftest import RunningServer
from tests.server.wire import info_of, post, sale
from tongpin.v1 import ledger_service_pb2 as pb


def test_trial_balance_is_converted_whole(server: RunningServer) -> None:
    server.posting().PostEvents(post(sale("1"), sale("2", "0.50")))
    answer = server.ledger().TrialBalance(pb.TrialBalanceRequest())
    first, second = answer.rows
    assert (first.account_code, first.currency_code, first.scale) == ("1122", "CNY", 2)
    assert (first.debit_minor, first.credit_minor, first.closing_debit_minor) == (1050, 0, 1050)
    assert (second.credit_minor, second.closing_credit_minor) == (1050, 1050)
    assert answer.seq == 1


def test_activity_of_an_account_is_paged(server: RunningServer) -> None:
    server.posting().PostEvents(post(*[sale(str(n), f"{n + 1}.00") for n in range(5)]))
    stub = server.ledger()
    request = pb.AccountActivityRequest(
        account_code="1122", dimensions={"customer": "K1"}, page_size=4
    )
    page = stub.AccountActivity(request)
    assert [entry.line.debit.minor_units for entry in page.entries] == [100, 200, 300, 400]
    assert page.entries[0].line.debit.currency_code == "CNY"
    assert page.entries[0].voucher == "C01/GL/2026-03/记/1"
    request.page_token = page.next_page_token
    (last,) = stub.AccountActivity(request).entries
    assert last.event_id == "4"


def test_dimensions_limit_the_lines(server: RunningServer) -> None:
    server.posting().PostEvents(post(sale("1")))
    request = pb.AccountActivityRequest(account_code="1122", dimensions={"customer": "other"})
    assert not server.ledger().AccountActivity(request).entries


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.AccountActivityRequest(), "account_code"),
        (
            pb.AccountActivityRequest(
                account_code="1", dimensions={str(number): "x" for number in range(33)}
            ),
            "dimensions",
        ),
        (pb.AccountActivityRequest(account_code="1", page_size=1001), "page_size"),
    ],
)
def test_bad_requests_name_their_field(
    server: RunningServer, request_: pb.AccountActivityRequest, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.ledger().AccountActivity(request_)
    assert info_of(caught.value).metadata["field"] == field
