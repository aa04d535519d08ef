"""What commands, panels and event hooks are shown, made for the checks: a full model, a new one, odd names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import Task
from lifecycle_tui.domain.views import (
    AlertEvent,
    AlertView,
    Event,
    ModelView,
    RolloutEvent,
    VersionEvent,
    VersionView,
    View,
    WindowView,
)

NOW = datetime(2025, 6, 1, 6, tzinfo=UTC)
ODD = "naïve 日本 🙂 \x1b[31m[bold]‮\n" + "x" * 300


def signals(number: int, task: str) -> dict[str, Signal]:
    """Signals of one window; now and then one is unknown, an error or drifted."""
    state = ("ok", "ok", "drifted", "unknown", "error", "cannot-tell")[number % 6]
    value = None if state in ("unknown", "error") else 0.1 + number / 100
    metric = {"regression": "mae", "ranking": "ndcg"}.get(task, "auc")
    return {
        "psi.income": Signal("psi.income", value, None, None, 400, state, None, "income", "psi"),  # type: ignore[arg-type]
        "drift.share": Signal("drift.share", 0.25, None, None, 400),
        metric: Signal(metric, 0.8 + number / 1000, 0.75, 0.85, 300),
    }


def windows(count: int, task: str) -> Iterator[WindowView]:
    """That many days, each with what concerns all rows and with the rows of one version; the last is not complete."""
    first = NOW.replace(hour=0) - timedelta(days=count)
    for number in range(count):
        start = first + timedelta(days=number)
        last = number == count - 1
        for version in ("", "3"):
            yield WindowView(
                f"{start:%Y-%m-%d}",
                version,
                start,
                start + timedelta(days=1),
                0 if number == 1 else 400 - number % 7,
                0 if last else 300,
                not last,
                not last,
                signals(number, task),
            )


def alert(number: int, model: str, state: str = "open", text: str = "psi.income 0.31 > 0.2") -> AlertView:
    """An alert of a rule; those that are not open are by somebody."""
    done = None if state != "resolved" else NOW
    who = "ana" if state == "acknowledged" else None
    opened = NOW - timedelta(days=3)
    return AlertView(
        number, model, "moved", "warning", state, "2025-05-28", opened, text, "2025-05-31", 2, done, None, who
    )


def version(number: int, model: str, origin: str = "trained") -> VersionView:
    """A version; one that is only named knows nothing of itself."""
    made = NOW - timedelta(days=30 - number)
    if origin != "trained":
        return VersionView(model, number, f"prod-{number}", origin, made)  # type: ignore[arg-type]
    aliases = ("champion",) if number == 3 else ()
    metrics = {"auc": 0.84}
    return VersionView(
        model, number, str(number), "trained", made, aliases, number - 1 or None, made, NOW, 9_000, metrics
    )


def model(name: str = "card-fraud", task: Task = "binary", days: int = 30) -> ModelView:
    """A model with a history of that many daily windows, two alerts and three versions."""
    return ModelView(
        name,
        task,
        "risk-ml",
        ("eu",),
        "warning",
        "psi.income 0.31 > 0.2",
        3,
        {"regression": "mae", "ranking": "ndcg"}.get(task, "auc"),
        NOW,
        tuple(windows(days, task)),
        (alert(2, name), alert(1, name, "acknowledged")),
        tuple(version(n, name, "trained" if n > 1 else "named") for n in (3, 2, 1)),
    )


def new(name: str = "new", task: Task = "binary") -> ModelView:
    """A model that was declared a minute ago."""
    return ModelView(name, task, None, (), "unknown", None, None, None, None)


def odd(task: Task = "binary") -> ModelView:
    """A model whose names are what nobody would write, without timestamps."""
    window = WindowView(ODD, ODD, None, None, 1, 0, False, False, {ODD: Signal(ODD, None, state="error", message=ODD)})
    return ModelView(ODD, task, ODD, (ODD,), "error", ODD, None, ODD, NOW, (window,), (alert(1, ODD, text=ODD),))


def workspace(*models: ModelView) -> View:
    """A workspace of these models."""
    return View(NOW, "/workspace", models)


def events(hook: str) -> Iterator[Event]:
    """One event of each kind that a hook may be told, numbered from 1, then one with odd texts."""
    name = "card-fraud"
    if hook == "on_alert":
        kinds = ("opened", "acknowledged", "unacknowledged", "snoozed", "woken", "assigned", "resolved")
        for number, kind in enumerate(kinds, start=1):
            state = {"acknowledged": "acknowledged", "resolved": "resolved"}.get(kind, "open")
            yield AlertEvent(
                number, NOW, name, kind, alert(1, name, state), "2025-05-31", "ana", "psi.income 0.31 > 0.2"
            )
        yield AlertEvent(len(kinds) + 1, NOW, ODD, "opened", alert(2, ODD, text=ODD))
    elif hook == "on_version":
        for number, origin in enumerate(("trained", "registered", "named"), start=1):
            yield VersionEvent(number, NOW, name, origin, version(number, name, origin))
        yield VersionEvent(4, NOW, ODD, "named", version(4, ODD, "named"))
    else:
        yield RolloutEvent(1, NOW, name, "promoted", 2, None, "agent", "gain(auc) 0.01 > 0")
        yield RolloutEvent(2, NOW, name, "rolled-back", 1, 2, "ana", None)
        yield RolloutEvent(3, NOW, name, "withdrawn", None, 1)
        yield RolloutEvent(4, NOW, ODD, "promoted", 1, None, ODD, ODD)
