"""Real input: the budget ledger of a school district, its rule book and scripts made outside."""

__all__: list[str] = []
