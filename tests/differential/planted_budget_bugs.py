"""Planted bugs of budgets: faults of one line in who is asked, in what order, and what is kept."""

from __future__ import annotations

from tests.differential.planting import PlantedBug as Bug

RULING = "engine.budget.ruling:"
OVERLAY = "engine.state.budget_overlay:BudgetOverlay."
STATE = "engine.state.budgets:"
EVALUATE = "engine.evaluate."
DECIDE = "engine.decide."
COMMAND = DECIDE + "budget_commands."

NODES = (
    Bug(
        "only the leaf is asked and counted",
        OVERLAY + "chain",
        "terms = self.terms(node) if node else None",
        "terms = None",
    ),
    Bug(
        "the node above a leaf is passed over",
        OVERLAY + "chain",
        "node = terms.parent",
        "node = terms.parent.replace(terms.path[-1], '') if len(terms.path) > 1 else terms.parent",
    ),
    Bug(
        "an amount counts at the nodes above as well",
        OVERLAY + "move",
        "chain = (node,) if stage is Stage.LIMIT else self.chain(node)",
        "chain = self.chain(node)",
    ),
    Bug(
        "the second month of a quarter belongs to the next one",
        "engine.budget.names:period_label",
        "(month + 2) // 3",
        "(month + 3) // 3",
    ),
    Bug(
        "an absent key is a key of its own",
        DECIDE + "budgets:BudgetDecider._keys",
        "if not key:",
        "if False:",
    ),
    Bug(
        "a command's node is looked for in the period of its date, not in the one it writes",
        COMMAND + "command:Command.standing",
        "path, self.day, period=period",
        "path, self.day",
    ),
    Bug(
        "an amount is changed in the period of a command's date",
        COMMAND + "approval:_limited",
        "path, command.day, period=period, whole=True",
        "path, command.day, whole=True",
    ),
    Bug(
        "a node carried over no longer hangs under its parent",
        COMMAND + "closing:_entered_alike",
        "if not parent or target in state.chain(parent):",
        "if True:",
    ),
    Bug(
        "a node that something moved at is hung elsewhere",
        COMMAND + "approval:_entered_under",
        "if known is not None and state.figures(node) != (0, 0, 0, 0, 0):",
        "if False:",
    ),
)

FIGURES = (
    Bug(
        "what an event gives back is not there for it",
        RULING + "_judge",
        "requested = touch.amount - work.freed.get(node, 0)",
        "requested = touch.amount",
    ),
    Bug(
        "a tolerance is ignored",
        RULING + "_judge",
        "available + (touch.tolerance or 0)",
        "available",
    ),
    Bug(
        "the largest tolerance of an event's acts counts",
        RULING + "_touched",
        "min(touch.tolerance, allowed)",
        "max(touch.tolerance, allowed)",
    ),
    Bug(
        "the larger part of a tolerance counts",
        STATE + "Terms.tolerance",
        "return min(share, amount)",
        "return max(share, amount)",
    ),
    Bug(
        "an amount granted by the same event brings no tolerance",
        RULING + "_touched",
        "not (terms.limited or node in work.limits)",
        "not terms.limited",
    ),
    Bug(
        "a shortfall leaves the tolerance out",
        RULING + "_judge",
        "short = max(0, requested - headroom)",
        "short = max(0, requested - available) if requested > headroom else 0",
    ),
    Bug(
        "a bare check takes a node below zero",
        RULING + "_touched",
        "touch.taken += 0 if demand.act is Act.CHECK else amount",
        "touch.taken += amount",
    ),
    Bug(
        "what was below zero before counts as excess again",
        RULING + "_excess",
        "low = min(0, before.available + terms.most_tolerance(before.limit))",
        "low = 0",
    ),
    Bug(
        "a transfer takes more than is available",
        RULING + "_grant",
        "short = -amount - before if clause.checked else 0",
        "short = 0",
    ),
)

OUTCOMES = (
    Bug(
        "the first statement decides, though a later one rejects",
        RULING + "_refused",
        "(hard or blocked)[0]",
        "blocked[0]",
    ),
    Bug(
        "an override needs no reason",
        RULING + "_beyond",
        "role and may and found.reason and role in found.roles",
        "role and may and role in found.roles",
    ),
    Bug(
        "an event that must post is refused",
        RULING + "_beyond",
        "if asked.must_post:",
        "if False:",
    ),
    Bug(
        "a node that warns blocks",
        RULING + "_beyond",
        "terms.control is not Control.BLOCK",
        "terms.control is Control.TRACK",
    ),
    Bug(
        "a closed node takes what it has left",
        RULING + "_judge",
        "available = 0 if terms.closed else figures.available",
        "available = figures.available",
    ),
    Bug(
        "moves of a refused event stay",
        RULING + "rule_on",
        "    if blocked:\n        return _refused(work, ruling, blocked, wording)\n",
        "    if blocked:\n        _make_moves(work, ruling, entered)\n"
        "        return _refused(work, ruling, blocked, wording)\n",
    ),
)

