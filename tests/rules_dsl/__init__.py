"""Tests of the rule compiler."""
