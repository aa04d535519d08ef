"""The grid: rows by key, the viewport alone, only changed lines repainted, and the cursor stays on its row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Region
from tui_screen import cursor, lines, text

from lifecycle_tui.tui.cells import laid_out
from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.marking import MarkGrid


@dataclass(frozen=True)
class Thing:
    name: str
    size: int | None = 0
    note: str = ""


drawn: list[str] = []


def name_cell(thing: Thing) -> Cell:
    drawn.append(thing.name)
    return Cell(thing.name)


COLUMNS = (
    Column("name", "name", 10, name_cell, sort=lambda t: t.name),
    Column("size", "size", 6, lambda t: Cell(str(t.size)), sort=lambda t: t.size, down=True, right=True),
    Column("note", "note", 10, lambda t: Cell(t.note), grow=1, most=40),
    Column("wide", "wide", 8, lambda t: Cell("extra"), needs=100),
)


class Watched(Grid[Thing]):
    """Counts what it repaints."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, key=lambda t: t.name, empty="Nothing here.")
        self.repainted: list[Region] = []
        self.whole = 0

    def refresh(self, *regions: Region, **more: bool):  # type: ignore[override]
        if regions:
            self.repainted += regions
        else:
            self.whole += 1
        return super().refresh(*regions, **more)

    def forget(self) -> None:
        self.repainted, self.whole = [], 0
        drawn.clear()


class GridApp(App[None]):
    def __init__(self) -> None:
        super().__init__(ansi_color=True)
        self.grid = Watched()

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.opened: list[str] = []
        self.grid.focus()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        self.opened.append(event.grid.row.name)


def things(n: int) -> list[Thing]:
    return [Thing(f"t-{i:04d}", i) for i in range(n)]


async def test_only_the_viewport_is_drawn() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(5000))
        drawn.clear()
        app.grid.redraw()
        await pilot.pause()
        assert len(set(drawn)) == 11
        assert "t-0010" in text(pilot) and "t-0011" not in text(pilot)


async def test_a_changed_row_repaints_one_line() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        rows = things(5000)
        app.grid.show(rows)
        await pilot.pause()
        app.grid.forget()
        rows[3] = replace(rows[3], note="moved")
        rows[4000] = replace(rows[4000], note="out of view")
        app.grid.show(rows)
        await pilot.pause()
        assert (app.grid.whole, [(r.y, r.height) for r in app.grid.repainted]) == (0, [(4, 1)])
        assert drawn == ["t-0003"]
        assert "moved" in lines(pilot)[4]


async def test_nothing_new_repaints_nothing() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(100))
        await pilot.pause()
        app.grid.forget()
        app.grid.show(things(100))
        await pilot.pause()
        assert (app.grid.whole, app.grid.repainted) == (0, [])


async def test_moving_the_cursor_repaints_two_lines() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(100))
        await pilot.pause()
        app.grid.forget()
        await pilot.press("down")
        assert app.grid.whole == 0
        assert sorted(r.y for r in app.grid.repainted) == [1, 2]


@pytest.mark.parametrize(
    ("keys", "row"),
    [
        (["down"], 1), (["j", "j", "k"], 1), (["up"], 0), (["end"], 99), (["G", "home"], 0),
        (["pagedown"], 10), (["space", "pageup"], 0), (["ctrl+f", "ctrl+f", "ctrl+b"], 10), (["end", "down"], 99),
        (["ctrl+d"], 5), (["ctrl+d", "ctrl+d", "ctrl+u"], 5),
    ],
)  # fmt: skip
async def test_keys_move_the_cursor(keys: list[str], row: int) -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(100))
        await pilot.press(*keys)
        assert app.grid.row == Thing(f"t-{row:04d}", row)
        assert f"t-{row:04d}" in cursor(pilot)
        y = next(y for y, line in enumerate(lines(pilot)) if line.startswith(">"))
        assert app.cursor_position.y == y, "the terminal's own cursor is parked at the row"


async def test_the_cursor_stays_on_its_row_and_the_row_on_its_line() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(100))
        app.grid.go("t-0040")
        await pilot.pause()
        before = lines(pilot).index(cursor(pilot))
        app.grid.show([Thing("a"), Thing("b"), Thing("c"), *things(100)])
        await pilot.pause()
        assert app.grid.row == Thing("t-0040", 40)
        assert lines(pilot).index(cursor(pilot)) == before
        app.grid.show(reversed(things(100)))
        await pilot.pause()
        assert app.grid.row == Thing("t-0040", 40)
        assert "t-0040" in cursor(pilot)


