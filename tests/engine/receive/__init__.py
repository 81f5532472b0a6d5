"""Tests of engine.receive."""
