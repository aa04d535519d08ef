"""Workspaces with real state for the terminal's tests, written through the state room's own writers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tui_seed

from lifecycle_tui.state.database import State


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the tests that are coroutines; a plugin for that would be one dependency more."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own terminal settings stay out of the tests."""
    for name in ("NO_COLOR", "LIFECYCLE_ASCII", "LIFECYCLE_MOUSE", "SSH_CONNECTION", "SSH_TTY", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LIFECYCLE_AGENT", "off")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty state, migrated once: a migration is a child process, and every test needs one."""
    root = tmp_path_factory.mktemp("template")
    State.open(root).close()
    return root


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Iterator[Callable[[], State]]:
    """Makes a workspace folder with an empty state and opens it."""
    opened: list[State] = []

    def make(name: str = "shop") -> State:
        root = tmp_path / name
        tui_seed.copy(template, root)
        opened.append(State.open(root))
        return opened[-1]

    yield make
    for state in opened:
        state.close()


@pytest.fixture
def fleet(workspace: Callable[[], State]) -> State:
    """A workspace with real-looking models: drifted, degraded, broken, fine and never checked."""
    state = workspace()
    tui_seed.fleet(state)
    return state
