"""Tests: one folder per package, mirroring its modules."""
