"""What a run of trials reached: how often each construct of the reference page was evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.declarations import Declarations
from tests.reference.fields import ENVELOPE
from tests.reference.generate_rules import GeneratedBook

#: How often the long form must reach each construct.
LEAST = 100

#: Least shares of the long form, in percent: events refused or unposted, products beyond int64.
LEAST_FAILED = 20
LEAST_WIDE = 10

#: Constructs as the reference evaluator counts them while it evaluates.
EVALUATED = (
    *("if", "let", "refuse", "given", "given record", "template place", "text", "count", "sum"),
    *("sum of empty list", "min", "max", "abs", "unary -", "unary not"),
    *("binary +", "binary -", "binary *", "binary /", "and", "or"),
    *("compare =", "compare !=", "compare <", "compare <=", "compare >", "compare >="),
    *("in set", "in range", "in range exclusive"),
    *("round half_away", "round half_even", "round down", "round up"),
    *("split largest_remainder", "split largest", "split first", "split last"),
    *("split of a negative total", "delta", "delta of other keys", "balance of"),
    *("balance of two dimensions", "balance in a ledger", "round to decimals"),
    *("table unique", "table first", "table else row", "table no row", "table cell set"),
    *("table cell range", "table output by name", "rate", "rate not effective"),
    *("record", "record default", "record missing", "record written", "dimension attribute"),
    *("convert", "round foreign", "foreign converted", "foreign stated"),
    "foreign line of no amount",
    *("dated record", "record at a date", "record asked before its first day"),
    *("dimension if given", "dimension expression", "line", "each", "zero line dropped"),
    *("voucher", "voucher guard", "second ledger", "guard True", "guard False"),
    *("negative red", "negative swap", "negative reject"),
    *("negative line red", "negative line swap", "negative line reject"),
    *("days", "months", "year", "month", "period", "month_start", "month_end", "add_days"),
    *("add_months", "spread", "spread_last", "reason PERIOD_OUTSIDE_SPREAD"),
    *("transfer", "transfer each", "transfer to itself", "remaining", "remaining nothing"),
    *("reason REMAINING_EXCEEDS_BOUND",),
    *("account of a ledger's own chart",),
    *("parameter default", "parameter of the book", "parameter of an entity"),
    *("book.parameter_set", "reason UNKNOWN_PARAMETER"),
    *("side by sign", "side changed by sign", "merge", "merged line"),
    *("expects any", "expects some", "expects one", "expects none", "late to next open"),
    *("status POSTED", "status NO_POSTING", "status UNPOSTED", "status REJECTED_RULE"),
    *("status INVALID", "status DUPLICATE", "status CONFLICT"),
    *("reason ALL_ZERO", "reason NO_RULE", "reason AMBIGUOUS_RULE", "reason PERIOD_CLOSED"),
    *("reason UNKNOWN_TYPE", "reason NO_ROW", "reason RATE_NOT_EFFECTIVE"),
    *("reason MISSING_RECORD", "reason MISSING_DIMENSION", "reason NEGATIVE_AMOUNT"),
    *("reason SPLIT_WITHOUT_WEIGHT", "reason SPLIT_NEGATIVE_WEIGHT"),
)

#: Declarations, counted over the books.
DECLARED = (
    *("balancing dimension", "chart in a file", "chart in the book", "required dimension"),
    *("list of records", "list of values", "map", "envelope field", "personal", "text key"),
    *("optional", "optional default", "optional part of a list", "price", "written bound"),
    *("table with a flag", "table with a date", "table with a text", "rule from", "rule until"),
    *("voucher word", "voucher ledger", "must post", "target in a ledger", "record of two keys"),
    *("account let", "Chinese keywords", "English keywords", "currency without decimals"),
)

#: Statements, commands, answers and outcomes of budgets.
BUDGETED = (
    *("budget reserve", "budget commit", "budget spend", "budget check", "budget release"),
    *("budget grant", "budget each", "budget.approved", "budget.revised", "budget.transferred"),
    *("budget.closed", "budget.reserved", "budget.committed", "budget.spent", "budget.released"),
    *("budget.extended", "hold approve", "hold reject", "clock"),
    *("verdict PASS", "verdict WARN", "verdict BLOCK", "verdict HOLD", "verdict OVERRIDE"),
    *("verdict OVERRUN", "verdict CUT", "verdict UNCHECKED"),
    *("reason BUDGET_EXCEEDED", "reason BUDGET_HELD", "reason BUDGET_ESCALATED"),
    *("reason OVER_BUDGET", "reason BUDGET_TRANSFER_EXCEEDS_AVAILABLE", "reason BUDGET_UNCHECKED"),
    *("reason UNKNOWN_NODE", "reason UNKNOWN_RESERVATION", "reason NOTHING_HELD"),
    *("reason NOT_HELD", "reason ROLE_MISSING"),
)

#: What books about the ledger read and write there.
LEDGERED = (
    *("balance in a currency", "foreign balance", "book_share"),
    *("foreign converted", "foreign book", "foreign revalued"),
    *("balance of", "debits of", "credits of", "balance during a period"),
    *("balances of", "balances of no element", "balances of several elements", "balances by all"),
    *("target read", "target read after a delta", "true up"),
    *("balance until a period", "balance of a set", "balance after earlier lines"),
)

FAILED = ("status UNPOSTED", "status REJECTED_RULE")
LISTS = ("list of no element", "list of one element", "list of many elements")
#: Where an event meets a key that an earlier one has changed.
CONTENDED = (
    "delta after an earlier one",
    "record read after it was written",
    "record written again",
    "dated record written again",
    "dated record written back in time",
    "balance after earlier lines",
)
CONSTRUCTS = tuple(dict.fromkeys((*EVALUATED, *DECLARED, *LISTS, *CONTENDED)))


def declared(book: Declarations, generated: GeneratedBook) -> Counter[str]:
    """The declarations of a book by construct."""
    seen: Counter[str] = Counter()
    seen["Chinese keywords" if "规则册" in generated.text() else "English keywords"] += 1
    seen["chart in a file"] += bool(generated.assets)
    seen["currency without decimals"] += book.first_ledger.currency == "JPY"
    seen["balancing dimension"] += any(one.balancing for one in book.dimensions.values())
    seen["chart in the book"] += 1
    seen["required dimension"] += sum(bool(one.requires) for one in book.accounts.values())
    for event in book.events.values():
        seen["must post"] += event.must_post
        for field in event.fields:
            seen.update(_of_field(book, field))
    for table in book.tables.values():
        words = {column.type.word for column in table.columns if column.type is not None}
        for word in words & {TypeWord.FLAG, TypeWord.DATE, TypeWord.TEXT}:
            seen[f"table with a {word.value}"] += 1
    seen["record of two keys"] += sum(len(one.keys) > 1 for one in book.records.values())
    seen["target in a ledger"] += sum(one.ledger is not None for one in book.targets.values())
    for rule in book.rules:
        seen["rule from"] += rule.valid_from is not None
        seen["rule until"] += rule.valid_until is not None
        for statement in rule.statements:
            seen.update(_of_statement(statement))
    return seen


def _of_field(book: Declarations, field: syntax.FieldDecl) -> Iterable[str]:
    word = field.type.word
    if word is TypeWord.MAP:
        yield "map"
    elif word is TypeWord.LIST:
        is_values = book.item_type(field.type) is not None
        yield "list of values" if is_values else "list of records"
        parts = book.elements_of(field.type)
        if any(part.optional for part in parts):
            yield "optional part of a list"
    yield from _facts(
        {
            "envelope field": field.wire in ENVELOPE,
            "personal": field.personal,
            "text key": field.type.is_key,
            "optional": field.optional and field.default is None,
            "optional default": field.default is not None,
            "price": bool(field.type.per_unit),
            "written bound": field.type.high is not None,
        }
    )


def _of_statement(statement: syntax.Statement) -> Iterable[str]:
    if isinstance(statement, syntax.VoucherDecl):
        lets = [line.account.text[:1] for line in statement.lines if _is_name(line.account)]
        yield from _facts(
            {
                "voucher word": bool(statement.word),
                "voucher ledger": statement.ledger is not None,
                "account let": "科" in lets,
            }
        )


def _is_name(account: syntax.Name | syntax.Index) -> bool:
    return isinstance(account, syntax.Name)


def _facts(facts: dict[str, bool]) -> Iterable[str]:
    return [name for name, holds in facts.items() if holds]


def sent(events: Iterable[Mapping[str, object]]) -> Counter[str]:
    """The lists and maps of events by how many elements they have."""
    seen: Counter[str] = Counter()
    for event in events:
        for value in event.values():
            if isinstance(value, list | dict):
                seen[LISTS[min(len(value), 2)]] += 1
    return seen


class Requirement(NamedTuple):
    """Something that a long run must show, what it showed, and whether that is enough."""

    text: str
    holds: bool


def report(seen: Counter[str], names: Iterable[str] = CONSTRUCTS) -> str:
    """The counts, one construct a line."""
    return "\n".join(f"{seen[name]:>11,}  {name}" for name in names)


def budget_requirements(seen: Counter[str]) -> list[Requirement]:
    """What a long run over books about budgets must show."""
    rare = [f"{name} {seen[name]}" for name in BUDGETED if seen[name] < LEAST]
    told = f"too rare: {', '.join(rare)}" if rare else "all"
    text = f"each of {len(BUDGETED)} constructs of budgets at least {LEAST} times; {told}"
    return [Requirement(text, not rare)]


def ledger_requirements(seen: Counter[str]) -> list[Requirement]:
    """What a long run over books about the ledger must show."""
    rare = [f"{name} {seen[name]}" for name in LEDGERED if seen[name] < LEAST]
    told = f"too rare: {', '.join(rare)}" if rare else "all"
    text = f"each of {len(LEDGERED)} constructs of ledgers at least {LEAST} times; {told}"
    return [Requirement(text, not rare)]


def requirements(seen: Counter[str]) -> list[Requirement]:
    """What a long run must show."""
    rarest = min(CONSTRUCTS, key=lambda name: seen[name])
    rare = [f"{name} {seen[name]}" for name in CONSTRUCTS if seen[name] < LEAST]
    events = sum(count for name, count in seen.items() if name.startswith("status "))
    failed = sum(seen[name] for name in FAILED)
    products, wide = seen["product"], seen["product beyond int64"]
    return [
        Requirement(
            f"each of {len(CONSTRUCTS)} constructs at least {LEAST} times; "
            + (f"too rare: {', '.join(rare)}" if rare else f"rarest: {rarest}, {seen[rarest]}"),
            not rare,
        ),
        Requirement(
            f"at least {LEAST_FAILED} % of the events refused or unposted: "
            f"{_share(failed, events)} of {events:,}",
            100 * failed >= LEAST_FAILED * max(1, events),
        ),
        Requirement(
            f"at least {LEAST_WIDE} % of the products beyond int64: "
            f"{_share(wide, products)} of {products:,}",
            100 * wide >= LEAST_WIDE * max(1, products),
        ),
        _each_often("lists of every length", LISTS, seen),
        _each_often("contended keys", CONTENDED, seen),
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"


def _each_often(title: str, names: Iterable[str], seen: Counter[str]) -> Requirement:
    counts = ", ".join(f"{name} {seen[name]:,}" for name in names)
    return Requirement(f"{title}: {counts}", all(seen[name] >= LEAST for name in names))
