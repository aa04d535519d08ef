"""Editing a policy: the screen, the form, the difference, what if, conflicts, hostile text, typing ahead.

Each test starts the child that checks the edit, half a second: the walks do several things each.
"""

from __future__ import annotations

import asyncio
import builtins
import io
import json
import os
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from tui_pty import Terminal
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state import audit, models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens import policy_diff
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.policy import PolicyScreen
from lifecycle_tui.tui.screens.policy_diff import HELD, PolicyDiff
from lifecycle_tui.tui.screens.policy_form import PolicyForm
from lifecycle_tui.tui.subject import Where

MODEL = "card-fraud"
WIDE = "名前é [/x]"
TOML = """\
# The workspace's file.
[defaults.rules.late]
when = "drift.max >= 0.5"

[models.card-fraud]
task  = "binary"
owner = "risk-ml"

[models.card-fraud.data]
table     = "scored.csv"
reference = { until = 2026-02-28 }
window    = "1d"

[models.card-fraud.columns]
timestamp  = "ts"
version    = "version"
target     = "is_fraud"
positive   = 1
score      = "p_fraud"
numeric    = ["amount", "hour"]

[models.card-fraud.monitor]
detectors = ["psi", "ks"]
metrics   = ["auc", "recall"]

[models.card-fraud.rules.auc-degraded]
when     = "auc.upper < 0.92"  # even the good end
for      = 3
severity = "critical"

[models.card-fraud.rules."名前é [/x]"]
when = "psi.amount > 0.2"

[models.churn]
task = "binary"

[models.churn.data]
table     = "scored.csv"
reference = { until = 2026-02-28 }

[models.churn.columns]
timestamp = "ts"
target    = "left"
"""


@pytest.fixture
def shop(fleet: State) -> State:
    (fleet.root / "lifecycle.toml").write_text(TOML, encoding="utf-8")
    (fleet.root / "scored.csv").write_text("ts,version,is_fraud,p_fraud,amount,hour\n", encoding="utf-8")
    return fleet


def file(state: State) -> Path:
    return state.root / "lifecycle.toml"


async def opened(pilot: Pilot, model: str = MODEL) -> PolicyScreen:
    """The policy screen, once everything is said about it."""
    await pilot.pause()
    screen = PolicyScreen(pilot.app.source, model)  # type: ignore[attr-defined]
    pilot.app.push_screen(screen)
    await settled(pilot, screen)
    return screen


async def read(pilot: Pilot) -> None:
    """Look at the difference for as long as anybody must before it is saved."""
    await pilot.pause(HELD)


async def settled(pilot: Pilot, screen: PolicyScreen) -> None:
    """Wait until the child has said all that there is to say."""

    def quiet() -> bool:
        editing = screen.editing
        return editing is not None and editing.checked is not None and not editing.desk.busy and not editing._timer

    for _ in range(20):
        if quiet():
            break
        await until(pilot, quiet, "the edit is checked")
    await pilot.pause()


async def form(pilot: Pilot, screen: PolicyScreen) -> PolicyForm:
    """The form of what is under the cursor, with its fields."""
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, PolicyForm), "the form")
    found = pilot.app.screen
    assert isinstance(found, PolicyForm)
    await until(pilot, lambda: bool(found.form.fields.fields), "its fields")
    await settled(pilot, screen)
    return found


def at_once(pilot: Pilot, keys: str) -> None:
    """All of these keys reach the app before it has looked at the first one."""
    named = {"\n": "enter", " ": "space", "<": "less_than_sign", ".": "full_stop", "+": "plus"}
    for key in keys:
        pilot.app.post_message(events.Key(named.get(key, key), key if key.isprintable() else None))


