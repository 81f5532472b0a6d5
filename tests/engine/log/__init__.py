"""Tests of the durable log over hand-built effects."""
