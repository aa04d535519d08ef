"""What a person takes along: the place and the views at the next start, the row, the table, the first-run hints."""

from __future__ import annotations

import csv
import json
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
import seed_life
from textual.pilot import Pilot
from tui_screen import SMALL, cursor, lines, text, until

from lifecycle_tui.state import jobs, models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import copying, hints, memory
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.keeper import BACK, Keeper
from lifecycle_tui.tui.memory import Remembered, Spot
from lifecycle_tui.tui.panes.listing import PANES
from lifecycle_tui.tui.places import PLACES
from lifecycle_tui.tui.screens.export import ExportScreen, file_name
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.source import Source


def opened(state: State, *, fresh: bool = False) -> LifecycleApp:
    """The app as `start.build` makes it."""
    source, keeper = Source(state.root), Keeper(state.root, fresh=fresh)
    keeper.check(source.conn)
    return LifecycleApp(source, keeper=keeper)


async def settle(pilot: Pilot) -> None:
    """Two looks of the keeper: the second one writes what has not moved since the first."""
    for _ in range(2):
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()


# ── where somebody was ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_next_start_is_where_this_one_was(fleet: State) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("j", "enter", "2")
        await pilot.press("down", "slash", *"!hour", "enter", "down")  # another window, a filter of its columns
        was = lines(pilot)
        assert isinstance(pilot.app.screen, ModelScreen)
        pilot.app.exit()
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        now = lines(pilot)
        assert now[1:-2] == was[1:-2] and now[0] == was[0]
        assert now[-2].strip() == BACK
        await pilot.press("escape", "escape", "escape")  # the filter goes, then the columns, then the model
        assert pilot.app.screen.NAME == "fleet"  # type: ignore[attr-defined]
        assert "card-fraud" in cursor(pilot), "the way back leads to the model"


async def test_it_is_written_once_it_rests_and_not_in_the_event_loop(
    fleet: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, str]] = []

    def store(root: Path, now: Remembered) -> str:
        written.append((now.spot.screen, threading.current_thread().name))
        return ""

    monkeypatch.setattr(memory, "store", store)
    async with LifecycleApp(Source(fleet.root)).run_test(size=SMALL) as pilot:
        keeper, app = Keeper(fleet.root), pilot.app
        await pilot.pause()
        keeper.look(app.screen_stack)
        await pilot.press("A")
        keeper.look(app.screen_stack)
        assert not written, "it may still be moving"
        keeper.look(app.screen_stack)
        await until(pilot, lambda: written == [("alerts", "memory")], "written by a thread of its own")
        keeper.look(app.screen_stack)
        keeper.look(app.screen_stack, wait=True)
        keeper.end()
        assert len(written) == 1, "nothing has moved"
        await pilot.press("J")
        keeper.look(app.screen_stack)
        keeper.end()
        assert [screen for screen, _ in written] == ["alerts", "jobs"], "an end that nobody saw coming"


async def test_without_a_keeper_nothing_is_remembered(fleet: State) -> None:
    async with LifecycleApp(Source(fleet.root)).run_test(size=SMALL) as pilot:
        await pilot.press("A")
        pilot.app.exit()
    assert memory.load(fleet.root) == memory.NOTHING


async def test_a_fresh_start_is_on_the_fleet_as_it_always_is(fleet: State) -> None:
    memory.store(fleet.root, Remembered(Spot("jobs"), {"fleet": {"sort": "name"}}))
    async with opened(fleet, fresh=True).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert pilot.app.screen.NAME == "fleet" and "by model" not in lines(pilot)[0]  # type: ignore[attr-defined]
        pilot.app.exit()
    assert memory.load(fleet.root).spot.screen == "fleet", "from then on it is remembered again"


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in PLACES if name != "fleet"])
async def test_each_screen_comes_back_above_the_fleet(fleet: State, name: str) -> None:
    memory.store(fleet.root, Remembered(Spot(name, key="nobody's", filter="!zzz")))
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert name == pilot.app.screen.NAME  # type: ignore[attr-defined]
        await pilot.press("escape", "escape")
        assert pilot.app.screen.NAME == "fleet"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spot", "name", "said"),
    [
        (Spot("model", model="gone", pane="drift"), "fleet", "gone, where you were, is declared no more"),
        (Spot("job", job=77), "jobs", "job 77, where you were, is in state no more"),
        (Spot("model"), "fleet", ""),
        (Spot("job"), "fleet", ""),
        (Spot("of a later release", model="churn"), "fleet", ""),
    ],
)
async def test_a_place_that_is_gone_is_the_nearest(fleet: State, spot: Spot, name: str, said: str) -> None:
    memory.store(fleet.root, Remembered(spot))
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert name == pilot.app.screen.NAME  # type: ignore[attr-defined]
        assert said in lines(pilot)[-2]


