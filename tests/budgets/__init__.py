"""Budgets seen from outside: a plain model, random machines against it, races over a server."""

__all__: list[str] = []
