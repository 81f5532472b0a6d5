"""Roles, and the one table of who may call what; it does not look at a call's content."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from engine.calls import EVENT_RETRIED, EVENT_WITHDRAWN, PERIOD_CLOSED, REVISION_PUBLISHED


class Role(StrEnum):
    """What a principal is for. A principal may have several."""

    POSTER = "poster"  # a system that sends business events
    AUTHOR = "author"  # writes rules, checks and tries them
    APPROVER = "approver"  # puts rules into force, closes periods
    REVIEWER = "reviewer"  # decides on what waits for a person
    AUDITOR = "auditor"  # reads everything, changes nothing
    OPERATOR = "operator"  # keeps the service running, retries what is unposted


ALL_ROLES: Final = frozenset(Role)

_PEOPLE: Final = ALL_ROLES - {Role.POSTER}
_POSTING: Final = "tongpin.v1.PostingService."
_LEDGER: Final = "tongpin.v1.LedgerService."
_RULES: Final = "tongpin.v1.RuleService."

#: Who may call an RPC, by its full name in the proto. `NAME#variant` narrows or widens one RPC
#: for calls that only try something out. `poster` alone sees, in GetEvent, its own events.
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
        _LEDGER + "TrialBalance": _PEOPLE,
        _LEDGER + "AccountActivity": _PEOPLE,
        _RULES + "CheckRules": frozenset({Role.AUTHOR, Role.APPROVER, Role.OPERATOR}),
        _RULES + "PublishRevision": frozenset({Role.APPROVER}),
        _RULES + "PublishRevision#validate_only": frozenset({Role.AUTHOR, Role.APPROVER}),
        _RULES + "ListRevisions": _PEOPLE,
        _RULES + "GetRevision": _PEOPLE,
        _RULES + "GetEventTypes": ALL_ROLES,
    }
)

#: Who may send a command as an event, beside the role that PostEvents and StreamEvents ask for.
#: Without this, `revision.published` among business events would go round the approver.
COMMAND_ROLES: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        PERIOD_CLOSED: frozenset({Role.APPROVER}),
        EVENT_RETRIED: ROLE_TABLE[_POSTING + "RetryUnposted"],
        EVENT_WITHDRAWN: ROLE_TABLE[_POSTING + "WithdrawEvent"],
        REVISION_PUBLISHED: ROLE_TABLE[_RULES + "PublishRevision"],
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
