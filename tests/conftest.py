"""For all tests: how many run at once."""

from __future__ import annotations

import os

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: the terminal's tests wait more than they work."""
    return (os.cpu_count() or 1) + 1
