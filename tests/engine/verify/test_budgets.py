"""Budgets verify to the last figure, and what is wrong with them is named."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import engine.apply
import engine.budget.ruling
from engine.book import Book
from engine.budget.apply import apply_budgets
from engine.calls import Call
from engine.columns import EffectBatch
from engine.effects import BUDGET_DECISIONS, BUDGET_MOVES, BUDGET_NODES, Stage
from engine.log import open_store
from engine.state.budgets import BudgetState
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.budget_sample import LAST_BUDGET, make_budget_book
from tests.engine.verify.faults import Fault
from tests.engine.verify.mutations import Mutation, mutations
from tests.engine.verify.plant import ALL_BUDGET_FAULTS, compiler, is_named, plant, verify
from tests.engine.verify.sample import BOOK_ID, FILE, store_url

TABLES = (BUDGET_NODES.name, BUDGET_MOVES.name, BUDGET_DECISIONS.name)
SEED = 20_260_305
MUTATIONS_IN_CI = 120

#: What was said to a refused event is not decided again: its content is not kept. What was left
#: there, and whether it was short, is checked.
_OF_REFUSED = frozenset(
    {"verdict", "requested", "role", "person", "reason", "rule", "rule_line", "node"}
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("budgets")
    make_budget_book(folder)
    return folder


def test_book_full_of_budgets_verifies_with_everything_counted(original: Path) -> None:
    report = verify(original)
    assert report.first_bad is None
    counted = {name: report.checked[name] for name in (*TABLES, "budget_figures")}
    assert counted == {
        "budget_nodes": 37,
        "budget_moves": 46,
        "budget_decisions": 42,
        "budget_figures": 21,
    }
    assert report.checked["refusals"] == 4
    assert report.checked["snapshot_values"] > 21
    assert report.checked["projected_rows"] > 42 + 21


@pytest.mark.parametrize("fault", ALL_BUDGET_FAULTS, ids=lambda fault: fault.name)
def test_planted_budget_fault_is_named(fault: Fault, original: Path, tmp_path: Path) -> None:
    report = plant(fault, original, tmp_path / "copy")
    assert is_named(fault, report), report.first_bad


def _make_and_verify(folder: Path) -> tuple[str, str, int]:
    """Kind, key and commit of what is found in a sample made by an engine at fault."""
    make_budget_book(folder)
    found = verify(folder).first_bad
    assert found is not None
    return found.kind, found.key, found.seq


def test_engine_that_forgets_an_excess_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.budget.ruling, "_excess", lambda *_: 0)
    assert _make_and_verify(tmp_path) == ("BUDGET_OVERSPENT", "dept[D1,travel]@2026-03", 4)
    found = verify(tmp_path).first_bad
    assert found is not None
    # c4 took 20.00 and f1 30.00 more than was left; the last to do so is named.
    assert found.expected == "an override, overrun or cut of 5000 for crm/f1"


Wrong = Callable[[BudgetState, EffectBatch], None]


def _misses_the_root(state: BudgetState, effects: EffectBatch) -> None:
    apply_budgets(state, effects)
    for node, terms in state.terms.items():
        if not terms.parent and node in state.figures:
            figures = state.figures[node]
            state.figures[node] = figures.plus(Stage.ACTUAL, -figures.actual)


def _keeps_holds(state: BudgetState, effects: EffectBatch) -> None:
    apply_budgets(state, effects)
    for key, holding in list(state.holdings.items()):
        if holding.expires_us:
            state.set_holding(key, replace(holding, expires_us=holding.expires_us + 1))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (_misses_the_root, ("BUDGET_FIGURE", "dept[]@2026-03 actual", 4)),
        (_keeps_holds, ("BUDGET_REFERENCE", "works R3", LAST_BUDGET)),
    ],
)
def test_engine_that_adds_up_wrongly_is_found_out(
    wrong: Wrong,
    expected: tuple[str, str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine.apply, "apply_budgets", wrong)
    kind, key, seq = _make_and_verify(tmp_path)
    assert (kind, seq) == (expected[0], expected[2])
    assert key.startswith(expected[1])


def test_same_holds_expire_when_time_passes_in_a_commit_of_events(tmp_path: Path) -> None:
    make_budget_book(tmp_path)
    later = 1_772_868_880_000_000 + 1  # R3 of the sample ends before
    with closing(Book.open(store_url(tmp_path), compiler=compiler, clock=lambda: later)) as book:
        event = {"id": "z", "type": "budget.released", "date": "2026-03-09", "reference": "none"}
        book.post([Call(events=[event])])
        assert [one.reference for one in book.reservations()[0]] == ["PO2", "R2", "plan-3"]
    report = verify(tmp_path)
    assert report.ok, report.first_bad


def _check_mutations(found: list[Mutation], original: Path, folder: Path) -> None:
    missed = []
    for number, mutation in enumerate(found):
        copy = folder / str(number)
        copy.mkdir()
        shutil.copy(original / FILE, copy / FILE)
        attacker = Attacker(copy)
        refused = _is_of_refused(attacker, mutation)
        mutation.plant(attacker)
        report = verify(copy)
        if report.ok and not (refused and mutation.column in _OF_REFUSED):
            missed.append(mutation)
        elif not report.ok:
            assert report.first_bad is not None
            assert report.first_bad.seq == mutation.seq, (mutation, report.first_bad)
        shutil.rmtree(copy)
    assert missed == []


def _is_of_refused(attacker: Attacker, mutation: Mutation) -> bool:
    effects = attacker.effects(mutation.seq)
    if mutation.table != BUDGET_DECISIONS.name:
        return False
    command = int(effects.tables[mutation.table].ints("command")[mutation.row])
    return command >= 0 and int(effects.tables["commands"].ints("status")[command]) in {6, 7}


@pytest.fixture(scope="module")
def log_alone(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    shutil.copytree(original, folder, dirs_exist_ok=True)
    with closing(open_store(store_url(folder), book_id=BOOK_ID)) as store:
        store.head()
    return folder


@pytest.mark.slow
def test_any_changed_value_of_budgets_is_found(log_alone: Path, tmp_path: Path) -> None:
    every = list(mutations(Attacker(log_alone), LAST_BUDGET, TABLES))
    assert len(every) > 400
    some = random.Random(SEED).sample(every, MUTATIONS_IN_CI)
    _check_mutations(some, log_alone, tmp_path)


@pytest.mark.long
def test_every_changed_value_of_budgets_is_found(log_alone: Path, tmp_path: Path) -> None:
    every = list(mutations(Attacker(log_alone), LAST_BUDGET, TABLES))
    _check_mutations(every, log_alone, tmp_path)


HELD_WITH_VOUCHER = """
rulebook held
ledger general is GL currency CNY
dimension department is department
chart small
  expense @6602 "Expense" debit
  payable @2241 "Payable" credit
