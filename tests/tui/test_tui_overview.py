"""The overview: why a model is in its state, since when, what to do about it, what happens next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import seed_story
import tui_seed
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, approvals, jobs, judgements, loop, models
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.processes import this
from lifecycle_tui.tui.panes.overview import OverviewPane
from lifecycle_tui.tui.screens.model import ModelScreen

NOW = tui_seed.NOW


@pytest.fixture
def bikes(workspace: Callable[[], State]) -> State:
    """A workspace with the model `bikes`."""
    state = workspace()
    seed_story.bikes(state)
    return state


async def open_overview(pilot, name: str = "bikes") -> OverviewPane:
    """Open a model."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, name))
    await pilot.pause()
    pane = pilot.app.screen.pane
    assert isinstance(pane, OverviewPane)
    return pane


def words(pilot) -> str:
    """The screen's words, however they are broken into lines."""
    return " ".join(text(pilot).split())


def challenger(state: State, verdict: str = "passed") -> None:
    """Version 3, judged against the champion."""
    with state.write() as tx:
        versions.register(tx, versions.NewVersion("bikes", "trained"), NOW)
        aliases.set_alias(tx, "bikes", "challenger", 3, "agent", "trained", NOW)
        judgements.put(
            tx, Judgement("bikes", 3, 2, verdict, 240, "gain(mae) 900 (-100 to 1900) > 0", NOW, wanted=4_000)  # type: ignore[arg-type]
        )  # fmt: skip


async def test_the_whole_story_at_80_by_24(bikes: State) -> None:
    with bikes.write() as tx:
        seed_story.fires(tx)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        await open_overview(pilot)
        shown = lines(pilot)
        assert shown[0].startswith(" fleet › bikes  ✗ critical  champion 2 · simulated 2026-04-01 06:00 · checked n")
        assert shown[2:5] == [
            " ✗ critical  since 2026-04-01 03:00 (3 h ago)",
            "   ✗ error-high  mae.lower 47000 > 35_000 in 2026-03-11",
            "     3 windows since 2026-03-09, opened 3 h ago · not acknowledged",
        ]
        assert shown[5] == " to do        a  acknowledge error-high"
        assert shown[6] == "              3  see the metric against its rule"
        story = words(pilot)
        for said in (
            "champion version 2 since 2026-03-09 00:00, 23 days ago, by agent · before it version 1 (b rolls back)",
            "next in 24 h: retraining, after the cooldown: rule error-high · cooldown 3d", "no agent runs",
            "48,000 [47,000, 49,000]", "rule lower > 35,000", "rule >= 0.2",
            "What happened last 7 all of it", "✗ critical alert error-high: mae.lower 43000",
        ):  # fmt: skip
            assert said in story, said
        assert shown[-2].startswith(" 2026-03-12  500 rows · 500 labels, more are expected")
        assert shown[-1].startswith(" a ack  b rollback  t retrain")


async def test_a_large_screen_draws_the_numbers_beside(bikes: State) -> None:
    async with app_on(bikes).run_test(size=LARGE) as pilot:
        pane = await open_overview(pilot)
        shown = lines(pilot)
        right = "\n".join(line[pane.numbers.region.x :] for line in shown)
        assert "mae  mae.lower > 35,000 in 2 windows" in right and "drift.share  drift.share >= 0.2" in right
        assert "Mar 1 " in right and "Mar 12" in right and "─────" in right
        left = "\n".join(line[: pane.numbers.region.x] for line in shown)
        assert "rule lower" not in left, "not twice"
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert "rule lower > 35,000" in text(pilot)


async def test_an_approval_that_waits(bikes: State) -> None:
    challenger(bikes)
    with bikes.write() as tx:
        approvals.request(tx, "bikes", 3, "schedule", None, NOW - timedelta(hours=2))
        alert = seed_story.fires(tx)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_overview(pilot)
        shown = text(pilot)
        assert " to do        y  approve version 3, or decline it (ana, raj may)" in shown
        assert "              5  acknowledge error-high" in shown
        waits = "version 3 waits for approval, asked for 2 h ago by schedule: ana or raj may say yes, but not schedule"
        assert waits in words(pilot)
        assert lines(pilot)[-1].startswith(" y approve  a ack")
        assert pane.subject().alert == alert and pane.subject().model == "bikes"


async def test_a_challenger_and_its_judgement(bikes: State) -> None:
    challenger(bikes)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_overview(pilot)
        shown = text(pilot)
        assert " to do        p  promote version 3: it passed its gates" in shown
        assert "version 3 ✓ passed: gain(mae) 900" in shown
        assert pane.subject().version == 3 and " p promote" in lines(pilot)[-1]
        with bikes.write() as tx:
            unknown = Judgement("bikes", 3, 2, "unknown", 900, "gain(mae) 9", NOW, wanted=4_000)
            judgements.put(tx, unknown)
        await until(pilot, lambda: "~ cannot tell: gain(mae) 9 · about 4,000 rows would settle it" in words(pilot), "")
        with bikes.write() as tx:
            judgements.put(tx, Judgement("bikes", 3, 2, "failed", 900, "gain(mae) -5 > 0", NOW))
        await until(pilot, lambda: "version 3 ✗ failed: gain(mae) -5" in text(pilot), "judged again")
        assert "p  promote" not in text(pilot) and pane.subject().version is None
        with bikes.write() as tx:
            aliases.remove_alias(tx, "bikes", "challenger", "agent", "refused", NOW)
            seed_story.window(tx, 12)
        await until(pilot, lambda: "none; version 3 ✗ failed now: gain(mae) -5" in text(pilot), "refused")


