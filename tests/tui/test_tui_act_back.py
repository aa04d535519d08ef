"""Pause, check now, undo and a read-only terminal, as a person uses them; and keys that scroll never do anything."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import cast

import pytest
from test_tui_act import SHOP, acted, done, opened, planned, room
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, text, until

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.config import key_table
from lifecycle_tui.domain import read_only
from lifecycle_tui.state import audit, pauses
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.screens.act import ActScreen
from lifecycle_tui.tui.subject import Subject
from tests.actions.actions_room import Room

__all__ = ["acted", "room"]
SCROLLS = ("ctrl+d", "ctrl+u", "ctrl+k", "ctrl+j")
TINY = (60, 20)


def rows(room: Room) -> list[tuple[str, str]]:
    with room.state.read() as conn:
        return [(row.action, row.subject) for row in audit.entries(conn)][::-1]


def held(room: Room) -> bool:
    with room.state.read() as conn:
        found = pauses.pause_of(conn, "shop")
    return found is not None and found.until is None


async def pressed(pilot: Pilot, key: str) -> ActScreen:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ActScreen), f"{key} opens its plan")
    dialog = pilot.app.screen
    assert isinstance(dialog, ActScreen)
    await planned(pilot, dialog)
    return dialog


async def at_shop(pilot: Pilot) -> None:
    await pilot.pause()
    await until(pilot, lambda: pilot.app.screen.grid.rows, "the fleet")  # type: ignore[attr-defined]
    pilot.app.screen.grid.go("shop")  # type: ignore[attr-defined]
    await pilot.pause()


@pytest.mark.parametrize("size", [TINY, *(pytest.param(size, marks=pytest.mark.slow) for size in (SMALL, LARGE))])
async def test_a_model_is_paused_and_u_takes_that_back(room: Room, size: tuple[int, int]) -> None:
    async with app_on(room.state).run_test(size=size) as pilot:
        await at_shop(pilot)
        dialog = await pressed(pilot, "=")
        shown = text(pilot)
        for part in ("Pause a model: shop", "Pause shop until it is resumed", "way back  lifecycle resume shop"):
            assert part in shown, part
        assert "lifecycle pause shop" in shown and "Enter do it" in shown and rows(room) == []
        await pilot.press("enter")
        await done(pilot, dialog)
        assert held(room) and rows(room) == [("pause", "shop")]
        await pilot.press("escape")
        dialog = await pressed(pilot, "u")
        shown = " ".join(text(pilot).split())
        assert "Undo pause of shop, entry 1 by ana" in shown and "resume shop, paused by ana" in shown
        assert "lifecycle undo 1" in shown and "`lifecycle undo` once more" in shown
        await pilot.press("enter")
        await done(pilot, dialog)
        assert not held(room) and rows(room)[1:] == [("resume", "shop"), ("undo", "shop")]
        await pilot.press("escape")
        dialog = await pressed(pilot, "u")
        assert "Do again pause of shop" in text(pilot)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert held(room)


async def test_a_pause_takes_a_time_and_the_fleet_says_it(room: Room) -> None:
    async with app_on(room.state).run_test(size=LARGE) as pilot:
        dialog = await opened(pilot, "pause", SHOP)
        dialog.question.take("for", "2d")
        dialog.question.take("note", "the schema moves")
        dialog.plan()
        await planned(pilot, dialog)
        assert "--for 2d" in text(pilot)
        await pilot.press("enter")
        await done(pilot, dialog)
        await pilot.press("escape")
        await pilot.pause()
        await until(pilot, lambda: "paused by ana until" in text(pilot), "the fleet says it")
        dialog = (
            await pressed(pilot, ">")
            if pilot.app.screen.subject().model == "shop"
            else await opened(  # type: ignore[attr-defined]
                pilot, "resume", SHOP
            )
        )
        await pilot.press("enter")
        await done(pilot, dialog)
        await pilot.press("escape")
        await until(pilot, lambda: "paused by ana until" not in text(pilot), "and that it is over")


async def test_check_now_is_followed_and_stopped_by_undo(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await at_shop(pilot)
        dialog = await pressed(pilot, "E")
        assert "Check shop now" in text(pilot) and "lifecycle check shop" in text(pilot)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert room.jobs()[0][0] == "evaluate" and len(dialog.jobs) == 1 and "waits for a worker" in text(pilot)
        await pilot.press("escape")
        dialog = await pressed(pilot, "u")
        shown = " ".join(text(pilot).split())
        assert "cancel job" in shown and "none: what was stopped does not go on" in shown
        await pilot.press("enter")
        await done(pilot, dialog)
        await pilot.press("escape")
        await pressed(pilot, "u")
        assert "cannot be undone: what was stopped does not go on" in " ".join(text(pilot).split())


async def test_undo_of_nothing_and_of_an_entry_under_the_cursor(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await opened(pilot, "undo", SHOP)
        assert "ana has done nothing to shop" in text(pilot)
        await pilot.press("escape")
        dialog = await opened(pilot, "ack", Subject(model="shop", alert=1))
        await pilot.press("enter")
        await done(pilot, dialog)
        await pilot.press("escape")
        dialog = await opened(pilot, "undo", Subject(entry=1))
        assert "Undo: entry 1" in text(pilot) and "Undo acknowledge of alert 1" in text(pilot)
        assert dialog.question.given["entry"] == "1" and "on" not in dialog.question.given


@pytest.mark.parametrize("size", [pytest.param(SMALL, marks=pytest.mark.slow), TINY])
async def test_read_only_shows_plans_and_does_none(
    room: Room, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv(read_only.VARIABLE, "1")
    dump = room.dump()
    async with app_on(room.state).run_test(size=size) as pilot:
        await at_shop(pilot)
        assert "[RO]" in text(pilot).splitlines()[0]
        for key in ("t", "=", "E"):
            await pressed(pilot, key)
            shown = " ".join(text(pilot).split())
            assert "[RO]" in shown and "look only: read-only" in shown and "do it" not in shown.split("Esc")[0][-40:]
            for yes in ("enter", "y"):
                await pilot.press(yes)
                assert "read-only: what is asked for from here is not done" in " ".join(text(pilot).split())
            await pilot.press("escape")
    assert room.dump() == dump


def test_keys_that_scroll_never_do_anything_else() -> None:
    for owner, bound in key_table.BOUND.items():
        for id_, pressed_, what in bound:
            for key in set(SCROLLS) & set(pressed_.split(",")):
                assert id_.endswith((".half-down", ".half-up")), f"{owner}: {key} is {id_}, {what}"
    assert not {named.key for named in NAMED.values()} & set(SCROLLS)


async def test_keys_that_scroll_open_nothing_on_a_model(room: Room) -> None:
    dump = room.dump()
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await at_shop(pilot)
        screen = pilot.app.screen
        for key in SCROLLS:
            await pilot.press(key)
            assert pilot.app.screen is screen, key
        dialog = await opened(pilot, "retrain", SHOP)
        for key in SCROLLS:
            await pilot.press(key)
            assert pilot.app.screen is dialog and dialog.stage == "asking", key
    assert room.dump() == dump


EDITED = ("config set", "config unset")
"""What these do is reached by the policy's editor, which saves as they do."""


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_reached_by_a_key_or_the_palette(name: str) -> None:
    from lifecycle_tui.tui import entries
    from lifecycle_tui.tui.screens.base import View

    bound = {b.id: b for b in keys.declared(View)}
    binding = bound.get(f"act.{name.replace(' ', '-')}")
    assert (binding is None) == (ACTIONS[name].key is None)
    bare = SimpleNamespace(action_act=print, modelwide=lambda: False)
    bare.missing = partial(View.missing, cast("View", bare))
    view = cast("View", bare)
    here = Subject(model="shop", version=1, alert=1, job=1, plugin="metric:x", entry=1)
    offered = {entry.also: entry for entry in entries.actions(view, here)}
    if name in EDITED:
        assert "Edit the policy" in {entry.text for entry in entries.policy(view, here)}
    else:
        assert offered[name].text == ACTIONS[name].title and ACTIONS[name].help
