"""Tests of impact: two revisions over the same events."""
