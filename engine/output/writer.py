"""Writes the files of `replay` and `export`: results, vouchers, lines, budgets, balances, summary.

Takes commits in log order and holds a bounded number of rows; the summary is written last, so a
folder without one is not complete.
"""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, assignment, attr-defined, call-overload, no-any-return"
# mypy: disable-error-code="return-value, type-arg"

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.calls import BudgetNodeView, TrialBalanceRow
from engine.columns import EffectBatch
from engine.decimals import format_minor
from engine.effects import Status
from engine.errors import InvariantBroken
from engine.output.budgets import BudgetFiles
from engine.output.columns import (
    RESULTS,
    VOUCHERS,
    exact_sum,
    line_columns,
    line_schema,
    quantity_schema,
    voucher_columns,
)
from engine.output.digests import ResultDigest, VoucherDigest
from engine.output.parquet_file import ParquetFile
from engine.output.trial_balance import write_trial_balance

#: One result: input number from 1, source, event id, type, status, reason, message.
ResultRow = tuple[int, str, str, str, Status, str, str]

#: Key of the scales of the ledgers, as JSON, in the metadata of `lines.parquet`.
SCALES_KEY = "tongpin.ledger_scales"


class OutputWriter:
    """Writes one folder; `finish` completes it, leaving the block without it does not."""

    def __init__(
        self,
        folder: str | Path,
        *,
        dimensions: Sequence[str],
        scale: int = 2,
        budget_scales: Mapping[str, int] | None = None,
    ) -> None:
        """Makes the folder and opens its files.

        Args:
            folder: where to; files of an earlier run in it are replaced.
            dimensions: wire names of the declared dimensions.
            scale: largest scale of the book's ledgers.
            budget_scales: scale of each declared budget, by wire name.
        """
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path("summary.json").unlink(missing_ok=True)
        self._scale = scale
        self._results = ParquetFile(self._path("results.parquet"), RESULTS)
        self._vouchers = ParquetFile(self._path("vouchers.parquet"), VOUCHERS)
        self._lines = ParquetFile(self._path("lines.parquet"), line_schema(dimensions, scale))
        self._budgets = BudgetFiles(self._folder, budget_scales or {})
        # Statistical lines come with a later stage; their file has no rows yet.
        ParquetFile(self._path("quantities.parquet"), quantity_schema(dimensions)).close()
        self._result_digest = ResultDigest()
        self._voucher_digest = VoucherDigest(self._path(".lines"))
        self._counts: dict[str, dict[str, int]] = {}
        self._totals: dict[str, _Total] = {}

    def add_results(self, rows: Iterable[ResultRow]) -> None:
        """Adds results in input order, one per input event."""
        kept = list(rows)
        if not kept:
            return
        numbers, sources, ids, types, statuses, reasons, messages = zip(*kept, strict=True)
        names = [status.name for status in statuses]
        columns = (numbers, sources, ids, types, names, reasons, messages)
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, RESULTS, strict=True)
        ]
        table = pa.table(arrays, schema=RESULTS)
        self._results.add(table)
        self._result_digest.add(table)
        for name, reason in zip(names, reasons, strict=True):
            by_reason = self._counts.setdefault(name, {})
            by_reason[reason] = by_reason.get(reason, 0) + 1

    def add_effects(self, effects: EffectBatch) -> None:
        """Adds the vouchers and budget decisions of a commit; commits come in log order."""
        self._budgets.add(effects)
        if "vouchers" not in effects.tables or not effects.tables["vouchers"].count:
            return
        vouchers = voucher_columns(effects)
        lines = line_columns(effects, vouchers, self._lines.schema, self._scale)
        self._vouchers.add(vouchers)
        self._lines.add(lines)
        owners = effects.tables["lines"].ints("voucher")
        scales = effects.tables["vouchers"].ints("scale")
        self._voucher_digest.add(vouchers, lines, owners, scales[owners])
        self._add_totals(effects, vouchers)

    def finish(
        self,
        trial_balance: Sequence[TrialBalanceRow],
        extras: Mapping[str, object],
        budgets: Iterable[BudgetNodeView] = (),
    ) -> dict[str, object]:
        """Completes the files.

        Args:
            trial_balance: every account and period.
            extras: further members of the summary: revision, events_per_second …
            budgets: every budget node.

        Returns:
            The summary as written to `summary.json`.
        """
        scales = {ledger: total.scale for ledger, total in sorted(self._totals.items())}
        self._lines.note(SCALES_KEY, json.dumps(scales, ensure_ascii=False))
        for file in (self._results, self._vouchers, self._lines):
            file.close()
        write_trial_balance(self._path("trial_balance.csv"), trial_balance)
        budget_digest = self._budgets.close(budgets)
        summary: dict[str, object] = {
            "events": self._results.row_count,
            "vouchers": self._vouchers.row_count,
            "lines": self._lines.row_count,
            "statuses": {
                name: sum(by_reason.values()) for name, by_reason in sorted(self._counts.items())
            },
            "reasons": {
                name: {reason: count for reason, count in sorted(by_reason.items()) if reason}
                for name, by_reason in sorted(self._counts.items())
                if any(by_reason)
            },
            "ledgers": {ledger: total.summary() for ledger, total in sorted(self._totals.items())},
            "budget_nodes": self._budgets.node_count,
            "budget_decisions": self._budgets.counts(),
            **extras,
            "voucher_digest": self._voucher_digest.close(),
            "budget_digest": budget_digest,
            "result_digest": self._result_digest.hex(),
        }
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        self._path("summary.json").write_text(text + "\n", encoding="utf-8")
        return summary

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _add_totals(self, effects: EffectBatch, vouchers: pa.Table) -> None:
        table, lines = effects.tables["vouchers"], effects.tables["lines"]
        ledgers = table.ints("ledger")
        ledger_of_line = ledgers[lines.ints("voucher")]
        debit, credit = lines.ints("debit"), lines.ints("credit")
        names = vouchers["ledger"]
        for code in np.unique(ledgers).tolist():
            own = ledgers == code
            first = int(np.flatnonzero(own)[0])
            name, scale = str(names[first].as_py()), int(table.ints("scale")[first])
            total = self._totals.setdefault(name, _Total(scale))
            if total.scale != scale or (table.ints("scale")[own] != scale).any():
                raise InvariantBroken("a ledger changed its scale", name, total.scale, scale)
            chosen = ledger_of_line == code
            total.vouchers += int(own.sum())
            total.lines += int(chosen.sum())
            total.debit += exact_sum(debit[chosen])
            total.credit += exact_sum(credit[chosen])


class _Total:
    """What was posted in a ledger; amounts in minor units."""

    __slots__ = ("credit", "debit", "lines", "scale", "vouchers")

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.vouchers = self.lines = self.debit = self.credit = 0

    def summary(self) -> dict[str, object]:
        return {
            "vouchers": self.vouchers,
            "lines": self.lines,
            "debit": format_minor(self.debit, self.scale),
            "credit": format_minor(self.credit, self.scale),
        }
