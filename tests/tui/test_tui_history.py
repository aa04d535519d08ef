"""What happened, newest first: what matters, everything about an entry, the way to where it belongs, and many pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import seed_life
from seed_life import MODEL, OTHER
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, least, lines, text, until

from lifecycle_tui.registry import aliases
from lifecycle_tui.state import timeline
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import going
from lifecycle_tui.tui.panes.alerts import AlertsPane
from lifecycle_tui.tui.panes.history import HistoryPane
from lifecycle_tui.tui.panes.versions import VersionsPane
from lifecycle_tui.tui.reads import history
from lifecycle_tui.tui.reads.pages import Pages, near_end
from lifecycle_tui.tui.screens.history import HistoryScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.page import PageScreen
from lifecycle_tui.tui.subject import Subject, Where


@pytest.fixture
def life(workspace: Callable[[], State]) -> State:
    state = workspace()
    seed_life.life(state)
    return state


async def opened(pilot: Pilot) -> HistoryScreen:
    """The workspace's history."""
    await pilot.pause()
    await pilot.press("H")
    await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen), "the screen")
    await pilot.pause()
    return pilot.app.screen  # type: ignore[return-value]


def shown(pilot: Pilot) -> list[str]:
    """The list's lines."""
    found = lines(pilot)
    return [line[1:] for line in found[2:-2] if line]


