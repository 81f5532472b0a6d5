"""Requests of BudgetService as the fields of budget.* events; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.calls import BUDGET_COMMITTED, BUDGET_RESERVED, BUDGET_SPENT
from engine.effects import Verdict
from server.limits import MAX_CHECK_DEMANDS, MAX_NODE_CHARS
from server.posting_service import read_comment, system_call
from server.status import limit_exceeded, malformed
from tongpin.v1 import budget_pb2
from tongpin.v1 import budget_service_pb2 as pb

#: Command of each act, by its number on the wire.
_COMMANDS = {
    pb.BUDGET_ACT_UNSPECIFIED: BUDGET_RESERVED,
    pb.BUDGET_ACT_RESERVE: BUDGET_RESERVED,
    pb.BUDGET_ACT_COMMIT: BUDGET_COMMITTED,
    pb.BUDGET_ACT_SPEND: BUDGET_SPENT,
}

_LANGUAGES = frozenset(pb.Language.values())

Fields = dict[str, object]


def read_demands(demands: pb.BudgetDemands) -> tuple[Mapping[str, object], ...]:
    """Demands as the commands that would make them, in order.

    Raises:
        CallRefused: there are none or too many, or one of them lacks node or amount.
    """
    if not demands.demands:
        raise malformed("demands.demands", "say at least one demand: node and amount")
    if len(demands.demands) > MAX_CHECK_DEMANDS:
        raise limit_exceeded(
            "demands.demands",
            f"at most {MAX_CHECK_DEMANDS} demands are checked together",
            limit=MAX_CHECK_DEMANDS,
            value=len(demands.demands),
        )
    shared = _shared_fields(demands)
    events: list[Mapping[str, object]] = []
    for position, demand in enumerate(demands.demands):
        place = f"demands.demands[{position}]"
        command = _COMMANDS.get(demand.act)
        if command is None:
            raise malformed(f"{place}.act", "an act is RESERVE, COMMIT or SPEND", str(demand.act))
        fields = {
            **shared,
            **_texts(demand, ("amount", "reference")),
            **({"node": read_node(demand.node, f"{place}.node")} if demand.node else {}),
        }
        if "node" not in fields and "reference" not in fields:
            raise malformed(f"{place}.node", "name the node, or a reference that holds something")
        if "amount" not in fields:
            raise malformed(f"{place}.amount", 'say how much, such as "300.00"')
        call = system_call(command, "", fields)
        events.extend(call.events)
    return tuple(events)


def use_fields(request: pb.CommitBudgetRequest | pb.SpendBudgetRequest) -> Fields:
    """Fields of a commitment or spending: an amount at a node, or what a holder holds."""
    fields = command_fields(request, "node", "amount", "budget", "reference", "group")
    if "reference" not in fields and "group" not in fields:
        require(fields, "node", "name the node, a reference or a group")
        require(fields, "amount", 'say how much, such as "300.00"')
    return fields


def command_fields(request: Any, *names: str) -> Fields:
    """The fields named that are given, with what every command may carry."""
    fields = {**_shared_fields(request), **_texts(request, names)}
    if "node" in fields:
        fields["node"] = read_node(request.node, "node")
    return fields


def _shared_fields(request: Any) -> Fields:
    fields: Fields = _texts(request, ("budget", "date", "actor"))
    if _has(request, "override") and request.HasField("override"):
        override = request.override
        if not override.role.strip():
            raise malformed("override.role", "name the role under which you override")
        reason = read_comment(override.reason)
        if not reason:
            raise malformed("override.reason", "say why the budget is overridden; the log keeps it")
        fields |= {"roles": [override.role.strip()], "reason": reason}
    return fields


def expiry_fields(request: pb.ReserveBudgetRequest | pb.ExtendReservationRequest) -> Fields:
    """The end of a soft hold, where the request gives one."""
    match request.WhichOneof("expiry"):
        case "expire_time":
            return {"expires_at": request.expire_time}
        case "expire_after_seconds":
            seconds = request.expire_after_seconds
            if seconds < 1:
                raise malformed(
                    "expire_after_seconds", "a hold lasts a second or longer", str(seconds)
                )
            return {"expires_in_s": seconds}
        case _:
            return {}


def _texts(message: Any, names: Iterable[str]) -> Fields:
    return {
        name: getattr(message, name)
        for name in names
        if _has(message, name) and getattr(message, name)
    }


def _has(message: Any, name: str) -> bool:
    return name in message.DESCRIPTOR.fields_by_name


def require(fields: Mapping[str, object], name: str, message: str) -> None:
    """Refuses a request that lacks a field."""
    if name not in fields:
        raise malformed(name, message)


def require_holder(fields: Mapping[str, object]) -> None:
    """Refuses a request that names neither a reference nor a group."""
    if "reference" not in fields and "group" not in fields:
        raise malformed("holder", "say what: set reference or group")


def read_node(name: str, field_path: str) -> str:
    """The name of a node, checked for length only; the book knows which there are."""
    if not name:
        raise malformed(field_path, "name the node, such as 部门费用[市场部]@2026-05")
    if len(name) > MAX_NODE_CHARS:
        raise limit_exceeded(
            field_path,
            f"the name of a node has at most {MAX_NODE_CHARS} characters",
            limit=MAX_NODE_CHARS,
            value=len(name),
        )
    return name


def read_language(number: int) -> int:
    """A language of the wire, checked."""
    if number not in _LANGUAGES:
        raise malformed("language", "the language is ZH or EN", str(number))
    return number


def read_verdict(number: int) -> Verdict:
    """A verdict of the wire, whose numbers are those of the log."""
    if number == budget_pb2.VERDICT_UNSPECIFIED or number not in budget_pb2.Verdict.values():
        raise malformed("verdicts", "there is no such verdict", str(number))
    return Verdict(number)
