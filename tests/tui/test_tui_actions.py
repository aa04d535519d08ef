"""The list of actions: what each would do here, why not, and that it follows state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import seed_act
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.state import jobs
from lifecycle_tui.tui.reads.acting import ground
from lifecycle_tui.tui.screens.act import ActScreen
from lifecycle_tui.tui.screens.actions import ActionsScreen
from lifecycle_tui.tui.subject import Subject
from tests.actions.actions_room import NOW, Room

AROUND = ("notifications resend", "undo")
"""Need nothing under the cursor."""


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("acted")
    seed_act.seed(root)
    return root


@pytest.fixture
def room(acted: Path, tmp_path: Path) -> Iterator[Room]:
    shutil.copytree(acted, tmp_path / "ws")
    found = Room(tmp_path / "ws")
    found.declare(seed_act.MORE)
    seed_act.attend(found)
    yield found
    found.state.close()


async def listed(pilot, subject: Subject) -> ActionsScreen:
    screen = ActionsScreen(pilot.app.source, subject)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: bool(screen.grid.rows) and "planning" not in text(pilot), "it is planned")
    return screen


def said(pilot) -> dict[str, tuple[str, str]]:
    """Action → (state, what is said of it)."""
    return {row.named.name: (row.mark.word, row.said) for row in pilot.app.screen.grid.rows}


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_each_action_says_what_it_would_do_or_why_not(room: Room, size: tuple[int, int]) -> None:
    async with app_on(room.state).run_test(size=size) as pilot:
        await pilot.pause()
        pilot.app.screen.grid.go("shop")
        await pilot.press("x")
        await until(pilot, lambda: bool(said(pilot)) and "planning" not in text(pilot), "it is planned")
        found = said(pilot)
        assert list(found) == sorted(NAMED, key=lambda name: found[name][0] == "not here"), "what is not here is last"
        assert found["retrain"] == ("can be done", found["retrain"][1])
        assert found["retrain"][1].startswith("train a new version of shop by refit")
        assert found["promote"] == ("cannot be done", "version 2 was never judged against version 1")
        assert found["rollback"][0] == "cannot be done" and "first champion" in found["rollback"][1]
        assert found["ack"][0] == "can be done" and "mae 4 > 3" in found["ack"][1], "the alert of the model"
        assert found["jobs cancel"] == ("not here", "no job is under the cursor")
        assert found["versions register"] == ("can be done", "asks for its path")
        shown = text(pilot)
        assert "actions  shop" in lines(pilot)[0] and "✗ cannot be done" in shown
        assert ("changes only the record" in shown.split("\n")[2]) == (size == LARGE)
        await pilot.press("j")
        assert "--force promotes it all the same" in lines(pilot)[-2], "what to do about it"


async def test_enter_plans_and_what_is_not_here_is_said(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        screen = await listed(pilot, Subject(model="shop", alert=1))
        screen.grid.go("jobs cancel")
        await pilot.press("enter")
        assert pilot.app.screen is screen and "no job is under the cursor" in lines(pilot)[-2]
        screen.grid.go("config set")
        await pilot.press("enter")
        assert "no key is under the cursor here" in lines(pilot)[-2]
        screen.grid.go("ack")
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, ActScreen) and pilot.app.screen.question.subject == "1"
        await pilot.press("escape", "t")
        assert isinstance(pilot.app.screen, ActScreen), "the actions' own keys work here too"


async def test_the_list_follows_state_but_not_every_step_of_a_job(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await listed(pilot, Subject(model="shop"))
        id_ = room.enqueue("retrain")
        await until(pilot, lambda: "job 1 is training shop already" in said(pilot)["retrain"][1], "why not")
        with room.state.read() as conn:
            waiting = ground(conn, Subject(model="shop"))
            seed_act.runs(room, id_, "fitting")
            running = ground(conn, Subject(model="shop"))
            with room.state.write() as tx:
                jobs.progress(tx, id_, 5, 8, "steps", "still fitting")
            assert ground(conn, Subject(model="shop")) == running != waiting
        seed_act.ends(room, id_)
        await until(pilot, lambda: said(pilot)["retrain"][0] == "can be done", "it can be done again")
        room.judge("passed", at=NOW)
        await until(pilot, lambda: said(pilot)["promote"][0] == "can be done", "it passed")


async def test_nothing_under_the_cursor_several_and_a_broken_file(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await listed(pilot, Subject())
        assert {state for name, (state, _) in said(pilot).items() if name not in AROUND} == {"not here"}
        assert "has done nothing" in said(pilot)["undo"][1]
        assert "nothing is under the cursor" in lines(pilot)[0]
        await listed(pilot, Subject(model="shop", models=("shop", "bike")))
        assert "for each of the 2 marked models" in said(pilot)["retrain"][1]
        assert "actions  2 models" in lines(pilot)[0]
        (room.root / "lifecycle.toml").write_text("[models.shop\n")
        await listed(pilot, Subject(model="shop", alert=1))
        assert said(pilot)["retrain"][0] == "error" and "lifecycle.toml has errors" in said(pilot)["retrain"][1]
        assert said(pilot)["ack"][0] == "can be done", "what needs no file can be done all the same"


async def test_leaving_while_it_plans_is_harmless(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        for _ in range(5):
            await pilot.press("x", "escape")
        assert not isinstance(pilot.app.screen, ActionsScreen)
        await listed(pilot, Subject(model="shop"))
