"""The help: the keys that work here, grouped, nearest first, each once; on screens, panes and dialogs; on any size."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.screen import ModalScreen
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.marking import MarkGrid
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.help import HelpScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.widgets.pager import Pager


async def test_help_lists_every_key_and_sign(fleet: State) -> None:
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
        await pilot.pause()
        shown = text(pilot)
        for said in (
            "filter: every word must occur", "sort by the next column", "PgDn, Ctrl+F", "mark the row",
            "Train a new version", "Alerts: open alerts", "Ctrl+Q",
        ):  # fmt: skip
            assert said in shown, said
        headings = [line[1:].strip() for line in lines(pilot) if line[1:].strip() in (*keys.HEADINGS, "Signs")]
        assert headings == [*keys.HEADINGS, "Signs"]
        await pilot.press("G")
        await pilot.pause()
        assert all(sign in text(pilot) for sign in ("✗ critical", "~ cannot tell", "● running"))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "back")


@pytest.mark.parametrize("size", [SMALL, (60, 20), (30, 8)])
async def test_help_scrolls_on_a_small_screen(fleet: State, size: tuple[int, int]) -> None:
    async with app_on(fleet).run_test(size=size) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
        await pilot.pause()
        assert "This screen" in text(pilot) and "Signs" not in text(pilot)
        await pilot.press("G")
        await pilot.pause()
        assert "without" in text(pilot) and "This screen" not in text(pilot)
        await pilot.press("g", "g")
        await pilot.pause()
        assert ">This screen" in text(pilot)
        assert "Esc back" in lines(pilot)[-1]


async def test_help_of_a_pane_lists_its_keys_and_its_screen_s(fleet: State) -> None:
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        own = [b.description for node in pilot.app.screen.key_nodes() for b in keys.declared(node) if b.description]
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
        await pilot.pause()
        assert "next pane" in own and all(what in text(pilot) for what in ("next pane", "Tab", "Shift+Tab"))


def listed(*nodes: type) -> list[str]:
    return [key for pressed, _ in keys.listing(nodes) for key in pressed.split(", ")]


@pytest.mark.parametrize("screen", [FleetScreen, ModelScreen])
def test_a_key_is_listed_once(screen: type[View]) -> None:
    found = listed(screen, MarkGrid, View, LifecycleApp)
    assert len(found) == len(set(found))
    assert {"Enter", "/", "s", "q", "j", "G", "?", "Ctrl+Q", "Space", "F"} - {"s"} <= set(found)


def test_space_marks_only_where_rows_can_be_marked() -> None:
    assert dict(keys.listing([MarkGrid]))["Space"].startswith("mark")
    assert dict(keys.listing([Grid]))["PgDn, Ctrl+F, Space"] == "page down"


def test_the_nearest_meaning_of_a_key_is_listed() -> None:
    assert dict(keys.listing([FleetScreen, MarkGrid]))["Enter"] == "open the model"


def test_keys_are_grouped_by_how_far_they_reach() -> None:
    found = dict(keys.grouped([FleetScreen, MarkGrid, View, LifecycleApp]))
    assert list(found) == list(keys.HEADINGS)
    place = {pressed: heading for heading, pairs in found.items() for pressed, *_ in pairs}
    assert (place["s"], place["Home"], place["t"], place["x"], place["/"], place["F"]) == (
        "This screen", "In the list", "Actions", "Actions", "Everywhere", "Go to"
    )  # fmt: skip


def test_in_a_dialog_only_those_keys_of_the_app_work_that_go_before_all() -> None:
    class Dialog(ModalScreen[None]):
        BINDINGS = [Binding("y", "yes", "yes", id="dialog.yes")]

    Dialog.__module__ = "lifecycle_tui.tui.screens.dialog"
    found = listed(Dialog, Pager, LifecycleApp)
    assert {"y", "j", "Ctrl+Q", "Ctrl+C", "g"} <= set(found) and not {"F", "?"} & set(found)
