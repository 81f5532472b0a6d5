"""The parameters of a book as people read them: what is set, since when, by whom, and why."""

from __future__ import annotations

from dataclasses import dataclass

from engine.calendar import iso_day
from engine.decimals import format_plain
from engine.program import PARAMETER_FIELDS, FieldType, Parameter, Program
from engine.state.book_state import BookState
from engine.strings import StringPool

_TRUTH = {0: "false", 1: "true"}


@dataclass(frozen=True, slots=True)
class ParameterView:
    """A value of a parameter.

    Attributes:
        name: the author's name; `wire`: that of the command.
        entity: for which it is, "" = for every entity that has none of its own.
        value: as text, a number as a plain decimal.
        is_default: nobody has set it; then the rest is empty.
        since: business date of the command, ISO. by, reason: who set it, and why.
    """

    name: str
    wire: str
    entity: str
    value: str
    is_default: bool
    since: str = ""
    by: str = ""
    reason: str = ""


def parameter_views(state: BookState, program: Program) -> list[ParameterView]:
    """Every parameter of a program with its values: that of all entities, then those of one."""
    return [view for each in program.parameters for view in _views(state, program, each)]


def _views(state: BookState, program: Program, parameter: Parameter) -> list[ParameterView]:
    field, text = parameter.field, state.pool.text
    kept = state.records.get(program.records[parameter.record].name, {})
    found = {text(key[0]): values for key, values in kept.items()}
    made = []
    for entity in sorted({"", *found}):
        values = found.get(entity)
        if values is None:
            view = ParameterView(field.name, field.wire, "", _default(parameter), is_default=True)
            made.append(view)
            continue
        value, since, person, reason = (values.get(name) for name in PARAMETER_FIELDS)
        made.append(
            ParameterView(
                name=field.name,
                wire=field.wire,
                entity=entity,
                value=_shown(parameter, value, state.pool),
                is_default=False,
                since=iso_day(_number(since)),
                by=text(_number(person)),
                reason=text(_number(reason)),
            )
        )
    return made


def _number(value: int | tuple[int, int] | None) -> int:
    """The number or text code of a kept value."""
    return value[0] if isinstance(value, tuple) else (value or 0)


def _default(parameter: Parameter) -> str:
    value = parameter.field.default
    if isinstance(value, bool):
        return _TRUTH[int(value)]
    if isinstance(value, str):
        return value
    return _plain(parameter, value or 0, parameter.field.scale)


def _shown(parameter: Parameter, value: int | tuple[int, int] | None, pool: StringPool) -> str:
    """A kept value as text, at the scale it was written with."""
    if isinstance(value, tuple):
        return _plain(parameter, value[0], value[1])
    return "" if value is None else pool.text(value)


def _plain(parameter: Parameter, raw: int, scale: int) -> str:
    match parameter.field.type:
        case FieldType.FLAG:
            return _TRUTH[raw]
        case FieldType.DATE:
            return iso_day(raw)
        case _:
            return format_plain(raw, scale)