async def test_what_matters_at_80_by_24(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert "what matters · 1/" in lines(pilot)[0]
        found = shown(pilot)
        assert found[0].split()[2:9] == [MODEL, "✗", "job", "failed", "evaluate", "(job", "2):"]
        assert found[1].split()[2:] == [MODEL, "•", "did:", "acknowledge", "alert", "3:", "as", "root"]
        assert found[2].split()[2:6] == [MODEL, "•", "alert", "acknowledged"]
        assert found[3].split()[2:6] == [MODEL, "?", "approval", "asked"]
        assert found[4].split()[2:6] == [MODEL, "→", "shadow", "moved"]
        assert found[5].split()[2:6] == [MODEL, "→", "challenger", "moved"]
        assert found[6].split()[2:6] == [MODEL, "✓", "judged:", "passed"]
        assert found[7].split()[2:6] == [MODEL, "◆", "version", "trained"]
        assert found[8].split()[2:6] == [MODEL, "✗", "critical", "alert"]
        assert not any("window" in line and "evaluated" in line for line in found)
        assert "job 2" in lines(pilot)[-2]


async def test_a_large_screen_says_why_and_by_whom(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await opened(pilot)
        whole = text(pilot)
        assert "evaluate (job 2): churn.csv row 7: 名前é [/x] \\x1b[31mred" in whole, "why it failed, not how long"
        assert next(line for line in shown(pilot) if "shadow moved" in line).split()[-1] == "raj"
        assert "version 3 against version 2: gain(auc) -0.01" in whole
        assert "from version 2 to version 4: it passed" in whole


async def test_the_kinds_that_show(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        screen = await opened(pilot)
        matters = {entry.cursor for entry in screen.list.grid.rows}
        await pilot.press("f")
        await pilot.pause()
        assert "everything · 3/47" in lines(pilot)[0] and "○ job queued" in text(pilot)
        every = screen.list.grid.rows
        assert matters < {entry.cursor for entry in every}
        assert {"window", "job", "job-queued"} < {entry.kind for entry in every}
        await pilot.press("f")
        await pilot.pause()
        assert "jobs · 3/4" in lines(pilot)[0]
        assert [line.split()[3:6] for line in shown(pilot)] == [
            ["✓", "job", "done"], ["○", "job", "queued"], ["✗", "job", "failed"], ["○", "job", "queued"],
        ]  # fmt: skip
        await pilot.press("f")
        await pilot.pause()
        assert "windows · 1/18" in lines(pilot)[0]
        await pilot.press("f")
        await pilot.pause()
        assert "what matters" in lines(pilot)[0]


async def test_nothing_happened(workspace: Callable[[], State]) -> None:
    async with app_on(workspace()).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert "Nothing that matters has happened yet" in text(pilot)
        await pilot.press("f")
        await pilot.pause()
        assert "run `lifecycle check`" in text(pilot)
        await pilot.press("enter", "G", "f", "f")
        await pilot.pause()
        assert pilot.app.screen is screen and screen.subject() == Subject()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "told", "leads"),
    [
        ("critical alert", ["✗ critical  auc 0.88 < 0.9", "opened in window 2026-03-16"], "the alert"),
        ("judged: failed", ["judged against version 2", "failed  gain(auc) -0.01"], "version 3"),
        ("champion moved", ["version 4", "named it, in place of version 2 by agent: it passed"], "version 4"),
        ("approval asked", ["waits", "version 6"], "version 6"),
        ("version trained", ["version 6", "made from", "version 4"], "version 6"),
        ("did: deploy", ["the action", "previous  2", "in the audit log"], "version 4"),
        ("did: acknowledge", ["in the audit log", "as    root"], "the alert"),
        ("job failed", ["the job", "churn.csv row 7: 名前é [/x] \\x1b[31mred", "looking at the data"], "job 2"),
    ],
)
async def test_everything_about_an_entry(life: State, words: str, told: list[str], leads: str) -> None:
    async with app_on(life).run_test(size=(120, 60)) as pilot:
        await opened(pilot)
        if words == "did: deploy":  # what matters tells it once, as the alias that moved
            assert "did: deploy" not in text(pilot)
            await pilot.press("f")
            await until(pilot, lambda: "did: deploy" in text(pilot))
        await pilot.press("slash", *words.replace(" ", "_").split("_")[0], "space", *words.split()[1], "enter")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        await pilot.pause()
        for part in told:
            assert part in text(pilot)
        assert f"Enter: {leads}" in lines(pilot)[-2]


async def test_a_windows_entry(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("f", "f", "f", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        await pilot.pause()
        assert "the window" in text(pilot) and "rows      700" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        assert pilot.app.screen.pane.NAME == "drift"  # type: ignore[attr-defined]


async def test_from_an_entry_to_where_it_belongs_and_back(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("slash", *"critical", "space", *"2026-03-25", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), AlertsPane), "the alerts")
        await pilot.pause()
        assert "auc-low" in cursor(pilot) and "2026-03-16" in cursor(pilot)
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HistoryScreen)


async def test_the_pane_of_a_model_goes_back_to_its_own_screen(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await pilot.pause()
        going.to_model(pilot.app, MODEL, Where("history"))
        await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), HistoryPane), "the pane")
        await pilot.pause()
        assert OTHER not in text(pilot) and "what matters" in lines(pilot)[0]
        await pilot.press("slash", *"champion", "space", *"version", "space", *"4", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), VersionsPane), "the versions")
        await pilot.pause()
        assert "champion" in cursor(pilot)
        assert len([s for s in pilot.app.screen_stack if isinstance(s, ModelScreen)]) == 1


