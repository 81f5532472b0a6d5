"""The service: converts messages, authenticates callers and calls the engine."""

__all__: list[str] = []
