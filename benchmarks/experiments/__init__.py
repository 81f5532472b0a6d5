"""Experiments behind a decision of ARCHITECTURE.md, kept so that they can be run again."""

__all__: list[str] = []
