"""Amounts whose currency another field names: no more decimals than that currency has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.batch import Column, ListColumn
from engine.currencies import CURRENCY_DECIMALS, minor_unit
from engine.program import Field
from engine.receive.scalars import Report, named
from engine.strings import BatchStrings


def check_foreign_amounts(
    fields: Sequence[Field],
    columns: Sequence[Column | ListColumn],
    strings: BatchStrings,
    report: Report,
) -> None:
    """Reports amounts with more decimals than their currency has, or without a currency.

    Args:
        fields: of an event type, or of the elements of a list.
        columns: typed, one per field.
        strings: that their text codes are of.
        report: told of every row that is wrong.
    """
    for field, column in zip(fields, columns, strict=True):
        if field.currency_field < 0 or not isinstance(column, Column):
            continue
        named_by, currencies = fields[field.currency_field], columns[field.currency_field]
        if not isinstance(currencies, Column):
            continue
        codes = currencies.values.astype(np.int64)
        units = np.ones(len(codes), dtype=np.int64)
        for code in np.unique(codes).tolist():
            text = strings.text(code) if code >= 0 else ""
            if text in CURRENCY_DECIMALS:
                units[codes == code] = minor_unit(text)
        name = named(field.name, field.wire)
        for row in np.flatnonzero(column.given & (codes < 0)).tolist():
            of = named(named_by.name, named_by.wire)
            report(row, f"{name} is there without {of}, its currency; send both")
        broken = column.values.astype(np.int64) % units != 0
        for row in np.flatnonzero(column.given & broken).tolist():
            text = strings.text(int(codes[row]))
            decimals = CURRENCY_DECIMALS[text]
            report(row, f"{name} has more decimals than {text}, which has {decimals}")
