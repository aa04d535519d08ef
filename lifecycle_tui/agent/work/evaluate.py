"""The evaluate job: everything of one model that is due, once.

    survey → reference (stored or made) → windows that are new, grown, changed or have new labels → rules → fleet row
           → windows of the reference, if those are still to be measured (`calibrate`)

Each window is committed with all its results in one transaction before the next is begun, so a kill loses the window
at hand and nothing else, and a rerun goes on where it stopped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.work.calibrate import calibrate_soon, scored_by
from lifecycle_tui.agent.work.decide import decide_model, follow_data, not_shown
from lifecycle_tui.agent.work.estimating import get_estimating
from lifecycle_tui.agent.work.first_version import FirstVersion, get_first_version, needs_version
from lifecycle_tui.agent.work.importances import LabelledRows, wanted
from lifecycle_tui.agent.work.logs import measure_logs
from lifecycle_tui.agent.work.merging import merge_old
from lifecycle_tui.agent.work.opening import Opened, opened
from lifecycle_tui.agent.work.panels import draw_panels
from lifecycle_tui.agent.work.reading import UNOPENED, Reader
from lifecycle_tui.agent.work.reference import get_reference
from lifecycle_tui.agent.work.scoring import Scorer, Versions, champions
from lifecycle_tui.agent.work.searching import get_searching
from lifecycle_tui.agent.work.season_making import get_seasons
from lifecycle_tui.agent.work.segments import get_segments
from lifecycle_tui.agent.work.simulation import as_simulated, passed
from lifecycle_tui.agent.work.windows import Measurer, basis
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.survey import Survey, WindowState
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.data_signals import late_signal
from lifecycle_tui.monitoring.declared import column_problems
from lifecycle_tui.plugin_host.runner import Limits
from lifecycle_tui.policy.facts import Decisions
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import models, periods, record, windows
from lifecycle_tui.state.windows import KnownWindow


def evaluate(job: JobContext, spec: ModelSpec, *, limits: Limits | None = None) -> dict[str, Any]:
    """Observe and decide what is due for one model; returns what was done, for the job's outcome."""
    spec = as_simulated(job, spec)
    with opened(job, spec, limits=limits) as model, tempfile.TemporaryDirectory(prefix="lifecycle-") as scratch:
        with job.state.read() as conn:
            known = windows.known_windows(conn, spec.name)
        survey = passed(job, spec, model.data.survey({key: w.parts for key, w in known.items()}, job.now))
        measurer, first = _measurer(job, model, survey, Path(scratch))
        done = _measure_due(job, measurer, known)
        measure_logs(job, measurer)
        model.cache.flush()
        decided, problems = _finish(job, measurer)
        draw_panels(job, spec, model.runner)
        calibrate_soon(job, model, survey, measurer.reference, first, measurer.scorer, Path(scratch))
        merge_old(job, spec)
        with job.state.read() as conn:
            unseen = not_shown(conn, spec)
        return done | {
            "windows": len(survey.windows),
            "findings": [f.message for f in survey.findings],
            "problems": problems,
            "notes": [unseen] if unseen else [],
            "rules": [asdict(outcome) for outcome in decided.outcomes],
            "reference": [asdict(signal) for signal in measurer.reference.performance],
            "reference_digest": measurer.reference.digest,
        }


def _measurer(job: JobContext, model: Opened, survey: Survey, scratch: Path) -> tuple[Measurer, FirstVersion | None]:
    """What measures the windows, and the first version where the data brings no predictions."""
    spec, data, instruments = model.spec, model.data, model.instruments
    first, scorer = None, None
    if needs_version(spec):
        first = get_first_version(job, model, survey, scratch)
        with job.state.read() as conn:
            scorer = Scorer(Versions(job, spec, scratch), champions(conn, spec.name), job.now)
    reference = get_reference(job, model, survey, first, scorer, scratch)
    rows: Mapping[str, ColumnData] = {}
    if instruments.needs_rows:
        reader = Reader(
            spec.columns, reference.coding, reference.features, reference.grids, keep_rows=True,
            outputs=reference.outputs if scorer is None else {},
            progress=lambda n: job.progress(n, survey.reference.rows, "rows", f"{spec.name}: reading the reference"),
        )  # fmt: skip
        read = reader.read(data.scan(survey.reference, job.now)).columns
        rows = {n: ColumnData(c.kind, reference.columns[n].profile, c.values) for n, c in read.items()}
    of = basis(spec, reference, instruments)
    seasons = get_seasons(
        job, model, survey, reference, lambda: scored_by(job, model, survey, first, scorer, scratch),
        scored_here=scorer is not None,
    )  # fmt: skip
    estimating = get_estimating(job, model, survey, reference, first, scorer, of, scratch)
    segments = get_segments(job, model, survey, reference, scored_here=scorer is not None)
    searching = get_searching(job, model, survey, reference, first, scorer, segments.values, scratch)
    labelled = LabelledRows(len(data.features)) if scorer is not None and wanted(spec, len(data.features)) else None
    measurer = Measurer(
        job, spec, data, survey, reference, rows, instruments, scorer, of, seasons, estimating, segments, searching,
        labelled,
    )  # fmt: skip
    return measurer, first


