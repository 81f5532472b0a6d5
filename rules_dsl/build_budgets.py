"""From the parse trees of budget declarations, statements and test steps to their syntax nodes."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.program import Act, Control, Horizon, Otherwise, Posture, Span
from rules_dsl.build_templates import build_template
from rules_dsl.build_tree import (
    Node,
    Place,
    build_args,
    build_day,
    build_expr,
    build_name,
    build_number,
    build_text,
    child,
    children,
    must_child,
    must_token,
    span_of,
    token,
    tokens,
)
from rules_dsl.syntax import (
    BudgetKey,
    BudgetNode,
    BudgetStatement,
    ElseClause,
    ExpectAvailable,
    ExpectMove,
    Expr,
    GivenBudget,
    Name,
    Number,
    TestNode,
    ToleranceDecl,
)
from rules_dsl.tree import Token

#: Which parts a statement takes, by its act; the others say nothing there.
_PARTS: dict[Act, frozenset[str]] = {
    Act.RESERVE: frozenset(
        {"move_at", "move_as", "move_group", "move_until", "move_each", "move_override"}
    ),
    Act.COMMIT: frozenset({"move_at", "move_as", "move_group", "move_each", "move_override"}),
    Act.SPEND: frozenset({"move_at", "move_as", "move_group", "move_each", "move_override"}),
    Act.CHECK: frozenset({"move_at", "move_each", "move_override"}),
    Act.GRANT: frozenset({"move_at", "move_each"}),
    Act.RELEASE: frozenset({"move_each"}),
}
_ALL_PARTS = ("move_when", *sorted(frozenset[str]().union(*_PARTS.values())))
_OUTCOMES = {
    "else_reject": Otherwise.REJECT,
    "else_hold": Otherwise.HOLD,
    "else_warn": Otherwise.WARN,
    "else_escalate": Otherwise.ESCALATE,
}


# --- Declarations ------------------------------------------------------------------------


@dataclass(slots=True)
class BudgetLines:
    """What the body lines of a budget say; each kind of line once, but for tolerances."""

    counts: Name | None = None
    control: Control = Control.BLOCK
    tolerances: list[ToleranceDecl] = field(default_factory=list)
    warn_at: Number | None = None
    override_role: str = ""
    posture: Posture = Posture.CLOSED
    by_path: bool = False
    _seen: set[tuple[str, Act | None]] = field(default_factory=set)

    def take(self, place: Place, node: Node) -> None:
        """Takes what one line says; a second line of its kind is reported."""
        kind = str(node.data)
        tolerance = _build_tolerance(place, node) if kind == "tolerance" else None
        which = (kind, None if tolerance is None else tolerance.act)
        if which in self._seen:
            word = place.lexemes[0].text
            place.report(span_of(place, node), f"{word} is written twice in this budget")
            return
        self._seen.add(which)
        if tolerance is not None:
            self.tolerances.append(tolerance)
            return
        match kind:
            case "counts":
                leaf = must_token(node, "NAME")
                self.counts = Name((str(leaf),), span_of(place, leaf))
            case "control":
                self.control = Control(must_token(node, "BLOCK", "WARN", "TRACK").type.lower())
            case "warn_at":
                self.warn_at = build_number(place, must_child(node, "number"))
            case "override":
                self.override_role = build_text(place, must_token(node, "STRING"))
            case "unchecked":
                self.posture = Posture(must_token(node, "CLOSED", "OPEN_MARKED").type.lower())
            case _:
                self.by_path = True

    def sorted_tolerances(self) -> tuple[ToleranceDecl, ...]:
        """The tolerances in an order that does not depend on that of the lines."""
        return tuple(sorted(self.tolerances, key=lambda each: each.act or ""))


def build_budget_key(place: Place, node: Node) -> BudgetKey:
    """Builds a key of a budget's header."""
    is_text = token(node, "TEXT") is not None
    return BudgetKey(str(must_token(node, "NAME")), is_text, span_of(place, node))


def build_horizon(node: Node) -> Horizon:
    """Gives the horizon of a budget's header."""
    leaf = must_token(node, *(each.name for each in Horizon))
    return Horizon(leaf.type.lower())


def _build_tolerance(place: Place, node: Node) -> ToleranceDecl:
    """Builds a tolerance; a percent and an amount are told apart by the sign of the percent."""
    numbers = [build_number(place, each) for each in children(node, "number")]
    share: Number | None = None
    amount: Number | None = None
    has_limit = token(node, "UP_TO") is not None
    for position, number in enumerate(numbers):
        is_limit = has_limit and position == len(numbers) - 1
        if number.percent and not is_limit:
            share = number
        elif number.percent:
            word = place.word("UP_TO")
            place.report(number.span, f"{word} is followed by an amount, not by a percent")
        elif has_limit and not is_limit:
            place.report(number.span, f"a percent stands before {place.word('UP_TO')}")
        else:
            amount = number
    found = child(node, "tolerance_act")
    act = None
    if found is not None:
        act = Act(must_token(found, "RESERVE", "COMMIT", "SPEND").type.lower())
    return ToleranceDecl(act, share, amount, span_of(place, node))


# --- Statements --------------------------------------------------------------------------


