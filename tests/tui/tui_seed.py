"""What the terminal's tests look at: real-looking models, written as the worker would write them."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.domain.results import Alert, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding, DataReport, FragmentPart, Window
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, models, record
from lifecycle_tui.state.database import State

NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
COLUMNS = ("amount", "hour", "merchant", "country", "device", "age_band")
BARS = {
    "names": ["0", "10", "20", "30", "40"],
    "reference": [10, 20, 40, 20, 10],
    "window": [5, 10, 30, 35, 20],
}
FINDINGS = (
    DataFinding(
        "bad-cell", 3, 'lake/scored/dt=2026-03-02/part-0.csv row 17: "n/a" is no number', "amount", "counted as missing"
    ),
    DataFinding("duplicate-id", 12, "transaction_id T-104 comes 2 times", "transaction_id", "kept the last"),
)


def copy(template: Path, root: Path) -> None:
    """A workspace folder whose state is the template's."""
    root.mkdir()
    (root / "lifecycle.toml").write_text("", encoding="utf-8")
    (root / ".lifecycle").mkdir()
    shutil.copy(template / ".lifecycle" / "state.db", root / ".lifecycle" / "state.db")


def facts(name: str, health: str = "ok", **more: object) -> models.ModelFacts:
    """A model's row with the rest of it plausible."""
    values: dict = {
        "window_key": "2026-03-30", "window_start": datetime(2026, 3, 30, tzinfo=UTC),
        "window_end": datetime(2026, 3, 31, tzinfo=UTC), "window_rows": 20_480, "window_labels": 20_480,
        "drift_share": 0.0, "drift_count": 0, "drift_columns": 6, "drift_max": 0.021, "drift_column": "hour",
        "drift_history": (0.0, 0.0, 0.0), "metric": "auc", "metric_value": 0.941, "metric_lower": 0.93,
        "metric_upper": 0.95, "metric_history": (0.94, 0.943, 0.939, 0.941),
    }  # fmt: skip
    return models.ModelFacts(name, health, NOW, **{**values, **more})  # type: ignore[arg-type]


def fleet(state: State) -> None:
    """Five models: one degraded, one with a broken plugin, one drifted, one fine, one never checked."""
    with state.write() as tx:
        models.declare(
            tx,
            [
                models.Declared("card-fraud", "binary", "risk-ml", ("payments",)),
                models.Declared("demand", "regression", "supply"),
                models.Declared("house-prices", "regression", "valuation"),
                models.Declared("churn", "binary", "crm"),
                models.Declared("new-model", "multiclass", "crm"),
            ],
        )
        for name in ("v6", "v7"):
            found = versions.register(tx, versions.NewVersion("card-fraud", "named", name=name), NOW)
        aliases.set_alias(tx, "card-fraud", "champion", found.number, "named by the data", "scores most rows", NOW)
        card_fraud(tx)
        record.record(tx, [broken_window("demand")])
        models.put_model(
            tx, facts("demand", "error", message="detector stock_gap failed on every column", metric="mae",
                      metric_value=1234.5, metric_history=(900.0, 1100.0, 1234.5))
        )  # fmt: skip
        models.put_model(
            tx, facts("house-prices", "warning", message="inputs-moved: drift.max 0.56 >= 0.2", drift_share=0.5,
                      drift_count=2, drift_columns=4, drift_max=0.56, drift_column="rent_index", metric="mae",
                      metric_value=41_250.0, drift_history=(0.0, 0.0, 0.25, 0.5))
        )  # fmt: skip
        alerts.store(
            tx, now=NOW,
            opened=[alert("house-prices", "inputs-moved", "warning", "drift.max 0.56 >= 0.2 in 2 windows", "2026-02")],
        )  # fmt: skip
        models.put_model(tx, facts("churn"))


def alert(model: str, rule: str, severity: str, message: str, since: str = "2026-03-29") -> Alert:
    """An open alert."""
    return Alert(model, rule, severity, "open", since, NOW, message)  # type: ignore[arg-type]


def card_fraud(tx: sqlite3.Connection, days: int = 30) -> None:
    """A month of daily windows; drift in `amount` and a falling AUC over the last ten."""
    for day in range(days):
        record.record(tx, fraud_window(day, days))
    models.put_model(
        tx, facts("card-fraud", "critical", message="auc-degraded: auc.upper 0.89 < 0.92 in 3 windows",
                  drift_share=1 / 3, drift_count=2, drift_max=0.31, drift_column="amount", metric_value=0.861,
                  metric_lower=0.84, metric_upper=0.88, drift_history=(0.0, 0.0, 0.17, 0.33),
                  metric_history=(0.94, 0.94, 0.93, 0.92, 0.91, 0.9, 0.88, 0.861))
    )  # fmt: skip
    alerts.store(
        tx, now=NOW,
        opened=[alert("card-fraud", "auc-degraded", "critical", "auc.upper 0.89 < 0.92 in 3 windows", "2026-03-28")],
    )  # fmt: skip


