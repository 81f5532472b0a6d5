"""Kills the server while it posts, restarts it, and shows that nothing was lost or doubled.

`python -m tests.crash` takes the short form, `--long` the full log. See `harness`.
"""
