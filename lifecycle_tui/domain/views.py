"""What commands, panels and event hooks of plugins are shown of a workspace: values that cross to a plugin's process.

Made by `agent.work.view` from state alone; nothing a plugin does to them is seen by anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.domain.signals import Signal


@dataclass(frozen=True, slots=True)
class WindowView:
    """What is stored of one window, for one version.

    Attributes:
        key: sortable identity within the model, e.g. "2012-03".
        version: label of the version whose metrics these are; "" for what concerns all rows (drift, data).
        start, end: half-open interval in UTC; None without timestamps.
        rows, labels: how many rows it has, and how many of them have a label.
        mature: whether all labels that can come have come.
        complete: whether no more rows are expected.
        signals: by name; see docs/signals.md. Their `detail` is left out.
    """

    key: str
    version: str
    start: datetime | None
    end: datetime | None
    rows: int
    labels: int
    mature: bool
    complete: bool
    signals: Mapping[str, Signal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertView:
    """A rule that fires, until it resolves.

    Attributes:
        id: its number, by which `lifecycle ack` names it.
        model, rule: whose alert it is.
        severity: "info", "warning" or "critical".
        state: "open", "acknowledged" or "resolved".
        since, last_window: keys of the first window of the streak, and of the newest in which it fired.
        opened, resolved: instants of the loop's clock.
        resolved_by, acknowledged_by: who or what did, in words.
        message: one sentence with the numbers that made it fire.
        repeats: windows it has gone on firing after the one that opened it.
        snoozed_until: it sends nothing before this instant.
        assigned_to: who looks after it.
    """

    id: int
    model: str
    rule: str
    severity: str
    state: str
    since: str
    opened: datetime
    message: str
    last_window: str | None = None
    repeats: int = 0
    resolved: datetime | None = None
    resolved_by: str | None = None
    acknowledged_by: str | None = None
    snoozed_until: datetime | None = None
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a model.

    Attributes:
        model: whose version it is.
        number: 1, 2, 3 … within the model.
        label: how windows and data call it.
        origin: "trained" here, "registered" from elsewhere, or only "named" by the data.
        created: instant of the loop's clock.
        aliases: names that point to it now, e.g. ("champion",).
        parent: number of the version it was made from.
        data_start, data_end, data_rows: what it was trained on, where that is known.
        metrics: what it measured at birth, name → JSON value.
        by, why, note: who or what had it made, in words.
    """

    model: str
    number: int
    label: str
    origin: Literal["trained", "registered", "named"]
    created: datetime
    aliases: tuple[str, ...] = ()
    parent: int | None = None
    data_start: datetime | None = None
    data_end: datetime | None = None
    data_rows: int | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None
    why: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model as state knows it.

    Attributes:
        name: as the file has it.
        task: "binary", "multiclass", "regression" or "ranking".
        owner, tags: as declared.
        health: "ok", "warning", "critical", "unknown" or "error".
        message: why it is in that state, in one sentence.
        champion: number of the version that serves; None where there is none.
        metric: name of its key metric.
        evaluated: when it was evaluated last, by the loop's clock.
        windows: the newest ones in window order, oldest first; a window has one entry for each version ("" first).
        alerts: those that have not resolved, the newest first.
        versions: the newest 50, newest first.
    """

    name: str
    task: str
    owner: str | None
    tags: tuple[str, ...]
    health: str
    message: str | None
    champion: int | None
    metric: str | None
    evaluated: datetime | None
    windows: tuple[WindowView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    versions: tuple[VersionView, ...] = ()

    def history(self, signal: str, version: str | None = None) -> tuple[tuple[str, Signal], ...]:
        """(window key, signal) of every window that has it, oldest first; of one version's windows if it is named."""
        shown = (w for w in self.windows if version is None or w.version == version)
        return tuple((w.key, w.signals[signal]) for w in shown if signal in w.signals)


@dataclass(frozen=True, slots=True)
class View:
    """A workspace as a command sees it; read only, as of one instant.

    Attributes:
        now: the loop's clock.
        root: the workspace's folder, absolute.
        models: in the order of the file; the one asked for, where one was.
    """

    now: datetime
    root: str
    models: tuple[ModelView, ...] = ()

    def model(self, name: str) -> ModelView:
        """The model of that name.

        Raises:
            KeyError: the view does not hold it.
        """
        for model in self.models:
            if model.name == name:
                return model
        raise KeyError(name)


# --- events --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """Something happened to an alert. What `on_alert` is given.

    Attributes:
        id: grows with each event; the same number means the same event, told again.
        at: instant of the loop's clock.
        model: whose it is.
        kind: "opened", "resolved", "acknowledged", "unacknowledged", "snoozed", "woken" or "assigned". (That it went on
            firing in a further window is not told.)
        alert: as it is when this is told, which may be later than `at`.
        window: key of the window that it was about.
        by: who did it.
        text: one sentence.
    """

    id: int
    at: datetime
    model: str
    kind: str
    alert: AlertView
    window: str | None = None
    by: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class VersionEvent:
    """A version was made or met. What `on_version` is given.

    Attributes:
        id: grows with each event; the same number means the same event, told again.
        at: instant of the loop's clock.
        model: whose it is.
        kind: "trained", "registered" or "named" (the data calls a version by a name that was not known).
        version: as it is when this is told.
    """

    id: int
    at: datetime
    model: str
    kind: str
    version: VersionView


@dataclass(frozen=True, slots=True)
class RolloutEvent:
    """Traffic went from one version to another. What `on_rollout` is given.

    Attributes:
        id: grows with each event; the same number means the same event, told again.
        at: instant of the loop's clock.
        model: whose it is.
        kind: "promoted" (it never served before), "rolled-back" (it has served before) or "withdrawn" (nothing serves).
        version: number of the version that serves now; None when nothing does.
        previous: number of the one before; None where there was none.
        by, why: who or what decided it, in words.
    """

    id: int
    at: datetime
    model: str
    kind: str
    version: int | None
    previous: int | None = None
    by: str | None = None
    why: str | None = None


Event = AlertEvent | VersionEvent | RolloutEvent
"""What event hooks are given."""
