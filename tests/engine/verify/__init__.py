"""Tests of verification: a book with everything in it, and faults planted one at a time."""
