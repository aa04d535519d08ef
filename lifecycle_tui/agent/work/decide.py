"""After a model's windows are recorded: its rules, its alerts, what they set off, and its row in the fleet.

The decisions themselves are `policy.rules`; here facts are gathered from state and what was decided is written back,
all in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from lifecycle_tui.agent import telling
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.defaults import LOOK_BACK
from lifecycle_tui.domain.estimable import PREFIX
from lifecycle_tui.domain.results import Health, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.instruments import Instruments
from lifecycle_tui.policy.facts import (
    CompiledRule,
    Decisions,
    WindowFacts,
    facts_from_signals,
    join_versions,
)
from lifecycle_tui.policy.rules import walk
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import alerts, models, outbox, windows
from lifecycle_tui.state.windows import WindowSignals

SHOWN = 24
"""Windows of history kept in a model's row of the fleet."""


DATA = "data"
"""Who moves the champion where the rows name the version that scored them."""


def follow_data(tx: sqlite3.Connection, spec: ModelSpec, results: Sequence[WindowResult], now: datetime) -> None:
    """Register versions that the data names; the one that scored most of the newest window is the champion.

    Only where the data says which version scored, and only when it says something new: what was promoted meanwhile is
    champion until the rows name another version than they did before. So a promotion that the rows do not show yet is
    not taken back by them, and one that they show is the data's own word from then on.
    """
    named = {r.version: r.window.rows for r in results if r.version}
    if spec.columns.version is None or not named:
        return
    for label in sorted(named):
        version = versions.NewVersion(spec.name, "named", name=label, by=DATA)
        versions.register(tx, version, now)
    key = results[0].window.key
    newest = windows.windows(tx, spec.name, 1)
    if newest and newest[0].key > key:
        return
    found = versions.by_label(tx, spec.name, _most(named))
    if found is None or aliases.said_by(tx, spec.name, aliases.CHAMPION, DATA) == found.number:
        return
    why = f"scored most rows of window {key}"
    champion = aliases.get_alias(tx, spec.name, aliases.CHAMPION)
    if champion is not None and champion.version == found.number:
        aliases.confirm(tx, spec.name, aliases.CHAMPION, DATA, why, now)
    else:
        aliases.set_alias(tx, spec.name, aliases.CHAMPION, found.number, DATA, why, now)


def _most(named: Mapping[str, int]) -> str:
    return max(sorted(named), key=lambda label: named[label])


def not_shown(tx: sqlite3.Connection, spec: ModelSpec) -> str | None:
    """That the rows do not name the champion, though the data names versions; None where they do."""
    champion = aliases.get_alias(tx, spec.name, aliases.CHAMPION)
    newest = windows.windows(tx, spec.name, 1)
    if spec.columns.version is None or champion is None or champion.by == DATA or not newest:
        return None
    named = {w.version: w.rows for w in newest if w.version}
    version = versions.get(tx, spec.name, champion.version)
    if version is None or not named or version.label in named:
        return None
    return (
        f"version {version.label} is champion since {champion.since:%Y-%m-%d %H:%M}, but no row of window "
        f"{newest[0].key} names it: most were scored by {_most(named)}"
    )


def decide_model(
    tx: sqlite3.Connection,
    job: JobContext,
    spec: ModelSpec,
    rules: Sequence[CompiledRule],
    champion: Version | None,
    instruments: Instruments,
) -> Decisions:
    """Decide every rule over the windows that are new since the last time, store alerts, queue notifications."""
    telling.wake_due(tx, job.workspace.spec, job.now, spec.name)
    label = champion.label if champion is not None else ""
    last = models.decided(tx, spec.name)
    history = _history(tx, spec.name, last, _names(rules, instruments))
    facts, orders = _facts(history, label)
    # The last decided window itself may be gone: what lies before it was decided all the same.
    after = None if last is None else max((n for key, n in orders.items() if key <= last), default=-1)
    live = [row.alert for row in alerts.open_alerts(tx, spec.name)]
    decided = walk(rules, facts, live, job.now, champion=label, after=after)
    _store(tx, job, spec, decided)
    if facts:
        models.set_decided(tx, spec.name, facts[-1].key)
    health, message = _health(tx, spec.name, decided, history)
    message = message or not_shown(tx, spec)
    models.put_model(tx, _row(spec, job.now, health, message, history, label, instruments))
    return decided


SUMMARY = ("drift.share", "drift.count", "drift.max")


def _names(rules: Sequence[CompiledRule], instruments: Instruments) -> set[str]:
    """The signals that rules and the fleet row read; the others stay in state."""
    read = {ref.name for rule in rules for ref in rule.expression.signals}
    metrics = {m.name for m in instruments.metrics}
    return read | metrics | {f"{PREFIX}{name}" for name in metrics} | set(SUMMARY)


def _history(tx: sqlite3.Connection, model: str, last: str | None, names: set[str]) -> tuple[WindowSignals, ...]:
    """The windows that rules and the fleet row need: all undecided ones and enough before them."""
    if last is None:
        return windows.history(tx, model, names, 1_000_000)
    (undecided,) = tx.execute(
        "SELECT count(DISTINCT key) FROM windows WHERE model = ? AND current = 1 AND key > ?", (model, last)
    ).fetchone()
    return windows.history(tx, model, names, undecided + LOOK_BACK)


def _facts(history: Sequence[WindowSignals], champion: str) -> tuple[tuple[WindowFacts, ...], dict[str, int]]:
    orders = {key: n for n, key in enumerate(sorted({entry.window.key for entry in history}))}
    rows = [
        WindowFacts(
            entry.window.key,
            orders[entry.window.key],
            entry.window.version,
            entry.window.mature,
            facts_from_signals(entry.signals.values()),
            _drifted(entry),
        )
        for entry in history
    ]
    return join_versions(rows, champion), orders


