"""Books in memory with a few budgets, and short ways to ask them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from engine.book import Book
from engine.calls import Call, EventResult
from engine.program import Program
from engine.state.budgets import Figures, Holding
from server.rulebooks import compile_files

START_US = 1_772_668_800_000_000  # 2026-03-05
SECOND_US = 1_000_000

RULES = """
rulebook budgets
ledger general is GL currency CNY
dimension department is department
dimension unit is unit
code kind = travel | meals
chart small
  expense @6602 "Expense" debit
  payable @2241 "Payable" credit
budget dept by department, kind over month
  warn at 10%
  override by "head"
budget tree by unit over life
  under parents
budget loose by department over life
  control warn
budget seen by department over life
  control track
event claim dated date
  department text
  kind       kind
  amount     amount
  roles      list of text optional
  why        text optional
rule claim
  on claim
  basis "what is claimed is spent"
  spend amount on dept[department, kind] override by roles because why else reject "over"
  voucher "claim"
    debit  expense amount by department
    credit payable amount
event request dated date
  department text
  kind       kind
  amount     amount
rule request
  on request
  basis "what is asked for is kept"
  reserve amount on dept[department, kind] else hold "wait"
event taken dated date expects any
  department text
  kind       kind
  amount     amount
"""


@cache
def program() -> Program:
    """The rules above, compiled once."""
    return compile_files([("budgets.tp", RULES.encode())])


@dataclass(slots=True)
class Budgeted:
    """A book with a clock that stands until it is moved.

    together: every call of `do` is one commit.
    """

    book: Book = field(init=False)
    now_us: int = START_US
    count: int = 0

    def __post_init__(self) -> None:
        """Opens the book."""
        self.book = Book.in_memory([program()], clock=lambda: self.now_us)

    def do(self, *commands: dict[str, object], principal: str = "system") -> list[EventResult]:
        """Posts commands in one commit; ids are given where they have none."""
        events = []
        for command in commands:
            self.count += 1
            events.append({"id": f"e{self.count}", "date": "2026-03-05", **command})
        return self.book.post([Call(events=events, principal=principal)])[0].results

    def wait(self, seconds: int) -> None:
        """Lets time pass, and a tick note it."""
        self.now_us += seconds * SECOND_US
        self.book.tick()

    def figures(self, node: str) -> Figures:
        """Figures of a node."""
        return self.book.state.budgets.figures[node]

    def holding(self, reference: str, budget: str = "dept") -> Holding | None:
        """What a reference holds."""
        return self.book.state.budgets.holdings.get((budget, reference))


def approved(*lines: tuple[str, str], **fields: object) -> dict[str, object]:
    """An approval of (node, amount) lines; further fields go into every line."""
    made = [{"node": node, "amount": amount, **fields} for node, amount in lines]
    return {"type": "budget.approved", "lines": made}


def reserved(node: str, amount: str, reference: str, **fields: object) -> dict[str, object]:
    """A reservation."""
    return {
        "type": "budget.reserved",
        "node": node,
        "amount": amount,
        "reference": reference,
        **fields,
    }


def command(kind: str, **fields: object) -> dict[str, object]:
    """Any budget command by the last part of its type."""
    return {"type": f"budget.{kind}", **fields}
