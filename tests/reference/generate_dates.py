"""Random truths about dates and periods, in rule text with marked keywords."""

from __future__ import annotations

from collections.abc import Callable
from random import Random


def date_place(rng: Random, dates: list[str]) -> str:
    """A date or period worked out of one, as a place in a summary, where every day shows."""
    one, other = rng.choice(dates), rng.choice(dates)
    count = rng.choice(["1", "2", "(-1)", "13", "(-12)"])
    return rng.choice(
        [
            *[f"{{«add_months»({one}, {count})}}"] * 5,
            f"{{«add_days»({one}, {count})}}",
            f"{{«month_end»({one})}}",
            f"{{«month_start»(«period»({one}))}}",
            f"{{«months»({one}, {other})}}",
        ]
    )


def date_condition(rng: Random, names: Callable[[str], list[str]]) -> str:
    """A truth about dates and periods, or "" where there is no date; `names` of a kind."""
    dates, periods, integers = names("date"), names("period"), names("integer")
    if not dates:
        return ""
    one, other = rng.choice(dates), rng.choice([*dates, "2026-03-15"])
    dated = rng.choice([one, *periods])
    count = rng.choice([*integers, "45", "(-3)", "12"])
    sign = rng.choice(["=", "!=", "<", "<=", ">", ">="])
    day = f"2026-0{rng.randrange(1, 6)}-{rng.choice(['01', '15', '28'])}"
    return rng.choice(
        [
            f"«days»({one}, {other}) {sign} {rng.choice(['0', '20', '(-20)'])}",
            f"«months»({dated}, {other}) {sign} {rng.choice('012')}",
            f"«year»({dated}) = 2026",
            f"«month»({dated}) {sign} {rng.choice('234')}",
            f"«period»({one}) {sign} «period»({other})",
            f'«period»({one}) {sign} "2026-0{rng.randrange(1, 6)}"',
            f"«month_start»({dated}) {sign} {day}",
            f"«month_end»({dated}) {sign} {other}",
            f"«add_days»({one}, {count}) {sign} {day}",
            f"«add_months»({one}, {count}) {sign} {day}",
        ]
    )
