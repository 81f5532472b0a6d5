"""Tests of the engine, one folder a package."""
