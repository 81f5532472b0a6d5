"""From resolved syntax trees to the program: declarations first, then one rule after the other."""

__all__: list[str] = []