def _drifted(entry: WindowSignals) -> tuple[str, ...]:
    share = entry.signals.get("drift.share")
    return () if share is None else tuple(str(column) for column in share.detail.get("columns", ()))


def _store(tx: sqlite3.Connection, job: JobContext, spec: ModelSpec, decided: Decisions) -> None:
    """Write alerts in the order in which they happened, and queue what they set off."""
    # By `since` too: of one rule, an alert that came and went in past windows and a live one may be stored together.
    ids: dict[tuple[str, str, str], int] = {}
    for change in alerts.store(
        tx,
        opened=decided.opened,
        continued=decided.continued,
        resolved=decided.resolved,
        passed=decided.passed,
        now=job.now,
    ):
        if change.alert.id is not None:
            ids[change.alert.rule, change.alert.since, change.kind] = change.alert.id
            if change.kind == "resolved" and change.slept:
                outbox.drop(tx, change.alert.id, "it resolved while it was snoozed")
            elif change.kind == "woken":
                telling.woken(tx, job.workspace.spec.notifiers, spec, change.alert, job.now)
    for intent in decided.intents:
        id_ = ids.get((intent.alert.rule, intent.alert.since, intent.transition))
        if id_ is not None and intent.kind == "notify":
            telling.queue(
                tx, job.workspace.spec.notifiers, spec, intent.alert, id_, intent.transition, intent.target, job.now
            )


def _health(
    tx: sqlite3.Connection, model: str, decided: Decisions, history: Sequence[WindowSignals]
) -> tuple[Health, str | None]:
    """The model's health and its reason in one sentence."""
    # From state, not from `decided`: a check that finds no new window decides nothing, and the reason stays.
    firing = sorted(
        (row.alert for row in alerts.open_alerts(tx, model)),
        key=lambda a: (("critical", "warning", "info").index(a.severity), a.rule),
    )
    if firing:
        return decided.health, f"{firing[0].rule}: {firing[0].message}"
    if decided.health in ("critical", "warning"):
        return decided.health, None
    if not history:
        return "unknown", "no window yet"
    newest = max(entry.window.key for entry in history)
    ids = [entry.window.id for entry in history if entry.window.key == newest]
    broken = [s for id_ in ids for s in windows.signals(tx, id_) if s.state == "error"]
    if broken:
        return decided.health, f"{len(broken)} signals failed: {broken[0].message}"
    return decided.health, None


def _row(
    spec: ModelSpec,
    now: datetime,
    health: Health,
    message: str | None,
    history: Sequence[WindowSignals],
    champion: str,
    instruments: Instruments,
) -> models.ModelFacts:
    shared = [e for e in history if e.window.version == ""][-SHOWN:]
    if not shared:
        return models.ModelFacts(spec.name, health, now, message)
    newest = shared[-1]
    drift = {n: newest.signals.get(f"drift.{n}") for n in ("share", "count", "max")}
    share = drift["share"]
    columns = list(share.detail.get("columns", ())) if share is not None else []
    metric, values = _key_metric(history, champion, instruments)
    mature = [
        (e, s) for e, s in values
        if s is not None and s.value is not None and e.window.mature and e.window.version in ("", champion)
    ]  # fmt: skip
    last = mature[-1][1] if mature else None
    window = newest.window
    return models.ModelFacts(
        spec.name,
        health,
        now,
        message,
        window_key=window.key,
        window_start=window.start,
        window_end=window.end,
        window_rows=window.rows,
        window_labels=window.labels,
        drift_share=_value(share),
        drift_count=None if _value(drift["count"]) is None else int(_value(drift["count"]) or 0),
        drift_columns=share.detail.get("judged") if share is not None else None,
        drift_max=_value(drift["max"]),
        drift_column=columns[0] if columns else None,
        drift_history=tuple(_value(e.signals.get("drift.share")) for e in shared),
        metric=metric,
        metric_value=_value(last),
        metric_lower=None if last is None else last.lower,
        metric_upper=None if last is None else last.upper,
        metric_history=tuple(_value(s) for _, s in values),
        metric_estimate=_estimate(metric, values),
    )


def _estimate(metric: str | None, values: Sequence[tuple[WindowSignals, Signal | None]]) -> float | None:
    """The key metric's estimate in the newest window; None once its labels are all in."""
    if metric is None or values[-1][0].window.mature:
        return None
    return _value(values[-1][0].signals.get(f"{PREFIX}{metric}"))


def _key_metric(
    history: Sequence[WindowSignals], champion: str, instruments: Instruments
) -> tuple[str | None, list[tuple[WindowSignals, Signal | None]]]:
    """The first metric that has a value in some window, else an estimate, with its values over the last windows.

    A window that the champion did not score shows the version that did, so that a promotion does not end the past.
    """
    by_key: dict[str, list[WindowSignals]] = {}
    for entry in history:
        by_key.setdefault(entry.window.key, []).append(entry)
    entries = [windows.scored_by(by_key[key], champion) for key in sorted(by_key)][-SHOWN:]
    for metric in instruments.metrics:
        values = [(entry, entry.signals.get(metric.name)) for entry in entries]
        if any(_value(s) is not None for _, s in values):
            return metric.name, values
    for metric in instruments.metrics:
        if any(_value(e.signals.get(f"{PREFIX}{metric.name}")) is not None for e in entries):
            return metric.name, [(entry, None) for entry in entries]
    return None, []


def _value(signal: Signal | None) -> float | None:
    return None if signal is None else signal.value
