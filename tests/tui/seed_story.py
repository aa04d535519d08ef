"""A model with a story for the overview and the performance pane: versions, judgements, alerts, jobs, and rules."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import tui_seed

from lifecycle_tui.domain.results import Alert, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, clock, loop, models, record
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State

NOW = tui_seed.NOW
RULES = """
[defaults.rules.inputs-moved]
when = "drift.share >= 20%"
[models.bikes]
task = "regression"
[models.bikes.rules.error-high]
when = "mae.lower > 35_000"
for = 2
severity = "critical"
[models.bikes.training]
cooldown = "3d"
[models.bikes.rollout]
approve = { by = ["ana", "raj"], not = "requester" }
"""
DAYS = 12
MOVED = 8
"""The day from which on version 2 serves."""


def bikes(state: State) -> None:
    """`bikes`: twelve days of windows, version 1 until day 8, then version 2; both score from day 6 on."""
    (state.root / "lifecycle.toml").write_text(RULES, encoding="utf-8")
    with state.write() as tx:
        clock.put(tx, Simulated(NOW, NOW + timedelta(days=30), 2.0))
        models.declare(tx, [models.Declared("bikes", "regression", "ops")])
        for _ in range(2):
            versions.register(tx, versions.NewVersion("bikes", "trained", data_rows=900, note="x"), NOW)
        for number, at in ((1, start(0)), (2, start(MOVED))):
            why = "first version" if number == 1 else "rule error-high (alert 1); gain(mae) 9000 > 0"
            aliases.set_alias(tx, "bikes", "champion", number, "agent", why, at)
        for day in range(DAYS):
            window(tx, day)
        models.put_model(
            tx, tui_seed.facts("bikes", "critical", metric="mae", message="error-high: mae.lower 40000 > 35_000")
        )
        loop.put(tx, "bikes", {"last": "x"}, "retraining at 2026-04-02 06:00, after the cooldown: rule error-high",
                 NOW + timedelta(days=1), NOW)  # fmt: skip


def start(day: int) -> datetime:
    """The beginning of a day's window."""
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)


def window(tx: sqlite3.Connection, day: int, value: float | None = None) -> None:
    """One day: drift of all rows, and the metrics of who scored."""
    made = Window(f"{start(day):%Y-%m-%d}", day, start(day), start(day + 1), 500)
    whole = (Signal("drift.share", 0.05 * (day % 4)), Signal("drift.count", 1.0), Signal("drift.max", 0.1),
             Signal("data.late", 7200.0), Signal("labels.share", 1.0))  # fmt: skip
    mature = day < DAYS - 2
    results = [WindowResult("bikes", made, "", whole, NOW, 500, mature)]
    for version in ("1", "2"):
        if version == "1" or day >= 6:
            mae = value if value is not None else 30_000 + 2_000 * day - 4_000 * (version == "2")
            found = (Signal("mae", mae, mae - 1_000, mae + 1_000, 480, source="mae"),
                     Signal("r2", None, state="unknown", message="too few labels"))  # fmt: skip
            results.append(WindowResult("bikes", made, version, found, NOW, 500 if mature else 120, mature))
    record.record(tx, results)


def fires(tx: sqlite3.Connection, rule: str = "error-high", severity: str = "critical") -> int:
    """An alert that has gone on for three windows; its number."""
    detail = {"windows": ["2026-03-09", "2026-03-10"], "latest": "mae.lower 47000 > 35_000 in 2026-03-11",
              "numbers": {"mae.lower": 47000.0}, "columns": []}  # fmt: skip
    opened = Alert("bikes", rule, severity, "open", "2026-03-09", NOW - timedelta(hours=3),  # type: ignore[arg-type]
                   "mae.lower 43000 > 35_000 in 2026-03-10", repeats=1, detail=detail)  # fmt: skip
    found = alerts.store(tx, opened=[opened], now=NOW)[0].alert.id
    assert found is not None
    return found
