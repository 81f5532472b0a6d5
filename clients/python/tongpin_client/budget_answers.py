"""Answers to budget checks and budget calls, and what a check says that could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import grpc

from tongpin_client.budget_figures import BudgetVerdict, Language, Verdict
from tongpin_client.errors import TongpinRpcError
from tongpin_client.results import EventResult, Status

#: Codes that mean that nobody looked at the budgets, beside those worth another try.
_UNANSWERED = frozenset(
    {
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DATA_LOSS,
    }
)

_SENTENCES = {
    # (let pass, Chinese) -> what the person reads
    (False, True): "暂时无法校验预算,本次不予放行;请稍后再试。",
    (True, True): "暂时无法校验预算,本次已放行并标记,须事后核对。",
    (False, False): "The budget cannot be checked at the moment, so this does not pass; "
    "try again later.",
    (True, False): "The budget cannot be checked at the moment; this passes, marked for a later "
    "look.",
}


class Unavailable(StrEnum):
    """What a check answers where it cannot be made."""

    RAISE = "raise"  # nothing; the error is raised
    CLOSED = "closed"  # does not fit: every node BLOCK, marked as not checked
    OPEN_MARKED = "open_marked"  # fits: every node UNCHECKED


@dataclass(frozen=True, slots=True)
class BudgetCheck:
    """What budgets would say.

    Attributes:
        fits: everything asked would be accepted and no budget refuses or holds it.
        sentence: what to show to the person; "" where no budget is concerned.
        verdicts: of every node touched, in order.
        results: one per demand or event; none where the check was not made.
        seq: position of the book; 0 where the check was not made.
        is_checked: False where the server could not be asked; see `Unavailable`.
    """

    fits: bool
    sentence: str
    verdicts: tuple[BudgetVerdict, ...]
    results: tuple[EventResult, ...] = ()
    seq: int = 0
    is_checked: bool = True


@dataclass(frozen=True, slots=True)
class BudgetAnswer:
    """What became of a budget call. A refusal is an answer, not an error.

    Attributes:
        result: status, reason and verdicts of the budget.* event that the call made.
        sentence: what to show to the person.
        reference: of a reservation, the name it stands under; "" otherwise.
        seq: position of the book.
        attempt_id: may be sent again; it is never counted twice.
    """

    result: EventResult
    sentence: str
    reference: str
    seq: int
    attempt_id: str

    @property
    def is_granted(self) -> bool:
        """Whether it happened, now or by an earlier call."""
        return self.result.status in {Status.POSTED, Status.NO_POSTING, Status.DUPLICATE}

    @property
    def verdicts(self) -> tuple[BudgetVerdict, ...]:
        """What each node said."""
        return self.result.budget


def is_unanswered(error: TongpinRpcError) -> bool:
    """Whether a failed check means that nobody looked, rather than that it was asked wrongly."""
    return error.is_transient or error.code in _UNANSWERED


def unchecked(
    nodes: Sequence[str], error: TongpinRpcError, unavailable: Unavailable, language: Language
) -> BudgetCheck:
    """The marked answer to a check that could not be made; `nodes` are those asked, "" unknown."""
    passes = unavailable is Unavailable.OPEN_MARKED
    kind = Verdict.UNCHECKED if passes else Verdict.BLOCK
    verdicts = tuple(BudgetVerdict(node, kind, reason=error.reason) for node in nodes or ("",))
    sentence = _SENTENCES[passes, language is not Language.ENGLISH]
    return BudgetCheck(passes, sentence, verdicts, is_checked=False)
