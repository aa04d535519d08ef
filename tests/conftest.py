"""For all tests: how many run at once, and which cases of a thorough one are quick."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

os.environ.pop("LIFECYCLE_ENV", None)  # of whoever runs the tests: their files have no environments
# Tests of the first-run hints, and of where the terminal was left, switch them on.
os.environ |= {"LIFECYCLE_HINTS": "0", "LIFECYCLE_FRESH": "1"}

# A machine that is busy must fail neither an example nor how long it takes to think of one.
settings.register_profile("lifecycle", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lifecycle")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two more than there are cores: the terminal's tests wait more than they work."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(scope="session", autouse=True)
def own_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the terminal remembers of tests stays out of the developer's own files, in child processes too."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


LONGEST = (
    "test_e2e_kill_later.py", "test_e2e_agent_kill.py", "test_e2e_agent_kill_disk.py", "test_e2e_kill_first.py",
    "test_demo_life.py", "test_plugin_host_hostile_check.py", "test_agent_expected_calm.py",
    "test_e2e_terminal_drop.py",
    "test_agent_gate_odds.py", "test_agent_future.py", "test_config_mutations.py", "test_agent_replayed.py",
    "test_tui_keys.py", "test_agent_first_version.py",
)  # fmt: skip
"""Files of slow tests that take minutes: one that begins last is what everybody waits for."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark all cases of a thorough test but its first one as slow; of slow tests let the longest begin first."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        if item.get_closest_marker("thorough") is None:
            continue
        name = (str(item.path), getattr(item, "originalname", item.name))
        if name in seen:
            item.add_marker(pytest.mark.slow)
        seen.add(name)
    if config.option.markexpr == "slow":
        places = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path.name, len(places)))
