"""A rule book to begin with: it checks clean, its tests pass, and its comments say what is what."""

from rules_dsl.scaffold.writing import new_rulebook

__all__ = ["new_rulebook"]
