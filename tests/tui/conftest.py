"""Workspaces with real state for the terminal's tests, written through the state room's own writers."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tui_seed
from textual.pilot import Pilot
from textual.screen import Screen

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.faults import Faults
from lifecycle_tui.tui.reader import UNDER_WAY

_wait_for_screen, _press, _resize_terminal = Pilot._wait_for_screen, Pilot.press, Pilot.resize_terminal


LOOK = 0.004
"""Seconds that Textual's own wait sleeps between two looks (0.02): what it may miss, `_wait` sees."""

CALM = 3
"""Rounds one after the other in which nothing was under way: a key goes from the app to a widget, and on from there."""


async def _wait(self: Pilot, timeout: float = 30.0) -> bool:
    """Until every widget has handled what it was sent, and what came of that; all that is being read has come; and the
    screen is laid out.

    Textual's own looks at how much this process computes, which says nothing where others take the processor away.
    """
    calm, end = 0, time.monotonic() + 120
    while calm < CALM:
        assert time.monotonic() < end, "there is no end to what is being read"
        if not await _wait_for_screen(self, timeout):
            return False
        here = [task for task in UNDER_WAY if task.get_loop() is asyncio.get_running_loop()]
        if here:
            await asyncio.wait(here, timeout=timeout)
        calm = 0 if here or _moves(self) else calm + 1
    return True


def _moves(pilot: Pilot) -> bool:
    """Whether messages or callbacks wait for the app or for a widget; what waits for a timer to be laid out is laid out
    now, on every screen in sight: below a dialog the screen it came from still shows.
    """
    app = pilot.app
    if app._exit:
        return False
    if app._resize_event is not None:
        app.call_later(app._check_resize)
        return True
    pumps = [app, *(node for screen in app.screen_stack for node in screen.walk_children(with_self=True))]
    if any(pump.message_queue_size or pump._next_callbacks for pump in pumps if pump.is_running):
        return True
    late = [screen for screen in app.screen_stack if screen.is_current and _late(screen, on_top=screen is app.screen)]
    for screen in late:
        screen.call_later(screen._on_timer_update)  # by itself, so that what goes wrong then is its own
    return bool(late)


def _late(screen: Screen[object], *, on_top: bool) -> bool:
    """Whether it is still to be laid out, or painted. One below asks to be painted each time it has been."""
    return bool(
        screen._layout_required or screen._scroll_required or screen._callbacks or (on_top and screen._repaint_required)
    )


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
def our_patch() -> Iterator[pytest.MonkeyPatch]:
    """What holds for all of a test, also where it undoes its own `monkeypatch` in its middle."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(autouse=True)
def patient_pilot(our_patch: pytest.MonkeyPatch) -> None:
    """Tests wait until the app is idle, reads in its thread included; none sleeps."""
    our_patch.setattr("textual._wait.SLEEP_GRANULARITY", LOOK)
    our_patch.setattr(Pilot, "_wait_for_screen", _wait)
    our_patch.setattr(Pilot, "press", _press_each)
    our_patch.setattr(Pilot, "resize_terminal", _resize)


@pytest.fixture(autouse=True)
def faults(our_patch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """Errors that a screen would survive fail the test; one that means them takes them out of the list."""
    found: list[Exception] = []
    our_patch.setattr(Faults, "_write", staticmethod(found.append))
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
def quiet_environment(our_patch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The developer's own terminal settings stay out of the tests."""
    for name in ("NO_COLOR", "LIFECYCLE_ASCII", "LIFECYCLE_MOUSE", "SSH_CONNECTION", "SSH_TTY", "TEXTUAL_THEME"):
        our_patch.delenv(name, raising=False)
    our_patch.setenv("TERM", "xterm-256color")
    our_patch.setenv("LIFECYCLE_AGENT", "off")
    our_patch.setenv("XDG_STATE_HOME", str(tmp_path / "user-state"))
    # A test that writes and then looks means this look, however short ago the one before was.
    our_patch.setattr("lifecycle_tui.tui.app.BETWEEN", 0.0)
    # How full the developer's disk is, is no matter of the tests either.
    our_patch.setattr("lifecycle_tui.tui.banners.usage", lambda root: (100 * 1024**3, 200 * 1024**3))


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
