"""A read that takes its time, as from a disk that hangs: keys, the way back, resizes and quitting go on without it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from textual import events
from textual.app import App
from tui_screen import SMALL, app_on

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import app as module
from lifecycle_tui.tui.ordering import Orderly
from lifecycle_tui.tui.screens import model
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.model import ModelScreen


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Opening a model is not read before this is set."""
    opened, read = threading.Event(), model._read

    def slow(*args: object) -> object:
        opened.wait(120)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "_read", slow)
    monkeypatch.setattr(module, "LATE", 0.1)
    yield opened
    opened.set()


def press(app: App[None], *keys: str) -> None:
    """Keys as the driver sends them; nothing is waited for."""
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else None)
        event.set_sender(app)
        app.post_message(event)


async def until(true: Callable[[], bool], limit: float = 60.0) -> None:
    """As `tui_screen.until`, which waits for reads."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def shown(app: App[None]) -> str:
    """The screen as it is, laid out or not."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def test_keys_go_on_while_a_read_hangs(
    fleet: State, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        press(app, "enter")
        await until(lambda: isinstance(app.screen, ModelScreen))
        await until(lambda: "still reading" in shown(app))
        assert "Esc back" in shown(app)
        size = app.size.with_width(60)
        app.post_message(events.Resize(size, size))
        await until(lambda: "still reading" in shown(app) and app.screen.size == size)
        look, waited = Orderly._opened, []

        async def counted(self: Orderly) -> None:
            waited.append(not self.screen.opened.is_set())  # type: ignore[attr-defined]
            await look(self)

        monkeypatch.setattr(Orderly, "_opened", counted)
        press(app, "2", "3", "1", "escape")
        await until(lambda: isinstance(app.screen, FleetScreen))
        assert waited == [True, False, False] and not gate.is_set(), "only the first key waits, and that for a second"
        monkeypatch.setattr(Orderly, "_opened", look)
        grid = app.screen.filterable()
        assert grid is not None
        row = grid.row
        press(app, "j")
        await until(lambda: grid.row not in (None, row))
        gate.set()
        await pilot.pause()
        await until(lambda: "still reading" not in shown(app))


async def test_the_program_ends_while_a_read_hangs(fleet: State, gate: threading.Event) -> None:
    app = app_on(fleet)
    async with app.run_test(size=SMALL):
        press(app, "enter")
        await until(lambda: isinstance(app.screen, ModelScreen))
        press(app, "ctrl+c")
        await until(lambda: app._exit)
        assert app.return_code == 130 and not gate.is_set()


async def test_what_a_key_could_not_read_is_said_until_the_next_key(
    fleet: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: FleetScreen) -> None:
        raise StateError("state.db is held by another program")

    monkeypatch.setattr(FleetScreen, "action_sort", locked)
    monkeypatch.setattr("lifecycle_tui.tui.app.POLL_SECONDS", 3600.0)  # the title forgets it with the next look
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("s")
        assert shown(app).count("state.db is held by another program") == 2, "in the title, and below"
        app.poll()
        await pilot.pause()
        assert shown(app).count("state.db is held by another program") == 1, "state can be read again: below alone"
        await pilot.press("j")
        assert "state.db" not in shown(app)
