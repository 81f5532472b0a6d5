"""Tests of what runs the test blocks of rule books."""
