"""The alerts of a model and of all: what fires, who has taken it on, what resolved, and the way to the cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import seed_life
from seed_life import MODEL, OTHER
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, least, lines, text, until

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.state import alerts
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import going
from lifecycle_tui.tui.panes.alerts import AlertsPane
from lifecycle_tui.tui.reads import alerts as read
from lifecycle_tui.tui.screens.alerts import AlertsScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Subject, Where


@pytest.fixture
def life(workspace: Callable[[], State]) -> State:
    state = workspace()
    seed_life.life(state)
    return state


async def inbox(pilot: Pilot) -> AlertsScreen:
    """The alerts of all models."""
    await pilot.pause()
    await pilot.press("A")
    await until(pilot, lambda: isinstance(pilot.app.screen, AlertsScreen), "the screen")
    await pilot.pause()
    return pilot.app.screen  # type: ignore[return-value]


def rows(pilot: Pilot) -> list[list[str]]:
    """The words of the list's lines."""
    shown = lines(pilot)
    top = next(y for y, line in enumerate(shown) if line.startswith("  severity"))
    end = next(y for y, line in enumerate(shown) if y > top and not line)
    return [line[2:].split() for line in shown[top + 1 : end]]


async def test_the_inbox_at_80_by_24(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await inbox(pilot)
        assert "alerts  shop  3 open" in lines(pilot)[0] and lines(pilot)[0].endswith(" 1/4")
        assert rows(pilot) == [
            ["✗", "critical", MODEL, "auc-low", "2026-03-16", "7", "days", "ago", "open"],
            ["▲", "warning", MODEL, "moved", "2026-03-16", "8", "days", "ago", "acknowledged"],
            ["·", "info", OTHER, "mae-high", "2026-03-02", "16", "days", "ago", "open"],
            ["✗", "critical", MODEL, "auc-low", "2026-02-16", "42", "days", "ago", "resolved"],
        ], "open ones first, worst first, then resolved ones; ages on the simulated clock"
        shown = text(pilot)
        assert f" {MODEL}  auc-low  #2" in shown
        assert "✗ critical  auc 0.88 < 0.9 in 2026-03-16" in shown
        assert "auc.upper 0.87 < 0.9 in 2026-03-23" in shown, "what it says by now"
        assert "auc-low: auc < 0.9, for 2 windows" in shown and "notify, retrain" in shown
        assert "2026-03-25 00:00  opened in window 2026-03-16" in shown


async def test_a_large_screen_says_all(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await inbox(pilot)
        await pilot.press("down")
        await pilot.pause()
        shown = text(pilot)
        assert rows(pilot)[1][8:10] == ["acknowledged", "ana"]
        assert rows(pilot)[3][8:11] == ["resolved", "window", "2026-02-23"]
        assert "by ana at 2026-03-29 00:00: upstream knows 名前é [/x] \\x1b[31mred" in shown
        assert "columns       amount" in shown
        await pilot.press("down")
        await pilot.pause()
        assert "mae 0.88 < 0.9 in 2026-03-02 名前é [/x] \\x1b[31mred" in shown


async def test_what_an_action_is_about(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        assert screen.subject() == Subject(model=MODEL, alert=2)
        assert "a ack" in lines(pilot)[-1]
        await pilot.press("G")
        await pilot.pause()
        assert screen.subject() == Subject(model=MODEL), "a resolved one is not acknowledged"
        assert "a ack" not in lines(pilot)[-1]
        pilot.app.poll()  # type: ignore[attr-defined]  # the first one, which reads again and writes the bars anew
        await pilot.press("a")
        await pilot.pause()
        assert "no alert is under the cursor" in lines(pilot)[-2]


async def test_open_only(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        await pilot.press("e")
        await pilot.pause()
        assert len(rows(pilot)) == 3 and "open only" in lines(pilot)[0]
        resolve_all(life)
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "No alert is open." in text(pilot) and "none open" in lines(pilot)[0]
        assert screen.subject() == Subject()
        await pilot.press("enter", "e")
        await pilot.pause()
        assert len(rows(pilot)) == 4


def resolve_all(state: State) -> None:
    """Every alert resolves."""
    with state.write() as tx:
        for row in alerts.open_alerts(tx):
            alerts.store(tx, now=seed_life.NOW, resolved=[seed_life.resolved(row.alert, "ended", seed_life.NOW)])


async def test_nothing_ever_fired(workspace: Callable[[], State]) -> None:
    async with app_on(workspace()).run_test(size=SMALL) as pilot:
        await inbox(pilot)
        assert "No alert was ever opened here" in text(pilot)
        await pilot.press("enter", "down", "e", "s", "S", "G")
        await pilot.pause()
        assert isinstance(pilot.app.screen, AlertsScreen)


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ((), Where("performance", "2026-03-16", "auc")),
        (("down",), Where("drift", "2026-03-16", "psi.amount")),
        (("down", "down"), Where("performance", "2026-03-02", "mae")),
    ],
)
async def test_enter_goes_to_the_cause(life: State, keys: tuple[str, ...], where: Where) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        await pilot.press(*keys)
        line = screen.list.grid.row
        assert line is not None and read.cause(screen.source.conn, line.alert) == where
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        assert where.pane == pilot.app.screen.pane.NAME  # type: ignore[attr-defined]
        await pilot.press("escape", "escape")
        await pilot.pause()


def causes(alert: Alert, state: State) -> Where:
    """Where an alert's cause is looked for."""
    with state.read() as conn:
        return read.cause(conn, alert)


def test_causes_of_rules_on_drift_data_and_what_is_not_told(life: State) -> None:
    with life.read() as conn:
        alert = next(row.alert for row in alerts.open_alerts(conn) if row.alert.rule == "moved")
    drift = replace(alert, detail={"signals": {"drift.max": {}}, "columns": ["amount"]})
    assert causes(drift, life) == Where("drift", "2026-03-16", "ks.amount"), "the detector that said so"
    assert causes(replace(drift, detail={"signals": {"drift.max": {}}}), life) == Where("drift", "2026-03-16", None)
    late = replace(alert, detail={}, message="data.late 7200 > 2")
    assert causes(late, life) == Where("drift", "2026-03-16", None), "what is no metric is a matter of the data"
    bare = replace(alert, detail={}, message="auc.upper 0.88 < 0.92 in 3 windows")
    assert causes(bare, life) == Where("performance", "2026-03-16", "auc")
    odd = replace(alert, detail={"when": 'not psi["amount"].upper > 1'}, message="", last_window="gone")
    assert causes(odd, life) == Where("performance", "gone", "psi.amount")
    assert read.signals_of(replace(alert, detail={}, message="??")) == ()


async def test_the_pane_of_a_model(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await pilot.pause()
        going.to_model(pilot.app, MODEL, Where("alerts", alert=3))
        await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), AlertsPane), "the pane")
        await pilot.pause()
        assert "moved" in cursor(pilot) and OTHER not in text(pilot)
        assert len(rows(pilot)) == 3
        assert lines(pilot)[0].endswith("2/3")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen.pane.NAME == "drift", "the cause, in the same screen")  # type: ignore[attr-defined]
        assert len([s for s in pilot.app.screen_stack if isinstance(s, ModelScreen)]) == 1