async def test_a_rule_is_edited_looked_at_and_saved(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        await pilot.pause()
        pilot.app.push_screen(ModelScreen(pilot.app.source, MODEL, Where("policy")))  # type: ignore[attr-defined]
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        await pilot.pause()
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, PolicyScreen), "e opens it")
        screen = pilot.app.screen
        assert isinstance(screen, PolicyScreen)
        await settled(pilot, screen)
        shown = lines(pilot)
        assert "policy  card-fraud" in shown[0] and "no problems" in text(pilot)
        assert any(line.startswith(" ✗ firing   auc-degraded") and "critical" in line for line in shown)
        await pilot.press("j")
        await pilot.pause()
        assert any('when     = "auc.upper < 0.92"  # even the good end' in line for line in lines(pilot))

        found = await form(pilot, screen)
        assert "Expression over signals that must hold." in text(pilot)
        assert any(line.startswith(" then ") and "notify (default)" in line for line in lines(pilot))
        assert any(line.startswith(" auc ") and "auc.upper < 0.92" in line for line in lines(pilot)), "its history"
        # The line of a key that is not set may be opened and left.
        await pilot.press("enter", "escape", "down", "down", "down", "enter")
        await until(pilot, lambda: found.form.typing == "then", "its line")
        await settled(pilot, screen)
        await pilot.pause(0.5)
        await settled(pilot, screen)
        assert "is not set in" not in text(pilot)
        await pilot.press("escape", "up", "up", "up")
        # What is typed is looked at before it is kept.
        await pilot.press("enter", "ctrl+u", *"aucc < 0.9")
        await until(pilot, lambda: "this model has no signal 'aucc'" in text(pilot), "checked while typing")
        assert "auc" in text(pilot) and not pilot.app.draft  # type: ignore[attr-defined]
        await pilot.press("ctrl+u", *"auc.upper < 0.97")
        await until(pilot, lambda: "What if:" in text(pilot) and "aucc" not in text(pilot), "what if, while typing")
        await until(pilot, lambda: any(line.startswith(" edit ") and "▲" in line for line in lines(pilot)), "marks")
        await pilot.press("enter")
        await settled(pilot, screen)
        assert found.form.fields.fields[0].value == "auc.upper < 0.97"
        await pilot.press("down", "down", "space")
        await settled(pilot, screen)
        assert found.form.fields.fields[2].value is None, "the choice after the last one is none"
        assert file(shop).read_text("utf-8") == TOML, "nothing is written yet"

        await pilot.press("w")
        await until(pilot, lambda: "✓ valid" in text(pilot), "the difference")
        shown = lines(pilot)
        assert any(line.startswith('       - when     = "auc.upper < 0.92"') for line in shown)
        assert any('+ when     = "auc.upper < 0.97"  # even the good end' in line for line in shown)
        await pilot.press("n", *"tighter", "enter")
        await until(pilot, lambda: "note: tighter" in text(pilot), "the note")
        await read(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PolicyForm), "saved")
        await pilot.pause()
        assert " saved " in text(pilot)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "back")
    want = TOML.replace("< 0.92", "< 0.97").replace('severity = "critical"\n', "")
    assert file(shop).read_text("utf-8") == want
    with shop.read() as conn:
        row = audit.entries(conn, limit=1)[0]
    assert row.action == "configure" and row.detail["note"] == "tighter"
    assert [c["new"] for c in row.detail["changes"]] == ['"auc.upper < 0.97"', None]


@pytest.mark.slow
async def test_a_new_rule_in_one_burst_and_away_with_it(shop: State) -> None:
    async with app_on(shop).run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot)
        at_once(pilot, "+wuq\nauc < 0.5\n")
        await until(pilot, lambda: bool(screen.editing and screen.editing.draft.texts), "the rule is there")
        assert isinstance(pilot.app.screen, PolicyForm)
        added = '[models.card-fraud.rules.wuq]\nwhen = "auc < 0.5"\n'
        assert screen.editing is not None
        assert added in screen.editing.draft.texts[file(shop)].decode()
        lines(pilot)
        await pilot.press("escape")
        await settled(pilot, screen)
        await pilot.press("plus", *"wuq", "enter")
        await until(pilot, lambda: "there is a rule wuq already" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen, "Esc leaves it")
        screen.entries.go(".".join(("models", MODEL, "rules", "wuq")))
        await pilot.press("minus")
        await until(pilot, lambda: screen.editing is not None and not screen.editing.draft.texts, "it is gone")
        await pilot.press("u")
        await until(pilot, lambda: "wuq" in text(pilot), "and back")
        # One of [defaults] is switched off for this model.
        screen.entries.go(".".join(("models", MODEL, "rules", "late")))
        await pilot.press("minus")
        await until(pilot, lambda: b"enabled = false" in screen.editing.draft.texts[file(shop)], "switched off")  # type: ignore[union-attr]
        await pilot.press("R")
        await until(pilot, lambda: screen.editing is not None and not screen.editing.draft.texts, "dropped")
        await pilot.press("u")
        await settled(pilot, screen)
        assert screen.editing.draft.texts


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)])
async def test_problems_in_the_margin(shop: State, size: tuple[int, int]) -> None:
    text_ = TOML.replace("auc.upper < 0.92", "aucc < 0.92").replace("numeric ", "numerik ")
    text_ += "[models.churn.rules.\x22[red]\x22]\nwhen = 7\n"
    file(shop).write_text(text_, encoding="utf-8")
    async with app_on(shop).run_test(size=size) as pilot:
        screen = await opened(pilot)
        assert "3 errors" in lines(pilot)[0]
        seen = []
        for _ in range(3):
            await pilot.press("n")
            await pilot.pause()
            assert screen.text.row is not None
            seen.append(screen.text.row.number)
            assert "✗ error[" in text(pilot)
        numbered = text_.split("\n")
        assert (
            "numerik" in numbered[seen[0] - 1]
            and "aucc" in numbered[seen[1] - 1]
            and "when = 7" in numbered[seen[2] - 1]
        )
        await pilot.press("n")
        assert screen.text.row is not None and screen.text.row.number == seen[0], "around the end"
        await pilot.press("N")
        assert screen.text.row.number == seen[2]
        await pilot.press("w")
        assert "no edit" in text(pilot)
        await pilot.press("n", "n")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PolicyForm), "the rule of that line")
        await until(pilot, lambda: "aucc" in text(pilot))
        assert pilot.app.screen.table[-1] == "auc-degraded"  # type: ignore[attr-defined]


