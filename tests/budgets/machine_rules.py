"""The rule book of the random machine once more, in plain Python: what its rules ask for."""

from __future__ import annotations

from tests.budgets.figures import Declared, Event, Statement, cents

DECLARED = (
    Declared(
        "main",
        tolerances={"spend": (50_000, 1_000)},
        warn_ppm=100_000,
        override_role="boss",
    ),
    Declared("monthly"),
    Declared("loose", control="warn"),
)
MUST_POST = frozenset({"forced"})


def leaf(event: Event) -> str:
    return f"main[{event['dept']},{event['kind']}]"


def reference_of(event: Event) -> str:
    """What a statement reserves or commits under; nameless ones stand under the event's id."""
    return str(event.get("reference", event["id"]))


def mixed(event: Event) -> list[Statement]:
    """What the rule `mixed` says."""
    amount, back = cents(event["amount"]), cents(event["back"])
    roles = (event["role"],) if "role" in event else ()
    old = [Statement("release", "main", "", back, event["old"])] if "old" in event else []
    return [
        Statement(
            "reserve",
            "main",
            leaf(event),
            amount,
            reference_of(event),
            event.get("group", ""),
            roles=roles,
            reason=event.get("why", ""),
        ),
        *old,
        Statement(
            "commit", "monthly", f"monthly[{event['dept']}]@2026-03", amount, reference_of(event)
        ),
        Statement("spend", "loose", f"loose[{event['dept']}]", back),
        Statement("check", "main", f"main[{event['dept']}]", amount),
    ]


RULES = {
    "forced": lambda e: [Statement("spend", "main", leaf(e), cents(e["amount"]), reference_of(e))],
    "asked": lambda e: [
        Statement("reserve", "main", leaf(e), cents(e["amount"]), reference_of(e), otherwise="hold")
    ],
    "noted": lambda e: [
        Statement(
            "commit",
            "main",
            f"main[{e['dept']}]",
            cents(e["amount"]),
            reference_of(e),
            otherwise="warn",
        )
    ],
    "mixed": mixed,
}
