"""The part of `tongpin demo` about budgets: a claim that fits, one that does not, an override."""

from __future__ import annotations

from tongpin_cli.output import Output
from tongpin_client import Client, EventResult, Language

_APPROVAL = {
    "id": "B-2026",
    "type": "budget.approved",
    "date": "2026-03-01",
    "version": "2026",
    "lines": [
        {"node": "expense[D02]", "amount": "5000.00", "override_role": "dept_head"},
        {"node": "expense[D02,travel]", "amount": "3000.00", "override_role": "dept_head"},
    ],
}

_REASON = "客户现场紧急支持"


def show_budgets(client: Client, approver: Client, output: Output) -> dict[str, object]:
    """Grants a department a budget, then submits two travel claims against it.

    Args:
        client: of the system the claims are typed into.
        approver: of the person who puts budgets into force.
        output: what is shown.

    Returns:
        For machines: status of each step, the sentences, what is available at the end.
    """
    output.text("\nA budget: department D02 gets 5,000.00, of which 3,000.00 for travel (预算).")
    approver.post(_APPROVAL)
    (first,) = client.post(_claim("BX-1", "2800.00"))
    output.text(f"● expense.claim.submitted BX-1, 2,800.00: {first.status.name}, reserved (预占)")

    refused = _claim("BX-2", "500.00")
    output.text("\nBefore the next claim is sent, the system it is typed into asks:")
    chinese = client.budgets.check_events(refused, language=Language.CHINESE).sentence
    english = client.budgets.check_events(refused, language=Language.ENGLISH).sentence
    output.text(f"  {chinese}\n  {english}")
    (second,) = client.post(refused)
    output.text(f"● expense.claim.submitted BX-2, 500.00: {_words(second)}; nothing is reserved")

    override = {"actor_roles": ["dept_head"], "override_reason": _REASON, "actor": "王五"}
    (third,) = client.post({**refused, **override})
    output.text(f"\nThe head of the department lets it pass, with a reason ({_REASON}):")
    output.text(f"● expense.claim.submitted BX-2, 500.00: {third.status.name}")
    nodes = sorted(client.budgets.nodes(top_node="expense[D02]"), key=lambda node: node.path)
    figures = ("amount", "reserved", "committed", "actual", "available")
    output.table(
        ("budget node", *figures),
        [(node.node, *(f"{getattr(node, name):,}" for name in figures)) for node in nodes],
        right=" rrrrr",
    )
    for verdict in third.budget:
        if verdict.person:
            output.text(
                f"  {verdict.node}: {verdict.verdict.name} by {verdict.role}, "
                f"{verdict.person}: {verdict.reason}"
            )
    return {
        "statuses": [first.status.name, second.status.name, third.status.name],
        "verdicts": [verdict.verdict.name for verdict in third.budget],
        "sentences": {"zh": chinese, "en": english},
        "available": {node.node: str(node.available) for node in nodes},
    }


def _claim(event_id: str, gross: str) -> dict[str, object]:
    return {
        "id": event_id,
        "type": "expense.claim.submitted",
        "date": "2026-03-26",
        "employee": "E2",
        "department": "D02",
        "claim_lines": [{"category": "travel", "gross": gross}],
    }


def _words(result: EventResult) -> str:
    return " ".join(part for part in (result.status.name, result.reason) if part)
