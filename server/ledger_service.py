"""LedgerService: reads balances, account activity and parameters, and converts them."""

from __future__ import annotations

from functools import partial

from engine.book import Book
from engine.program import Ledger
from server.convert_results import (
    write_account_entry,
    write_parameter,
    write_trial_balance_row,
)
from server.interceptors import Context
from server.limits import MAX_DIMENSION_FILTERS
from server.reading import Paging, Reader
from server.status import limit_exceeded, malformed
from tongpin.v1 import ledger_service_pb2 as pb
from tongpin.v1 import ledger_service_pb2_grpc


class LedgerService(ledger_service_pb2_grpc.LedgerServiceServicer):
    """Balances and account activity."""

    def __init__(self, book: Book, reader: Reader) -> None:
        """Serves this book."""
        self._book = book
        self._reader = reader

    async def TrialBalance(  # noqa: N802 - named by the proto
        self, request: pb.TrialBalanceRequest, context: Context
    ) -> pb.TrialBalanceResponse:
        """Reads the trial balance of one period or all."""
        rows, seq = await self._reader.read(
            partial(
                self._book.trial_balance,
                entity=request.entity,
                ledger=request.ledger,
                period=request.period,
            ),
            min_seq=request.min_seq,
        )
        return pb.TrialBalanceResponse(rows=map(write_trial_balance_row, rows), seq=seq)

    async def AccountActivity(  # noqa: N802 - named by the proto
        self, request: pb.AccountActivityRequest, context: Context
    ) -> pb.AccountActivityResponse:
        """Reads the lines of an account."""
        if not request.account_code:
            raise malformed("account_code", "name the account by its code")
        if len(request.dimensions) > MAX_DIMENSION_FILTERS:
            raise limit_exceeded(
                "dimensions",
                f"at most {MAX_DIMENSION_FILTERS} dimensions limit a list",
                limit=MAX_DIMENSION_FILTERS,
                value=len(request.dimensions),
            )
        filters = {
            "account_code": request.account_code,
            "entity": request.entity,
            "ledger": request.ledger,
            "period": request.period,
        }
        dimensions = dict(request.dimensions)
        paging = Paging(
            request.page_size,
            request.page_token,
            rpc="AccountActivity",
            dimensions=dimensions,
            **filters,
        )
        (entries, after), seq = await self._reader.read(
            partial(
                self._book.account_activity,
                **filters,
                dimensions=dimensions,
                after=paging.after,
                limit=paging.limit,
            ),
            min_seq=request.min_seq,
        )
        ledgers = {ledger.wire: ledger for ledger in self._book.program().ledgers}
        return pb.AccountActivityResponse(
            entries=[
                write_account_entry(entry, ledger.currency, ledger.scale)
                for entry in entries
                for ledger in [_ledger_of(entry.voucher, ledgers)]
            ],
            next_page_token=paging.token(after),
            seq=seq,
        )

    async def ListParameters(  # noqa: N802 - named by the proto
        self, request: pb.ListParametersRequest, context: Context
    ) -> pb.ListParametersResponse:
        """Reads the parameters of the book."""
        views, seq = await self._reader.read(self._book.parameters, min_seq=request.min_seq)
        return pb.ListParametersResponse(parameters=map(write_parameter, views), seq=seq)


def _ledger_of(voucher_name: str, ledgers: dict[str, Ledger]) -> Ledger:
    # ENTITY/LEDGER/PERIOD/WORD/NUMBER; read from the right, since an entity may hold a '/'.
    return ledgers[voucher_name.rsplit("/", 4)[1]]
