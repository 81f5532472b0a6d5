"""Alembic migrations of a store, run when it is opened; never edited once released."""

__all__: list[str] = []