budget dept by department over life
event claimed is claim dated date
  department department
  amount     amount
rule claim
  on claimed
  basis "what is claimed is spent"
  spend amount on dept[department] else hold "wait"
  voucher "Claim"
    debit  expense amount by department
    credit payable amount
"""


def test_voucher_of_a_held_event_that_somebody_let_pass_verifies(tmp_path: Path) -> None:
    def event(event_id: str, of_type: str, **fields: object) -> dict[str, object]:
        return {"id": event_id, "type": of_type, "date": "2026-03-05", **fields}

    files = [{"path": "held.tp", "content": HELD_WITH_VOUCHER}]
    lines = [{"node": "dept[A]", "amount": "100.00"}]
    decided = {"of_id": "c", "decision": "approve", "reason": "seen", "actor": "boss"}
    with closing(Book.open(store_url(tmp_path), compiler=compiler)) as book:
        for commit in (
            event("r", "revision.published", source="tongpin", files=files),
            event("b", "budget.approved", lines=lines),
            event("c", "claim", department="A", amount="140.00"),
            event("h", "hold.decided", **decided),
        ):
            book.post([Call(events=[commit], principal="anna")])
        assert book.event("", "c").vouchers == ("C01/GL/2026-03/记/1",)
        assert book.budget_node("dept[A]").available == -4_000
    report = verify(tmp_path)
    assert report.ok, report.first_bad
