"""The reference of a model: profiled once, kept in state, and the performance on it as a baseline.

A reference is read again only when its data, the columns' kinds or the version that scores it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.work import reference_sample
from lifecycle_tui.agent.work.first_version import FirstVersion, seen, validate
from lifecycle_tui.agent.work.importances import LabelledRows, associated, leaning_from, on_reference, wanted
from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.reading import Reader, WindowRows, coding, output_columns
from lifecycle_tui.agent.work.readings import Baseline, baseline_facts, baseline_from, baseline_of
from lifecycle_tui.agent.work.scoring import Scorer
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.results import StoredProfile
from lifecycle_tui.domain.signals import ColumnKind, Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.error_history import ErrorHistory, facts_of, history, history_from
from lifecycle_tui.monitoring.importance import ROWS
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.monitoring.samples import Sample
from lifecycle_tui.profiles.codec import dump, dump_grid, load, load_grid
from lifecycle_tui.state import reference as stored
from lifecycle_tui.state.text import dumps

FORMAT = 3
"""Raised when profiles or their meaning change, so that stored references are made anew."""


@dataclass(frozen=True)
class Reference:
    """What windows are compared with.

    Attributes:
        digest: names data, kinds and scorer; part of every window's basis.
        features, outputs: kinds of the columns that are watched.
        columns: their profiles, all features and outputs.
        grids: of the numeric ones.
        coding: how labels are read.
        performance: metric signals on the reference itself, for orientation.
        errors: its newest errors, for metrics that go on from them; None where there are none.
        baseline: how predictions and truth went together on it; None where no row has both.
        sample: its rows for the detectors that take a sample; None where none does.
        leaning: what the version leans on, column by column, as `leaning_by` says: "permutation" (losses of the key
            metric), "association" (with what the data's model says), "" where neither can be told.
    """

    digest: str
    rows: int
    features: Mapping[str, ColumnKind]
    outputs: Mapping[str, ColumnKind]
    columns: dict[str, ColumnData]
    grids: Mapping[str, Any]
    coding: Coding
    performance: tuple[Signal, ...] = ()
    sample: Sample | None = None
    baseline: Baseline | None = None
    errors: ErrorHistory | None = field(default=None, kw_only=True)
    leaning: Mapping[str, float] = field(default_factory=dict)
    leaning_by: str = ""


def get_reference(
    job: JobContext,
    model: Opened,
    survey: Survey,
    first: FirstVersion | None,
    scorer: Scorer | None,
    scratch: Path,
) -> Reference:
    """The stored reference if it is still true, else a fresh one, stored before this returns.

    Args:
        first: the first champion, where the data has no predictions; later ones change nothing here.
        scorer: scores with it, where it came as a file.
        scratch: a folder for what making it again unpacks.
    """
    spec, kinds = model.spec, dict(model.data.kinds())
    # An input of that name wins over the output that we would name so.
    outputs = {n: k for n, k in output_columns(spec.columns, spec.task, first is not None).items() if n not in kinds}
    names = [survey.reference_digest, sorted(kinds.items()), sorted(outputs.items()), FORMAT]
    by = "" if first is None else str(first.version.facts.artifact)
    names += [spec.task, str(spec.columns.positive), str(spec.columns.cutoff), by]
    names.append([m.digest for m in model.instruments.metrics])
    if spec.columns.groups():  # metrics may read them
        names.append(sorted(spec.columns.groups()))
    if spec.columns.query:
        names.append(["query", spec.columns.query])
    if model.instruments.text:
        names.append("text")
    digest = hashlib.sha256(dumps(names).encode()).hexdigest()[:32]
    with job.state.read() as conn:
        found = stored.get_reference(conn, spec.name, digest)
    if found is None or (found.facts.get("unopened") and _opens(first, scorer)):
        return _make(job, model, survey, first, scorer, scratch, kinds, outputs, digest)
    grids = _load_grids(job, spec.name, found)
    columns = {p.column: ColumnData(p.kind, load(p.data, grids.get(p.column))) for p in found.profiles}
    performance = tuple(Signal(**row) for row in found.facts["performance"])
    code = found.facts["coding"]
    return Reference(
        digest,
        found.rows,
        kinds,
        outputs,
        columns,
        grids,
        Coding(code["task"], tuple(code["classes"]), code["cutoff"], spec.columns.query),
        performance,
        _sample(job, model, survey, digest, kinds, {} if scorer is not None else outputs),
        baseline_from(found.facts.get("baseline")),
        *leaning_from(found.facts.get("leaning")),
        errors=history_from(found.facts.get("errors")),
    )


def _sample(
    job: JobContext,
    model: Opened,
    survey: Survey,
    digest: str,
    kinds: Mapping[str, ColumnKind],
    outputs: Mapping[str, ColumnKind],
) -> Sample | None:
    """The stored sample, or one that is read now because a detector that takes one has come."""
    size, spec, window = model.instruments.sample, model.spec, survey.reference
    if not size:
        return None
    root = job.workspace.spec.root
    found = reference_sample.stored(root, spec.name, digest, size)
    if found is None:
        reader = Reader(
            spec.columns, Coding("regression"), kinds, None, outputs=outputs, sample=size,
            progress=lambda n: job.progress(n, window.rows, "rows", f"{spec.name}: sampling the reference"),
        )  # fmt: skip
        found = reader.sampled(model.data.scan(window, job.now))
        if found is not None:
            reference_sample.store(root, spec.name, digest, found)
    return found


def _opens(first: FirstVersion | None, scorer: Scorer | None) -> bool:
    """Whether a first version that came as a file can be opened."""
    if first is None or scorer is None:
        return False
    return scorer.versions.get(first.version.number).scorable is not None


def _load_grids(job: JobContext, model: str, found: stored.ReferenceRow) -> dict[str, Any]:
    grids = {}
    with job.state.read() as conn:
        for profile in found.profiles:
            if profile.grid:
                row = stored.get_grid(conn, model, profile.column, profile.grid)
                if row is not None:
                    grids[profile.column] = load_grid(row.data)
    return grids


def _make(
    job: JobContext,
    model: Opened,
    survey: Survey,
    first: FirstVersion | None,
    scorer: Scorer | None,
    scratch: Path,
    kinds: Mapping[str, ColumnKind],
    outputs: Mapping[str, ColumnKind],
    digest: str,
) -> Reference:
    spec, data = model.spec, model.data
    if survey.reference.rows == 0:
        raise DataError(
            f"the reference of {spec.name} holds no rows",
            hint="widen [models.*.data] reference; `lifecycle history` shows what data there is",
        )
    code = coding(spec, labels(data, survey.reference, job.now) if spec.task in ("binary", "multiclass") else set())
    total = survey.reference.rows
    ours = first is not None and first.trained_here
    foreign = first is not None and not first.trained_here
    unopened = foreign and not _opens(first, scorer)
    only = scorer.only(first.version.number) if foreign and scorer is not None and first is not None else None
    asked = wanted(spec, len(data.features))
    if only is not None and asked:
        only.labelled = LabelledRows(len(data.features))
    read = profiled(
        spec,
        data,
        survey.reference,
        job.now,
        code,
        kinds,
        {} if ours or unopened else outputs,
        only,
        lambda rows: job.progress(rows, total, "rows", f"{spec.name}: profiling the reference"),
        max(model.instruments.sample, ROWS if first is None and asked else 0),
        model.instruments.text,
    )
    columns, collector = read.columns, read.collector
    if ours and first is not None:
        validation = validate(job, model, survey, first, scratch)
        columns |= validation.outputs(outputs, code)
        collector = validation.collected(first.version.label, code)
    # Windows are compared with what is stored of the reference from the first time on: the same numbers each time.
    columns = {name: replace(column, profile=column.profile.compact()) for name, column in columns.items()}
    grids = {name: c.profile.grid for name, c in columns.items() if getattr(c.profile, "grid", None) is not None}
    version = max(collector.versions, key=collector.rows, default="")
    measured = collector.measure(version, model.instruments.metrics) if collector.versions else None
    performance, errors = ((), None) if measured is None else (measured.signals, history(measured.outcomes))
    if foreign:
        performance = seen(performance, version)
    labelled = read.scan.labels / read.scan.rows if read.scan.rows else 0.0
    baseline = baseline_of(collector, version, labelled, ours) if collector.versions else None
    leaning = _leaning(model, first, only, read.sample, code)
    _store(job, spec.name, digest, total, columns, grids, code, performance, baseline, leaning, unopened, errors)
    if read.sample is not None and model.instruments.sample:
        reference_sample.store(job.workspace.spec.root, spec.name, digest, read.sample)
    return Reference(
        digest, total, kinds, outputs, columns, grids, code, performance, read.sample, baseline, *leaning, errors=errors
    )


def _leaning(
    model: Opened, first: FirstVersion | None, only: Scorer | None, sample: Sample | None, code: Coding
) -> tuple[dict[str, float], str]:
    """What the first version leans on, or what the data's model goes together with, and which of the two."""
    if first is None:
        outputs = output_columns(model.spec.columns, model.spec.task, False)
        found = associated(sample, list(outputs))
        return found, "association" if found else ""
    if first.trained_here:
        found = dict(first.version.facts.importance or {})
    else:
        found = on_reference(only, first.version.label, model.instruments, code)
    return found, "permutation" if found else ""


def profiled(
    spec: ModelSpec,
    data: ModelData,
    reference: Window,
    now: datetime,
    code: Coding,
    kinds: Mapping[str, ColumnKind],
    outputs: Mapping[str, ColumnKind],
    scorer: Scorer | None = None,
    progress: Callable[[int], None] = lambda rows: None,
    sample: int = 0,
    text: bool = False,
) -> WindowRows:
    """Read a reference once (a column that is too large to keep, twice): profiles of its columns, and its outcomes.

    Args:
        outputs: what the data, or `scorer`, says of the rows.
        sample: of rows, how many to keep for detectors that take a sample.
        text: whether to count characters and tokens of text columns.
    """
    reader = Reader(
        spec.columns, code, kinds, None, outputs=outputs, scorer=scorer, sample=sample, text=text, progress=progress
    )
    return reader.read(data.scan(reference, now, groups=True), again=lambda: data.scan(reference, now))


def labels(data: ModelData, reference: Window, now: datetime) -> set[str]:
    """The labels that occur in the reference, as text."""
    scan = data.scan(reference, now, columns=())
    found: set[str] | None = None if scan.away is None else scan.away.labels(scan)
    return labels_of(scan) if found is None else found


def labels_of(scan: Scan) -> set[str]:
    """Of targets and predictions."""
    found: set[str] = set()
    for batch in scan:
        for values in (batch.target, batch.prediction):
            if values is not None:
                found.update(v for v in values.unique().cast("string").to_pylist() if v is not None)
    return found


def _store(
    job: JobContext,
    model: str,
    digest: str,
    rows: int,
    columns: Mapping[str, ColumnData],
    grids: Mapping[str, Any],
    code: Coding,
    performance: tuple[Signal, ...],
    baseline: Baseline | None,
    leaning: tuple[Mapping[str, float], str],
    unopened: bool,
    errors: ErrorHistory | None,
) -> None:
    named = {name: grid.id for name, grid in grids.items()}
    profiles = [StoredProfile(n, c.kind, named.get(n, ""), dump(c.profile)) for n, c in columns.items()]
    facts = {
        "unopened": unopened,
        "baseline": baseline_facts(baseline),
        "errors": facts_of(errors),
        "leaning": [dict(leaning[0]), leaning[1]],
        "coding": {"task": code.task, "classes": list(code.classes), "cutoff": code.cutoff},
        "performance": [
            {f: getattr(s, f) for f in ("name", "value", "lower", "upper", "n", "state", "message", "source")}
            for s in performance
        ],
    }
    with job.state.write() as tx:
        for name, grid in grids.items():
            stored.put_grid(tx, model, name, grid.id, dump_grid(grid), job.now)
        stored.put_reference(tx, model, digest, rows, facts, profiles, job.now)