@pytest.mark.slow
async def test_an_edit_with_errors_cannot_be_saved(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("j")
        await form(pilot, screen)
        await pilot.press("j", "enter", "ctrl+u", *"zero", "enter")
        await settled(pilot, screen)
        await pilot.press("w")
        await until(pilot, lambda: "1 error: it cannot be saved before that is mended" in text(pilot))
        await pilot.press("enter", "y", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, PolicyDiff) and file(shop).read_text("utf-8") == TOML
        await pilot.press("escape", "u")
        await settled(pilot, screen)
        await pilot.press("w")
        assert "no edit" in text(pilot)


@pytest.mark.slow
async def test_somebody_else_writes_the_file_meanwhile(shop: State, monkeypatch: pytest.MonkeyPatch) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("j")
        await form(pilot, screen)
        await pilot.press("j", "enter", "ctrl+u", "5", "enter")
        await settled(pilot, screen)
        await pilot.press("escape", "w")
        await until(pilot, lambda: "✓ valid" in text(pilot))
        theirs = TOML.replace('owner = "risk-ml"', 'owner = "fraud"')
        dialog = pilot.app.screen
        assert isinstance(dialog, PolicyDiff)
        # Between the look and the write: what the action finds.
        screen.editing.draft.moved = lambda: ()  # type: ignore[method-assign, union-attr]
        file(shop).write_text(theirs, encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(policy_diff, "HELD", 1e9)  # however long it has been open on a machine that is busy
            await pilot.press("enter")
        assert "that was quick" in text(pilot)
        await read(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing was written and nothing is lost" in text(pilot), "told")
        assert file(shop).read_text("utf-8") == theirs
        del screen.editing.draft.moved  # type: ignore[union-attr]
        await pilot.press("m")
        await until(pilot, lambda: "✓ valid" in text(pilot), "on the new text")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen, "saved")
        assert file(shop).read_text("utf-8") == theirs.replace("for      = 3", "for      = 5")
        # Now the same line.
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PolicyForm))
        await until(pilot, lambda: "5" in text(pilot) and bool(pilot.app.screen.form.fields.fields))  # type: ignore[attr-defined]
        await pilot.press("j", "enter", "ctrl+u", "6", "enter")
        await settled(pilot, screen)
        await pilot.press("escape")
        file(shop).write_text(theirs.replace("for      = 3", "for      = 7"), encoding="utf-8")
        await until(pilot, lambda: "has changed on disk" in text(pilot), "the banner")
        await pilot.press("m")
        await until(pilot, lambda: "both changed the same lines in 1 place" in text(pilot))
        await settled(pilot, screen)
        await pilot.press("n")
        await pilot.pause()
        assert "<<<<<<< your edit" in text(pilot) and "for      = 6" in text(pilot) and "for      = 7" in text(pilot)
        await pilot.press("w")
        await until(pilot, lambda: "cannot be saved" in text(pilot))


