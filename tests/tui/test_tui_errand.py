"""Plans and deeds of a workspace with many models: made in a process of their own, which ends with the dialog."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest
import seed_act
from test_tui_act import SHOP, acted, done, opened, planned, room  # noqa: F401
from tui_screen import SMALL, app_on, lines, text, until

from lifecycle_tui import workspace
from lifecycle_tui.actions.base import Done
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.tui import acting, doing, errand
from lifecycle_tui.tui.doing import Asked, Deed, Fault
from lifecycle_tui.tui.errand import Errand, Runner, Wanted
from lifecycle_tui.tui.screens.act import ActScreen
from lifecycle_tui.tui.screens.actions import ActionsScreen
from lifecycle_tui.tui.text import Line
from tests.actions.actions_room import Room

RETRAIN = Asked({"model": "shop"})


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few models are many; whoever checks them in this process fails."""

    def here(*args: object, **more: object) -> None:
        raise AssertionError("the declarations are checked in the terminal's process")

    monkeypatch.setattr(errand, "MANY", 1)
    monkeypatch.setattr(workspace, "open_workspace", here)


def test_what_is_worth_a_process(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert not errand.worth(room.root)
    assert not errand.worth(tmp_path / "nothing"), "the look itself says what is wrong"
    monkeypatch.setattr(errand, "MANY", 4)
    assert errand.worth(room.root)
    monkeypatch.setattr(errand, "MANY", 5)
    assert not errand.worth(room.root)
    monkeypatch.setattr(errand, "LARGE", 10)
    assert errand.worth(room.root)


def test_actions_are_sent_by_name() -> None:
    for action in ACTIONS.values():
        assert pickle.loads(pickle.dumps(action)) is action


def test_what_is_done_elsewhere_rests_on_what_was_seen(room: Room) -> None:  # noqa: F811
    (plan,) = doing.look(room.root, "retrain", [RETRAIN]).found
    assert not isinstance(plan, Fault | str)
    wanted = errand.wanted([plan])
    assert errand.wanted([errand._light(plan)]) == wanted  # type: ignore[list-item]
    moved = Wanted("retrain", RETRAIN, {**plan.seen, "champion": "another"})
    absent = Wanted("retrain", Asked({"model": "nobody"}), {})
    deeds = errand.carry_out(room.root, [moved, absent, *wanted], lambda said: None)
    assert [deed.done is None for deed in deeds] == [True, True, False]
    assert deeds[0].fault is not None and deeds[0].fault.moved and "champion" in deeds[0].fault.text
    assert deeds[1].fault is not None and "nobody" in deeds[1].fault.text
    assert len(room.jobs()) == 1


def test_of_a_wrong_file_every_action_says_what_it_did_alone(room: Room) -> None:  # noqa: F811
    """One look at all of them opens the workspace once; what counts for urgent ones does not for the others."""
    asked = {name: [RETRAIN] for name in ("retrain", "rollback", "retrain", "check now") if name in ACTIONS}
    for text_ in ((room.root / "lifecycle.toml").read_text(), "[models.shop\n"):
        (room.root / "lifecycle.toml").write_text(text_)
        together = doing.looks(room.root, asked)
        for name, some in asked.items():
            alone = doing.look(room.root, name, some)
            assert alone.older == together[name].older
            for one, other in zip(alone.found, together[name].found, strict=True):
                assert isinstance(one, Fault) == isinstance(other, Fault)
                assert getattr(one, "refused", one) == getattr(other, "refused", other)


def test_a_process_that_does_not_start_or_dies_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, says in ((str(tmp_path / "none"), "no process could be started"), ("/bin/false", "has died")):
        monkeypatch.setattr(sys, "executable", program)
        found = Runner().run(Errand(tmp_path, {}), lambda said: None)
        assert isinstance(found, Fault) and says in found.text


def test_of_ten_thousand_some_are_told_and_the_rest_counted() -> None:
    names = [f"model-{n}" for n in range(10_000)]
    plans = doing.Looked(ACTIONS["retrain"], tuple(Fault("there is no model") for _ in names))
    told = plain(acting.several_lines(names, plans, 60))
    assert "model-199 " in told and "model-200 " not in told and "and 9,800 more, 0 of which can be done" in told
    deeds = [Deed(None, Fault("it has moved")) if n == 9_999 else Deed(Done("it is asked for")) for n in range(10_000)]
    told = plain(acting.deeds_lines(names, deeds, {}, 60))
    assert "model-9999 " in told and "model-198 " in told and "model-199 " not in told
    assert "and 9,800 more" in told and "9999 done, 1 not done" in told


def plain(shown: list[Line]) -> str:
    return "\n".join("".join(span.text for span in line) for line in shown)


@pytest.mark.slow
async def test_planned_and_done_in_another_process(room: Room, many: None) -> None:  # noqa: F811
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain")
        assert "Train a new version of shop" in text(pilot) and "Enter do it" in lines(pilot)[-1]
        held = room.enqueue("retrain")
        await pilot.press("enter")
        await until(pilot, lambda: "it has moved since" in text(pilot), "what has moved is said")
        await planned(pilot, dialog)
        seed_act.runs(room, held, "fitting")
        seed_act.ends(room, held)
        await pilot.press("r")
        await planned(pilot, dialog)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert len(room.jobs()) == 2


@pytest.mark.slow
async def test_the_process_ends_with_the_dialog(room: Room, many: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    started: list[Runner] = []
    plain = Runner.run

    def run(self: Runner, errand_: Errand, tell: doing.Tell) -> object:
        started.append(self)
        return plain(self, errand_, tell)

    monkeypatch.setattr(Runner, "run", run)
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        for screen in (ActScreen(pilot.app.source, "retrain", SHOP), ActionsScreen(pilot.app.source, SHOP)):  # type: ignore[attr-defined]
            before = len(started)
            await pilot.app.push_screen(screen)
            await until(pilot, lambda n=before: len(started) > n and started[-1]._child is not None, "it is planned")
            await pilot.press("escape")
            await until(pilot, lambda: started[-1]._child.poll() is not None, "its process has ended")
            assert started[-1]._stopped
