"""Tests of engine.budget."""
