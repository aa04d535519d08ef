"""The map of columns over windows: what it reads, where its cursor goes, what it says and opens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.drift import DriftPane
from lifecycle_tui.tui.panes.heat import AROUND, MOST, HeatMap
from lifecycle_tui.tui.reads import heat
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS, WINDOWS = 40, 150


def window(tx: sqlite3.Connection, n: int, columns: int = COLUMNS, found: tuple[Signal, ...] | None = None) -> None:
    """One day: column c03 drifts from day 140 on, c07 drifted on days 60 to 69, c30 failed once."""
    made = Window(key(n), n, START + timedelta(days=n), START + timedelta(days=n + 1), 100)
    verdicts = [
        Signal(f"change.c{c:02d}", size(c, n), size(c, n) / 2, size(c, n) * 2, 100,
               "drifted" if size(c, n) >= 0.1 else "error" if (c, n) == (30, 149) else "ok", f"told of {c} on {n}",
               f"c{c:02d}", detail={"effect": 9.0})
        for c in range(columns)
    ]  # fmt: skip
    record.record(tx, [WindowResult("wide", made, "", verdicts if found is None else found, tui_seed.NOW)])


def size(c: int, n: int) -> float:
    """How far a column has moved on a day."""
    return 0.4 if c == 3 and n >= 140 else 0.2 if c == 7 and 120 <= n < 130 else 0.001 * c


def key(n: int) -> str:
    """A day's window."""
    return f"{START + timedelta(days=n):%Y-%m-%d}"


