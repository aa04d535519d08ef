"""For all tests: how many run at once, and which cases of a thorough one are quick."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shell starts what it puts into the background with Ctrl+C ignored: tests of Ctrl+C would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.pop("LIFECYCLE_ENV", None)  # of whoever runs the tests: their files have no environments
# Tests of the first-run hints, and of where the terminal was left, switch them on.
os.environ |= {"LIFECYCLE_HINTS": "0", "LIFECYCLE_FRESH": "1"}

# A machine that is busy must fail neither an example nor how long it takes to think of one. The same examples each
# time: what a run finds is about the change. LIFECYCLE_FUZZ=1 thinks of new ones.
settings.register_profile(
    "lifecycle", deadline=None, suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("LIFECYCLE_FUZZ", "0") == "0",
)  # fmt: skip
settings.load_profile("lifecycle")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two more than there are cores: the terminal's tests wait more than they work."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(scope="session", autouse=True)
def own_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the terminal remembers of tests stays out of the developer's own files, in child processes too."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session", autouse=True)
def states_from_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A workspace's new state, where a test opens one in this process, is a copy of one that the real child has made:
    that child takes a third of a second. Tests of the making itself ask for `states_are_made`."""
    from lifecycle_tui.state import database, folder

    ensure, made = database.ensure, []

    def copied(root: Path) -> None:
        if not MAKE and database.version(root) is None:
            folder.refuse_network(root)
            folder.make(root)
            if not made:
                made.append(tmp_path_factory.mktemp("made"))
                ensure(made[0])
            _put(folder.database(made[0]), folder.database(root))
        ensure(root)

    database.ensure = copied
    yield
    database.ensure = ensure


MAKE: list[None] = []
"""Not empty while a test wants states made as the program makes them."""


@pytest.fixture
def states_are_made() -> Iterator[None]:
    """New states are made by the child, as in the program."""
    MAKE.append(None)
    yield
    MAKE.clear()


def _put(source: Path, target: Path) -> None:
    """A copy, whole from its first moment, unless somebody else has put one there."""
    whole = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}")
    shutil.copyfile(source, whole)
    with contextlib.suppress(FileExistsError):
        os.link(whole, target)
    whole.unlink()


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
