"""Which reference still lacks its windows, and the job that measures and keeps them: kind `reference`.

A first evaluation does it at its end where that is a matter of a moment; else it asks for a job of its own, so that
nobody waits for it. Done once for a reference, as long as neither it nor what measures it changes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.work.first_version import FirstVersion, get_first_version, needs_version, validate
from lifecycle_tui.agent.work.opening import Opened, opened
from lifecycle_tui.agent.work.reference import Reference, get_reference
from lifecycle_tui.agent.work.reference_windows import Measured, ReferenceMeasurer, Scored, cells, silent
from lifecycle_tui.agent.work.scoring import Scorer, Versions, champions
from lifecycle_tui.agent.work.season_making import get_seasons
from lifecycle_tui.agent.work.segments import get_segments
from lifecycle_tui.agent.work.simulation import as_simulated, passed
from lifecycle_tui.agent.work.windows import basis
from lifecycle_tui.agent.workers.context import Cancelled, JobContext, OutOfTime
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.state import jobs, reference_signals
from lifecycle_tui.state import reference as stored
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.text import instant

KIND = "reference"
"""Kind of the job."""

AT_ONCE = 400_000
"""Rows times columns up to which a first evaluation does it by itself: about half a second."""

WINDOWS = "windows"
"""Name of the fact under which a stored reference says how its windows were measured."""


def calibrate(job: JobContext, spec: ModelSpec, row: Job) -> dict[str, Any]:
    """The job: measure the windows of the model's reference if that has not been done."""
    spec = as_simulated(job, spec)
    with opened(job, spec) as model, tempfile.TemporaryDirectory(prefix="lifecycle-") as folder:
        scratch = Path(folder)
        survey = passed(job, spec, model.data.survey({}, job.now))
        first, scorer = None, None
        if needs_version(spec):
            first = get_first_version(job, model, survey, scratch)
            with job.state.read() as conn:
                scorer = Scorer(Versions(job, spec, scratch), champions(conn, spec.name), job.now)
        reference = get_reference(job, model, survey, first, scorer, scratch)
        if not _due(job, model, reference):
            return {"text": f"{spec.name}: the windows of the reference are measured already"}
        measured = measure(job, model, survey, reference, first, scorer, scratch)
        return {"windows": len(measured.windows), "text": _told(spec, measured)}


def calibrate_soon(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, first: FirstVersion | None,
    scorer: Scorer | None, scratch: Path,
) -> None:  # fmt: skip
    """At the end of an evaluation: do it now, have it done, or leave it because it is done. Its failure costs nothing
    but the number of false alarms that rules are expected to raise."""
    of = basis(model.spec, reference, model.instruments)
    if not _due(job, model, reference):
        return
    again = first is not None and first.trained_here and first.validation is None
    rows = model.instruments.needs_rows or model.instruments.sample
    if again or rows or cells(model.spec, model.data, survey.reference) > AT_ONCE:
        _ask(job, model.spec, of)
        return
    try:
        job.log("info", _told(model.spec, measure(job, model, survey, reference, first, scorer, scratch)))
    except (Cancelled, OutOfTime):
        raise
    except Exception as exc:
        says = exc.message if isinstance(exc, LifecycleError) else f"{type(exc).__name__}: {exc}"
        job.log("warning", f"the windows of the reference cannot be measured: {says}")
        store(job, model.spec, reference, of, Measured((), 0.0, f"they cannot be measured: {says}"))


def _ask(job: JobContext, spec: ModelSpec, of: str) -> None:
    """Queue the job, unless it has failed at just this before."""
    with job.state.write() as tx:
        last = jobs.jobs(tx, model=spec.name, kind=KIND, limit=1)
        if not (last and last[0].state == "failed" and last[0].payload.get("basis") == of):
            clock = {"as_of": job.payload["as_of"]} if job.simulated else {}
            jobs.enqueue(tx, KIND, spec.name, {"basis": of, **clock}, job.now, by=job.by)


def _due(job: JobContext, model: Opened, reference: Reference) -> bool:
    """Whether they have not been measured in just this way."""
    with job.state.read() as conn:
        found = stored.get_reference(conn, model.spec.name, reference.digest, profiles=False)
    how: Mapping[str, Any] = {} if found is None else found.facts.get(WINDOWS, {})
    return found is not None and how.get("basis") != basis(model.spec, reference, model.instruments)


def _told(spec: ModelSpec, measured: Measured) -> str:
    note = f" ({measured.note})" if measured.note else ""
    return f"{spec.name}: measured {len(measured.windows)} windows of the reference{note}"


def measure(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, first: FirstVersion | None,
    scorer: Scorer | None, scratch: Path,
) -> Measured:  # fmt: skip
    """Measure the windows of a stored reference, and keep them with it."""
    spec = model.spec
    scored = scored_by(job, model, survey, first, scorer, scratch)
    seasons = get_seasons(job, model, survey, reference, lambda: scored, scored_here=first is not None)
    found = ReferenceMeasurer(
        job.workspace.spec, spec, model.data, survey.reference, reference, model.instruments,
        scored, job.now,
        lambda done, total: job.progress(done, total, "rows", f"{spec.name}: windows of the reference"),
        seasons=seasons,
        segments=get_segments(job, model, survey, reference, scored_here=first is not None),
    ).measure()  # fmt: skip
    store(job, spec, reference, basis(spec, reference, model.instruments), found)
    return found


def store(job: JobContext, spec: ModelSpec, reference: Reference, of: str, found: Measured) -> None:
    """Keep what was measured; `of` names how."""
    spans = [
        [w.window.key, _at(w.window.start), _at(w.window.end), w.window.rows, w.mature] for w in found.windows
    ]  # fmt: skip
    how = {"basis": of, "window": repr(spec.data.window), "a_year": found.a_year, "note": found.note, "spans": spans}
    with job.state.write() as tx:
        signals = {w.window.key: [replace(s, detail={}) for s in w.signals] for w in found.windows}
        reference_signals.put(tx, spec.name, reference.digest, signals)
        stored.note(tx, spec.name, reference.digest, WINDOWS, how)


def _at(moment: Any) -> str | None:
    return None if moment is None else instant(moment)


def scored_by(
    job: JobContext, model: Opened, survey: Survey, first: FirstVersion | None, scorer: Scorer | None, scratch: Path
) -> Scored:
    """Where predictions on the reference come from."""
    if first is None:
        return Scored()
    label = first.version.label
    if first.trained_here:
        try:
            return Scored(validation=validate(job, model, survey, first, scratch), label=label)
        except LifecycleError as exc:
            return silent(exc)
    if scorer is None or scorer.versions.get(first.version.number).scorable is None:
        return Scored(silent=f"no predictions on it: version {label} cannot be opened")
    return Scored(scorer=scorer.only(first.version.number), label=label)