def build_move(place: Place, node: Node) -> BudgetStatement:
    """Builds a budget statement of a rule."""
    amount: Expr | None
    if node.data == "release":
        act = Act.RELEASE
        values = [build_expr(place, each) for each in _values(node)]
        amount = None if token(node, "ALL") is not None else values[0]
        reference: Expr | None = values[-1]
    else:
        leaf = must_child(node, "move_act").children[0]
        act = Act(leaf.type.lower() if isinstance(leaf, Token) else "")
        amount, reference = build_expr(place, _values(node)[0]), None
    parts = _take_parts(place, node, act)
    if reference is None:
        reference = _part_value(place, parts, "move_as")
    override = parts.get("move_override")
    roles, reason = (None, None)
    if override is not None:
        roles, reason = (build_expr(place, each) for each in children(override))
    each = parts.get("move_each")
    return BudgetStatement(
        act=act,
        amount=amount,
        node=_build_node(place, must_child(node, "budget_node")),
        day=_part_value(place, parts, "move_at"),
        reference=reference,
        group=_part_value(place, parts, "move_group"),
        until=_part_value(place, parts, "move_until"),
        each=None if each is None else build_name(place, must_child(each, "path")),
        roles=roles,
        reason=reason,
        guard=_part_value(place, parts, "move_when"),
        otherwise=_build_else(place, node, act),
        span=span_of(place, node),
    )


def _values(node: Node) -> list[Node]:
    """The amount and, of a release, the reference: what stands before the budget."""
    found = children(node)
    end = next(place for place, each in enumerate(found) if each.data == "budget_node")
    return [each for each in found[:end] if each.data != "move_act"]


def _take_parts(place: Place, node: Node, act: Act) -> dict[str, Node]:
    """The parts by their kind; one written twice or out of place is reported."""
    found: dict[str, Node] = {}
    for part in children(node, *_ALL_PARTS):
        kind, span = str(part.data), span_of(place, part)
        word = place.lexemes[_first(part).start_pos or 0].text
        if kind in found:
            place.report(span, f"{word} is written twice in this statement")
        elif kind not in _PARTS[act] and kind != "move_when":
            place.report(
                span,
                f"{word} says nothing in a {place.word(act.name)} statement",
                help="take it away",
            )
        else:
            found[kind] = part
    return found


def _first(node: Node) -> Token:
    return next(each for each in node.children if isinstance(each, Token))


def _part_value(place: Place, parts: dict[str, Node], kind: str) -> Expr | None:
    part = parts.get(kind)
    return None if part is None else build_expr(place, children(part)[0])


def _build_node(place: Place, node: Node) -> BudgetNode:
    keys = None
    if token(node, "LSQB") is not None:
        keys = build_args(place, child(node, "args"))
    return BudgetNode(build_name(place, must_child(node, "path")), keys, span_of(place, node))


def _build_else(place: Place, node: Node, act: Act) -> ElseClause | None:
    found = child(node, *_OUTCOMES)
    if found is None:
        return None
    span = span_of(place, found)
    outcome = _OUTCOMES[str(found.data)]
    if act is Act.GRANT and outcome is not Otherwise.REJECT:
        word = place.word("REJECT")
        place.report(
            span,
            f"a {place.word('GRANT')} statement is carried out or rejected",
            help=f"write {place.word('ELSE')} {word}, or leave it away",
        )
    texts = tokens(found, "STRING")
    role = build_text(place, texts.pop(0)) if outcome is Otherwise.ESCALATE else ""
    if outcome is Otherwise.ESCALATE and not role.strip():
        place.report(span, f"{place.word('ESCALATE')} names the role that decides")
    message = build_template(place, texts[0]) if texts else None
    return ElseClause(outcome, str(token(found, "NAME") or ""), role, message, span)


# --- Steps of a test ---------------------------------------------------------------------


def build_budget_step(
    place: Place, node: Node, span: Span
) -> GivenBudget | ExpectMove | ExpectAvailable:
    """Builds a step of a test that concerns a budget."""
    first = _build_test_node(place, node)
    amount = build_expr(place, children(node)[-1])
    match node.data:
        case "given_budget":
            nodes = children(node, "test_node")
            parent = _test_node(place, nodes[1], None) if len(nodes) > 1 else None
            return GivenBudget(first, parent, amount, span)
        case "expect_move":
            leaf = must_token(must_child(node, "moved"), "RESERVE", "COMMIT", "SPEND", "RELEASE")
            return ExpectMove(Act(leaf.type.lower()), first, amount, span)
        case _:
            return ExpectAvailable(first, amount, span)


def _build_test_node(place: Place, node: Node) -> TestNode:
    return _test_node(place, must_child(node, "test_node"), child(node, "test_period"))


def _test_node(place: Place, node: Node, period: Node | None) -> TestNode:
    name, *keys = children(node)
    days = [] if period is None else [build_day(place, leaf) for leaf in tokens(period, "DAY")]
    if period is not None and len(days) == 2 and days[0] > days[1]:
        place.report(span_of(place, period), "the last day lies before the first")
    return TestNode(
        budget=build_name(place, name),
        keys=tuple(build_expr(place, each) for each in keys),
        day=days[0] if days else None,
        last=days[1] if len(days) > 1 else None,
        span=span_of(place, node),
    )