async def test_at_the_top_new_rows_come_into_view() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(100))
        await pilot.press("down")
        app.grid.show([Thing("new"), *things(100)])
        await pilot.pause()
        assert "new" in lines(pilot)[1]
        assert "t-0001" in cursor(pilot)


async def test_a_row_that_goes_leaves_the_cursor_on_its_neighbour() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        rows = things(30)
        app.grid.show(rows)
        await pilot.press(*["down"] * 5)
        app.grid.show(rows[:5] + rows[6:])
        assert app.grid.row == rows[6]
        app.grid.show(rows[:2])
        assert app.grid.row == rows[1]
        app.grid.show([])
        await pilot.pause()
        assert app.grid.row is None
        assert "Nothing here." in text(pilot)
        await pilot.press("down", "enter", "G", "s", "pagedown")
        app.grid.show(rows[:1])
        await pilot.pause()
        assert app.grid.row == rows[0] and "t-0000" in text(pilot)


async def test_sorting() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show([Thing("b", 2), Thing("a", None), Thing("c", 9)])
        names = lambda: [t.name for t in app.grid.rows]  # noqa: E731
        assert (app.grid.sorting, names()) == ("", ["b", "a", "c"])
        app.grid.sort_next()
        assert (app.grid.sorting, names()) == ("name", ["a", "b", "c"])
        app.grid.sort_next()
        assert (app.grid.sorting, names()) == ("size", ["c", "b", "a"])
        await pilot.pause()
        assert "↓size" in lines(pilot)[0]
        app.grid.sort_reverse()
        assert names() == ["b", "c", "a"], "rows without a value stay last"
        app.grid.sort_next()
        assert (app.grid.sorting, names()) == ("", ["b", "a", "c"])
        assert app.grid.row == Thing("b", 2), "the cursor stayed on its row all the while"


async def test_filter() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(100))
        app.grid.go("t-0042")
        app.grid.filter = "42"
        assert [t.name for t in app.grid.rows] == ["t-0042"]
        assert app.grid.place == "1/1 of 100"
        app.grid.filter = "no such row"
        assert app.grid.row is None
        app.grid.filter = ""
        await pilot.pause()
        assert len(app.grid.rows) == 100


async def test_columns_take_the_room_there_is() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show([Thing("a", 1, "x" * 100)])
        await pilot.pause()
        assert "wide" not in text(pilot)
        assert "x" * 39 + "…" in text(pilot)
        await pilot.resize_terminal(120, 12)
        await pilot.pause()
        assert "wide" in text(pilot) and "extra" in text(pilot)


async def test_columns_that_do_not_fit_are_scrolled_to() -> None:
    app = GridApp()
    async with app.run_test(size=(20, 6)) as pilot:
        app.grid.show([Thing("left", 1, "right")])
        await pilot.pause()
        assert "left" in text(pilot) and "right" not in text(pilot)
        await pilot.press("l")
        await pilot.pause()
        assert "right" in text(pilot)
        await pilot.press("left", "left")
        await pilot.pause()
        assert "left" in text(pilot)


async def test_a_click_selects_opens_and_sorts() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(5))
        await pilot.pause()
        await pilot.click(Watched, offset=(5, 3))
        assert app.grid.row == Thing("t-0002", 2)
        assert not app.opened
        await pilot.click(Watched, offset=(5, 3))
        await pilot.pause()
        assert app.opened == ["t-0002"]
        await pilot.click(Watched, offset=(14, 0))
        assert app.grid.sorting == "size"
        await pilot.click(Watched, offset=(14, 0))
        assert [t.size for t in app.grid.rows] == [0, 1, 2, 3, 4]


