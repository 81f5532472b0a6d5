"""Seeded mistakes in whole rule books: which the checker catches, and which the tests do.

`python -m tests.mutants --seed S --count N` runs the study, `python -m tests.mutants.valid` checks
generated books for false alarms.
"""
