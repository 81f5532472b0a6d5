"""The rule language: from the text of a rule book to a program the engine can run."""

__all__: list[str] = []
