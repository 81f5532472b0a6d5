"""Finds budget statements that cannot do what they seem to: TP601, TP602 and TP604.

Not responsible for amounts and keys of statements; lowering proves those (TP212 to TP216, TP603).
Commands may reserve as well as rules, but a rule book that releases must show where from.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Act, BudgetMove, EventType, Op, Otherwise, Rule, Span
from rules_dsl import syntax
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic

#: Statements that hold an amount under a reference, and those that take one from a budget.
_HOLDING = frozenset({Act.RESERVE, Act.COMMIT})
_TAKING = _HOLDING | {Act.SPEND}


def budgets(checked: CheckInput) -> list[Diagnostic]:
    """Reports releases of nothing, checks for nothing, and references that two events may have."""
    found: list[Diagnostic] = []
    for rule in checked.program.rules:
        for move in rule.moves:
            if move.act is Act.RELEASE:
                found += _release(checked, rule, move)
            elif move.act is Act.CHECK:
                found += _check(checked, rule, move)
            elif move.act is Act.RESERVE:
                found += _reservation(checked, rule, move)
    return found


def _statement(authors: Authors, move: BudgetMove) -> syntax.BudgetStatement | None:
    """What the author wrote for a statement, None where the program came without its text."""
    for rule in authors.all(syntax.RuleDecl):
        for statement in rule.statements:
            if isinstance(statement, syntax.BudgetStatement) and statement.span == move.span:
                return statement
    return None


# --- TP601 -------------------------------------------------------------------------------


def _release(checked: CheckInput, rule: Rule, move: BudgetMove) -> Iterator[Diagnostic]:
    """A release from a budget that no statement of any rule reserves or commits from."""
    holding = [
        other.budget
        for each in checked.program.rules
        for other in each.moves
        if other.act in _HOLDING
    ]
    if move.budget in holding:
        return
    statement = _statement(authors_of(checked), move)
    name = checked.program.budgets[move.budget].name
    reserve, release = (checked.word(act.value, move.span) for act in (Act.RESERVE, Act.RELEASE))
    others = sorted({checked.program.budgets[index].name for index in holding})
    notes = (f"rules reserve or commit from {', '.join(others)}",) if others else ()
    yield diagnose(
        "TP601",
        move.span if statement is None else statement.node.budget.span,
        f"no rule ever reserves or commits from the budget {name}, so nothing can be released",
        notes=notes,
        help=f"write a {reserve} statement on {name} where the amount is asked for, "
        f"or let this {release} name the budget that holds it",
        declaration=f"rule {rule.name}",
    )


# --- TP602 -------------------------------------------------------------------------------


def _check(checked: CheckInput, rule: Rule, move: BudgetMove) -> Iterator[Diagnostic]:
    """A check that changes nothing: it moves no amount, and nobody learns what it found."""
    word = checked.word("check", move.span)
    is_mute = move.otherwise is Otherwise.WARN and move.message is None
    is_spoken = move.otherwise is Otherwise.WARN and move.message is not None
    must_post = checked.program.event_types[rule.event_type].must_post
    twin = _twin(rule, move)
    notes: tuple[str, ...] = ()
    if twin is not None:
        act = checked.word(twin.act.value, twin.span)
        message = f"this {word} asks again for what {act} takes in line {twin.span.line}"
        notes = ("both are counted together, so twice the amount has to be available",)
        advice = f"remove the {word}; {act} asks before it takes"
    elif is_mute:
        message = f"this {word} only warns, and no message says of what"
        warn = f"{checked.word('else', move.span)} {checked.word('warn', move.span)}"
        advice = f'write {warn} "…" with a message, or let it reject or hold'
    elif must_post and not is_spoken:
        message = f"this {word} stops nothing: the event must post"
        advice = "remove it, or let it warn with a message"
    else:
        return
    yield diagnose(
        "TP602",
        move.span,
        message,
        notes=notes,
        help=advice,
        declaration=f"rule {rule.name}",
    )


def _twin(rule: Rule, check: BudgetMove) -> BudgetMove | None:
    """A statement that takes the amount of a check from the node of the check."""
    for other in rule.moves:
        same = (other.budget, other.keys, other.day, other.amount, other.each) == (
            check.budget,
            check.keys,
            check.day,
            check.amount,
            check.each,
        )
        if same and other.act in _TAKING and other.guard in {None, check.guard}:
            return other
    return None


# --- TP604 -------------------------------------------------------------------------------


def _reservation(checked: CheckInput, rule: Rule, move: BudgetMove) -> Iterator[Diagnostic]:
    """A reference that is neither a key of its event nor the event's identity."""
    if move.reference is None:
        return  # Without one the event's identity is taken.
    authors = authors_of(checked)
    event = checked.program.event_types[rule.event_type]
    keys = _keys_of(authors, event)
    names = [name for name in _sources(rule, event, move.reference) if name not in keys]
    if not names or set(names) <= _topped_up(checked, move):
        return
    statement = _statement(authors, move)
    written = None if statement is None else statement.reference
    span: Span = move.span if written is None else written.span
    budget = checked.program.budgets[move.budget].name
    key = f"{checked.word('text', span)} {checked.word('key', span)}"
    subject = f"{names[0]} of the event {event.name}" if names[0] else "this reference"
    yield diagnose(
        "TP604",
        span,
        f"two events may reserve from {budget} under one reference: {subject} is no key",
        help=f"declare it {key} where no two events have the same, "
        f"or leave {checked.word('as', span)} away to reserve under the event's own id",
        declaration=f"rule {rule.name}",
    )


def _sources(rule: Rule, event: EventType, reference: int) -> list[str]:
    """Names of the fields that a reference is read from; "" for any other part of it."""
    node = rule.nodes[reference]
    if node.op is Op.FIELD and isinstance(node.data, int):
        return [event.fields[node.data].name]
    if node.op is Op.SELECT:
        return [name for arg in node.args[1:] for name in _sources(rule, event, arg)]
    return [""]


def _keys_of(authors: Authors, event: EventType) -> set[str]:
    """The fields of an event that no two events share: declared keys and its identity."""
    declared = {
        field.name
        for each in authors.all(syntax.EventDecl)
        if each.name == event.name
        for field in each.fields
        if field.type.is_key
    }
    return declared | {field.name for field in event.fields if field.wire == "id"}


def _topped_up(checked: CheckInput, move: BudgetMove) -> set[str]:
    """Keys of other events under which their rules reserve from the same budget.

    Who reserves again under a field of such a name adds to what the other event reserved.
    """
    authors = authors_of(checked)
    found: set[str] = set()
    for rule in checked.program.rules:
        event = checked.program.event_types[rule.event_type]
        for other in rule.moves:
            if other.act not in _HOLDING or other.budget != move.budget:
                continue
            if other.reference is not None:
                found |= set(_sources(rule, event, other.reference)) & _keys_of(authors, event)
    return found
