"""Plugins: badges, who uses them, what failed; read from what is remembered, never by importing one."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tui_seed
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.reads import plugins as reads
from lifecycle_tui.tui.screens.act import ActScreen
from lifecycle_tui.tui.screens.actions import ActionsScreen
from lifecycle_tui.tui.screens.plugin import PluginScreen
from lifecycle_tui.tui.screens.plugins import PluginsScreen

Workspace = Callable[[], State]

GOOD = '''
from lifecycle_tui.api import hookimpl


class Gap:
    """How far the middles lie apart."""

    name, kinds = "gap", ("numeric",)

    def __init__(self, *, factor: float = 2.0):
        self.factor = factor

    def measure(self, reference, window):
        return self.factor


@hookimpl
def register_detectors(register):
    register(Gap)
'''

TOML = """
[notifiers.oncall]
use = "webhook"
[models."churn[prod]"]
task = "binary"
[models."churn[prod]".data]
table = "rows.csv"
[models.demand]
task = "regression"
[models.demand.data]
predictions = { path = "lake/x.parquet" }
[models.demand.monitor]
detectors = ["psi"]
metrics = ["mae"]
[models.demand.training]
strategy = { use = "warm-start" }
"""


def furnish(state: State) -> Path:
    """A good plugin, one that does not parse, a disabled one; indexed as a command does it."""
    root = state.root
    folder = root / "plugins"
    folder.mkdir()
    (root / "lifecycle.toml").write_text(TOML, "utf-8")
    (folder / "gap.py").write_text(GOOD, "utf-8")
    (folder / "torn.py").write_text("def broken(:\n", "utf-8")
    (folder / "off.py").write_text("raise SystemExit\n", "utf-8")
    (root / ".lifecycle" / "disabled-plugins.json").write_text('["off"]', "utf-8")
    PluginCatalog.open(root, [folder])
    return folder


async def opened(pilot: Pilot) -> PluginsScreen:
    await pilot.press("P")
    await until(pilot, lambda: isinstance(pilot.app.screen, PluginsScreen) and pilot.app.screen.grid.rows, "the list")
    return pilot.app.screen


def failing(state: State, plugin: str = "gap", message: str = "division by zero") -> None:
    window = Window("2026-03", 0, tui_seed.NOW, tui_seed.NOW, 480)
    detail = {"fault": "raised", "plugin": plugin, "file": f"{state.root}/plugins/gap.py", "line": 17}
    found = Signal(
        f"{plugin}.stock", None, state="error", message=message, column="stock", source=plugin, detail=detail
    )
    with state.write() as tx:
        models.declare(tx, [models.Declared("churn[prod]", "binary")])
        record.record(tx, [WindowResult("churn[prod]", window, "", (found,), tui_seed.NOW)])
        models.put_model(tx, tui_seed.facts("churn[prod]", "error", window_key="2026-03"))


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_what_is_wrong_comes_first(workspace: Workspace, size: tuple[int, int]) -> None:
    state = workspace()
    furnish(state)
    async with app_on(state).run_test(size=size) as pilot:
        screen = await opened(pilot)
        shown = text(pilot)
        assert "! syntax" in cursor(pilot) and "torn" in cursor(pilot) and "plugins/torn.py:1" in shown
        assert "– disabled" in shown and "✓ ok" in shown and "built in" in shown
        assert "1 broken  1 disabled" in lines(pilot)[0]
        assert [p.info.name for p in screen.grid.rows][:3] == ["torn", "off", "gap"]
        assert "plugins/gap.py:5" in shown
        screen.grid.go(next(f"{p.info.key} {p.info.home}" for p in screen.grid.rows if p.info.name == "gap"))
        await pilot.pause()
        assert "How far the middles lie apart." in lines(pilot)[-2]
    assert not any("drop_in" in name for name in sys.modules), "no plugin was imported here"


async def test_who_uses_what(workspace: Workspace) -> None:
    state = workspace()
    furnish(state)
    found = reads.files(state.root)
    assert found.uses["detector", "gap"] == ("churn[prod]",), "drop-ins of a model that names none"
    assert found.uses["detector", "psi"] == found.uses["detector", "missing"] == ("churn[prod]", "demand")
    assert found.uses["metric", "mae"] == ("demand",) and found.uses["metric", "auc"] == ("churn[prod]",)
    assert found.uses["source", "csv"] == ("churn[prod]",) and found.uses["source", "parquet"] == ("demand",)
    assert found.uses["strategy", "warm-start"] == found.uses["deployer", "local"] == ("demand",)
    assert found.uses["notifier", "webhook"] == ("notifiers.oncall",)
    (state.root / "models").mkdir()
    (state.root / "models" / "more.toml").write_text('task = "binary"\n', "utf-8")
    (state.root / "lifecycle.toml").write_text('include = ["models/*.toml"]\n' + TOML, "utf-8")
    assert reads.files(state.root).uses["detector", "gap"] == ("churn[prod]", "more")


@pytest.mark.parametrize(
    "file", ["[models", "models = 3", "notifiers = 1\n[models]\na = 2", "[workspace]\nplugins = 3"]
)
async def test_a_file_that_is_none_costs_its_own_facts(workspace: Workspace, file: str) -> None:
    state = workspace()
    furnish(state)
    (state.root / "lifecycle.toml").write_text(file, "utf-8")
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert ("cannot be read" in lines(pilot)[0]) == (file == "[models") and "chi2" in text(pilot)


async def test_a_failure_shows_live_and_in_full(workspace: Workspace) -> None:
    state = workspace()
    furnish(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        failing(state, message="division by \x1b[31m 0 [/x] 数字")
        await until(pilot, lambda: "✗ failed last" in text(pilot), "the badge")
        await pilot.press("down")
        assert "gap" in cursor(pilot)
        assert "failed in churn[prod] 2026-03 gap.stock: division by \\x1b[31m" in lines(pilot)[-2]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PluginScreen), "the plugin")
        shown = text(pilot)
        assert "plugins/gap.py:17" in shown.replace("\n   ", "") and "factor: float, default 2.0" in shown
        assert "used by  churn[prod]" in shown and "takes    profile" in shown
        await pilot.press("escape")
        assert pilot.app.screen is screen


async def test_a_changed_file_is_said_and_not_read(workspace: Workspace) -> None:
    state = workspace()
    folder = furnish(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        (folder / "gap.py").write_text(GOOD + "# more\n", "utf-8")
        (folder / "fresh.py").write_text("import os\nos.abort()\n", "utf-8")
        await until(pilot, lambda: "2 changed" in lines(pilot)[0], "both are said")
        changed = {p.info.name: p for p in screen.grid.rows if p.state == "changed"}
        assert set(changed) == {"gap", "fresh"} and changed["gap"].info.doc, "what was known stays"
        screen.grid.go(f"{changed['fresh'].info.key} {changed['fresh'].info.home}")
        await pilot.pause()
        assert "its file is new, it is read at the next check" in lines(pilot)[-2]
        (folder / "fresh.py").unlink()
        await until(pilot, lambda: "1 changed" in lines(pilot)[0], "gone under the cursor")
        assert screen.grid.row is not None


async def test_a_disable_list_that_is_none_is_said(workspace: Workspace) -> None:
    state = workspace()
    furnish(state)
    (state.root / ".lifecycle" / "disabled-plugins.json").write_text("{", "utf-8")
    async with app_on(state).run_test(size=SMALL) as pilot:
        await pilot.press("P")
        await until(pilot, lambda: "cannot be read" in lines(pilot)[0], "why nothing is listed")


async def test_a_notifier_that_could_not_send(fleet: State) -> None:
    from lifecycle_tui.state import outbox

    (fleet.root / "lifecycle.toml").write_text(TOML, "utf-8")
    with fleet.write() as tx:
        sent = outbox.queue_notification(tx, 1, "oncall", tui_seed.NOW, "opened", tui_seed.NOW)
        outbox.mark_failed(tx, [sent], "connection refused", None)
        tx.execute("UPDATE notifications SET attempts = 3")
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: bool(screen.grid.rows), "the list")
        assert "✗ failed last notifier" in cursor(pilot) and "webhook" in cursor(pilot)
        assert "connection refused" in text(pilot)


def test_a_thousand_models_are_looked_at_within_bounds(workspace: Workspace) -> None:
    state = workspace()
    with state.write(durable=False) as tx:
        models.declare(tx, [models.Declared(f"m{n}", "binary") for n in range(1000)])
        for n in range(1000):
            window = Window("2026-03", 0, tui_seed.NOW, tui_seed.NOW, 480)
            record.record(tx, [WindowResult(f"m{n}", window, "", tui_seed.drift_signals(0.5), tui_seed.NOW)])
            models.put_model(tx, tui_seed.facts(f"m{n}", window_key="2026-03"))
    failing(state)
    with state.read() as conn:
        took = []
        for _ in range(5):  # what others do meanwhile does not count
            begun = time.process_time()
            found = reads.failures(conn)
            took.append(time.process_time() - begun)
        assert min(took) < 0.1
    assert [f.plugin for f in found] == ["gap"]


def test_a_damaged_index_is_taken_for_none(workspace: Workspace) -> None:
    state = workspace()
    furnish(state)
    index = state.root / ".lifecycle" / "plugin-index.json"
    cache = json.loads(index.read_text("utf-8"))
    for entry in cache["files"].values():
        entry["rows"] = [{"kind": 3}]
    index.write_text(json.dumps({**cache, "points": [{"x": 1}]}), "utf-8")
    found = reads.files(state.root)
    assert {os.path.basename(home) for home in found.changed} == {"gap.py", "torn.py"}
    index.write_text("{", "utf-8")
    assert len(reads.files(state.root).changed) == 2


async def test_one_is_disabled_and_enabled_from_the_list_of_actions(workspace: Workspace) -> None:
    state = workspace()
    furnish(state)
    listed = state.root / ".lifecycle" / "disabled-plugins.json"

    async def do(pilot: Pilot, action: str, says: str) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, PluginsScreen)
        screen.grid.go(next(f"{p.info.key} {p.info.home}" for p in screen.grid.rows if p.info.name == "gap"))
        await pilot.press("x")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, ActionsScreen) and "planning" not in text(pilot), "planned"
        )
        pilot.app.screen.grid.go(action)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, ActScreen) and pilot.app.screen.stage == "asking", "asked"
        )
        assert says in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen.stage == "done", "done")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PluginsScreen), "back")

    async with app_on(state).run_test(size=LARGE) as pilot:
        await opened(pilot)
        await do(pilot, "plugins disable", "disable plugin detector:gap")
        assert json.loads(listed.read_text()) == ["detector:gap", "off"]
        await until(pilot, lambda: "2 disabled" in lines(pilot)[0], "it is shown")
        await do(pilot, "plugins enable", "enable plugin detector:gap")
        assert json.loads(listed.read_text()) == ["off"]
        await until(pilot, lambda: "1 disabled" in lines(pilot)[0], "and again")
