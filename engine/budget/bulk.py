"""Decides many events at once where every limited node can bear all that is asked of it together.

Works on plain columns: one row per demand, in event order. Which events have to be decided one
after another, and what is available to each of the others, follows from sums per node; nothing
here knows about rules, batches or commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.program import Act
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import Figures, Terms

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Sums beyond this could wrap in int64; such levels are decided one by one.
_SAFE = 2**62

_PPM = 1_000_000


@dataclass(slots=True)
class Limits:
    """The limited nodes a level touches, as they stood before it.

    Attributes:
        names, terms, figures: per node index.
        available, limit, tolerance, warn: int64 per node; `tolerance` is the smallest of the acts
            asked for, `warn` -1 where a node never warns.
        chains: per leaf, the indices of the limited nodes at and above it, leaf first.
    """

    names: list[str]
    terms: list[Terms]
    figures: list[Figures]
    available: Int64s
    limit: Int64s
    tolerance: Int64s
    warn: Int64s
    chains: list[list[int]]


@dataclass(slots=True)
class Expanded:
    """Demands spread over the limited nodes they count at: one row per (event, node).

    events: int64[m] event order, ascending. nodes: int64[m]. amounts: int64[m], summed over the
    event's demands. firsts: int64[m] the demand that touched the node first. Within an event the
    rows come in the order nodes are touched.
    """

    events: Int64s
    nodes: Int64s
    amounts: Int64s
    firsts: Int64s


def limits_of(state: BudgetOverlay, leaves: Sequence[Sequence[str]], acts: set[Act]) -> Limits:
    """The limited nodes above leaves.

    Args:
        state: as it stands before the level.
        leaves: per leaf the nodes at and above it that exist, leaf first.
        acts: those the level asks for.
    """
    places: dict[str, int] = {}
    terms: list[Terms] = []
    chains = []
    for chain in leaves:
        own = []
        for name in chain:
            known = state.terms(name)
            if known is None or not (known.limited or known.closed):
                continue
            place = places.get(name)
            if place is None:
                place = places[name] = len(terms)
                terms.append(known)
            own.append(place)
        chains.append(own)
    names = list(places)
    figures = [state.figures(name) for name in names]
    tolerances = [
        0 if known.closed else min((known.tolerance(act, own.limit) for act in acts), default=0)
        for known, own in zip(terms, figures, strict=True)
    ]
    return Limits(
        names,
        terms,
        figures,
        _column([0 if t.closed else f.available for t, f in zip(terms, figures, strict=True)]),
        _column([own.limit for own in figures]),
        _column(tolerances),
        _column([-1 if known.closed else known.warn_ppm for known in terms]),
        chains,
    )


def _column(values: list[int]) -> Int64s:
    return np.array([max(-_SAFE, min(_SAFE, value)) for value in values], dtype=np.int64)


def is_safe(limits: Limits, amounts: Int64s) -> bool:
    """Whether no sum of the level can leave int64."""
    most = int(np.abs(amounts).max(initial=0)) * max(1, len(amounts))
    known = int(np.abs(limits.available).max(initial=0)) + int(np.abs(limits.limit).max(initial=0))
    return most < _SAFE // 4 and known < _SAFE // 4


def expand(limits: Limits, events: Int64s, leaves: Int64s, amounts: Int64s) -> Expanded:
    """Spreads demands over limited nodes.

    Args:
        limits: of the level.
        events: int64[n] event order of each demand, ascending.
        leaves: int64[n] leaf index; -1 = counts nowhere.
        amounts: int64[n].
    """
    sizes = np.array([len(chain) for chain in limits.chains] or [0], dtype=np.int64)
    flat = np.array([node for chain in limits.chains for node in chain] or [0], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    counts = np.where(leaves >= 0, sizes[leaves], 0)
    rows = np.repeat(np.arange(len(events), dtype=np.int64), counts)
    within = np.arange(len(rows), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    nodes = flat[starts[leaves[rows]] + within]
    touched = np.arange(len(rows), dtype=np.int64)
    order = np.lexsort((touched, nodes, events[rows]))
    own_events, own_nodes = events[rows][order], nodes[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (own_events[1:] != own_events[:-1]) | (own_nodes[1:] != own_nodes[:-1])
    heads = np.flatnonzero(fresh)
    if not len(heads):
        empty = np.zeros(0, dtype=np.int64)
        return Expanded(empty, empty, empty, empty)
    sums = np.add.reduceat(amounts[rows][order], heads)
    first_touch = touched[order][heads]
    back = np.lexsort((first_touch, own_events[heads]))
    return Expanded(
        own_events[heads][back], own_nodes[heads][back], sums[back], rows[first_touch][back]
    )


def contested(limits: Limits, expanded: Expanded) -> Bools:
    """Nodes that cannot bear everything asked of them: there each answer depends on the earlier.

    What the level gives back is not counted, so the answer errs towards contested.
    """
    asked = np.zeros(len(limits.names), dtype=np.int64)
    np.add.at(asked, expanded.nodes, np.maximum(expanded.amounts, 0))
    return (asked > 0) & (asked > limits.available + limits.tolerance)


def available_before(
    limits: Limits, moves: tuple[Int64s, Int64s, Int64s], asked: tuple[Int64s, Int64s]
) -> Int64s:
    """What nodes have left just before events, in event order.

    Args:
        limits: of the level.
        moves: (event order, node, what it uses of the node) of everything that passed.
        asked: (event order, node) pairs wanted.

    Returns:
        int64 available per pair; 0 of a closed node, whatever came back to it.
    """
    events, nodes, used = moves
    span = int(max(events.max(initial=0), asked[0].max(initial=0))) + 2
    keys = nodes * span + events
    order = np.argsort(keys, kind="stable")
    keys, sums = keys[order], np.concatenate([[0], np.cumsum(used[order])])
    before = sums[np.searchsorted(keys, asked[1] * span + asked[0])]
    base = sums[np.searchsorted(keys, asked[1] * span)]
    closed = np.array([terms.closed for terms in limits.terms], dtype=np.bool_)
    result: Int64s = limits.available[asked[1]] - (before - base)
    result[closed[asked[1]]] = 0
    return result


def warns(limits: Limits, nodes: Int64s, left: Int64s, asked: Int64s) -> Bools:
    """Whether demands that fit leave no more than the node's warning share.

    Args:
        limits: of the level.
        nodes: int64[n] node of each demand.
        left: int64[n] what is left after it.
        asked: int64[n] what it asks for; who only gives back is not warned.
    """
    warn, limit = limits.warn[nodes], limits.limit[nodes]
    result: Bools = np.zeros(len(nodes), dtype=np.bool_)
    for place in np.flatnonzero((warn >= 0) & (asked > 0)).tolist():
        # Python integers: left × 10^6 may leave int64.
        result[place] = int(left[place]) * _PPM <= int(warn[place]) * int(limit[place])
    return result
