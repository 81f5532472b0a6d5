"""Tests of engine.output."""