def _measure_due(job: JobContext, measurer: Measurer, known: Mapping[str, KnownWindow]) -> dict[str, Any]:
    """Measure and record every window that has news, in window order.

    Where all are measured anew because a plugin, the reference or what is compared has changed, the newest comes first:
    it is what somebody waits for. A plugin that is saved meanwhile ends it: the next evaluation measures with that one.
    """
    touched, healed = _touched(job, measurer, known), _healed(job, measurer)
    counts = {"new": 0, "grown": 0, "changed": 0, "relabelled": 0}
    due: list[tuple[WindowState, str]] = []
    for state in _newest_first(measurer, known):
        change = _change(state, known.get(state.window.key), measurer.basis, touched)
        if change is None and state.window.key in healed:
            change = "changed"
        if change is not None:
            due.append((state, change))
    measurer.expect(state for state, change in due if change in ("new", "changed"))
    for state, change in due:
        if measurer.instruments.outdated and any(counts.values()):
            job.log("info", "a plugin has been saved meanwhile: the other windows are measured by the next evaluation")
            break
        key = state.window.key
        with job.state.read() as conn:
            before = windows.window(conn, measurer.spec.name, key)
        results: list[WindowResult] | None = None
        if change == "relabelled" and before is not None and _has_profiles(job, before):
            results = measurer.relabelled(state, before, known[key].parts)
        elif change == "grown" and before is not None:
            results = measurer.grown(state, before, known[key].parts)
        if results is None:
            results = measurer.whole(state)
        if change == "relabelled" and before is not None and not _has_profiles(job, before):
            results = [replace(result, profiles=()) for result in results]  # its period holds them already
        with job.state.write() as tx:
            new = record.record(tx, results, whole=True)
            follow_data(tx, measurer.spec, results, job.now)
        counts[change] += new
    return counts


def _has_profiles(job: JobContext, window: windows.WindowRow) -> bool:
    """Those of an old window are merged: what is said of its inputs is then read again with them."""
    with job.state.read() as conn:
        return periods.has_profiles(conn, window.id)


def _newest_first(measurer: Measurer, known: Mapping[str, KnownWindow]) -> tuple[WindowState, ...]:
    states = tuple(measurer.survey.windows)
    newest = known.get(states[-1].window.key) if states else None
    if newest is None or newest.basis == measurer.basis:
        return states
    return states[-1], *states[:-1]


def _change(state: WindowState, known: KnownWindow | None, of: str, touched: frozenset[str]) -> str | None:
    if known is None:
        return "new"
    if known.basis != of:
        return "changed"
    if state.change in ("grown", "changed"):
        return state.change
    if state.change == "new":
        return "new"
    if state.window.key in touched:
        return "relabelled"
    return None if known.complete == state.window.complete else "relabelled"


def _touched(job: JobContext, measurer: Measurer, known: Mapping[str, KnownWindow]) -> frozenset[str]:
    """Stored windows whose labels have changed, or whose last label can have arrived since."""
    if measurer.spec.columns.target is None:
        return frozenset()
    parts = {key: w.parts for key, w in known.items()}
    measured = {key: w.as_of for key, w in known.items()}
    touched = set(measurer.data.touched_by_labels(parts, measured, job.now))
    delay = measurer.spec.data.labels.delay
    if delay is not None:
        ends: dict[str, datetime | None] = {s.window.key: s.window.end for s in measurer.survey.windows}
        for key, window in known.items():
            end = ends.get(key)
            if not window.mature and end is not None and end + delay <= job.now:
                touched.add(key)
    return frozenset(touched)


def _healed(job: JobContext, measurer: Measurer) -> frozenset[str]:
    """Stored windows that lack predictions because a version could not be opened, and now all of theirs can be."""
    if measurer.scorer is None:
        return frozenset()
    with job.state.read() as conn:
        lacking = windows.keys_with_finding(conn, measurer.spec.name, UNOPENED)
    states = (state.window for state in measurer.survey.windows if state.window.key in lacking)
    scorer = measurer.scorer
    return frozenset(w.key for w in states if all(v.scorable is not None for v in scorer.between(w.start, w.end)))


def _finish(job: JobContext, measurer: Measurer) -> tuple[Decisions, list[str]]:
    """Decide the rules over what is known now, and write the model's row in the fleet."""
    spec, survey = measurer.spec, measurer.survey
    late = late_signal(survey.newest, job.now)
    kinds = {**measurer.reference.features, **measurer.reference.outputs}
    rules = job.workspace.rules(spec, kinds)
    # A column that is declared and nowhere would silence what rests on it: the target's metrics, and rules on them.
    absent = [p for p in column_problems(job.workspace.spec, spec, measurer.data.columns) if p.level == "error"]
    problems = [_said(p) for p in (*absent, *job.workspace.rule_problems(spec, kinds))]
    failed = () if measurer.scorer is None else measurer.scorer.versions.failed
    problems += [f"version {v.label} cannot be opened: {v.why}" for v in failed]
    for problem in problems:
        job.log("error", problem)
    if survey.gone:
        job.log("warning", f"{len(survey.gone)} stored windows have no data any more: {', '.join(survey.gone[:5])}")
    with job.state.write() as tx:
        if late is not None and survey.windows:
            record.move(tx, spec.name, survey.windows[-1].window.key, "", late)
        champion = aliases.champion(tx, spec.name)
        decided = decide_model(tx, job, spec, rules, champion, measurer.instruments)
        if problems:
            models.put_error(tx, spec.name, problems[0], job.now)
    return decided, problems


def _said(problem: Problem) -> str:
    """A problem as one line, for a log."""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{problem.place}: {problem.key}: {problem.message}{hint}"
