"""Roles, and the one table of who may call what; it does not look at a call's content.

Two kinds of roles must not be confused. A `Role` says which calls a principal may make. A *budget
role* is a name that finance people give in rules and approvals (`override by "dept_head"`); whoever
acts under it may let pass what a budget blocks. Which budget roles a principal may use, or vouch
for when it sends the roles of a person, stands beside its roles in the token file (`tongpin token
add --budget-role dept_head`, "*" = any); by default none, so that a stolen token overrides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from engine.calls import (
    BUDGET_APPROVED,
    BUDGET_CLOSED,
    BUDGET_COMMITTED,
    BUDGET_EXTENDED,
    BUDGET_RELEASED,
    BUDGET_RESERVED,
    BUDGET_REVISED,
    BUDGET_SPENT,
    BUDGET_TRANSFERRED,
    EVENT_RETRIED,
    EVENT_WITHDRAWN,
    HOLD_DECIDED,
    PARAMETER_SET,
    PERIOD_CLOSED,
    PUBLICATION_TYPES,
    VOUCHER_REVIEWED,
)


class Role(StrEnum):
    """What a principal is for. A principal may have several."""

    POSTER = "poster"  # a system that sends business events
    BUDGETER = "budgeter"  # a system that checks, reserves, commits, spends, releases budgets
    AUTHOR = "author"  # writes rules, checks and tries them
    APPROVER = "approver"  # puts rules and budgets into force, closes periods
    REVIEWER = "reviewer"  # decides on what waits for a person
    AUDITOR = "auditor"  # reads everything, changes nothing
    OPERATOR = "operator"  # keeps the service running, retries what is unposted


ALL_ROLES: Final = frozenset(Role)

#: Roles of systems: they see what they themselves send, and budgets, but no ledger.
SYSTEM_ROLES: Final = frozenset({Role.POSTER, Role.BUDGETER})

_PEOPLE: Final = ALL_ROLES - SYSTEM_ROLES
_BUDGETERS: Final = frozenset({Role.BUDGETER})
_POSTING: Final = "tongpin.v1.PostingService."
_LEDGER: Final = "tongpin.v1.LedgerService."
_RULES: Final = "tongpin.v1.RuleService."
_BUDGETS: Final = "tongpin.v1.BudgetService."
_EXPLAIN: Final = "tongpin.v1.ExplainService."

#: Who may call an RPC, by its full name in the proto. `NAME#variant` narrows or widens one RPC
#: for calls that only try something out. Who has only roles of systems sees, in GetEvent, its own
#: events.
ROLE_TABLE: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        _POSTING + "PostEvents": frozenset({Role.POSTER}),
        _POSTING + "PostEvents#dry_run": frozenset(
            {Role.POSTER, Role.AUTHOR, Role.APPROVER, Role.REVIEWER, Role.OPERATOR}
        ),
        _POSTING + "StreamEvents": frozenset({Role.POSTER}),
        _POSTING + "GetVoucher": _PEOPLE,
        _POSTING + "ListVouchers": _PEOPLE,
        _POSTING + "GetEvent": ALL_ROLES,
        _POSTING + "ListUnposted": _PEOPLE,
        _POSTING + "RetryUnposted": frozenset({Role.OPERATOR, Role.APPROVER}),
        _POSTING + "WithdrawEvent": frozenset({Role.OPERATOR, Role.REVIEWER}),
        _POSTING + "ListDrafts": _PEOPLE,
        _POSTING + "ReviewVoucher": frozenset({Role.REVIEWER}),
        _LEDGER + "TrialBalance": _PEOPLE,
        _LEDGER + "AccountActivity": _PEOPLE,
        _EXPLAIN + "ExplainVoucher": _PEOPLE,
        _EXPLAIN + "ExplainWhyNot": _PEOPLE,
        _LEDGER + "ListParameters": _PEOPLE,
        _RULES + "CheckRules": frozenset({Role.AUTHOR, Role.APPROVER, Role.OPERATOR}),
        _RULES + "PublishRevision": frozenset({Role.APPROVER}),
        _RULES + "PublishRevision#validate_only": frozenset({Role.AUTHOR, Role.APPROVER}),
        _RULES + "PublishRevision#propose": frozenset({Role.AUTHOR, Role.APPROVER}),
        _RULES + "ApproveRevision": frozenset({Role.APPROVER}),
        _RULES + "WithdrawRevision": frozenset({Role.APPROVER}),
        _RULES + "WithdrawRevision#proposal": frozenset({Role.AUTHOR, Role.APPROVER}),
        _RULES + "ListRevisions": _PEOPLE,
        _RULES + "GetRevision": _PEOPLE,
        _RULES + "GetEventTypes": ALL_ROLES,
        _BUDGETS + "CheckBudget": ALL_ROLES,
        _BUDGETS + "ReserveBudget": _BUDGETERS,
        _BUDGETS + "CommitBudget": _BUDGETERS,
        _BUDGETS + "SpendBudget": _BUDGETERS,
        _BUDGETS + "ReleaseBudget": _BUDGETERS,
        _BUDGETS + "ExtendReservation": _BUDGETERS,
        _BUDGETS + "GetBudget": _PEOPLE | _BUDGETERS,
        _BUDGETS + "ListBudgets": _PEOPLE | _BUDGETERS,
        _BUDGETS + "ListBudgetDecisions": _PEOPLE,
        _BUDGETS + "WatchBudget": _PEOPLE | _BUDGETERS,
    }
)

#: Who may send a command as an event, beside the role that PostEvents and StreamEvents ask for.
#: Nobody sends a publication command so: RuleService gives it, once it has checked the rules.
COMMAND_ROLES: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        PERIOD_CLOSED: frozenset({Role.APPROVER}),
        PARAMETER_SET: frozenset({Role.APPROVER}),
        HOLD_DECIDED: frozenset({Role.REVIEWER, Role.APPROVER}),
        BUDGET_APPROVED: frozenset({Role.APPROVER}),
        BUDGET_REVISED: frozenset({Role.APPROVER}),
        BUDGET_TRANSFERRED: frozenset({Role.APPROVER}),
        BUDGET_CLOSED: frozenset({Role.APPROVER}),
        BUDGET_RESERVED: ROLE_TABLE[_BUDGETS + "ReserveBudget"],
        BUDGET_COMMITTED: ROLE_TABLE[_BUDGETS + "CommitBudget"],
        BUDGET_SPENT: ROLE_TABLE[_BUDGETS + "SpendBudget"],
        BUDGET_RELEASED: ROLE_TABLE[_BUDGETS + "ReleaseBudget"],
        BUDGET_EXTENDED: ROLE_TABLE[_BUDGETS + "ExtendReservation"],
        EVENT_RETRIED: ROLE_TABLE[_POSTING + "RetryUnposted"],
        EVENT_WITHDRAWN: ROLE_TABLE[_POSTING + "WithdrawEvent"],
        VOUCHER_REVIEWED: ROLE_TABLE[_POSTING + "ReviewVoucher"],
        **dict.fromkeys(PUBLICATION_TYPES, frozenset()),
    }
)

#: Services that answer without a principal: they tell nothing about a book.
PUBLIC_SERVICES: Final = frozenset(
    {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
)


def rpc_name(path: str) -> str:
    """`tongpin.v1.RuleService.CheckRules` of the path `/tongpin.v1.RuleService/CheckRules`."""
    return path.removeprefix("/").replace("/", ".")


def is_public(rpc: str) -> bool:
    """Whether an RPC needs no principal."""
    return rpc.rpartition(".")[0] in PUBLIC_SERVICES


def allowed_roles(rpc: str) -> frozenset[Role]:
    """Roles that may call an RPC or one of its variants; none where the table is silent."""
    variants = (roles for name, roles in ROLE_TABLE.items() if name.partition("#")[0] == rpc)
    return frozenset[Role]().union(*variants)