async def test_a_model_that_is_declared_no_more_is_not_opened(fleet: State) -> None:
    memory.store(fleet.root, Remembered(Spot("model", model="churn", pane="of a later release")))
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert isinstance(pilot.app.screen, ModelScreen) and pilot.app.screen.pane.NAME == "overview"
    with fleet.write() as tx:
        models.retire_missing(tx, ["demand"])
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "churn, where you were, is declared no more" in lines(pilot)[-2]


async def test_the_order_of_a_list_holds_for_every_model_and_start(fleet: State) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("A", "s", "S")
        order = pilot.app.screen.settings()  # type: ignore[attr-defined]
        assert set(order) == {"sort", "reverse"}
        await settle(pilot)
        await pilot.press("escape", "A")
        assert pilot.app.screen.settings() == order  # type: ignore[attr-defined]
        pilot.app.exit()
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert pilot.app.screen.settings() == order  # type: ignore[attr-defined]


async def test_a_filter_comes_back_at_its_place_alone(fleet: State) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("A", "slash", *"card", "enter")
        await settle(pilot)
        await pilot.press("F")
        pilot.app.exit()
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("A")
        assert "filter" not in lines(pilot)[0], "what is looked at anew hides nothing"


async def test_a_folder_that_cannot_be_written_stops_nothing(fleet: State, tmp_path: Path) -> None:
    folder = memory.folder()
    assert folder is not None
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in its place", encoding="utf-8")
    app = opened(fleet)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        await pilot.press("A")
        await settle(pilot)
        await until(pilot, lambda: app.keeper is not None and app.keeper.trouble != "", "it is known")
        await pilot.press("W")
        assert "where you are cannot be kept for the next start: " in text(pilot)


def test_reading_it_costs_the_start_less_than_a_millisecond(fleet: State) -> None:
    memory.store(fleet.root, Remembered(Spot("model", model="churn", pane="drift"), {"fleet": {"sort": "name"}}))
    took = []
    for _ in range(20):
        began = time.process_time()
        Keeper(fleet.root)
        took.append(time.process_time() - began)
    assert min(took) < 0.001


# ── hints ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [SMALL, (60, 20)])
async def test_a_hint_shows_once_until_the_first_key(
    fleet: State, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.delenv("LIFECYCLE_HINTS")
    async with opened(fleet).run_test(size=size) as pilot:
        await pilot.pause()
        assert lines(pilot)[-2].strip() == hints.HINTS["fleet"]
        await pilot.press("j")
        assert hints.HINTS["fleet"] not in text(pilot)
        await pilot.press("enter")
        assert lines(pilot)[-2].strip() == hints.HINTS["model.overview"]
        await pilot.press("4")
        assert lines(pilot)[-2].strip() == hints.HINTS["model.versions"]
        await pilot.press("1")
        assert hints.HINTS["model.overview"] not in text(pilot)
        await until(pilot, lambda: len(memory.hints_seen()) == 3, "they are kept")
    async with opened(fleet, fresh=True).run_test(size=size) as pilot:
        await pilot.pause()
        assert hints.HINTS["fleet"] not in text(pilot)


async def test_no_hints_where_they_are_not_wanted(fleet: State) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:  # the tests' own environment says so
        await pilot.pause()
        assert hints.HINTS["fleet"] not in text(pilot)
    assert memory.hints_seen() == frozenset()


def test_every_hint_belongs_to_a_screen_and_fits_the_smallest_one() -> None:
    known = {*PLACES, *(f"model.{name}" for name in PANES), "model.logs", "model.panels", "job", "policy"}
    assert set(hints.HINTS) <= known and set(PLACES) <= set(hints.HINTS)
    assert all(len(hint) <= 58 for hint in (*hints.HINTS.values(), BACK))


# ── copying and exporting ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the terminal's clipboard was told."""
    heard: list[str] = []
    sequence = copying.sequence

    def listen(words: str, how: str) -> str | None:
        found = sequence(words, how)
        if found is not None:
            heard.append(b64decode(found.split(";")[2].rstrip("\x07")).decode())
        return None if found is None else ""

    monkeypatch.setattr(copying, "sequence", listen)
    monkeypatch.delenv("TMUX", raising=False)
    return heard


async def test_the_row_under_the_cursor_is_copied(fleet: State, copied: list[str]) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("j", "ctrl+y")
        assert "card-fraud" in copied[0].split("\t") and "critical" in copied[0].split("\t")
        assert "sent to the terminal's clipboard: " in lines(pilot)[-2]
        await pilot.press("enter", "W", "ctrl+y")
        assert "Disk" in copied[1] and copied[1].count("\n") > 10, "of a text all of it"
        assert f"{copied[1].count(chr(10)) + 1} lines" in lines(pilot)[-2]


async def test_of_a_jobs_log_what_is_in_view_is_copied(fleet: State, copied: list[str]) -> None:
    with fleet.write() as tx:
        job = jobs.enqueue(tx, "retrain", "churn", {}, seed_life.NOW)
        jobs.log(tx, job, "info", "epoch 1 [b]of[/b] 2 \x1b[31mred", seed_life.NOW)
    memory.store(fleet.root, Remembered(Spot("job", job=job)))
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert pilot.app.screen.NAME == "job"  # type: ignore[attr-defined]
        await pilot.press("ctrl+y")
        assert "epoch 1 [b]of[/b] 2 \\x1b[31mred" in copied[0]


async def test_the_command_of_a_plan_is_copied(fleet: State, copied: list[str]) -> None:
    async with opened(fleet).run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        await pilot.press("A", "a")
        await until(pilot, lambda: pilot.app.screen.stage == "asking", "planned")  # type: ignore[attr-defined]
        await pilot.press("ctrl+y")
        assert len(copied) == 1 and copied[0].startswith("lifecycle ack ")
        assert copied[0] in " ".join(text(pilot).split())


async def test_what_shows_is_written_into_a_file(fleet: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(fleet).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        await pilot.press("A", "slash", *"card", "enter", "ctrl+s")
        assert isinstance(pilot.app.screen, ExportScreen)
        assert "export alerts: 1 row, " in text(pilot) and "alerts-" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ExportScreen), "written")
        assert "1 row written into ./alerts-" in lines(pilot)[-2]
    (file,) = tmp_path.glob("alerts-*.csv")
    head, row = list(csv.reader(file.open(encoding="utf-8")))
    assert "model" in head and row[head.index("model")] == "card-fraud"
    assert "critical" in row, "the word without its sign"