REFERENCES = (
    Bug(
        "a release gives back more than is held",
        RULING + "_give_back",
        "part = held if left is None else min(held, left)",
        "part = held if left is None or not held else left",
    ),
    Bug(
        "what is released is released again",
        RULING + "_give_back",
        "work.holdings[key] = work.holding(key).plus(node, stage, -part)",
        "work.holdings[key] = work.holding(key)",
    ),
    Bug(
        "a commitment consumes commitments",
        RULING + "_order",
        "found.append(reserved)",
        "found += [reserved, committed]",
    ),
    Bug(
        "an actual consumes reservations before commitments",
        RULING + "_order",
        "found += [committed, reserved]",
        "found += [reserved, committed]",
    ),
    Bug(
        "consuming does not begin at the demand's own node",
        RULING + "_order",
        "key=lambda part: part.node != demand.node",
        "key=lambda part: 0",
    ),
    Bug(
        "a release takes the reference everywhere",
        RULING + "_order",
        "if demand.path is not None and not consuming:",
        "if False:",
    ),
    Bug(
        "a soft hold outlives its end",
        STATE + "BudgetState.due_by",
        "if expires <= instant_us",
        "if expires < instant_us",
    ),
    Bug(
        "a hold lasts to the beginning of its last day",
        DECIDE + "budgets:BudgetDecider._demand",
        "(row.until + 1) * DAY_US",
        "row.until * DAY_US",
    ),
    Bug(
        "a released group gives back only its first reference",
        RULING + "_give_back",
        "references = work.state.group(budget, demand.group)",
        "references = work.state.group(budget, demand.group)[:1]",
    ),
)

COLUMNS = (
    Bug(
        "closures overlook the condition of a statement",
        EVALUATE + "closure_moves:write_moves",
        "if move.guard is not None:",
        "if False:",
        "closures",
    ),
    Bug(
        "columns overlook the condition of a statement",
        EVALUATE + "budget_moves:_held",
        "if held.all():",
        "if True:",
        "columns",
    ),
    Bug(
        "columns take the date of another event",
        EVALUATE + "budget_moves:_days",
        "[owners]",
        "[: len(owners)]",
        "columns",
    ),
    Bug(
        "columns see only the first role of a list",
        EVALUATE + "budget_moves:_roles",
        "codes[start:end]",
        "codes[start : min(end, start + 1)]",
        "columns",
    ),
    Bug(
        "the last part of a text is the first",
        EVALUATE + "text:last_part",
        'text.rpartition("/")[2]',
        'text.partition("/")[0]',
    ),
    Bug(
        "events of a level are decided in reverse",
        DECIDE + "level_budgets:_rule_one_by_one",
        "np.flatnonzero(alone).tolist()",
        "np.flatnonzero(alone).tolist()[::-1]",
        "columns",
    ),
    Bug(
        "no node is ever contested",
        "engine.budget.bulk:contested",
        "asked > limits.available + limits.tolerance",
        "asked > limits.available + limits.tolerance + asked",
        "columns",
    ),
    Bug(
        "columns tell every event what was there before the level",
        "engine.budget.bulk:available_before",
        "limits.available[asked[1]] - (before - base)",
        "limits.available[asked[1]]",
        "columns",
    ),
    Bug(
        "what comes back to a closed node is left there in columns",
        "engine.budget.bulk:available_before",
        "result[closed[asked[1]]] = 0",
        "pass",
        "columns",
    ),
    Bug(
        "a reference shared by events of a level is taken for each one's own",
        DECIDE + "level_bulk:_ordered",
        "or often[pair] > 1",
        "or False",
        "columns",
    ),
    Bug(
        "the group of a statement is its reference",
        "rules_dsl.lower.moves:_lower_inside",
        "group=_node(group)",
        "group=_node(reference)",
    ),
)

BUDGET_BUGS = (*NODES, *FIGURES, *OUTCOMES, *REFERENCES, *COLUMNS)
