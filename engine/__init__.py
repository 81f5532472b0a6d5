"""The accounting engine: numbers, batches, programs and the log; no text and no wire."""

__all__: list[str] = []
