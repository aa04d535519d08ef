"""Every screen and pane, and the keys that lead there from the fleet. Walked through by test_tui_snapshots.py."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import seed_jobs
import seed_life
import tui_seed
from textual.pilot import Pilot
from tui_screen import text, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens.fleet import FleetScreen

MODEL = ("j", "enter")
"""From the fleet to `churn[prod]`, whose life `seed_life` tells."""
FIRST = ("enter",)
"""From the fleet to `card-fraud`, which the file declares."""

TOML = """\
[models.card-fraud]
task = "binary"
owner = "risk-ml"
[models.card-fraud.data]
table = "fraud.csv"
reference = { rows = 1000 }
window = "1 day"
[models.card-fraud.columns]
timestamp = "at"
target = "fraud"
positive = 1
score = "p"
numeric = ["amount", "hour"]
[models.card-fraud.rules.auc-degraded]
when = "auc.upper < 0.92"
for = 3
severity = "critical"
[models.card-fraud.rules.inputs-moved]
when = "drift.share >= 20%"
[models.card-fraud.training]
estimator = "linear"
"""


COMING = re.compile(r"(reading|checking|planning|replaying[a-z ]*)[…~]")
"""What stands where something is still read."""


@dataclass(frozen=True)
class Scene:
    """A screen.

    Attributes:
        keys: pressed on the fleet as it opens.
        screen: name of the class that must be on top then; of a pane, its name after a colon.
        words: states that must be said in words there, whatever the colours.
        slow: its content comes from a process of its own.
    """

    name: str
    keys: tuple[str, ...]
    screen: str
    words: tuple[str, ...] = ()
    slow: bool = False


SCENES = (
    Scene("fleet", (), "FleetScreen", ("critical", "warning", "unknown", "ok")),
    Scene("fleet-filter", ("slash", *"crm"), "FleetScreen", ("unknown", "ok")),
    Scene("overview", (*MODEL,), "ModelScreen:overview", ("critical",)),
    Scene("drift", (*MODEL, "2"), "ModelScreen:drift"),
    Scene("drift-columns", (*MODEL, "2", "enter"), "ModelScreen:drift", ("drifted", "ok")),
    Scene("drift-detail", (*MODEL, "2", "enter", "enter"), "DetailScreen"),
    Scene("drift-data", (*MODEL, "2", "d"), "ModelScreen:drift"),
    Scene("performance", (*MODEL, "3"), "ModelScreen:performance"),
    Scene("versions", (*MODEL, "4"), "ModelScreen:versions"),
    Scene("version", (*MODEL, "4", "enter"), "PageScreen"),
    Scene("versions-compared", (*MODEL, "4", "v", "j", "v"), "ModelScreen:versions"),
    Scene("model-alerts", (*MODEL, "5"), "ModelScreen:alerts", ("critical",)),
    Scene("policy", (*FIRST, "6"), "ModelScreen:policy", ("firing", "unknown")),
    Scene("policy-edit", (*FIRST, "6", "e"), "PolicyScreen", slow=True),
    Scene("policy-form", (*FIRST, "6", "e", "enter"), "PolicyForm", slow=True),
    Scene("policy-diff", (*FIRST, "6", "e", "minus", "w"), "PolicyDiff", ("What if",), slow=True),
    Scene("simulate", (*FIRST, "6", "s"), "SimulateScreen", slow=True),
    Scene("model-history", (*MODEL, "7"), "ModelScreen:history"),
    Scene("panels", (*MODEL, "8"), "ModelScreen:panels"),
    Scene("logs", (*MODEL, "9"), "ModelScreen:logs"),
    Scene("alerts", ("A",), "AlertsScreen", ("critical",)),
    Scene("jobs", ("J",), "JobsScreen", ("running", "queued", "failed", "done")),
    Scene("job", ("J", "enter"), "JobScreen", ("running",)),
    Scene("history", ("H",), "HistoryScreen"),
    Scene("history-entry", ("H", "enter"), "PageScreen"),
    Scene("audit", ("U",), "AuditScreen"),
    Scene("plugins", ("P",), "PluginsScreen", ("ok",)),
    Scene("plugin", ("P", "enter"), "PluginScreen", ("ok",)),
    Scene("workspace", ("W",), "WorkspaceScreen"),
    Scene("help", ("question_mark",), "HelpScreen"),
    Scene("palette", ("colon", *"chur"), "PaletteScreen"),
    Scene("actions", (*FIRST, "x"), "ActionsScreen", ("can be done", "cannot be done")),
    Scene("act", (*FIRST, "t"), "ActScreen"),
    Scene("export", ("ctrl+s",), "ExportScreen"),
)


def seed(template: Path, root: Path) -> None:
    """A workspace whose clock stands still, with something for every screen."""
    tui_seed.copy(template, root)
    with State.open(root) as state:
        tui_seed.fleet(state)
        seed_life.life(state)
        seed_jobs.five(state)
    (root / "lifecycle.toml").write_text(TOML, encoding="utf-8")


async def walk(pilot: Pilot, scenes: Iterable[Scene]) -> AsyncIterator[Scene]:
    """Go to each scene; each begins on the fleet as it opens."""
    app = pilot.app
    app.poll()  # type: ignore[attr-defined]  # whether an agent runs is known from then on
    await pilot.pause()
    for scene in scenes:
        for n, key in enumerate(scene.keys, 1):
            await pilot.press(key)
            if scene.slow or n == len(scene.keys):
                await until(pilot, lambda: not COMING.search(text(pilot)), f"{scene.name} is read")
        want, _, pane = scene.screen.partition(":")
        await until(pilot, lambda: type(app.screen).__name__ == want, f"{scene.name}: {want}, not {app.screen}")  # noqa: B023
        # What a process of its own says last is no line that waits for it.
        await until(pilot, lambda: all(word in text(pilot) for word in scene.words), f"{scene.name}: {scene.words}")  # noqa: B023
        if pane:
            assert pane == app.screen.pane.NAME, scene.name  # type: ignore[attr-defined]
        yield scene
        await fresh(pilot)


async def fresh(pilot: Pilot) -> None:
    """The fleet as it opens, and nothing below it."""
    app = pilot.app
    while len(app.screen_stack) > 1:
        app.pop_screen()
    app.push_screen(FleetScreen(app.source))  # type: ignore[attr-defined]
    await pilot.pause()
