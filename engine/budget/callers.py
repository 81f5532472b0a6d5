"""Which roles the callers of stored events could use in overrides, as far as a log tells."""

from __future__ import annotations

from engine.calls import HOLD_DECIDED
from engine.columns import EffectBatch
from engine.effects import BUDGET_DECISIONS, COMMANDS, Verdict

_NO_ROLES: frozenset[str] = frozenset()


def roles_of_callers(effects: EffectBatch) -> list[frozenset[str] | None]:
    """Roles by command row, for deciding again; None = any.

    The log does not say which roles a caller might have used, only which were used: those of the
    overrides recorded for the event. Without one a caller counts as having none; who decided on a
    held event had the role it asks for.
    """
    used: dict[int, frozenset[str]] = {}
    table = effects.tables.get(BUDGET_DECISIONS.name)
    if table is not None:
        rows = zip(
            table.ints("command").tolist(),
            table.ints("verdict").tolist(),
            effects.text(BUDGET_DECISIONS.name, "role"),
            strict=True,
        )
        for command, verdict, role in rows:
            if verdict == Verdict.OVERRIDE and role:
                used[command] = used.get(command, _NO_ROLES) | {role}
    types = effects.text(COMMANDS.name, "type")
    return [
        None if kind == HOLD_DECIDED else used.get(command, _NO_ROLES)
        for command, kind in enumerate(types)
    ]