@pytest.fixture(scope="session")
def widest(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty columns over 150 days, written once."""
    root = tmp_path_factory.mktemp("widest") / "shop"
    tui_seed.copy(template, root)
    state = State.open(root)
    with state.write() as tx:
        for n in range(WINDOWS):
            window(tx, n)
        models.declare(tx, [models.Declared("wide")])
    state.close()
    return root


@pytest.fixture
def wide(widest: Path, tmp_path: Path) -> Iterator[State]:
    """A workspace of it."""
    tui_seed.copy(widest, tmp_path / "shop")
    state = State.open(tmp_path / "shop")
    yield state
    state.close()


async def open_map(pilot, name: str = "wide") -> HeatMap:
    """Open a model's drift pane, and its map."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, name, Where(pane="drift")))
    await pilot.pause()
    await pilot.press("m")
    await pilot.pause()
    pane = pilot.app.screen.pane
    assert isinstance(pane, DriftPane) and pane.map.has_focus
    return pane.map


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_columns_come_worst_first(wide: State) -> None:
    with wide.read() as conn:
        found = heat.rows(conn, "wide")
        assert [r.column for r in found[:3]] == ["c03", "c07", "c39"], "what drifts, what has drifted, then by size"
        assert (found[0].now, found[0].drifted, found[0].largest) == ("drifted", 10, 0.4)
        assert (found[1].now, found[1].drifted, found[1].largest) == ("ok", 10, 0.2)
        assert len(found) == COLUMNS and heat.rows(conn, "nobody") == ()


def test_a_page_has_what_was_asked_for(wide: State) -> None:
    with wide.read() as conn:
        found = heat.page(conn, "wide", ["change.c03", "change.c04"], 5, 10)
        assert (found.total, found.newer, len(found.windows)) == (WINDOWS, 5, 10)
        assert [w.key for w in found.windows] == [key(n) for n in range(135, 145)]
        assert len(found.cells) == 20 and found.window(5) == found.windows[-1] and found.window(4) is None
        assert found.cells["change.c03", found.windows[-1].id] == (0.4, "drifted")
        early = heat.page(conn, "wide", ["change.c03"], 10_000, 10)
        assert [w.key for w in early.windows] == [key(n) for n in range(10)], "the oldest page is full"
        around = heat.page(conn, "wide", ["change.c03"], 4, 10, key(100))
        assert around.newer == WINDOWS - 101 - 4, "four windows after the anchor"
        assert heat.page(conn, "nobody", ["change.c03"], 0, 10).windows == ()
        told = heat.one(conn, found.windows[-1].id, "change.c03")
        assert told is not None and told.message == "told of 3 on 144" and heat.one(conn, 1, "nothing") is None


def test_columns_without_a_verdict_have_what_has_a_size(workspace: Callable[[], State]) -> None:
    state = workspace()
    found = (
        Signal("psi.a", 0.5, column="a"), Signal("ks.a", 0.3, state="drifted", column="a"),
        Signal("own.b", 7.0, column="b", detail={"effect": 0.2}), Signal("missing.c", 0.1, column="c"),
        Signal("psi.d", 0.5, column="d", detail={"effect": "broken"}), Signal("drift.max", 0.3),
    )  # fmt: skip
    with state.write() as tx:
        window(tx, 0, found=found)
        models.declare(tx, [models.Declared("wide")])
    with state.read() as conn:
        rows = heat.rows(conn, "wide")
        assert {r.column: r.signal for r in rows} == {"a": "ks.a", "b": "own.b", "c": "missing.c", "d": "psi.d"}
        cells = heat.page(conn, "wide", [r.signal for r in rows], 0, 5).cells
        assert sorted((name, *cell) for (name, _), cell in cells.items()) == [
            ("ks.a", 0.3, "drifted"), ("missing.c", None, "ok"), ("own.b", 0.2, "ok"), ("psi.d", None, "ok"),
        ]  # fmt: skip


def test_a_page_is_found_by_the_index_of_verdicts(wide: State) -> None:
    with wide.read() as conn:
        asked: list[str] = []
        conn.set_trace_callback(asked.append)
        heat.page(conn, "wide", [f"change.c{c:02d}" for c in range(10)], 0, 60)
        conn.set_trace_callback(None)
        cells = [sql for sql in asked if "signals" in sql]
        assert len(asked) == 3 and len(cells) == 1, "one page query, whatever shows"
        plan = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {cells[0]}")]
        assert any("COVERING INDEX signals_verdicts" in line for line in plan), plan


# ── on the screen ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_drift_at_a_glance_at_80_by_24(wide: State) -> None:
    async with app_on(wide).run_test(size=SMALL) as pilot:
        found = await open_map(pilot)
        shown = lines(pilot)
        assert shown[0].endswith("column 1/40 · window 150/150")
        assert shown[2].startswith(" ▒ <0.1  ▓ <0.3  █ drifted  ░ moved")
        rows = shown[3 : 3 + found.size.height - 2]
        assert rows[0].startswith(">c03 .") and rows[0].endswith("." * 8 + "█" * 10), "newest at the right"
        assert rows[1].startswith(" c07 ") and ".▓▓▓▓▓▓▓▓▓▓." in rows[1]
        assert len(rows) == 18 and all(len(row) == len(rows[0]) for row in rows)
        axis = shown[2 + found.size.height - 1]
        assert axis.split() == ["Mar", "18", "Mar", "30", "Apr", "13", "Apr", "27", "May", "11", "May", "30^"]
        assert shown[-1].startswith(" Enter open  - wider  + closer  m map")
        assert shown[-2].startswith(" c03  Sat 2026-05-30  effect 0.400  ▲ drifted  [0.200, 0.800] · told of 3 on 149")


async def test_it_is_read_without_colour_and_in_ascii(wide: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    async with app_on(wide).run_test(size=SMALL) as pilot:
        await open_map(pilot)
        shown = lines(pilot)
        assert shown[3].endswith("........@@@@@@@@@@") and ".##########." in shown[4]
        assert all(line.isascii() for line in shown[2:20])


async def test_the_cursor_goes_over_columns_and_windows(wide: State) -> None:
    async with app_on(wide).run_test(size=SMALL) as pilot:
        found = await open_map(pilot)
        await pilot.press("left", "h", "down")
        assert lines(pilot)[-2].startswith(" c07  Thu 2026-05-28  effect 0.007  ✓ ok")
        assert any(line.startswith(">c07") for line in lines(pilot))
        assert "^May 28" in text(pilot) or "May 28^" in text(pilot)
        await pilot.press("home", "G")
        assert found.place == "column 40/40 · window 1/150" and "2026-01-01" in lines(pilot)[-2]
        assert "^Jan 1" in text(pilot)
        await pilot.press("end", "ctrl+home", "pagedown")
        assert found.place == "column 18/40 · window 150/150"
        await pilot.press("less_than_sign", "less_than_sign", "less_than_sign")
        assert found.place.endswith("window 1/150")
        await pilot.press("greater_than_sign", "pageup", "pageup", "k", "l")
        assert found.place.startswith("column 1/40")


async def test_nothing_is_read_while_the_cursor_stays_in_view_but_its_cell(wide: State) -> None:
    async with app_on(wide).run_test(size=SMALL) as pilot:
        found = await open_map(pilot)
        pilot.app.poll()  # the first look at state has every screen read anew; later ones see that nothing moved
        await pilot.pause()
        before = found.page
        await pilot.press("left", "left", "down", "down", "up")
        assert found.page is before
        await pilot.press("G")
        assert found.page is not before and found.page is not None
        assert len(found.page.signals) <= found.size.height + 2 * AROUND, "rows in view, and some around"


async def test_enter_opens_the_window_and_the_column_however_old(wide: State) -> None:
    async with app_on(wide).run_test(size=SMALL) as pilot:
        found = await open_map(pilot)
        await pilot.press("down", "home", "right", "right", "enter")
        await until(pilot, lambda: "columns of 2026-01-03" in text(pilot), "the window, which lies far back")
        pane = pilot.app.screen.pane
        assert not pane.mapped and pane.columns.has_focus and pane.columns.row.name == "c07"
        assert pane.windows.row.key == "2026-01-03" and len(pane.windows.rows) <= 100
        await pilot.press("m")
        await pilot.pause()
        assert found.place == "column 2/40 · window 3/150", "and back, where it was"
        await pilot.press("escape")
        assert pane.windows.has_focus and not pane.mapped
        await pilot.press("home")
        await until(pilot, lambda: pane.windows.rows[0].key > "2026-01-23", "towards now, a page at a time")


async def test_new_windows_come_in_at_the_right_and_leave_the_cursor(wide: State) -> None:
    async with app_on(wide).run_test(size=SMALL) as pilot:
        found = await open_map(pilot)
        with wide.write() as tx:
            window(tx, WINDOWS)
        await until(pilot, lambda: found.place.endswith("window 151/151"), "the newest stays the newest")
        await pilot.press("left", "left", "left")
        here = found.window
        with wide.write() as tx:
            window(tx, WINDOWS + 1)
        await until(pilot, lambda: found.place.endswith("/152"), "another one")
        assert found.window == here and found.place == "column 1/40 · window 148/152"


async def test_more_windows_in_a_cell(wide: State) -> None:
    async with app_on(wide).run_test(size=(40, 20)) as pilot:
        found = await open_map(pilot)
        await pilot.press("minus")
        shown = lines(pilot)
        assert found.place.endswith("2 windows a cell")
        row = next(line for line in shown if line.startswith(">c03"))
        assert row.endswith(".█████"), "ten windows in five cells, the worst of each"
        await pilot.press("minus", "minus", "minus", "minus")
        assert found._across * found._per <= max(MOST, WINDOWS + 8)
        assert "▓" in next(line for line in lines(pilot) if line.startswith(" c07"))
        await pilot.press("plus", "plus", "plus", "plus", "plus")
        assert found.place.endswith("window 150/150")


async def test_a_map_that_cannot_be_read_leaves_the_lists(wide: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(conn: sqlite3.Connection, model: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with app_on(wide).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.app.push_screen(ModelScreen(pilot.app.source, "wide", Where(pane="drift")))
        await pilot.pause()
        said: list[str] = []
        with monkeypatch.context() as patch:
            patch.setattr(heat, "rows", broken)
            # The title says so until the next read works, which may be before a test looks.
            patch.setattr(View, "trouble", lambda self, message: said.append(message))
            await pilot.press("m")
            await until(pilot, lambda: "disk I/O error" in said, "the title says so")
            assert not pilot.app.screen.pane.mapped and "columns of 2026-05-30" in text(pilot)
        await pilot.press("m")
        await until(pilot, lambda: pilot.app.screen.pane.mapped, "the key asks again")


async def test_the_palette_reaches_it(wide: State) -> None:
    async with app_on(wide).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.app.push_screen(ModelScreen(pilot.app.source, "wide", Where(pane="drift")))
        await pilot.pause()
        await pilot.press("colon", *"heat strip", "enter")
        await until(pilot, lambda: pilot.app.screen.pane.mapped, "the map")


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(60, 20), (20, 8), LARGE])
async def test_any_size_and_resizing_while_it_is_open(wide: State, size: tuple[int, int]) -> None:
    async with app_on(wide).run_test(size=size) as pilot:
        found = await open_map(pilot)
        lines(pilot)
        assert "c03" in text(pilot)
        await pilot.press("left", "down", "minus", "minus")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        lines(pilot)
        await pilot.resize_terminal(24, 9)
        await pilot.pause()
        lines(pilot)
        assert found.row is not None and found.row.column in text(pilot), "the cursor is in view"


async def test_a_model_without_windows_or_columns(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        found = await open_map(pilot, "new-model")
        await pilot.press("left", "down", "home", "end", "G", "minus", "plus", "enter", "pagedown", "escape")
        assert found.row is None and found.window is None


async def test_hostile_columns_and_windows(workspace: Callable[[], State]) -> None:
    state = workspace()
    names = ("churn[prod]", "\x1b[31mred", "客户流失", "x" * 300, "e\u0301", "\u202e")
    found = tuple(
        Signal(f"change.{name}", float("inf") if n == 1 else None, state="drifted", message=name, column=name)
        for n, name in enumerate(names)
    )
    with state.write() as tx:
        record.record(tx, [WindowResult("m", Window("\x1b[2J", 0, None, None, 5), "", found, tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=SMALL) as pilot:
        await open_map(pilot, "m")
        for _ in names:
            lines(pilot)
            await pilot.press("down")
        assert "churn[prod]" in text(pilot) and "\\x1b[2J" in text(pilot)
