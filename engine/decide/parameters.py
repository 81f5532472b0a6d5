"""The command that sets a parameter of the book, for every entity or for one."""

from __future__ import annotations

from collections.abc import Mapping

from engine.batch import ReceivedBatch
from engine.decide.builder import CommitBuilder
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding
from engine.effects import Status
from engine.program import PARAMETER_FIELDS, FieldType, Kind, Parameter, Program
from engine.receive.scalars import Scalars
from engine.state.keys import field_kind, key_text
from engine.state.overlay import Overlay


def set_parameter(
    deciding: Deciding,
    received: ReceivedBatch,
    row: int,
    fields: Mapping[str, object],
    person: str,
) -> Outcome:
    """Sets a parameter from this place of the log on.

    Args:
        deciding: the commit being decided.
        received: the batch.
        row: the command's event in it.
        fields: of the command.
        person: who sets it.

    Returns:
        REJECTED_RULE where the parameter is not known or the value is none of its type.
    """
    plan = deciding.plan_for(int(received.dates[row]))
    if plan is None:
        return _refused("NO_REVISION", "no rule book is in force at this date")
    declared = {each.field.wire: each for each in plan.program.parameters}
    name, entity = fields.get("name"), fields.get("entity")
    found = declared.get(name) if isinstance(name, str) else None
    if found is None:
        known = ", ".join(sorted(declared)) or "none"
        return _refused(
            "UNKNOWN_PARAMETER", f"the rule book has no parameter {name}; it has: {known}"
        )
    if isinstance(entity, str) and deciding.entities and entity not in deciding.entities:
        return _refused("UNKNOWN_ENTITY", f"{entity} is no entity of this book")
    problems: list[str] = []
    column = Scalars(received.strings).column(
        found.field, [fields.get("value")], lambda _, problem: problems.append(problem)
    )
    if fields.get("value") is None:
        problems.append(f"give the value of {name}")
    if problems:
        return _refused("INVALID_FIELD", problems[0])
    reason = fields.get("reason")
    code = deciding.overlay.strings.code
    written = _Written(deciding.overlay, deciding.builder, plan.program, found)
    written.write(
        code(entity) if isinstance(entity, str) else code(""),
        (
            int(column.values[0]),
            int(received.dates[row]),
            code(person),
            code(reason if isinstance(reason, str) else ""),
        ),
    )
    return Outcome(Status.NO_POSTING)


def _refused(reason: str, message: str) -> Outcome:
    return Outcome(Status.REJECTED_RULE, reason, message)


class _Written:
    """Where the value of one parameter is written."""

    def __init__(
        self, overlay: Overlay, builder: CommitBuilder, program: Program, parameter: Parameter
    ) -> None:
        self._overlay = overlay
        self._builder = builder
        self._record = program.records[parameter.record]
        self._scale = parameter.field.scale

    def write(self, entity: int, values: tuple[int, int, int, int]) -> None:
        """Writes the value for an entity's code, and since when, by whom and why."""
        strings = self._overlay.strings
        decision = len(self._builder.decisions) - 1
        name = strings.code(self._record.name)
        key = strings.code(key_text((entity,), (Kind.TEXT,), strings.text))
        kept: dict[str, int | tuple[int, int]] = {}
        rows = [(decision, name, key, -1, 0, 0, -1)]
        declared = zip(PARAMETER_FIELDS, self._record.fields, values, strict=True)
        for field_name, field, value in declared:
            place = (decision, name, key, strings.code(field_name))
            if field_kind(field.type) is Kind.TEXT:
                kept[field_name] = value
                rows.append((*place, 0, 0, value))
                continue
            scale = self._scale if field.type is FieldType.NUMBER else 0
            kept[field_name] = (value, scale)
            rows.append((*place, value, scale, -1))
        self._builder.records.extend(rows)
        self._overlay.set_record(self._record.name, (entity,), kept)
