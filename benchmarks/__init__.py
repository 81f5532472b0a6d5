"""Benchmarks: figures and ratios against a reference of the same run, never timed tests."""

__all__: list[str] = []
