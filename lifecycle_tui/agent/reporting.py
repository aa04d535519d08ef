"""Gathers a model's report from state: windows, signals, profiles, alerts, versions. Reads no data and runs no plugin.

Called by `lifecycle report`; `monitoring.report.page` makes the page of it. Details are read of the newest window
alone, histories by name, so that a report costs the same however much history there is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle_tui.agent import reporting_columns, reporting_series
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec
from lifecycle_tui.domain.wording import essence, headline
from lifecycle_tui.monitoring.report.content import (
    AlertLine,
    Fact,
    Finding,
    Measured,
    Pattern,
    Reading,
    Report,
    RuleLine,
    VersionLine,
)
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, fleet, reference, windows
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.reference import ReferenceRow
from lifecycle_tui.state.windows import WindowSignals

VERSIONS = 30


def gather(conn: sqlite3.Connection, workspace: WorkspaceSpec, spec: ModelSpec, count: int) -> Report:
    """Everything that the report shows.

    Args:
        count: windows in the histories.

    Raises:
        UsageError: the model was never checked.
    """
    row = fleet.model(conn, spec.name)
    if row is None or row.evaluated_at is None:
        raise UsageError(f"{spec.name} was never checked", hint=f"`lifecycle check {spec.name}` comes first")
    champion = aliases.champion(conn, spec.name)
    label = champion.label if champion else ""
    entries = windows.history(conn, spec.name, None, 1)
    stored = reference.get_reference(conn, spec.name)
    shared = next((e for e in entries if e.window.version == ""), None)
    base = Report(
        spec.name, spec.task, spec.owner or "", row.health, row.message or "", label, "",
        alerts=tuple(map(_alert, alerts.open_alerts(conn, spec.name))),
        rules=tuple(RuleLine(r.name, r.when, r.for_windows, r.severity, ", ".join(r.then)) for r in spec.rules),
        versions=_versions(conn, spec.name),
        how=_how(workspace, spec, stored, shared),
    )  # fmt: skip
    if shared is None:
        return base
    newest = dict(shared.signals)
    newest.update(windows.scored_by(entries, label).signals)
    columns = reporting_columns.columns(conn, spec.name, shared.window.id, newest, stored)
    past = reporting_series.read(conn, spec.name, label, columns, newest, stored, count)
    share = newest.get("drift.share")
    worst = newest.get("segments.worst")
    w = shared.window
    return Report(
        base.model, base.task, base.owner, base.health, base.health_says, base.champion,
        w.key, w.rows, w.labels, w.mature,
        verdict="" if share is None else share.message or "",
        reading=_reading(newest.get("reading")),
        alerts=base.alerts, rules=base.rules,
        columns=past.columns,
        drift=past.drift, metrics=past.metrics, importance=past.importance,
        segments=_segments(newest.values()),
        worst=(worst.message or "") if worst is not None and worst.value else "",
        logs=tuple(
            measured(s) for n, s in sorted(newest.items()) if n.startswith("log.") and "segment" not in s.detail
        ),
        patterns=_patterns(newest),
        findings=tuple(Finding(f.code, f.column or "", f.count, f.message, f.effect or "") for f in w.findings),
        errors=tuple(measured(s) for _, s in sorted(newest.items()) if s.state == "error"),
        versions=base.versions,
        how=base.how,
    )  # fmt: skip


def measured(s: Signal) -> Measured:
    """A signal for a table."""
    return Measured(s.name, s.value, s.lower, s.upper, s.n, s.state, s.message or "")


def _reading(signal: Signal | None) -> Reading:
    if signal is None:
        return Reading()
    d = signal.detail
    likely = [(str(kind), float(share)) for kind, share in d.get("likelihoods", {}).items()]
    return Reading(
        signal.state, headline(signal.message, d), str(d.get("advice", "")), _facts(d.get("evidence", ())),
        _facts(d.get("against", ())), tuple(map(str, d.get("unknown", ()))),
        tuple(sorted(likely, key=lambda pair: (-pair[1], pair[0]))),
    )  # fmt: skip


def _facts(found: Sequence[Mapping[str, Any]]) -> tuple[Fact, ...]:
    return tuple(Fact(str(p.get("signal", "")), essence(str(p.get("says", "")))) for p in found)


def _alert(row: AlertRow) -> AlertLine:
    a = row.alert
    people = [f"acknowledged by {a.acknowledged_by}"] if a.acknowledged_by else []
    people += [f"assigned to {row.assigned_to}"] if row.assigned_to else []
    people += [f"snoozed until {row.snoozed_until:%Y-%m-%d %H:%M}"] if row.snoozed_until else []
    on = f" (still in {a.last_window})" if a.repeats else ""
    return AlertLine(row.id, a.rule, a.severity, a.since, a.message + on, ", ".join(people))


def _segments(found: Any) -> tuple[Measured, ...]:
    """Signals of segments: those that drifted first, then by name; small ones, which cannot tell, last."""
    known = [s for s in found if isinstance(s.detail.get("segment"), Mapping) and s.name != "segments.worst"]
    known.sort(key=lambda s: (s.state != "drifted", s.value is None, s.name))
    return tuple(map(measured, known))


def _patterns(newest: Mapping[str, Signal]) -> tuple[Pattern, ...]:
    found = []
    for kind in ("new", "growing"):
        signal = newest.get(f"log.patterns.{kind}")
        for p in () if signal is None else signal.detail.get("patterns", ()):
            found.append(
                Pattern(
                    kind, str(p.get("template", "")), int(p.get("count", 0)), p.get("share"), p.get("reference_share"),
                    str(p.get("example", "")),
                )
            )  # fmt: skip
    return tuple(found)


def _versions(conn: sqlite3.Connection, model: str) -> tuple[VersionLine, ...]:
    named: dict[int, list[str]] = {}
    for alias in aliases.aliases(conn, model):
        named.setdefault(alias.version, []).append(alias.alias)
    return tuple(
        VersionLine(
            v.number, v.label, ", ".join(sorted(named.get(v.number, ()))), v.facts.origin,
            f"{v.created_at:%Y-%m-%d %H:%M}", v.facts.data_rows, v.facts.why or v.facts.note or "",
        )
        for v in versions.versions(conn, model, VERSIONS)
    )  # fmt: skip


def _how(
    workspace: WorkspaceSpec, spec: ModelSpec, stored: ReferenceRow | None, shared: WindowSignals | None
) -> tuple[Fact, ...]:
    from lifecycle_tui import __version__

    own = spec.monitor.false_alarms
    rate, whose = (workspace.false_alarms, "the whole fleet") if own is None else (own, "this model alone")
    days = rate.per.total_seconds() / 86_400
    found = [
        Fact("program", f"lifecycle-tui {__version__}"),
        Fact("false alarms", f"at most {rate.count:g} in {days:g} days of {whose}, shared over all tests of a window"),
        Fact("floor", f"a change below {spec.monitor.floor:g} (KS distance, total variation) is never called drift"),
        Fact("fewest rows", f"windows and segments with fewer than {spec.monitor.min_rows} rows cannot tell"),
        Fact("importance", "columns are ranked by drift times importance, where importance is known; else by drift"),
    ]
    if spec.data.reference is not None and spec.data.reference.match:
        matched = ", ".join(spec.data.reference.match)
        found.append(
            Fact(
                "season", f"compared with the reference's windows of the same {matched}; density and quantiles show all"
            )
        )
    if stored is not None:
        found.append(Fact("reference", f"{stored.rows:,} rows, digest {stored.digest}"))
    if shared is None:
        return tuple(found)
    w = shared.window
    found.append(
        Fact("window", f"{w.key}, revision {w.revision}, basis {w.basis}, data as of {w.as_of:%Y-%m-%d %H:%M}")
    )
    reading = shared.signals.get("reading")
    if reading is not None and reading.detail.get("importance_by"):
        found.append(Fact("importance by", str(reading.detail["importance_by"])))
    definitions: dict[str, str] = {}
    for signal in shared.signals.values():
        said = signal.detail.get("definition")
        if said and signal.column is not None and "segment" not in signal.detail:
            definitions.setdefault(signal.name.removesuffix(f".{signal.column}"), str(said))
    found += [Fact(name, said) for name, said in sorted(definitions.items())]
    return tuple(found)
