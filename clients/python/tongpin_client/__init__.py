"""The client library, which knows the wire and nothing behind it."""

from tongpin_client.async_client import AsyncClient
from tongpin_client.batches import Event, column_batches, row_batches, stream_batches
from tongpin_client.client import Client
from tongpin_client.connection import DEFAULT_ADDRESS
from tongpin_client.errors import ColumnsError, TongpinError, TongpinRpcError
from tongpin_client.queries import OnError, PublishOptions, RuleFiles
from tongpin_client.results import (
    AccountEntry,
    BatchResult,
    Diagnostic,
    EventResult,
    EventType,
    Money,
    PostResult,
    Revision,
    RulesReport,
    RuleTestResult,
    Status,
    StoredEvent,
    StreamReport,
    TrialBalanceRow,
    UnpostedEvents,
    Voucher,
    VoucherLine,
)
from tongpin_client.retrying import RetryPolicy

__all__ = [
    "AccountEntry",
    "AsyncClient",
    "BatchResult",
    "Client",
    "ColumnsError",
    "DEFAULT_ADDRESS",
    "Diagnostic",
    "Event",
    "EventResult",
    "EventType",
    "Money",
    "OnError",
    "PostResult",
    "PublishOptions",
    "RetryPolicy",
    "Revision",
    "RuleFiles",
    "RuleTestResult",
    "RulesReport",
    "Status",
    "StoredEvent",
    "StreamReport",
    "TongpinError",
    "TongpinRpcError",
    "TrialBalanceRow",
    "UnpostedEvents",
    "Voucher",
    "VoucherLine",
    "column_batches",
    "row_batches",
    "stream_batches",
]
