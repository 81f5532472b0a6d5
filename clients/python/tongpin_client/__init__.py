"""The client library, which knows the wire and nothing behind it."""

from tongpin_client.async_budget_client import AsyncBudgetClient
from tongpin_client.async_client import AsyncClient
from tongpin_client.batches import Event, column_batches, row_batches, stream_batches
from tongpin_client.budget_answers import BudgetAnswer, BudgetCheck, Unavailable
from tongpin_client.budget_client import BudgetClient
from tongpin_client.budget_figures import (
    BudgetDecision,
    BudgetNode,
    BudgetUpdate,
    BudgetVerdict,
    Control,
    Language,
    Reservation,
    Verdict,
)
from tongpin_client.budget_queries import (
    Act,
    BudgetOptions,
    DecisionFilter,
    Demand,
    Override,
)
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
    Parameter,
    PostResult,
    Revision,
    RevisionAct,
    RevisionImpact,
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
    "Act",
    "AsyncBudgetClient",
    "AsyncClient",
    "BatchResult",
    "BudgetAnswer",
    "BudgetCheck",
    "BudgetClient",
    "BudgetDecision",
    "BudgetNode",
    "BudgetOptions",
    "BudgetUpdate",
    "BudgetVerdict",
    "Client",
    "ColumnsError",
    "Control",
    "DEFAULT_ADDRESS",
    "DecisionFilter",
    "Demand",
    "Diagnostic",
    "Event",
    "EventResult",
    "EventType",
    "Language",
    "Money",
    "OnError",
    "Override",
    "Parameter",
    "PostResult",
    "PublishOptions",
    "Reservation",
    "RetryPolicy",
    "Revision",
    "RevisionAct",
    "RevisionImpact",
    "RuleFiles",
    "RuleTestResult",
    "RulesReport",
    "Status",
    "StoredEvent",
    "StreamReport",
    "TongpinError",
    "TongpinRpcError",
    "TrialBalanceRow",
    "Unavailable",
    "UnpostedEvents",
    "Verdict",
    "Voucher",
    "VoucherLine",
    "column_batches",
    "row_batches",
    "stream_batches",
]
