"""For all tests: how many run at once, and which cases of a thorough one are quick."""

from __future__ import annotations

import os

import pytest

os.environ.pop("LIFECYCLE_ENV", None)  # of whoever runs the tests: their files have no environments


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two more than there are cores: the terminal's tests wait more than they work."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all cases of a thorough test but its first one as slow."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        if item.get_closest_marker("thorough") is None:
            continue
        name = (str(item.path), getattr(item, "originalname", item.name))
        if name in seen:
            item.add_marker(pytest.mark.slow)
        seen.add(name)