class Marking(MarkGrid[Thing]):
    """Counts what it repaints."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, key=lambda t: t.name)
        self.repainted: list[int] = []

    def refresh(self, *regions: Region, **more: bool):  # type: ignore[override]
        self.repainted += [region.y for region in regions]
        return super().refresh(*regions, **more)


class MarkApp(GridApp):
    def __init__(self) -> None:
        super().__init__()
        self.grid = Marking()  # type: ignore[assignment]
        self.told = 0

    def on_mark_grid_marked(self) -> None:
        self.told += 1


async def test_space_marks_a_row_and_goes_one_down() -> None:
    app = MarkApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(30))
        await pilot.press("space", "space", "down", "space")
        await pilot.pause()
        assert app.grid.marked == ("t-0000", "t-0001", "t-0003")
        assert [line[:8] for line in lines(pilot)[1:6]] == [" *t-0000", " *t-0001", "  t-0002", " *t-0003", "> t-0004"]
        assert app.told == 3
        styles = [next(iter(strip))[1] for strip in (app.grid.render_line(1), app.grid.render_line(3))]
        assert styles[0].bold and not styles[1].bold, "a marked row is bold besides"
        await pilot.press("up", "space")
        assert app.grid.marked == ("t-0000", "t-0001")
        app.grid.repainted.clear()
        await pilot.press("home", "space")
        await pilot.pause()
        assert set(app.grid.repainted) <= {1, 2, 5}, "no other line is painted"


async def test_all_that_show_are_marked_or_none() -> None:
    app = MarkApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(30))
        await pilot.press("space")
        app.grid.filter = "t-002"
        await pilot.press("asterisk")
        assert app.grid.marked == (*(f"t-00{n}" for n in range(20, 30)), "t-0000"), "as they show, hidden ones last"
        assert app.grid.hidden == 1
        await pilot.press("asterisk")
        assert app.grid.marked == ("t-0000",)
        app.grid.filter = ""
        await pilot.press("asterisk")
        assert len(app.grid.marked) == 30
        assert app.grid.unmark() and app.grid.marked == () and not app.grid.unmark()


async def test_marks_follow_their_rows_and_go_with_them() -> None:
    app = MarkApp()
    async with app.run_test(size=(80, 12)) as pilot:
        rows = things(30)
        app.grid.show(rows)
        await pilot.press("space", "space", "space")
        app.grid.show(list(reversed(rows)))
        assert app.grid.marked == ("t-0002", "t-0001", "t-0000")
        app.grid.show([replace(row, note="new") for row in rows[1:]])
        await pilot.pause()
        assert app.grid.marked == ("t-0001", "t-0002") and app.told == 4
        app.grid.show([])
        await pilot.press("space", "asterisk")
        assert app.grid.marked == ()


async def test_ends_of_the_page_are_no_place_to_lose_a_mark() -> None:
    app = MarkApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(30))
        await pilot.press(*["space"] * 12, "end", "space", "space")
        await pilot.pause()
        assert app.grid.marked == tuple(f"t-{n:04d}" for n in range(12)), "the last row: marked and not again"
        assert cursor(pilot).startswith("> t-0029")


HOSTILE = (
    "churn[prod]",
    "[/x]",
    "\x1b[31mred",
    "客户流失预测模型",
    "e\u0301" * 5,
    "👩‍👩‍👧 family",
    "a\nb",
    "\u202ertl",
    "",
)


async def test_hostile_text_never_breaks_the_layout() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 14)) as pilot:
        app.grid.show([Thing(f"{i}", i, name * 3) for i, name in enumerate(HOSTILE)])
        await pilot.pause()
        shown = text(pilot)
        assert "churn[prod]churn[prod]" in shown
        assert "[/x][/x][/x]" in shown
        assert "\\x1b[31mred" in shown
        assert "客户流失预测模型" in shown
        assert "a\\x0ab" in shown and "\\u202ertl" in shown


async def test_a_column_that_wider_screens_replace() -> None:
    made = [Column("a", "a", 4, lambda t: Cell(""), until=50), Column("b", "b", 4, lambda t: Cell(""), needs=50)]
    assert [[c.key for c, _ in laid_out(made, room)] for room in (49, 50)] == [["a"], ["b"]]


async def test_ascii_arrows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.grid.show(things(3))
        app.grid.sort_by("size")
        await pilot.pause()
        assert "vsize" in lines(pilot)[0]
        app.grid.sort_reverse()
        await pilot.pause()
        assert "^size" in lines(pilot)[0]


COLUMN = st.tuples(st.integers(0, 20), st.integers(0, 5), st.integers(0, 60), st.integers(0, 120))


@given(st.lists(COLUMN, max_size=8), st.integers(1, 250))
def test_widths_use_the_room_and_no_more(columns: list[tuple[int, int, int, int]], room: int) -> None:
    made = [
        Column(str(n), "", width, lambda t: Cell(""), grow=grow, most=max(most, width) if most else 0, needs=needs)
        for n, (width, grow, most, needs) in enumerate(columns)
    ]
    found = laid_out(made, room)
    assert all(width >= column.width > 0 and column.needs <= room for column, width in found)
    assert all(width <= column.most for column, width in found if column.most)
    used, least = (1 + sum(w + 1 for w in widths) for widths in ([w for _, w in found], [c.width for c, _ in found]))
    assert used <= max(room, least)
    if any(column.grow and not column.most for column, _ in found):
        assert used >= room, "somebody takes what is left"
