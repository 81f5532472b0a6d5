"""Benchmarks: figures and ratios against a reference measured in the same run, never timed tests."""

__all__: list[str] = []
