"""Real input: the road-fines log of an Italian police force, its rule book and independent sums."""

__all__: list[str] = []