async def test_live_a_new_alert_and_one_that_resolves_under_the_cursor(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        await pilot.press("down")
        with life.write() as tx:
            seed_life.fire(tx, OTHER, "broken", "critical", 86, "2026-03-30")
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "moved" in cursor(pilot), "the cursor stays on its alert"
        assert rows(pilot)[1][2:4] == [OTHER, "broken"]
        line = screen.list.grid.row
        assert line is not None
        with life.write() as tx:
            alerts.store(tx, now=seed_life.NOW, resolved=[seed_life.resolved(line.alert, "w", seed_life.NOW)])
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "moved" in cursor(pilot) and "resolved" in cursor(pilot), "it went down to the resolved ones"
        assert rows(pilot)[3][3] == "moved", "as the last that did"
        assert screen.subject().alert is None


async def test_an_alert_that_vanishes_under_the_cursor(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await inbox(pilot)
        with life.write() as tx:
            tx.execute("DELETE FROM alert_events WHERE alert_id = 2")
            tx.execute("DELETE FROM alerts WHERE id = 2")
            tx.execute("UPDATE alerts SET note = 'x' WHERE id = 3")
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "moved" in cursor(pilot) and f"{MODEL}  moved  #3" in text(pilot)


async def test_resolved_ones_come_in_pages(life: State) -> None:
    seed_life.many_resolved(life, 1000)
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        assert lines(pilot)[0].endswith(f"1/{3 + read.PAGE}+")
        for _ in range(14):
            await pilot.press("G")
            await pilot.pause()
        assert len(screen.list.grid.rows) == 1004 and lines(pilot)[0].endswith("1,004/1,004")
        assert "rule-00000" in cursor(pilot), "all of them, the last that resolved first"
        assert await least(screen.list.load) < 0.2


async def test_state_that_cannot_be_read_now(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        pilot.app.poll()  # type: ignore[attr-defined]  # the first one always reads; the later ones where state moved
        await pilot.pause()
        with seed_life.torn(life, "alert_events"):
            await pilot.press("down", "e", "down")
            await until(pilot, lambda: "no such table: alert_events" in lines(pilot)[0], "the title says so")
            assert pilot.app.screen is screen and "mae-high" in cursor(pilot)
        pilot.app.poll()  # type: ignore[attr-defined]
        await until(pilot, lambda: "no such table" not in lines(pilot)[0], "it can be read again")
        assert f"{OTHER}  mae-high" in text(pilot)


async def test_sorting_and_filter(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await inbox(pilot)
        await pilot.press("s", "s", "s", "S")
        await pilot.pause()
        assert screen.list.grid.sorting == "rule" and rows(pilot)[0][3] == "moved"
        await pilot.press("slash", *"mae", "enter")
        await pilot.pause()
        assert len(rows(pilot)) == 1 and "filter: mae" in lines(pilot)[0]
        await pilot.press("escape")
        await pilot.pause()
        assert len(rows(pilot)) == 4


async def test_marked_alerts_are_snoozed_together_and_come_last(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        screen = await inbox(pilot)
        await pilot.press("space", "space", "z")
        assert screen.list.subject().alerts == (2, 3)
        await until(pilot, lambda: "Snooze an alert: 2 of them" in text(pilot), "the dialog")
        await until(pilot, lambda: "until:" in text(pilot), "it asks until when")
        await pilot.press(*"2d", "enter")
        await until(pilot, lambda: "lifecycle snooze 2 3 2d" in text(pilot), "the plan")
        await pilot.press("enter")
        await until(pilot, lambda: "snoozed until 2026-04-03" in text(pilot), "it is done")
        await pilot.press("escape")
        await until(pilot, lambda: "3 open, 2 snoozed" in lines(pilot)[0], "the title")
        found = rows(pilot)
        assert [row[3] for row in found[:3]] == ["mae-high", "auc-low", "moved"], "what is awake comes first"
        assert found[1][8:11] == ["snoozed", "until", "2026-04-03"]
        await pilot.press("home", "down", "@")
        await until(pilot, lambda: "Assign an alert: 2 of them" in text(pilot), "the marks are still there")
        await pilot.press(*"raj", "enter")
        await until(pilot, lambda: "lifecycle assign 2 3 raj" in text(pilot), "the plan")
        await pilot.press("enter")
        await until(pilot, lambda: "assigned to raj" in text(pilot), "it is done")
        await pilot.press("escape")
        await until(pilot, lambda: "@raj" in rows(pilot)[1], "whose it is")
        await until(pilot, lambda: "no messages; the policy goes on" in text(pilot) and "to raj, by " in text(pilot))
        await pilot.press("Z")
        await until(pilot, lambda: "lifecycle unsnooze 2 3" in text(pilot), "the plan")
        await pilot.press("enter", "escape")
        await until(pilot, lambda: "snoozed" not in lines(pilot)[0], "both are awake")


async def test_on_the_fleet_and_beside_a_metric_it_is_about_the_models_alerts(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await pilot.pause()
        going.to_model(pilot.app, MODEL, Where(pane="performance"))
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        await pilot.press("a")
        await until(pilot, lambda: "Acknowledge an alert: alert 2" in text(pilot), "the one that nobody has taken on")
        await pilot.press("escape", "z")
        await until(pilot, lambda: "Snooze an alert: 2 of them" in text(pilot), "all that are open")
        await pilot.press("escape", "escape", "escape")  # the line, the dialog, the model
        await until(pilot, lambda: MODEL in cursor(pilot), "where it came from")
        await pilot.press("a")
        await until(pilot, lambda: "Acknowledge an alert: alert 2" in text(pilot), "from the fleet")
        await pilot.press("enter")
        await until(pilot, lambda: "done" in text(pilot), "it is done")
        await pilot.press("escape", "a")
        await until(pilot, lambda: f"{MODEL} has no unacknowledged alert" in text(pilot), "none left")


async def test_of_marked_models_it_is_about_the_alerts_of_all(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("asterisk", "a")
        await until(pilot, lambda: "Acknowledge an alert: 2 of them" in text(pilot), "what nobody has taken on")
        await pilot.press("escape", "x")
        await until(pilot, lambda: "Undo" in text(pilot) and "planning" not in text(pilot), "the list")
        assert "not here       no alert" not in text(pilot)
        assert "ana has done nothing to alert" not in text(pilot), "other actions are about the models"
