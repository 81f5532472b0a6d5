"""Tests of the row projection over hand-built effects."""
