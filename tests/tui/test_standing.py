"""How a model stood at a moment: told from what was recorded by then, and "not recorded" where state does not know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import seed_life
from seed_life import MODEL, OTHER, day
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.registry.standing import Standing, standing
from lifecycle_tui.registry.standing_words import told
from lifecycle_tui.state import alerts, audit, handling, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.history import HistoryPane
from lifecycle_tui.tui.screens.history import HistoryScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.page import PageScreen
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import width
from lifecycle_tui.tui.widgets.moment_line import means

SLOW = pytest.mark.slow


@pytest.fixture
def life(workspace: Callable[[], State]) -> State:
    state = workspace()
    seed_life.life(state)
    return state


def at(state: State, number: float, model: str = MODEL) -> Standing:
    with state.read() as conn:
        return standing(conn, model, day(number))


def words(state: State, number: float, model: str = MODEL) -> dict[str, str]:
    return {one.name: one.text for one in told(at(state, number, model))}


@pytest.mark.parametrize(
    ("number", "champion", "judged", "alerts_", "window", "health"),
    [
        (0.5, 1, None, [], None, "unknown"),
        (21, 2, 2, [], None, "unknown"),
        (30, 2, 2, ["auc-low"], None, "critical"),
        (43.9, 2, 3, ["auc-low"], None, "critical"),
        (44, 2, 3, [], None, "unknown"),
        (50.5, 2, 4, [], "2026-02-16", ""),
        (51, 4, 4, [], "2026-02-16", ""),
        (78.5, 4, 5, ["moved"], "2026-03-16", "warning"),
        (79, 4, 5, ["auc-low", "moved"], "2026-03-16", "critical"),
        (90, 4, 6, ["auc-low", "moved"], "2026-03-23", "critical"),
    ],
)
def test_then(
    life: State, number: float, champion: int, judged: int | None, alerts_: list[str], window: str | None, health: str
) -> None:
    found = at(life, number)
    move = found.alias("champion")
    assert move is not None and move.version == champion
    assert (None if found.judged is None else found.judged.version) == judged
    assert [alert.rule for alert in found.alerts] == alerts_
    assert (None if found.window is None else found.window.row.key) == window
    assert found.health == health


def test_in_words(life: State) -> None:
    then = words(life, 90)
    assert then["health"] == "critical: auc-low: auc 0.88 < 0.9 in 2026-03-16"
    assert then["alerts"].startswith("auc-low (critical) since 2026-03-16; moved (warning) since 2026-03-16, ack")
    assert then["champion"] == "version 4 since 2026-02-25 00:00 by agent: it passed"
    assert then["window"].startswith(
        "2026-03-23: auc 0.89 (0.87 to 0.91) of version 4, 700 rows, 700 labels, evaluated"
    )
    assert then["policy"] == "no edit is recorded, then or since"
    assert then["judged"].startswith("version 6 against version 4: passed (2026-03-26 00:00): gain(auc) 0.03")
    assert then["approval"] == "version 6 waited since 2026-03-28 00:00, asked by agent"
    assert then["challenger"].startswith("version 6 since") and then["shadow"].startswith("version 3 since")


def test_before_everything_and_where_nothing_can_be_told(life: State) -> None:
    assert words(life, -1) == {"nothing": f"nothing of {MODEL} had been recorded by then"}
    assert "had been recorded" in words(life, 90, "never")["nothing"]
    assert words(life, 60)["health"] == "no alert was open; whether it showed ok or unknown is not recorded"
    assert "nothing worse than an info alert was open" not in words(life, 60, OTHER).get("health", "")
    assert words(life, 80, OTHER)["health"] == "unknown: no window had been evaluated"


def test_what_people_did_to_an_alert_by_then_and_not_afterwards(life: State) -> None:
    with life.read() as conn:
        moved = next(row for row in alerts.open_alerts(conn, MODEL) if row.alert.rule == "moved")
    with life.write() as tx:
        handling.snooze(tx, moved.id, day(86), "raj", None, day(84))
        handling.assign(tx, moved.id, "raj", "ana", "look", day(84.5))
        handling.wake(tx, moved.id, "raj", "now", day(85))
        handling.assign(tx, moved.id, None, "ana", None, day(85.5))
    told_ = {number: at(life, number).alerts[1] for number in (82, 83, 84, 84.5, 85, 85.5)}
    assert [told_[n].acknowledged for n in (82, 83, 85)] == ["", "ana", "ana"]
    assert [bool(told_[n].snoozed) for n in (83, 84, 84.5, 85)] == [False, True, True, False]
    assert told_[84].snoozed == "until 2026-04-01 00:00 UTC by raj"
    assert [told_[n].assigned for n in (84, 84.5, 85.5)] == ["", "raj", ""]


def test_what_an_alert_said_then(life: State) -> None:
    with life.write() as tx:
        live = next(row.alert for row in alerts.open_alerts(tx, MODEL) if row.alert.rule == "auc-low")
        alerts.store(tx, continued=[replace(live, message="auc 0.5 < 0.9", last_window="2026-03-30")], now=day(84))
    assert at(life, 83).why == "auc-low: auc 0.88 < 0.9 in 2026-03-16"
    assert at(life, 84).why == "auc-low: auc 0.5 < 0.9"


def test_a_window_that_was_replaced_later_is_shown_as_it_was(life: State) -> None:
    start = day(42 + 35)
    window = Window(f"{start:%Y-%m-%d}", 5, start, start + timedelta(days=7), 640)
    signal = Signal("auc", 0.7, 0.68, 0.72, 640, source="auc")
    with life.write() as tx:
        record.record(tx, [WindowResult(MODEL, window, "4", (signal,), day(88), 640, True, basis="again")])
    before, after = at(life, 87), at(life, 88)
    assert before.window is not None and before.window.signal is not None and before.window.replaced
    assert before.window.signal.value == pytest.approx(0.89)
    assert "another revision has replaced it since" in words(life, 87)["window"]
    assert after.window is not None and after.window.signal is not None
    assert after.window.signal.value == 0.7 and not after.window.replaced


def test_a_broken_window_and_a_check_that_failed(life: State) -> None:
    assert at(life, 84.6).health == "critical", "alerts come first"
    with life.write() as tx:
        alerts.store(
            tx, now=day(86),
            resolved=[seed_life.resolved(row.alert, "test", day(86)) for row in alerts.open_alerts(tx, MODEL)],
        )  # fmt: skip
        seed_life.ended(tx, day(87), "failed", error="no memory")
    assert at(life, 86).health == ""
    assert at(life, 87).health == "error" and "no memory" in at(life, 87).why
    with life.write() as tx:
        seed_life.evaluated(tx, day(88))
        tx.execute("UPDATE signals SET state = 'error', message = 'gap.py:7' WHERE name = 'psi.amount'")
    assert at(life, 88).why == "1 signal failed: gap.py:7"


def test_which_policy_was_in_force(life: State) -> None:
    key = f'models."{MODEL}".rules.moved.when'
    with life.write() as tx:
        for n, (number, who) in enumerate(((10, "raj"), (20, "file"), (70, "ana"))):
            detail = {"key": key, "old": f"psi.amount > 0.{n}", "new": f"psi.amount > 0.{n + 1}"}
            audit.append(tx, "configure", key, day(number), model=MODEL, detail=detail, who=who)
        audit.append(tx, "configure", "x", day(71), model=OTHER, detail={"key": "models.demand.owner"}, who="ana")
        audit.append(tx, "configure", "x", day(72), detail={"key": "workspace.timezone", "new": "UTC"}, who="ana")
        changes = [{"key": f"defaults.rules.r{n}.when", "old": None, "new": "rows < 1"} for n in range(5)]
        audit.append(tx, "configure", "y", day(73), detail={"changes": changes, "keys": 9}, who="raj")
    assert words(life, 5)["policy"].startswith("no edit is recorded by then; the first one was edited 2026-01-15")
    assert words(life, 15)["policy"] == (
        f"as edited 2026-01-15 00:00 by raj: {key}: psi.amount > 0.0 → psi.amount > 0.1 (1 edit recorded by then; "
        "3 edits since)"
    )
    assert "in the file, by whom is not recorded" in words(life, 25)["policy"]
    last = words(life, 80)["policy"]
    assert "defaults.rules.r2.when: not set → rows < 1, and 6 more" in last and "(4 edits recorded by then)" in last


def test_a_pause_and_an_acknowledgement_that_was_taken_back(life: State) -> None:
    with life.write() as tx:
        for number, action, until in ((10, "pause", None), (12, "resume", None), (14, "pause", day(16))):
            detail = {"until": None if until is None else until.isoformat(), "note": "the schema moves"}
            audit.append(tx, action, MODEL, day(number), model=MODEL, detail=detail, who="ana")
        moved = next(row for row in alerts.open_alerts(tx, MODEL) if row.alert.rule == "moved")
        alerts.unacknowledge(tx, moved.id, "ana", None, day(84))
    paused = {number: at(life, number).paused is not None for number in (9, 10, 11.9, 12, 14, 15.9, 16)}
    assert [number for number, held in paused.items() if held] == [10, 11.9, 14, 15.9]
    assert words(life, 11)["paused"] == "by ana 2026-01-15 00:00, until it was resumed: the schema moves"
    assert words(life, 15)["paused"].startswith("by ana 2026-01-19 00:00, until 2026-01-21 00:00")
    assert [at(life, number).alerts[-1].acknowledged for number in (83.5, 84)] == ["ana", ""]


@pytest.mark.slow
def test_a_year_of_hours_costs_little(life: State) -> None:
    import time

    with life.write(durable=False) as tx:
        tx.executemany(
            "INSERT INTO windows (model, key, version, revision, current, position, rows, mature, complete, as_of, "
            "recorded_at, digest, seq) VALUES (?, ?, '', 1, 1, ?, 1, 1, 1, ?, ?, '', 1)",
            [
                (OTHER, f"{day(n / 24):%Y-%m-%dT%H}", n, *(f"{day(n / 24):%Y-%m-%dT%H:%M:%S}.000000Z",) * 2)
                for n in range(24 * 365)
            ],
        )  # fmt: skip
    for number in (1.0, 180.0, 360.0):
        took = []
        for _ in range(5):  # what others do meanwhile does not count
            began = time.process_time()
            found = at(life, number, OTHER)
            took.append(time.process_time() - began)
        assert min(took) < 0.05
        assert found.window is not None and found.window.row.key == f"{day(number):%Y-%m-%dT%H}"


# -- in the terminal --------------------------------------------------------------------------------------------------


async def pane(pilot: Pilot) -> HistoryPane:
    """The history of the model."""
    await pilot.pause()
    pilot.app.push_screen(ModelScreen(pilot.app.source, MODEL, Where("history")))  # type: ignore[attr-defined]
    await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), HistoryPane), "the pane")
    await pilot.pause()
    return pilot.app.screen.pane  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(60, 20), pytest.param(SMALL, marks=SLOW), pytest.param(LARGE, marks=SLOW)])
async def test_the_pane_as_of_a_moment_and_back(life: State, size: tuple[int, int]) -> None:
    async with app_on(life).run_test(size=size) as pilot:
        history = await pane(pilot)
        await pilot.press("d")
        assert "e.g. 2026-03-14 09:00" in text(pilot) and pilot.app.focused is not history.list.grid
        await pilot.press(*"2026-03-29 1")
        assert "not understood (yet)" in text(pilot)
        await pilot.press(*"0:00")
        assert "Sunday, 2026-03-29 10:00 UTC, 3 days ago: Enter shows it" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "as of 2026-03-29 10:00 UTC" in text(pilot), "the lines")
        shown = text(pilot)
        assert "health     ✗ critical: auc-low" in shown and "champion   version 4 since 2026-02-25" in shown
        assert "as of 2026-03-29 10:00 · what matters" in lines(pilot)[0]
        assert "acknowledge" in cursor(pilot) and "2026-03-30" not in shown, "the list begins there"
        assert pilot.app.focused is history.list.grid and len(history.list.grid.rows) > 3
        assert history.list.grid.size.height >= 6, "rows enough at any size"
        await pilot.press("escape")
        assert "as of" not in lines(pilot)[0] and "acknowledge" in cursor(pilot), "the cursor stays at its time"
        await until(pilot, lambda: "job failed" in text(pilot), "what came later")
        await pilot.press("d", "enter")
        assert history.list.at is None, "an empty line is now"


async def test_what_is_not_understood_or_still_to_come_stays_open(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        history = await pane(pilot)
        await pilot.press("d", *"fortnight", "enter")
        assert "not understood" in text(pilot) and "last friday" in text(pilot) and history.list.at is None
        for _ in "fortnight":
            await pilot.press("backspace")
        await pilot.press(*"2027-01-01", "enter")
        assert "is still to come" in text(pilot) and history.list.at is None
        await pilot.press("escape")
        assert "still to come" not in text(pilot) and pilot.app.focused is history.list.grid


async def test_all_of_then_on_a_page_and_what_cannot_be_told(life: State) -> None:
    async with app_on(life).run_test(size=(100, 60)) as pilot:
        await pane(pilot)
        await pilot.press("o")
        assert "d sets a moment first" in text(pilot)
        await pilot.press("d", *"2 days ago", "enter", "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "the page")
        await pilot.pause()
        shown = text(pilot)
        assert "what state cannot tell" in shown and "not recorded:" in shown and "alert 3  moved" in shown


async def test_the_whole_workspace_as_of_a_moment_and_the_filters(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("H", "d", *"last friday", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, HistoryScreen)
        assert "✗ 3 alerts were open (1 critical, 1 warning, 1 info) in 2 models · 1 model had" in text(pilot)
        await pilot.press("slash", *"by:raj", "enter")
        assert [e.by for e in screen.list.grid.rows] == ["raj"]
        await pilot.press("escape")
        assert screen.list.at is not None, "the filter goes first"
        await pilot.press("escape")
        assert screen.list.at is None
        for words, least in (("kind:alert", 5), ("kind:alert !resolved", 4), ("by:ana", 2), ("wednesday", 0)):
            screen.list.grid.filter = words
            await pilot.pause()
            assert len(screen.list.grid.rows) >= least, words
        screen.list.grid.filter = "no such words"
        await pilot.pause()
        assert "Nothing here is like that" in text(pilot)


@pytest.mark.slow
async def test_a_filter_reads_on_until_it_has_found_something(life: State) -> None:
    seed_life.many_moves(life, 1500, start=day(0) + timedelta(minutes=1))
    async with app_on(life).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("H")
        screen = pilot.app.screen
        assert isinstance(screen, HistoryScreen)
        screen.list.grid.filter = "kind:version trained 2026-01-05"
        await pilot.pause()
        assert [e.subject for e in screen.list.grid.rows] == ["version 1"], "the oldest entries of all"


@pytest.mark.parametrize("cells", [20, 60, 80, 200])
@pytest.mark.parametrize("typed", ["", "x", "yesterday", "2099-01-01", "\x1b[2J[b]"])
def test_the_line_says_what_is_meant_at_any_width(typed: str, cells: int) -> None:
    for line in means(typed, seed_life.NOW, cells):
        assert sum(width(span.text) for span in line) <= max(cells, 60)
        assert all("\x1b" not in span.text for span in line)
