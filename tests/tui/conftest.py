"""Workspaces with real state for the terminal's tests, written through the state room's own writers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tui_seed
from textual.pilot import Pilot

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.faults import Faults
from lifecycle_tui.tui.reader import UNDER_WAY

_wait_for_screen, _press, _resize_terminal = Pilot._wait_for_screen, Pilot.press, Pilot.resize_terminal


async def _wait(self: Pilot, timeout: float = 30.0) -> bool:
    """Until every widget has handled what it was sent, and all that is being read has come."""
    for _ in range(1000):
        if not await _wait_for_screen(self, timeout):
            return False
        here = [task for task in UNDER_WAY if task.get_loop() is asyncio.get_running_loop()]
        if not here:
            return True
        await asyncio.wait(here, timeout=timeout)
    raise AssertionError("there is no end to what is being read")


async def _press_each(self: Pilot, *keys: str) -> None:
    """One key after the other, each once what the one before asked for has come."""
    for key in keys:
        await _press(self, key)


async def _resize(self: Pilot, width: int, height: int) -> None:
    """Until the screen is laid out in its new size; some are too small for any layout."""
    await _resize_terminal(self, width, height)
    for _ in range(20):
        screen = self.app.screen
        if screen._compositor.size == screen.size:
            return
        await self.pause(0.005)


@pytest.fixture(autouse=True)
def patient_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests wait until the app is idle, reads in its thread included; none sleeps."""
    monkeypatch.setattr(Pilot, "_wait_for_screen", _wait)
    monkeypatch.setattr(Pilot, "press", _press_each)
    monkeypatch.setattr(Pilot, "resize_terminal", _resize)


@pytest.fixture(autouse=True)
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """Errors that a screen would survive fail the test; one that means them takes them out of the list."""
    found: list[Exception] = []
    monkeypatch.setattr(Faults, "_write", staticmethod(found.append))
    yield found
    if found:
        raise found[0]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the tests that are coroutines; a plugin for that would be one dependency more."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The developer's own terminal settings stay out of the tests."""
    for name in ("NO_COLOR", "LIFECYCLE_ASCII", "LIFECYCLE_MOUSE", "SSH_CONNECTION", "SSH_TTY", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LIFECYCLE_AGENT", "off")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user-state"))
    # A test that writes and then looks means this look, however short ago the one before was.
    monkeypatch.setattr("lifecycle_tui.tui.app.BETWEEN", 0.0)
    # How full the developer's disk is, is no matter of the tests either.
    monkeypatch.setattr("lifecycle_tui.tui.banners.usage", lambda root: (100 * 1024**3, 200 * 1024**3))


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