async def test_what_an_action_is_about(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert screen.subject() == Subject(model=MODEL, job=2)
        await pilot.press("down")
        assert screen.subject() == Subject(model=MODEL)


async def test_new_entries_come_in_above_and_the_cursor_stays(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "down")
        before = cursor(pilot)
        assert "approval asked" in before
        with life.write() as tx:
            aliases.set_alias(tx, MODEL, "shadow", 5, "raj", "new", seed_life.NOW)
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert cursor(pilot) == before
        assert "shadow moved" in shown(pilot)[0]


async def test_an_entry_that_vanishes_under_the_cursor_and_on_its_page(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *"judged:", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        with life.write() as tx:
            tx.execute("DELETE FROM judgements WHERE version = 6")
            tx.execute("UPDATE models SET message = 'x'")
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "judgement: passed" in text(pilot), "what the list said of it still stands"
        await pilot.press("escape")
        await pilot.pause()
        assert screen.list.grid.row is not None and "version 5" in cursor(pilot), "on its neighbour"


async def test_state_that_cannot_be_read_now(life: State) -> None:
    seed_life.many_moves(life, 300)
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        pilot.app.poll()  # type: ignore[attr-defined]  # the first one always reads; the later ones where state moved
        await pilot.pause()
        with seed_life.torn(life, "alert_events"):
            await pilot.press("G", "f")
            await until(pilot, lambda: "no such table: alert_events" in lines(pilot)[0], "the title says so")
            assert pilot.app.screen is screen and "shadow moved" in cursor(pilot)
        pilot.app.poll()  # type: ignore[attr-defined]
        await until(pilot, lambda: "no such table" not in lines(pilot)[0], "it can be read again")
        assert "everything" in lines(pilot)[0] and len(screen.list.grid.rows) >= history.PAGE


@pytest.mark.slow
async def test_five_thousand_entries(life: State) -> None:
    seed_life.many_moves(life, 5000)
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert lines(pilot)[0].endswith(f"1/{history.PAGE}+")
        for _ in range(40):
            await pilot.press("G")
            await pilot.pause()
        grid = screen.list.grid
        assert len(grid.rows) > 5000 and not lines(pilot)[0].endswith("+")
        assert len({e.cursor for e in grid.rows}) == len(grid.rows)
        assert [e.at for e in grid.rows] == sorted((e.at for e in grid.rows), reverse=True)
        oldest = cursor(pilot)
        with life.write() as tx:
            aliases.set_alias(tx, MODEL, "shadow", 5, "raj", "new", seed_life.NOW)
        assert await least(screen.list.load) < 0.2
        await pilot.pause()
        assert cursor(pilot) == oldest, "nothing moves under one's eyes"


def test_failed_jobs_among_what_matters(life: State) -> None:
    """They take their place between the others, page after page, and each comes once."""
    with life.write() as tx:
        for n in range(30):
            seed_life.ended(tx, seed_life.day(n) + timedelta(hours=5), "failed", error="no")
            seed_life.ended(tx, seed_life.day(n) + timedelta(hours=6), "done")
    with life.read() as conn:
        kinds = history.CHOICES[0].kinds
        assert kinds is not None
        whole = timeline.timeline(conn, limit=1000, kinds=kinds)
        assert sum(e.kind == "job" for e in whole) == 31 and all(e.what == "failed" for e in whole if e.kind == "job")
        paged, before = [], None
        while found := timeline.timeline(conn, limit=7, before=before, kinds=kinds):
            paged += found
            before = found[-1].cursor
        assert tuple(paged) == whole
        every = timeline.timeline(conn, limit=1000, kinds=("job", "job-failed"))
        assert sum(e.what == "done" for e in every) == 31, "both together are all that ended"


def test_pages_when_more_came_than_a_page_holds() -> None:
    rows = list(range(10))
    pages: Pages[int] = Pages(str, 4)

    def page(after: int | None) -> list[int]:
        return [r for r in rows if after is None or r > after][:4]

    assert pages.renew(page(None)) and pages.rows == [0, 1, 2, 3] and not pages.whole
    assert not pages.extend(2, page(2)), "what was asked for before the rows changed"
    for _ in range(2):
        assert pages.extend(pages.last, page(pages.last))
    assert pages.rows == list(range(10)) and pages.whole
    assert not pages.renew(page(None)) and not pages.extend(pages.last, [])
    rows.insert(0, -1)
    assert pages.renew(page(None)) and pages.rows == list(range(-1, 10)) and pages.whole
    rows[:0] = [-9, -8, -7, -6, -5]
    assert pages.renew(page(None)) and pages.rows == [-9, -8, -7, -6] and not pages.whole, "the rest is read again"
    rows[:] = [1]
    assert pages.renew(page(None)) and pages.rows == [1] and pages.whole
    nothing: Pages[int] = Pages(str, 4)
    assert nothing.renew([]) and not nothing.renew([]) and not nothing.extend(None, [])
    assert near_end([1, 2], 2) and not near_end([], None) and not near_end(list(range(99)), 3)
