"""Actions in the terminal: the plan and its command, the question by risk, refusals, forms, several, and jobs after."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import seed_act
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.registry import aliases
from lifecycle_tui.state import alerts, approvals, audit, jobs
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.screens import act
from lifecycle_tui.tui.screens.act import ActScreen
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from tests.actions.actions_room import APPROVE, T0, TRAINING, Room

SHOP = Subject(model="shop")


@pytest.fixture(scope="session")
def acted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("acted")
    seed_act.seed(root)
    return root


@pytest.fixture
def room(acted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)
    shutil.copytree(acted, tmp_path / "ws")
    found = Room(tmp_path / "ws")
    found.declare(seed_act.MORE)
    seed_act.attend(found)
    yield found
    found.state.close()


async def opened(pilot, name: str, subject: Subject = SHOP) -> ActScreen:
    """The dialog with its plan."""
    app = pilot.app
    assert isinstance(app, LifecycleApp)
    dialog = ActScreen(app.source, name, subject)
    await app.push_screen(dialog)
    await planned(pilot, dialog)
    return dialog


async def planned(pilot, dialog: ActScreen) -> None:
    await until(pilot, lambda: dialog.stage == "asking", "it is planned")
    await pilot.pause()


async def done(pilot, dialog: ActScreen) -> None:
    await until(pilot, lambda: dialog.stage == "done", "it is done")
    await pilot.pause()


def detail(room: Room) -> dict:
    with room.state.read() as conn:
        return dict(audit.entries(conn)[0].detail)


# --- each action ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_retrain_says_its_plan_and_enter_does_it(room: Room, size: tuple[int, int]) -> None:
    async with app_on(room.state).run_test(size=size) as pilot:
        await pilot.pause()
        pilot.app.screen.grid.go("shop")
        await pilot.press("t")
        dialog = pilot.app.screen
        assert isinstance(dialog, ActScreen)
        await planned(pilot, dialog)
        shown = text(pilot)
        for part in (
            "Train a new version: shop", "changes only the record", "Train a new version of shop by refit",
            "ana; one row is added to the audit log", "way back  `lifecycle undo` while it runs",
            "lifecycle retrain shop", "Enter do it", "Esc cancel",
        ):  # fmt: skip
            assert part in shown, part
        assert "lifecycle  ws" in lines(pilot)[0] and "churn[prod]" in shown, "the fleet stays in sight"
        await pilot.press("enter")
        await done(pilot, dialog)
        assert room.jobs() == [("retrain", {"why": "asked for by ana", "by": "ana"})]
        assert room.audit() == [("retrain", "ana", "shop")]
        assert "asked for: job 1 trains shop" in text(pilot) and "is queued" in text(pilot)


async def test_what_changes_what_serves_wants_a_y(room: Room) -> None:
    room.judge("passed")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote")
        assert "changes what serves" in text(pilot) and "y do it" in lines(pilot)[-1]
        await pilot.press("enter")
        assert "this changes what serves: press y to do it" in text(pilot)
        assert room.jobs() == [] and dialog.stage == "asking"
        await pilot.press("y")
        await done(pilot, dialog)
        assert room.jobs()[0][1]["version"] == 2 and room.audit() == [("promote", "ana", "shop/2")]
        assert "way back  lifecycle rollback shop" in text(pilot)


async def test_its_words_name_the_keys_of_the_file(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.declare(TRAINING + APPROVE + '[keys]\n"act.yes" = "Y"\n"act.approve" = "Y"\n')
    with room.state.write() as tx:
        approvals.request(tx, "shop", 2, "eve", "better", T0)
    monkeypatch.setattr(act, "HELD", 1e9)
    try:
        async with app_on(room.state).run_test(size=SMALL) as pilot:
            dialog = await opened(pilot, "approve")
            await pilot.press("y", "enter")
            assert "press Y to do it" in text(pilot) and "Y do it" in lines(pilot)[-1]
            await pilot.press("Y")
            assert "Y was held down" in text(pilot) and dialog.stage == "asking" and room.audit() == []
    finally:
        keys.use({})


async def test_roll_back(room: Room) -> None:
    room.champion(2)
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "rollback")
        assert "Roll shop back from version 2 to version 1" in text(pilot)
        await pilot.press("y")
        await done(pilot, dialog)
        assert room.audit() == [("rollback", "ana", "shop/1")]


async def test_acknowledge_with_a_note_that_stands_in_the_command(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "ack", Subject(model="shop", alert=1))
        assert "Acknowledge an alert: alert 1" in text(pilot) and "mae 4 > 3" in text(pilot)
        await pilot.press("n")
        await pilot.pause()
        await pilot.press(*"it's me", "enter")
        await planned(pilot, dialog)
        assert """lifecycle ack 1 --note 'it'"'"'s me'""" in text(pilot)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert room.audit() == [("acknowledge", "ana", "alert 1")] and detail(room)["note"] == "it's me"
        assert "✓ done: acknowledged alert 1" in text(pilot)
        await pilot.press("enter")
        assert not isinstance(pilot.app.screen, ActScreen), "there is no job to open"
        dialog = await opened(pilot, "ack", Subject(alert=1))
        assert "nothing to do: acknowledged already by ana" in text(pilot)
        await pilot.press("enter", "y")
        assert "there is nothing that can be done here" in text(pilot) and len(room.audit()) == 1


async def test_cancel_a_job(room: Room) -> None:
    id_ = room.enqueue("retrain")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "jobs cancel", Subject(job=id_))
        assert "Cancel job 1 (retrain of shop)" in text(pilot)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert room.audit() == [("cancel", "ana", "job 1")]
        with room.state.read() as conn:
            assert jobs.job(conn, id_).state == "cancelled"  # type: ignore[union-attr]


async def test_approve_and_decline(room: Room) -> None:
    room.declare(TRAINING + APPROVE)
    with room.state.write() as tx:
        approvals.request(tx, "shop", 2, "eve", "better", T0)
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "approve")
        assert "Approve version 2 of shop, asked for by eve" in text(pilot) and "y do it" in lines(pilot)[-1]
        await pilot.press("d")
        await planned(pilot, dialog)
        assert "lifecycle approve shop --decline" in text(pilot) and "d say yes" in lines(pilot)[-1]
        assert "Enter do it" in lines(pilot)[-1], "saying no moves nothing"
        await pilot.press("d")
        await planned(pilot, dialog)
        assert "--decline" not in text(pilot)
        await pilot.press("d")
        await planned(pilot, dialog)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert room.audit() == [("decline", "ana", "shop/2")] and room.jobs() == []


async def test_the_key_that_opened_it_held_down_does_not_approve(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.declare(TRAINING + APPROVE)
    with room.state.write() as tx:
        approvals.request(tx, "shop", 2, "eve", "better", T0)
    monkeypatch.setattr(act, "HELD", 1e9)
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "approve")
        await pilot.press("y", "y")
        assert "held down" in text(pilot) and dialog.stage == "asking" and room.audit() == []
        monkeypatch.setattr(act, "HELD", 0.0)
        await pilot.press("y")
        await done(pilot, dialog)
        assert [row[0] for row in room.audit()] == ["approve"]


async def test_a_poll_while_it_closes_breaks_nothing(room: Room) -> None:
    """A screen that closes is still on top when its widgets are gone; a plan may come then, too."""
    room.judge("passed")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote")
        dialog.display = False  # what Textual does first
        await dialog.remove_children()
        dialog.reload()
        dialog.trouble("state cannot be read")
        dialog.show()


async def test_asking_for_an_approval_moves_nothing_and_enter_is_enough(room: Room) -> None:
    room.declare(TRAINING + APPROVE)
    room.judge("passed")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote")
        assert "Ask ana or raj to approve version 2" in text(pilot)
        await pilot.press("enter")
        await done(pilot, dialog)
        assert "waits for ana or raj" in text(pilot) and room.audit() == [("promote", "ana", "shop/2")]


@pytest.mark.slow
async def test_register_a_file_asks_for_its_path_first(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "my model.onnx"
    path.write_bytes(b"\x08\x07onnx")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "versions register")
        await until(pilot, lambda: dialog.form.typing == "path", "it asks")
        assert "It needs its path" in text(pilot) and "plans" not in lines(pilot)[-1]
        await pilot.press(*str(path), "enter")
        await planned(pilot, dialog)
        assert "'" in dialog.found.draft.command and "Register" in text(pilot)  # type: ignore[union-attr]
        await pilot.press("tab", "down", "down")
        await pilot.pause()
        assert ">format" in text(pilot)
        await pilot.press("space")
        await planned(pilot, dialog)
        assert dialog.question.given["format"] == "skops" and "cannot be done" in text(pilot), text(pilot)
        await pilot.press("left")
        await planned(pilot, dialog)
        assert dialog.question.given["format"] is None
        await pilot.press("tab", "enter")
        await done(pilot, dialog)
        assert room.audit() == [("register", "ana", "shop/4")]


# --- refused, forced, settled, broken ------------------------------------------------------------------------------


async def test_a_refusal_says_why_and_what_to_do_and_nothing_confirms_it(room: Room) -> None:
    before = room.dump()
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await opened(pilot, "retrain", Subject(model=seed_act.WATCHED))
        shown = text(pilot)
        assert "cannot be done: churn is only monitored" in shown
        assert "do it" not in lines(pilot)[-1] and "f " not in lines(pilot)[-1].split("n note")[0]
        await pilot.press("enter", "y", "f", "d")
        await pilot.pause()
        assert "cannot be done" in text(pilot) and room.dump() == before
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, ActScreen)


async def test_against_the_gates_it_has_to_be_planned_so_and_confirmed(room: Room) -> None:
    room.judge("failed", text="mae is worse")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote")
        assert "did not pass: mae is worse" in text(pilot) and "f plans it against the gates" in text(pilot)
        await pilot.press("y")
        assert room.jobs() == []
        await pilot.press("f")
        await planned(pilot, dialog)
        assert "forced: the judgement of version 2 did not pass" in text(pilot) and "--force" in text(pilot)
        await pilot.press("enter")
        assert "goes against the gates: press y" in text(pilot) and room.jobs() == []
        await pilot.press("y")
        await done(pilot, dialog)
        assert detail(room)["forced"] is True and room.jobs()[0][1]["version"] == 2


async def test_what_cannot_be_undone_takes_the_models_name(room: Room) -> None:
    with room.state.write() as tx:
        aliases.remove_alias(tx, "shop", "champion", "ana", None, T0)
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote")
        await until(pilot, lambda: "way back  none: there is no champion before it" in text(pilot), "it says why")
        await pilot.press("enter")
        assert "y asks for the model's name" in text(pilot)
        for typed in ("yes", "sho", ""):
            await pilot.press("y")
            await until(pilot, lambda: dialog.form.typing == "confirm", "it asks for the name")
            assert "it cannot be undone: type shop" in text(pilot)
            await pilot.press(*typed, "enter")
            await until(pilot, lambda: "nothing was done" in text(pilot), "it was another word")
        await pilot.press("y")
        await until(pilot, lambda: dialog.form.typing == "confirm", "it asks for the name")
        await pilot.press(*"shop", "escape")
        await until(pilot, lambda: dialog.form.typing is None, "given up")
        assert room.jobs() == []
        await pilot.press("y")
        await until(pilot, lambda: dialog.form.typing == "confirm", "it asks for the name")
        await pilot.press(*"shop", "enter")
        await done(pilot, dialog)
        assert room.jobs()[0][1]["version"] == 2


async def test_what_has_moved_is_said_and_planned_anew(room: Room) -> None:
    room.judge("passed")
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote")
        room.judge("passed", text="judged again")
        await pilot.press("y")
        await until(pilot, lambda: dialog.stage == "asking" and "moved since" in text(pilot), "it has moved")
        assert "its judgement" in text(pilot) and "judged again" in text(pilot) and room.jobs() == []
        await pilot.press("y")
        await done(pilot, dialog)
        assert len(room.jobs()) == 1


async def test_a_broken_file_is_shown_with_line_and_column_and_mended_it_is_planned(room: Room) -> None:
    file = room.root / "lifecycle.toml"
    good = file.read_text()
    file.write_text(good.replace("window =", "wndow =", 1))
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain")
        shown = text(pilot)
        assert "lifecycle.toml has errors" in shown and "config check" in shown
        assert "lifecycle.toml:8:1:" in "".join(shown.split()), "where the path is long, it is broken anywhere"
        assert "do it" not in lines(pilot)[-1]
        file.write_text(good)
        await pilot.press("r")
        await planned(pilot, dialog)
        assert "Enter do it" in lines(pilot)[-1]


async def test_who_may_not_write_may_look(room: Room) -> None:
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "ws"
        room.state.close()
        shutil.copytree(room.root, root)
        State.open(root).close()  # settles the copy while it may
        for path in [Path(name), root, *root.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            if me == 0:
                os.seteuid(65534)  # to root nothing is read-only
            async with LifecycleApp(Source(root)).run_test(size=SMALL) as pilot:
                dialog = await opened(pilot, "retrain")
                assert "look only: ana may only look here: no write access" in text(pilot)
                assert "Train a new version of shop" in text(pilot), "what would be done is shown all the same"
                assert "lifecycle retrain shop" in text(pilot) and "do it" not in lines(pilot)[-1]
                await pilot.press("enter", "y")
                assert "may only look here" in lines(pilot)[-2] and dialog.stage == "asking"
        finally:
            os.seteuid(me)
            for path in [Path(name), root, *root.rglob("*")]:
                path.chmod(0o755)
        with State.view(root) as state, state.read() as conn:
            assert jobs.jobs(conn) == ()


async def test_state_that_is_gone_is_said_in_the_dialog(room: Room, tmp_path: Path) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        room.state.close()
        shutil.move(room.root / ".lifecycle", tmp_path / "away")
        await opened(pilot, "retrain")
        assert "error: there is no state yet" in text(pilot)
        await pilot.press("enter", "escape")
        shutil.move(tmp_path / "away", room.root / ".lifecycle")


async def test_hostile_names_are_shown_as_they_are_written(room: Room) -> None:
    with room.state.write() as tx:
        found = alerts.alert(tx, 1)
        assert found is not None
        alerts.store(tx, opened=[replace(found.alert, rule="r", message="[b]\x1b]0;x\x07 [/x] 漢字")], now=T0)
    both = Subject(model="shop", alert=2, models=(seed_act.HOSTILE, "shop"))
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await opened(pilot, "ack", both)
        assert "[b]\\x1b]0;x\\x07 [/x] 漢字" in text(pilot)
        await pilot.press("escape")
        await opened(pilot, "retrain", both)
        assert "✗ churn[prod]\\x1b[31m  there is no model" in text(pilot)
        await pilot.press("escape")
        await opened(pilot, "retrain", Subject(model=seed_act.HOSTILE))
        assert "Train a new version: churn[prod]\\x1b[31m" in text(pilot)


# --- leaving, forms, several ---------------------------------------------------------------------------------------


async def test_leaving_while_it_plans_is_harmless(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        for _ in range(5):
            await pilot.press("t", "escape")
        assert not isinstance(pilot.app.screen, ActScreen)
        dialog = await opened(pilot, "retrain")
        assert dialog.plans and room.jobs() == []
        pilot.app.exit()


async def test_options_are_given_and_taken_back(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain")
        assert "options   strategy · why · note" in text(pilot)
        await pilot.press("tab")
        await pilot.pause()
        assert ">strategy" in text(pilot) and "Another strategy than the declared one." in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: dialog.form.typing == "strategy", "one types")
        await pilot.press(*"magic", "enter")
        await planned(pilot, dialog)
        assert "no strategy is called 'magic'" in text(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.form.typing == "strategy", "one types")
        await pilot.press(*["backspace"] * 5, *"warm", "escape")
        await until(pilot, lambda: dialog.form.typing is None, "given up")
        assert dialog.question.given["strategy"] == "magic", "Esc keeps what was"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.form.typing == "strategy", "one types")
        await pilot.press(*["backspace"] * 5, "enter")
        await planned(pilot, dialog)
        assert dialog.plans and "--strategy" not in text(pilot)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, ActScreen) and room.jobs() == []


async def test_several_are_planned_and_done_one_by_one_and_one_that_fails_stops_none(room: Room) -> None:
    several = Subject(model="shop", models=("shop", "bike", seed_act.WATCHED))
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain", several)
        shown = text(pilot)
        assert "Train a new version: 3 models" in shown and "✗ churn  churn is only monitored" in shown
        assert "» shop  train a new version of shop" in shown and "Enter do it" in lines(pilot)[-1]
        room.enqueue("retrain")  # of shop, by somebody else
        await pilot.press("enter")
        await done(pilot, dialog)
        shown = text(pilot)
        assert "! shop  not done: it has moved since" in shown and "bike  job 2 queued" in shown
        assert "1 done, 1 not done" in shown and room.audit() == [("retrain", "ana", "bike")]


async def test_several_that_serve_take_a_yes(room: Room) -> None:
    room.judge("passed")
    several = Subject(model="shop", models=("bike", "shop"))
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "promote", several)
        assert "version" not in {field.name for field in dialog.form.fields.fields}
        await pilot.press("y")
        await until(pilot, lambda: dialog.form.typing == "confirm", "it asks")
        assert "changes what serves of 2: type yes" in text(pilot)
        await pilot.press(*"yes", "enter")
        await done(pilot, dialog)
        assert sorted(room.audit()) == [("promote", "ana", "bike/2"), ("promote", "ana", "shop/2")]
        seed_act.runs(room, 1, "copying")
        await until(pilot, lambda: "copying" in text(pilot), "the first runs")
        assert "2 running" in text(pilot) and "Enter the jobs" in lines(pilot)[-1]


async def test_one_that_is_marked_is_meant_wherever_the_cursor_stands(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain", Subject(model="shop", models=("bike",)))
        assert "Train a new version: bike" in text(pilot) and dialog.question.subject == "bike"


# --- the job that does the rest ------------------------------------------------------------------------------------


async def test_the_job_is_followed_in_the_dialog_and_its_refusal_is_said(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain")
        await pilot.press("enter")
        await done(pilot, dialog)
        seed_act.runs(room, 1, "fitting \x1b[31mred\x1b[0m [b]")
        await until(pilot, lambda: "steps (38 %)" in text(pilot), "its progress")
        assert "\\x1b[31mred\\x1b[0m [b]" in text(pilot) and "the job goes on" in lines(pilot)[-1]
        seed_act.ends(room, 1, text="version 4 is worse", verdict="failed")
        await until(pilot, lambda: "version 4 is worse" in text(pilot), "its end")
        assert "is done, the champion stays" in text(pilot) and "goes on" not in lines(pilot)[-1]
        await pilot.press("o")
        await until(pilot, lambda: "job 1" in lines(pilot)[0], "the job's own screen")
        await pilot.press("escape")
        await until(pilot, lambda: "lifecycle  ws" in lines(pilot)[0], "back on the screen below")


@pytest.mark.parametrize(
    ("state", "error", "outcome", "says"),
    [
        ("done", None, {"text": "version 4 is better", "verdict": "passed"}, "is done: version 4 is better"),
        ("failed", "no rows to learn from", {}, "is failed: no rows to learn from"),
        ("cancelled", None, {}, "is cancelled"),
    ],
)
async def test_how_the_job_ends_is_said(room: Room, state: str, error: str, outcome: dict, says: str) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        dialog = await opened(pilot, "retrain")
        await pilot.press("enter")
        await done(pilot, dialog)
        seed_act.runs(room, 1, "fitting")
        seed_act.ends(room, 1, state, error, **outcome)
        await until(pilot, lambda: says in text(pilot), says)


async def test_a_long_plan_scrolls_and_leaves_the_keys_in_sight(room: Room) -> None:
    room.judge("passed", text="because " + "of many things " * 120)
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await opened(pilot, "promote")
        assert "y do it" in lines(pilot)[-1] and "lifecycle promote shop 2" not in text(pilot)
        await pilot.press("G")
        assert "lifecycle promote shop 2" in text(pilot) and "lifecycle  ws" in lines(pilot)[0]


async def test_help_lists_the_keys_of_the_dialog(room: Room) -> None:
    async with app_on(room.state).run_test(size=SMALL) as pilot:
        await opened(pilot, "retrain")
        await pilot.press("question_mark")
        await until(pilot, lambda: "do it, where it changes no more than the record" in text(pilot), "the help")
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, ActScreen)
