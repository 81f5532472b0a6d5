"""Which roles the callers of stored events could use in overrides, as far as a log tells."""

from __future__ import annotations

from engine.calls import HOLD_DECIDED, VOUCHER_REVIEWED
from engine.columns import EffectBatch
from engine.effects import BUDGET_DECISIONS, COMMANDS, Verdict

#: Commands by which a person decides in a role.
_BY_PERSONS = frozenset({HOLD_DECIDED, VOUCHER_REVIEWED})

_NO_ROLES: frozenset[str] = frozenset()


def roles_of_callers(effects: EffectBatch) -> list[frozenset[str] | None]:
    """Roles by command row, for deciding again; None = any.

    The log does not say which roles a caller might have used, only which were used: those of the
    overrides recorded for the event. Without one a caller counts as having none; who decided on a
    held event, or reviewed a voucher, had the role that this asks for.
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
        None if kind in _BY_PERSONS else used.get(command, _NO_ROLES)
        for command, kind in enumerate(types)
    ]
