"""Fixtures for every test: fixed seeds, and the sample data that lies beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run, and no deadline: a slow machine is not a failing test.
settings.register_profile("tongpin", derandomize=True, deadline=None)
settings.load_profile("tongpin")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Gives the folder of shared cases and data, or skips where it is not there."""
    folder = Path(os.environ.get("TONGPIN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the shared cases are not beside the checkout; TONGPIN_SHARED can name them")
    return folder
