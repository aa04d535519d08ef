"""The fleet in pages: ten thousand models scroll like ten; groups; what the list does while a page is awaited."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tui_seed
from hypothesis import given
from hypothesis import strategies as st
from tui_screen import SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import approvals, fleet_pages, models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import fleet_columns
from lifecycle_tui.tui.grid_rows import FIRST, Page, View, settled
from lifecycle_tui.tui.reads import fleet_page
from lifecycle_tui.tui.reads.fleet import FleetLine
from lifecycle_tui.tui.reads.fleet_page import GroupLine, Shape
from lifecycle_tui.tui.screens.fleet import FleetScreen


@pytest.fixture(scope="module")
def many(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """Ten thousand models, written in bulk."""
    root = tmp_path_factory.mktemp("many") / "big"
    tui_seed.copy(template, root)
    with State.open(root) as state:
        with state.write(durable=False) as tx:
            tx.execute(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
                "INSERT INTO models (name, owner, tags, health, drift_share, drift_count, message, drift_history) "
                "SELECT printf('m-%05d', i), CASE i % 4 WHEN 0 THEN NULL ELSE 'team-' || (i % 40) END, "
                "CASE i % 3 WHEN 0 THEN '[]' WHEN 1 THEN '[\"eu\"]' ELSE '[\"eu\",\"pay\"]' END, "
                "CASE i % 10 WHEN 0 THEN 'critical' WHEN 1 THEN 'warning' ELSE 'ok' END, "
                "(i % 100) / 100.0, i % 7, 'model ' || i, '[0.25,0.5]' FROM n"
            )
        yield state


def grid(pilot):
    return pilot.app.screen.grid


def shown(pilot) -> list[str]:
    return [line.split()[-1] if line else "" for line in (part[:30].rstrip() for part in lines(pilot)[2:-2])]


async def test_ten_thousand_models_are_read_a_page_at_a_time(many: State) -> None:
    async with app_on(many).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "1,000 critical · 1,000 warning · 8,000 ok" in lines(pilot)[0] and "1/10,000" in lines(pilot)[0]
        assert len(grid(pilot).rows) < 100
        await pilot.press("G")
        await pilot.pause()
        assert "10,000/10,000" in lines(pilot)[0] and "m-09902" in cursor(pilot)
        assert len(grid(pilot).rows) < 100 and all(shown(pilot))
        await pilot.press(*["pageup"] * 3)
        await pilot.pause()
        at = 10_000 - 3 * (grid(pilot).page - 1)
        assert f"{at:,}/10,000" in lines(pilot)[0] and all(shown(pilot))
        await pilot.press("home")
        await pilot.pause()
        assert "1/10,000" in lines(pilot)[0]
        grid(pilot).go("m-05055")
        await pilot.pause()
        assert "m-05055" in cursor(pilot) and grid(pilot).model.name == "m-05055"


async def test_every_row_comes_by_in_order_however_one_scrolls(many: State) -> None:
    with many.read() as conn:
        right = fleet_page.everything(conn, View())
    async with app_on(many).run_test(size=SMALL) as pilot:
        await pilot.pause()
        for keys in ((["down"] * 24), ["pagedown"] * 3, ["pageup", "up"], ["end"], ["pageup"] * 2):
            await pilot.press(*keys)
            await pilot.pause()
            found = grid(pilot)
            top, at = int(found.scroll_offset.y), found._at
            assert [found._rows.key_at(n) for n in range(top, top + found.page)] == list(right[top : top + found.page])
            assert found.model.name == right[at] and right[at] in cursor(pilot)


async def test_while_a_page_is_awaited_keys_move_over_blank_lines(many: State, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(many)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        gate, ask = asyncio.Event(), app.source.ask

        async def slow(read, *args, **more):
            await gate.wait()
            return await ask(read, *args, **more)

        monkeypatch.setattr(app.source, "ask", slow)
        for key in ("end", "up", "enter", "space"):
            app.screen.focused and getattr(grid(pilot), {
                "end": "action_end", "up": "action_move", "enter": "action_choose", "space": "action_mark",
            }[key])(*{"end": (1,), "up": (-1,)}.get(key, ()))  # fmt: skip
        assert grid(pilot).row is None and grid(pilot).place == "10,000/10,000" and grid(pilot).marked == ()
        assert set(shown(pilot)) == {"", ">"}, "nothing is known of these rows"
        grid(pilot).filter = "team-3 !warning"
        gate.set()
        await pilot.pause()
        assert isinstance(app.screen, FleetScreen) and "filter: team-3" in lines(pilot)[0]
        assert all(shown(pilot)) and grid(pilot).model is not None


async def test_filter_sort_and_marks_over_all_pages(many: State) -> None:
    async with app_on(many).run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"team-11", "enter")
        await until(pilot, lambda: "1/250 of 10,000" in lines(pilot)[0], "the filter")
        await pilot.press("asterisk")
        await until(pilot, lambda: "250 marked" in lines(pilot)[0], "all that pass it, in view or not")
        screen = pilot.app.screen
        with many.read() as conn:
            right = fleet_page.everything(conn, View(FIRST._replace(filter="team-11")))
        assert screen.subject().models == right
        await pilot.press("escape")
        await until(pilot, lambda: "1/10,000" in lines(pilot)[0] and "hidden" not in lines(pilot)[0], "no filter")
        screen.grid.filter = "team-13"
        await until(pilot, lambda: "250 of them hidden" in lines(pilot)[0], "none of them")
        assert screen.subject().models == right, "as they stood in the fleet's order"
        await pilot.press("asterisk", "asterisk")
        await until(pilot, lambda: "250 marked" in lines(pilot)[0], "marked, and again not")
        screen.grid.filter = ""
        screen.grid.sort_by("name")
        screen.grid.sort_reverse()
        await until(pilot, lambda: "by model" in lines(pilot)[0], "sorted")
        await pilot.press("home")
        await pilot.pause()
        assert "m-09999" in cursor(pilot)


async def test_groups_fold_away_and_open(many: State) -> None:
    async with app_on(many).run_test(size=SMALL) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: "31 owners" in lines(pilot)[0], "by owner")
        await pilot.press("home")
        await pilot.pause()
        assert cursor(pilot).startswith("> ▾ team-10   ✗ 250 critical")
        await pilot.press("left")
        await until(pilot, lambda: lines(pilot)[3].startswith("  ▾ team-30"), "folded")
        assert lines(pilot)[2].startswith("> ▸ team-10") and "Enter shows them" in lines(pilot)[-2]
        await pilot.press("enter")
        await until(pilot, lambda: "m-00" in lines(pilot)[3], "open again")
        await pilot.press("space")
        await until(pilot, lambda: "250 marked" in lines(pilot)[0], "the group's models")
        assert set(pilot.app.screen.subject().models) == {f"m-{n:05d}" for n in range(10, 10_000, 40)}
        assert pilot.app.screen.subject().model is None, "the cursor stands on no model"
        await pilot.press("G")
        await until(pilot, lambda: "no owner" not in cursor(pilot) and grid(pilot).model is not None, "the last model")
        assert grid(pilot).model.model.owner is None, "those without one come last"
        await pilot.press("o")
        await until(pilot, lambda: "3 tags" in lines(pilot)[0], "by tag")
        await pilot.press("o")
        await until(pilot, lambda: "tags" not in lines(pilot)[0] and "/10,000" in lines(pilot)[0], "not grouped")


def test_a_model_stands_under_each_of_its_tags(many: State) -> None:
    view = View(FIRST._replace(more=Shape(by="tag"), filter="m-0000"), lines=60)
    with many.read() as conn:
        found = fleet_page.page(conn, many.root, view, tui_seed.NOW)
    heads = [line for line in found.page.rows if isinstance(line, GroupLine)]
    assert [(g.group.value, g.group.size) for g in heads] == [("eu", 6), ("pay", 3), (None, 4)]
    assert len({fleet_page.key(line) for line in found.page.rows}) == found.page.total == 16
    assert sum(found.healths.values()) == 10


@pytest.mark.parametrize("by", [None, "owner", "tag"])
@pytest.mark.parametrize("folded", [frozenset(), frozenset({"team-10", "eu"}), frozenset({None})])
def test_every_page_of_a_listing_is_a_part_of_the_whole(many: State, by, folded) -> None:
    order = FIRST._replace(filter="m-00", sort="drift", more=Shape(by=by, folded=folded))
    with many.read() as conn:
        whole = fleet_page.page(conn, many.root, View(order, lines=4000), tui_seed.NOW).page
        keys = [fleet_page.key(line) for line in whole.rows]
        assert len(keys) == whole.total
        for top in (0, 1, 7, 100, 249, whole.total - 9, whole.total + 50):
            page = fleet_page.page(conn, many.root, View(order, None, top, top, 9), tui_seed.NOW).page
            assert [fleet_page.key(line) for line in page.rows] == keys[page.first : page.first + len(page.rows)]
            assert page.first <= min(top, whole.total - 9) and page.first + len(page.rows) >= min(top + 9, whole.total)
        for at in (0, 3, len(keys) // 2, len(keys) - 1):
            page = fleet_page.page(conn, many.root, View(order, keys[at], 0, 0, 9), tui_seed.NOW).page
            assert page.at == at and keys[at] in [fleet_page.key(line) for line in page.rows], "its line is read, too"


def test_a_tag_that_is_said_twice_is_one(fleet: State) -> None:
    with fleet.write() as tx:
        models.declare(tx, [models.Declared("churn", "binary", "crm", ("eu", "eu"))])
    with fleet.read() as conn:
        view = View(FIRST._replace(more=Shape(by="tag"), filter="churn"), lines=9)
        found = fleet_page.page(conn, fleet.root, view, tui_seed.NOW).page
    assert [fleet_page.key(line) for line in found.rows] == ["\x1eeu", "churn\x1feu"] and found.total == 2


async def test_a_page_that_falls_short_is_not_asked_for_for_ever(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        wanted: list[int] = []
        grid(pilot)._wants = lambda: wanted.append(1)
        rows = tuple(grid(pilot).rows)
        view = grid(pilot).view
        grid(pilot).put(Page(view, 0, rows[:2], 5, 5, 0))
        assert wanted == [] and len(grid(pilot).rows) == 2 and grid(pilot).place == "1/5"
        grid(pilot).action_end(1)
        assert wanted and grid(pilot).row is None, "a key asks again"


def test_every_column_that_sorts_does_so_in_state() -> None:
    sortable = {column.key: column for column in fleet_columns.COLUMNS if column.sort is not None}
    assert {fleet_page.SORT_OF.get(key, key) for key in sortable} == set(fleet_pages.SORTS)
    assert all(fleet_pages.SORTS[fleet_page.SORT_OF.get(k, k)].falls == c.down for k, c in sortable.items())


async def test_the_cursor_stays_on_its_model_when_rows_move(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("end")
        await pilot.pause()
        assert "churn" in cursor(pilot)
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "error", message="it broke"))
        await until(pilot, lambda: "it broke" in lines(pilot)[-2], "read again")
        assert cursor(pilot) == lines(pilot)[2], "it went up, and the cursor with it"
        with fleet.write() as tx:
            models.retire_missing(tx, ["demand", "card-fraud"])
        await until(pilot, lambda: "1/2" in lines(pilot)[0], "its neighbour")


async def test_an_estimate_says_that_it_is_one_and_who_is_to_follow(fleet: State) -> None:
    with fleet.write() as tx:
        models.put_model(tx, tui_seed.facts("churn", metric_estimate=0.9127))
        new = versions.register(tx, versions.NewVersion("card-fraud", "trained"), tui_seed.NOW)
        aliases.set_alias(tx, "card-fraud", "challenger", new.number, "ana", None, tui_seed.NOW)
    async with app_on(fleet).run_test(size=(120, 24)) as pilot:
        await pilot.pause()
        line = {name: next(x for x in lines(pilot)[2:] if name in x) for name in ("churn", "card-fraud")}
        assert "auc ~0.913" in line["churn"] and " 2→3 " in line["card-fraud"]
        grid(pilot).go("churn")
        await pilot.pause()
        assert "auc estimated 0.913, last came true 0.941" in lines(pilot)[-2]
        grid(pilot).go("card-fraud")
        await pilot.pause()
        assert "version 3 is judged" in lines(pilot)[-2]
        with fleet.write() as tx:
            approvals.request(tx, "card-fraud", new.number, "schedule", None, tui_seed.NOW)
        await until(pilot, lambda: "version 3 waits for approval" in lines(pilot)[-2], "it waits")


async def test_settings_come_back(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("o")
        grid(pilot).sort_by("drift")
        await pilot.pause()
        given = pilot.app.screen.settings()
        assert given == {"sort": "drift", "group": "owner"}
        await pilot.press("o", "o")
        assert pilot.app.screen.settings() == {"sort": "drift"}
        pilot.app.screen.restore({**given, "group": "no such"})
        assert grid(pilot).shape.by is None
        pilot.app.screen.restore(given)
        await until(pilot, lambda: "4 owners" in lines(pilot)[0] and "by drift" in lines(pilot)[0], "as it was")
        home = next(n for n, line in enumerate(grid(pilot).rows) if isinstance(line, GroupLine))
        grid(pilot)._to(home)
        assert pilot.app.screen.copied() == grid(pilot).group.group.value
        table = await pilot.app.screen.exported()
        assert len(table.rows) == 5, "models alone"


async def test_no_model_no_page(workspace: Callable[[], State]) -> None:
    async with app_on(workspace()).run_test(size=SMALL) as pilot:
        await pilot.press("o", "left", "space", "asterisk", "enter", "G", "pagedown", "o")
        await pilot.pause()
        assert "Nothing was checked yet" in text(pilot) and "0/0" in lines(pilot)[0]


PLACES = st.integers(0, 60)


@given(st.none() | PLACES, st.none() | PLACES, PLACES, st.integers(1, 30), st.integers(1, 61))
def test_where_the_cursor_settles_is_in_view_and_in_the_list(found, was, top, page, total) -> None:
    found = None if found is None or found >= total else found
    at, to = settled(found, was, top, page, total)
    assert 0 <= at < total and 0 <= to <= at < to + page and to <= max(0, total - page)
    assert found is None or at == found
    if found is not None and was is not None and top and top <= was < top + page:
        assert at - to == was - top or to in (0, max(0, total - page)), "on the same line of the screen"


async def test_a_page_that_answers_another_order_is_dropped(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        late = View(FIRST._replace(filter="x", more=Shape()))
        grid(pilot).put(Page(late, 0, (), 0, 0))
        assert len(grid(pilot).rows) == 5
        assert all(isinstance(row, FleetLine) for row in itertools.islice(grid(pilot).rows, 5))


def test_the_template_has_no_model(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "empty")
    with State.open(tmp_path / "empty") as state, state.read() as conn:
        found = fleet_page.page(conn, state.root, View(), tui_seed.NOW)
    assert (found.page.rows, found.page.total, found.healths) == ((), 0, {})