@pytest.mark.slow
async def test_no_screen_of_it_touches_a_file_in_the_event_loop(shop: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that hangs must not stop the keys: files are looked at by the reader and the child."""
    loop = threading.current_thread()
    touched: list[str] = []

    def trapped(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def trap(path: Any, *args: Any, **more: Any) -> Any:
            if threading.current_thread() is loop and str(path).startswith(str(shop.root)):
                touched.append(f"{name} {path}\n{''.join(traceback.format_stack(limit=8))}")
            return call(path, *args, **more)

        return trap

    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert screen.editing is not None
        for module, name in ((os, "stat"), (io, "open"), (builtins, "open")):
            monkeypatch.setattr(module, name, trapped(name, getattr(module, name)))
        file(shop).read_bytes()
        assert file(shop).exists() and len(touched) >= 2, "the trap works"
        touched.clear()
        await pilot.press("j")
        await form(pilot, screen)
        await pilot.press("j", "enter", "ctrl+u", "5", "enter")
        await settled(pilot, screen)
        await pilot.press("escape")
        theirs = TOML.replace('owner = "risk-ml"', 'owner = "fraud"').encode()
        await asyncio.to_thread(file(shop).write_bytes, theirs)
        await until(pilot, lambda: "has changed on disk" in text(pilot), "the poll finds it")
        await pilot.press("m")
        await settled(pilot, screen)
        await pilot.press("w")
        await until(pilot, lambda: "✓ valid" in text(pilot), "the difference")
        await pilot.press("m")
        await read(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen, "saved")
        await settled(pilot, screen)
        await pilot.press("m", "v", "u")
        await settled(pilot, screen)
        assert not touched, touched[0]
        monkeypatch.undo()
    assert file(shop).read_bytes() == theirs.replace(b"for      = 3", b"for      = 5")


@pytest.mark.slow
async def test_a_section_with_plugins_options(shop: State) -> None:
    async with app_on(shop).run_test(size=LARGE) as pilot:
        screen = await opened(pilot)
        await pilot.press("end")
        found = await form(pilot, screen)
        names = [field.name for field in found.form.fields.fields]
        assert "detectors.psi.bins" in names and "min_rows" in names
        await pilot.press(*["down"] * names.index("detectors.psi.bins"))
        await pilot.pause()
        assert "whole number" in text(pilot)
        await pilot.press("enter", *"twenty", "enter")
        await settled(pilot, screen)
        assert "1 error" in lines(pilot)[0]
        await pilot.press("enter", "ctrl+u", *"20", "enter")
        await settled(pilot, screen)
        assert "error" not in lines(pilot)[0]
        assert screen.editing is not None
        assert b"psi = { bins = 20 }" in screen.editing.draft.texts[file(shop)]
        await pilot.press("delete")
        await settled(pilot, screen)
        assert b"bins" not in screen.editing.draft.texts[file(shop)]


@pytest.mark.slow
async def test_hostile_names_and_an_empty_policy(shop: State) -> None:
    async with app_on(shop).run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot)
        screen.entries.go(".".join(("models", MODEL, "rules", WIDE)))
        await form(pilot, screen)
        assert WIDE in lines(pilot)[0]
        await pilot.press("enter", "ctrl+u", *"psi.amount > 0.9", "enter")
        await settled(pilot, screen)
        await pilot.press("w")
        await until(pilot, lambda: "✓ valid" in text(pilot))
        lines(pilot)
        await pilot.press("escape", "escape", "R", "escape")
        screen = await opened(pilot, "churn")
        lines(pilot)
        await pilot.press("o", "G", "enter", "n", "N", "minus", "u", "R", "m")
        lines(pilot)
        await opened(pilot, "nobody \x1b[31m")
        assert "declares no model" in text(pilot)


@pytest.mark.slow
async def test_a_model_that_goes_while_it_is_edited(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("j")
        await form(pilot, screen)
        await pilot.press("j", "enter", "ctrl+u", "5", "enter")
        await settled(pilot, screen)
        await pilot.press("escape")
        start = TOML.index("[models.card-fraud]")
        file(shop).write_text(TOML[:start] + TOML[TOML.index("[models.churn]") :], encoding="utf-8")
        with shop.write() as tx:
            models.declare(tx, [models.Declared("churn", "binary", "crm")])
        await until(pilot, lambda: "has changed on disk" in text(pilot), "told")
        await pilot.press("m")
        await settled(pilot, screen)
        assert screen.editing is not None
        assert b"for      = 5" in screen.editing.draft.texts[file(shop)], "the edit is not lost"
        lines(pilot)
        file(shop).unlink()
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.press("n", "enter", "escape", "w")
        await pilot.pause()
        lines(pilot)


@pytest.mark.slow
async def test_an_edit_outlives_its_screen_and_is_said_before_the_end(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("j")
        await form(pilot, screen)
        await pilot.press("j", "enter", "ctrl+u", "5", "enter", "escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "back")
        assert "the edit is kept, not saved" in text(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert "an edit of a policy is not saved" in text(pilot) and pilot.app.is_running
        again = await opened(pilot)
        assert "edited, not saved" in lines(pilot)[0] and again.editing is not None
        assert b"for      = 5" in again.editing.draft.texts[file(shop)]
        await pilot.press("v")
        assert "an editor needs a terminal of its own" in text(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert "an edit of a policy is not saved" in text(pilot)
        await pilot.press("ctrl+q")
    assert pilot.app.return_code == 0


@pytest.mark.slow
async def test_a_child_that_dies_is_said_and_another_one_goes_on(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert screen.editing is not None
        child = screen.editing.desk._child
        assert child is not None
        child.kill()
        child.wait()
        await pilot.press("j")
        await form(pilot, screen)
        await pilot.press("j", "enter", "ctrl+u", "5", "enter")
        await until(pilot, lambda: bool(screen.editing.draft.texts), "it goes on")  # type: ignore[union-attr]


async def test_the_palette_opens_a_policy(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        await pilot.press("colon", *"editpol")
        await until(pilot, lambda: "Edit the policy" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PolicyScreen), "the policy")


def test_what_the_screens_import_is_light() -> None:
    import subprocess
    import sys

    heavy = {"pandas", "numpy", "scipy", "sklearn", "pyarrow", "pydantic", "sqlite_utils"}
    found = subprocess.run(
        [sys.executable, "-c",
         "import sys, json; from lifecycle_tui.tui.screens import policy, policy_form, policy_diff; "
         "print(json.dumps(sorted(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not heavy & {name.partition(".")[0] for name in json.loads(found.stdout)}


@pytest.mark.slow
def test_an_editor_in_a_real_terminal(shop: State, tmp_path: Path) -> None:
    """It is told the line, sees a copy beside the file, may be interrupted by Ctrl+C, and gives the terminal back."""
    script = tmp_path / "editor"
    script.write_text(
        "#!/bin/sh\ntrap 'echo heard' INT\n"
        'echo "editing $1 $(basename "$2")"; until read line; do :; done\n'
        'sed -i "s/^for      = .*/for      = $line/" "$2"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    with Terminal(shop.root, env={"VISUAL": None, "EDITOR": str(script), "LIFECYCLE_AGENT": "off"}) as terminal:
        terminal.shows("card-fraud")
        terminal.type(":card-fraud")
        terminal.shows(">model   card-fraud")
        terminal.type("\r")
        terminal.shows("1 overview")
        terminal.type("6")
        terminal.shows("e edits it here")
        terminal.type("e")
        terminal.shows("no problems")
        terminal.type("j")
        terminal.shows(">✗ firing   auc-degraded")
        terminal.type("v")
        terminal.shows("editing +26 .lifecycle.edit-")
        terminal.type("\x03")
        terminal.shows("heard")
        terminal.type("8\r")
        terminal.shows("taken as an edit, not saved yet")
        terminal.shows("auc.upper < 0.92, 8 windows")
        assert file(shop).read_text("utf-8") == TOML
        terminal.until(lambda: "editing" not in terminal.text, "the editor has gone")
        terminal.type("v")
        terminal.shows("editing +26 .lifecycle.edit-")
        terminal.type("zero\r")
        terminal.shows("1 error")
        terminal.type("u")
        terminal.shows("no problems: w saves the edit")
        terminal.type("w")
        terminal.shows("✓ valid")
        began = time.monotonic()
        terminal.until(lambda: time.monotonic() > began + HELD, "it is read")
        terminal.type("\r")
        terminal.shows(" saved ")
        terminal.type("\x11")
        assert terminal.ends() == 0 and terminal.left_on() == []
    assert file(shop).read_text("utf-8") == TOML.replace("for      = 3", "for      = 8")
    assert sorted(path.name for path in shop.root.iterdir()) == [".lifecycle", "lifecycle.toml", "scored.csv"]