async def test_a_file_that_is_there_is_asked_about(
    fleet: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    there = tmp_path / "x.json"
    there.write_text("mine", encoding="utf-8")
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("A", "ctrl+s", "ctrl+u", *"~/x", "tab", "enter")
        await until(pilot, lambda: "x.json is there already: Enter writes over it" in text(pilot), "asked")
        assert there.read_text(encoding="utf-8") == "mine"
        await pilot.press("end", "backspace", "n")  # another name is another question
        assert "Enter writes over it" not in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "x.json is there already" in text(pilot), "asked again")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ExportScreen), "written")
    assert {row["model"] for row in json.loads(there.read_text(encoding="utf-8"))} == {"card-fraud", "house-prices"}


async def test_what_cannot_be_written_is_said_and_can_be_left(fleet: State, tmp_path: Path) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("A", "ctrl+s", "end", "ctrl+u", "enter")
        assert "name a file that ends in" in text(pilot)
        await pilot.press(*"/no/where.md", "enter")
        await until(pilot, lambda: "there is no folder /no" in text(pilot), "said")
        await pilot.press("tab")
        assert "/no/where.csv" in text(pilot), "after Markdown comes CSV again"
        await pilot.press("escape")
        assert pilot.app.screen.NAME == "alerts"  # type: ignore[attr-defined]


async def test_a_pane_is_exported_under_its_models_name(workspace: Callable[[], State]) -> None:
    state = workspace()
    seed_life.life(state)
    memory.store(state.root, Remembered(Spot("model", model=seed_life.MODEL, pane="versions", key="4")))
    async with opened(state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "4" in cursor(pilot)
        table = pilot.app.screen.exported()  # type: ignore[attr-defined]
        assert table.name == "churn[prod]-versions" and len(table.rows) == 6
        assert table.titles[:4] == ("version", "serves as", "made", "how") and "" not in table.titles
        row = dict(zip(table.titles, table.rows[2], strict=True))
        assert (row["version"], row["from"], row["rows"], row["judged"]) == ("4", 2, 1800, "passed")
        assert pilot.app.screen.copied().split("\t")[:2] == ["4", "champion"]  # type: ignore[attr-defined]
        await pilot.press("v")
        assert pilot.app.screen.pane.settings() == {"model": seed_life.MODEL, "beside": "4"}  # type: ignore[attr-defined]
        pilot.app.exit()
    async with opened(state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "4 *" in cursor(pilot), "the version that the others are compared with"


async def test_where_there_is_no_table_that_is_said(fleet: State) -> None:
    async with opened(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("W", "ctrl+s")
        assert "there is no table here to export" in lines(pilot)[-2]


def test_names_of_files_are_names_whatever_a_model_is_called() -> None:
    assert file_name("churn[prod]-drift", seed_life.NOW) == "churn-prod-drift-2026-04-01"
    assert file_name("../../etc/pass\x1bwd", seed_life.NOW) == "etc-pass-wd-2026-04-01"
    assert file_name("模型", seed_life.NOW) == "模型-2026-04-01"
    assert file_name("///", seed_life.NOW) == "export-2026-04-01" and len(file_name("x" * 999, seed_life.NOW)) < 100