async def test_a_challenger_that_was_not_judged(bikes: State) -> None:
    with bikes.write() as tx:
        versions.register(tx, versions.NewVersion("bikes", "trained"), NOW)
        aliases.set_alias(tx, "bikes", "challenger", 3, "ana", None, NOW)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        await open_overview(pilot)
        assert " challenger  version 3, not judged yet" in text(pilot)


async def test_a_job_with_its_progress(bikes: State) -> None:
    with bikes.write() as tx:
        job = jobs.enqueue(tx, "retrain", "bikes", {}, NOW)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_overview(pilot)
        assert f"retrain (job {job}) waits for its turn" in text(pilot)
        with bikes.write() as tx:
            jobs.claim(tx, this(), NOW)
            jobs.progress(tx, job, 400, 1000, "rows", "fitting", left=180.0)
        await until(pilot, lambda: "400 of 1,000 rows (40 %) · 3 min left" in text(pilot), "how far it is")
        assert pane.subject().job == job and " c cancel" in lines(pilot)[-1]


async def test_an_alert_that_somebody_has_taken_on(bikes: State) -> None:
    with bikes.write() as tx:
        alerts.acknowledge(tx, seed_story.fires(tx), "ana", "on it", NOW - timedelta(hours=1))
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_overview(pilot)
        assert "acknowledged by ana 60 min ago: on it" in words(pilot)
        assert "a  acknowledge" not in text(pilot) and pane.subject().alert is None


async def test_many_alerts_leave_room(bikes: State) -> None:
    found = [Alert("bikes", f"rule-{n}", "warning", "open", "w", NOW, f"why {n}") for n in range(12)]
    with bikes.write() as tx:
        alerts.store(tx, opened=found, now=NOW)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        await open_overview(pilot)
        shown = text(pilot)
        assert "and 9 more alerts: 5" in shown and "why 2" in shown and "why 3" not in shown
        assert "champion" in lines(pilot)[13] or " champion " in shown
        await pilot.press("G")
        await pilot.pause()
        assert "▲ warning alert" in text(pilot), "the rest is scrolled to"


async def test_a_model_that_is_fine_and_one_that_was_never_checked(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_overview(pilot, "churn")
        assert lines(pilot)[2] == " ✓ ok  no rule fires"
        await open_overview(pilot, "new-model")
        shown = text(pilot)
        assert " ? unknown  never checked" in shown and "Nothing happened to it yet." in shown
        assert "nothing is planned until the next window" in shown
        await pilot.press("down", "G", "space", "slash", "escape")
        await pilot.pause()


async def test_since_when_it_is_fine_again(bikes: State) -> None:
    with bikes.write() as tx:
        number = seed_story.fires(tx)
        opened = alerts.alert(tx, number)
        assert opened is not None
        gone = opened.alert.__class__(**{  # the same alert, resolved an hour ago
            **{name: getattr(opened.alert, name) for name in opened.alert.__dataclass_fields__},
            "state": "resolved", "resolved": NOW - timedelta(hours=1), "resolved_by": "window 2026-03-12",
        })  # fmt: skip
        alerts.store(tx, resolved=[gone], now=NOW - timedelta(hours=1))
        models.put_model(tx, tui_seed.facts("bikes", "ok", metric="mae"))
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        await open_overview(pilot)
        assert " ✓ ok  since 2026-04-01 05:00 (60 min ago) · no rule fires" in text(pilot)


async def test_a_check_that_failed(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_overview(pilot, "demand")
        shown = text(pilot)
        assert " ! error  detector stock_gap failed on every column" in shown
        assert " to do        2  see where the check failed" in shown


async def test_it_follows_state_and_repaints_what_differs(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_overview(pilot)
        with bikes.write() as tx:
            loop.put(tx, "bikes", {"last": "x"}, "judging version 9 again", None, NOW)
        await until(pilot, lambda: "judging version 9 again" in text(pilot), "what came next")
        painted: list[object] = []
        refresh = pane.story.refresh

        def noted(*regions: object, **more: object) -> object:
            painted.extend(regions)
            return refresh(*regions, **more)  # type: ignore[arg-type]

        pane.story.refresh = noted  # type: ignore[method-assign, assignment]
        with bikes.write() as tx:
            loop.put(tx, "bikes", {"last": "x"}, "judging version 3 again", None, NOW)
        await until(pilot, lambda: "judging version 3 again" in text(pilot), "what comes next")
        assert len(painted) == 1, "its line alone"


HOSTILE = ("churn[prod]", "[/x]", "\x1b[31mred", "客户流失" * 30, "x" * 500, "a\nb", "\u202e", "")


@pytest.mark.thorough
@pytest.mark.parametrize("size", [SMALL, LARGE, (40, 12), (10, 5)])
@pytest.mark.parametrize("text_", HOSTILE)
async def test_hostile_words(workspace: Callable[[], State], size: tuple[int, int], text_: str) -> None:
    state = workspace()
    seed_story.bikes(state)
    with state.write() as tx:
        models.put_model(tx, tui_seed.facts("bikes", "error", metric=text_ or None, message=text_))
        seed_story.fires(tx, text_ or "r")
        versions.register(tx, versions.NewVersion("bikes", "named", name=text_ or None), NOW)
        aliases.set_alias(tx, "bikes", "champion", 3, text_, text_, NOW)
        approvals.request(tx, "bikes", 2, text_, text_, NOW)
        judgements.put(tx, Judgement("bikes", 2, None, "unknown", 1, text_, NOW))
        loop.put(tx, "bikes", {}, text_, NOW, NOW)
        jobs.enqueue(tx, "retrain", "bikes", {}, NOW)
        jobs.claim(tx, this(), NOW)
        jobs.progress(tx, 1, None, None, text_, text_)
    async with app_on(state).run_test(size=size) as pilot:
        await open_overview(pilot)
        lines(pilot)
        await pilot.press("G")
        await pilot.pause()
        lines(pilot)
