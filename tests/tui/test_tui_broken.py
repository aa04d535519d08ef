"""State that is damaged or torn away while a screen is open: the title says so, keys go on working, nothing ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from tui_screen import SMALL, app_on, lines, until

from lifecycle_tui.state.database import State

KEYS = (
    *("j", "enter", "2", "3", "4", "5", "6", "7", "1", "escape", "A", "enter", "J", "enter", "H", "enter", "P", "W"),
    *("F", "x", "escape", "t", "r", "escape", "colon", "a", "enter", "slash", "a", "enter", "question_mark", "escape"),
)


def dropped(conn: sqlite3.Connection) -> None:
    """Every table is gone."""
    conn.execute("PRAGMA foreign_keys = OFF")
    for name, kind in conn.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall():
        if kind in ("table", "view"):
            conn.execute(f'DROP {kind} IF EXISTS "{name}"')


def garbled(conn: sqlite3.Connection) -> None:
    """Values that are no JSON and no instants, as another program or a bad disk leaves them."""
    conn.execute("UPDATE models SET drift_history = '[0.1,', metric_history = '{', evaluated_at = 'yesterday'")
    conn.execute("UPDATE alerts SET detail = '{\"when', opened_at = 'soon'")


@pytest.mark.thorough
@pytest.mark.parametrize(("damage", "said"), [(dropped, "no such table"), (garbled, "state is damaged")])
@pytest.mark.parametrize(
    "before",
    [
        pytest.param((), id="fleet"),
        pytest.param(("enter", "2"), id="drift"),
        *(pytest.param((key,), id=key, marks=pytest.mark.slow) for key in "JAHPW"),
    ],
)
async def test_damage_is_said_and_keys_go_on_working(
    fleet: State, damage: Callable[[sqlite3.Connection], None], said: str, before: tuple[str, ...]
) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press(*before)
        other = sqlite3.connect(fleet.path, isolation_level=None)
        damage(other)
        other.close()
        pilot.app.poll()
        for key in KEYS:
            await pilot.press(key)
            assert pilot.app._exception is None, key
            lines(pilot)
        await pilot.press("escape", "F")
        await until(pilot, lambda: said in lines(pilot)[0], "what is wrong, in the title")
