"""Books written by every released version, kept for ever: each must open and say the same."""

__all__: list[str] = []
