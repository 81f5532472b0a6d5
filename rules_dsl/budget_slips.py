"""The slips made in budget statements, each with what was meant; see `rules_dsl.slip_patterns`."""

from __future__ import annotations

from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.keywords import TERMINALS
from rules_dsl.stop import Stop

_ACTS = frozenset({"RESERVE", "COMMIT", "SPEND", "CHECK", "GRANT"})
_CLAUSES = frozenset({"AT", "AS", "GROUP", "UNTIL", "EACH", "OVERRIDE", "WHEN"})


def budget_slip(stop: Stop) -> Diagnostic | None:
    """A budget statement that stops at one of its words."""
    if stop.before[:1] == ("RELEASE",):
        return _release(stop) or _round_keys(stop)
    if not stop.before or stop.before[0] not in _ACTS:
        return None
    return _missing_on(stop) or _round_keys(stop) or _after_else(stop) or _outcome(stop)


def _missing_on(stop: Stop) -> Diagnostic | None:
    """`spend 金额 部门费用[…]`, `spend 金额 from 部门费用[…]`."""
    if not stop.accepts("ON_BUDGET") or stop.kind != "NAME":
        return None
    word, following, behind = stop.word("ON_BUDGET"), stop.peek(1), stop.peek(2)
    previous = stop.previous
    if previous is not None and len(stop.before) == 2 and _is_on(previous.text):
        span = stop.span_of(previous)
        act = stop.failed.lexemes[0].text
        return stop.slip(f"an amount stands between {act} and {word}", span=span)
    if following is not None and following.kind == "LSQB":
        help_text = f"write {word} {stop.text}"
        return stop.slip(
            f"{word} is missing before the budget {stop.text}",
            help_text,
            stop.insert(f"{word} "),
        )
    if stop.text in TERMINALS and behind is not None and behind.kind == "LSQB":
        return stop.slip(
            f"the budget follows {word}, not {stop.text}", f"write {word}", stop.replace(word)
        )
    return None


def _is_on(text: str) -> bool:
    return "ON_BUDGET" in TERMINALS.get(text, ())


def _release(stop: Stop) -> Diagnostic | None:
    """`release 金额 from B` without a reference, `release 金额 of 单号 on B`."""
    of, source = stop.word("OF_REFERENCE"), stop.word("FROM")
    if stop.accepts("OF_REFERENCE") and "FROM" in TERMINALS.get(stop.text, ()):
        release = stop.failed.lexemes[0].text
        return stop.slip(
            f"this {release} does not say of which reference",
            f"write {release} {stop.word('ALL')} {of} …, or an amount {of} …, before {source}",
        )
    if stop.accepts("FROM") and _is_on(stop.text):
        return stop.slip(
            f"what is released comes {source} a budget",
            f"write {source}",
            stop.replace(source),
        )
    return None


def _round_keys(stop: Stop) -> Diagnostic | None:
    """`部门费用(部门)`."""
    if stop.kind != "LPAR" or not stop.accepts("LSQB"):
        return None
    return stop.slip("the keys of a budget stand in [ ]", "write [ and ]")


def _after_else(stop: Stop) -> Diagnostic | None:
    """`… else hold "x" when …`."""
    if "ELSE" not in stop.before or not _CLAUSES & set(TERMINALS.get(stop.text, ())):
        return None
    return stop.slip(f"{stop.text} stands before {stop.word('ELSE')}, which comes last")


def _outcome(stop: Stop) -> Diagnostic | None:
    """`else "message"`, or `else refuse`, the word of a rule's own refusals."""
    if not stop.accepts("REJECT", "HOLD"):
        return None
    is_refuse = "REFUSE" in TERMINALS.get(stop.text, ())
    if not is_refuse and stop.kind != "STRING":
        return None
    word = stop.word("REJECT")
    others = ", ".join(stop.word(each) for each in ("REJECT", "HOLD", "WARN"))
    return stop.slip(
        f"{stop.word('ELSE')} is followed by {others} or {stop.word('ESCALATE')}, "
        f"not by {stop.shown_text}",
        f"write {word}" if is_refuse else f"write {word} {stop.text}",
        stop.replace(word) if is_refuse else stop.insert(f"{word} "),
    )