def fraud_window(day: int, days: int = 30) -> list[WindowResult]:
    """The results of one day: for all rows, and for the version that scored them."""
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
    window = Window(
        f"{start:%Y-%m-%d}", day, start, start + timedelta(days=1), 20_000 + 16 * day,
        (FragmentPart(f"dt={start:%Y-%m-%d}", 20_000 + 16 * day, f"{day:032x}"),),
    )  # fmt: skip
    late = max(0.0, (day - 20) / 10)
    inputs = drift_signals(late)
    mature = day < days - 3
    auc = 0.94 - 0.08 * late + 0.004 * math.sin(day)
    performance = (
        Signal("auc", auc, auc - 0.02, auc + 0.02, 20_000, source="auc"),
        Signal("recall", auc - 0.2, auc - 0.24, auc - 0.16, 410, source="recall"),
    )
    report = DataReport(window.rows, FINDINGS if day % 5 == 1 else ())
    labels = window.rows if mature else window.rows // 2
    whole = WindowResult("card-fraud", window, "", inputs, NOW, labels, mature, report)
    return [whole, WindowResult("card-fraud", window, "v7", performance, NOW, labels, mature)]


def drift_signals(late: float) -> tuple[Signal, ...]:
    """Signals of six columns, of which the first two move with `late` (0..1)."""
    found: list[Signal] = []
    for place, name in enumerate(COLUMNS):
        move = late * (0.31, 0.12, 0, 0, 0, 0)[place] + 0.004 * (place + 1)
        state = "drifted" if move > 0.08 else "ok"
        message = f"moved by {move:.2f}: more than chance at n 20,000" if state == "drifted" else None
        kind = "ks" if place < 2 else "chi2"
        found.append(
            Signal(f"psi.{name}", 3 * move * move, n=20_000, column=name, source="psi",
                   detail={"definition": "reference deciles, floor 1e-4", "by_chance": 0.001})
        )  # fmt: skip
        found.append(
            Signal(f"{kind}.{name}", move, n=20_000, state=state, message=message, column=name, source=kind,
                   detail={"effect": move, "p_value": 1e-9 if state == "drifted" else 0.4, "bars": BARS})
        )  # fmt: skip
        found.append(Signal(f"missing.{name}", 0.001 * place, n=20_000, column=name, source="missing"))
    drifted = sum(s.state == "drifted" for s in found)
    largest = max(s.value or 0.0 for s in found if s.name.startswith(("ks", "chi2")))
    found.append(Signal("drift.share", drifted / 6, n=6))
    found.append(Signal("drift.count", float(drifted), n=6))
    found.append(Signal("drift.max", largest, n=6))
    found.append(Signal("rows", 20_000.0))
    found.append(Signal("data.late", None, state="unknown", message="no clock in this data"))
    return tuple(found)


def broken_window(model: str) -> WindowResult:
    """A window in which a team's detector failed and a column was too thin."""
    window = Window("2026-03", 0, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), 480)
    found = (
        Signal("psi.stock", 0.02, n=480, column="stock", source="psi"),
        Signal("stock_gap.stock", None, n=480, state="error",
               message="plugin stock_gap: division by zero (/srv/shop/plugins/stock_gap.py:7)",
               column="stock", source="stock_gap",
               detail={"fault": "raised", "plugin": "stock_gap", "file": "/srv/shop/plugins/stock_gap.py", "line": 7}),
        Signal("psi.price", 0.4, n=12, state="cannot-tell", message="12 rows: too few to tell", column="price",
               source="psi"),
        Signal("drift.share", 0.0, n=2),
        Signal("drift.count", 0.0, n=2),
        Signal("drift.max", 0.02, n=2),
    )  # fmt: skip
    return WindowResult(model, window, "", found, NOW, 0, True)


def many(state: State, count: int, health: Sequence[str] = ("ok", "ok", "ok", "warning")) -> None:
    """A fleet of `count` models named m-00000 …"""
    with state.write() as tx:
        models.declare(tx, [models.Declared(f"m-{n:05d}", "binary", f"team-{n % 7}") for n in range(count)])
        for n in range(count):
            models.put_model(tx, facts(f"m-{n:05d}", health[n % len(health)], drift_share=(n % 100) / 100,
                                       drift_count=n % 6, message=f"model {n}"))  # fmt: skip
