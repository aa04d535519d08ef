"""What notifiers, deployers, strategies, explainers, commands, panels and event hooks are given, with defaults for all
that a test does not care about."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle_tui.domain.delivery import FitRequest, Release
    from lifecycle_tui.domain.explaining import ExplainRequest
    from lifecycle_tui.domain.protocols import Message
    from lifecycle_tui.domain.specs import Task
    from lifecycle_tui.domain.views import AlertEvent, RolloutEvent, VersionEvent, View, WindowView

NOW = datetime(2025, 6, 1, tzinfo=UTC)
"""The instant at which all of these happen."""


def message(
    text: str = "psi.income 0.31 > 0.2",
    *,
    model: str = "toy",
    rule: str = "moved",
    severity: str = "warning",
    state: str = "open",
    since: str = "2025-05-31",
) -> Message:
    """A message about one alert, as a notifier is given it."""
    from lifecycle_tui.domain.protocols import Message

    alert = {"model": model, "rule": rule, "severity": severity, "state": state, "since": since, "message": text}
    return Message(f"{severity}: {model}: {rule}", f"[{severity}] {model} {rule}: {text}", (alert,))


def release(folder: str | os.PathLike[str], version: int, data: bytes | None = None, **over: Any) -> Release:
    """A version on its way to serve, its artefact and the deployer's folder below `folder`.

    Args:
        data: the artefact's bytes.
        over: fields of `Release` in place of these.
    """
    from lifecycle_tui.domain.delivery import Release

    data = b"model %d" % version if data is None else data
    digest = hashlib.sha256(data).hexdigest()
    store, home = Path(folder) / "artifacts", Path(folder) / "serving"
    for place in (store, home):
        place.mkdir(parents=True, exist_ok=True)
    (store / digest).write_bytes(data)
    facts = {
        "model": "toy",
        "version": version,
        "label": str(version),
        "digest": digest,
        "format": "skops",
        "artifact": str(store / digest),
        "folder": str(home),
        "previous": version - 1 or None,
    }
    return Release(**{**facts, **over})


def fit_request(
    task: Task, features: Mapping[str, Sequence[Any]], target: Sequence[Any], *, estimator: str = "linear", **over: Any
) -> FitRequest:
    """Labelled rows as a strategy is given them, a minute apart.

    Args:
        features: column → values; numbers are numeric, text is categorical, None is missing.
        target: numbers for "regression" and "ranking", labels otherwise; none missing.
        over: fields of `FitRequest` in place of these.
    """
    import pyarrow as pa

    from lifecycle_tui.domain.delivery import FitRequest
    from lifecycle_tui.plugin_host.conformance.columns import column

    kinds: dict[str, Any] = {}
    for name, values in features.items():
        text = any(isinstance(value, str) for value in values)
        kinds[name] = "categorical" if text else "numeric"
    table = pa.table({name: column(kinds[name], values) for name, values in features.items()})
    number = task in ("regression", "ranking")
    labels = [float(v) if number else str(v) for v in target]
    start = int(NOW.timestamp() * 1e6)
    given = {
        "model": "toy",
        "task": task,
        "table": table,
        "target": column("numeric" if number else "categorical", labels).combine_chunks(),
        "time": pa.array([start + i * 60_000_000 for i in range(len(labels))], pa.int64()),
        "kinds": kinds,
        "estimator": estimator,
        "positive": labels[0] if task == "binary" else None,
    }
    return FitRequest(**{**given, **over})


def explain_request(
    features: Mapping[str, Sequence[Any]],
    task: Task = "regression",
    *,
    background: Mapping[str, Sequence[Any]] | None = None,
    **over: Any,
) -> ExplainRequest:
    """Rows to be explained, as an explainer is given them.

    Args:
        features, background: column → values; numbers are numeric, text is categorical, None is missing. Without
            `background` the rows are their own.
        over: fields of `ExplainRequest` in place of these.
    """
    import pyarrow as pa

    from lifecycle_tui.domain.explaining import ExplainRequest
    from lifecycle_tui.plugin_host.conformance.columns import column

    usual = features if background is None else background
    kinds: dict[str, Any] = {}
    rows, more = {}, {}
    for name, values in features.items():
        whole = [*values, *usual[name]]
        text = any(isinstance(value, str) for value in whole)
        kinds[name] = "categorical" if text else "numeric"
        found = column(kinds[name], whole if text else [float("nan") if v is None else v for v in whole])
        found = found.dictionary_encode() if text else found
        rows[name], more[name] = found.slice(0, len(values)), found.slice(len(values))
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c")}.get(task, ())
    given = {
        "model": "toy",
        "task": task,
        "rows": pa.table(rows),
        "background": pa.table(more),
        "kinds": kinds,
        "label": classes[1] if classes else "",
        "classes": classes,
    }
    return ExplainRequest(**{**given, **over})


def view(model: str = "toy", *, task: Task = "binary", windows: Sequence[Mapping[str, Any]] = (), **over: Any) -> View:
    """A workspace of one model, as a command sees it; `.model("toy")` of it is what a panel sees.

    Args:
        windows: fields of `WindowView` of each, oldest first; `signals` may be name → number. What is left out: no
            rows, no labels, all rows of all versions, complete and mature.
        over: fields of `ModelView` in place of those of a model without a champion or an alert.
    """
    from lifecycle_tui.domain.views import ModelView, View

    given = {
        "name": model,
        "task": task,
        "owner": None,
        "tags": (),
        "health": "ok",
        "message": None,
        "champion": None,
        "metric": None,
        "evaluated": NOW if windows else None,
        "windows": tuple(_window(**window) for window in windows),
    }
    return View(NOW, os.getcwd(), (ModelView(**{**given, **over}),))


def _window(*, key: str, signals: Mapping[str, Any] | None = None, **over: Any) -> WindowView:
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.domain.views import WindowView

    given = {
        "key": key,
        "version": "",
        "start": None,
        "end": None,
        "rows": 0,
        "labels": 0,
        "mature": True,
        "complete": True,
        "signals": {n: v if isinstance(v, Signal) else Signal(n, v) for n, v in (signals or {}).items()},
    }
    return WindowView(**{**given, **over})


def alert_event(id: int = 1, *, kind: str = "opened", model: str = "toy", text: str = "psi.x 0.3 > 0.2") -> AlertEvent:
    """What `on_alert` is given."""
    from lifecycle_tui.domain.views import AlertEvent, AlertView

    state = {"acknowledged": "acknowledged", "resolved": "resolved"}.get(kind, "open")
    alert = AlertView(1, model, "moved", "warning", state, "2025-05-31", NOW, text)
    return AlertEvent(id, NOW, model, kind, alert, "2025-05-31", None, text)


def version_event(id: int = 1, *, kind: str = "trained", model: str = "toy", number: int = 2) -> VersionEvent:
    """What `on_version` is given; `kind` is "trained", "registered" or "named"."""
    from lifecycle_tui.domain.views import VersionEvent, VersionView

    made = VersionView(model, number, str(number), kind, NOW)  # type: ignore[arg-type]
    return VersionEvent(id, NOW, model, kind, made)


def rollout_event(
    id: int = 1, *, kind: str = "promoted", model: str = "toy", version: int | None = 2, previous: int | None = 1
) -> RolloutEvent:
    """What `on_rollout` is given."""
    from lifecycle_tui.domain.views import RolloutEvent

    return RolloutEvent(id, NOW, model, kind, version, previous, "agent", "gain(auc) 0.01 > 0")
