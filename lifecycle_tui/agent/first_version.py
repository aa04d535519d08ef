"""The first version of a model whose data brings no predictions: fitted on the reference, validated forward in time.

Fitted once; afterwards its artefact is loaded from the registry. Its scores of the reference are those of forward
validation (each row by a version that had not seen it), so that the baseline is honest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.context import JobContext
from lifecycle_tui.agent.reading import PREDICTION, label_text
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.training.artefact import dump, load
from lifecycle_tui.training.fit import (
    FittedModel,
    Prediction,
    TrainingRows,
    canonical,
    fit,
    forward_predictions,
)

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class FirstVersion:
    """The version that scores, and the forward validation of the reference (made when it is first asked for)."""

    label: str
    number: int
    digest: str
    model: FittedModel
    rows: TrainingRows | None = None
    day: np.ndarray | None = None
    at: np.ndarray | None = None
    said: Prediction | None = None

    def reference_outputs(self, outputs: Mapping[str, ColumnKind]) -> dict[str, ColumnData]:
        """Profile of what the version says on the reference, from forward validation."""
        import numpy as np
        import pyarrow as pa

        if PREDICTION not in outputs or self.said is None:
            return {}
        kind = outputs[PREDICTION]
        profiler = Profiler(kind, None)
        if kind == "numeric":
            score = self.said.score
            values = score if score is not None and score.ndim == 1 else self.said.prediction
            profiler.update(pa.array(np.asarray(values, np.float64)))
        else:
            profiler.update(pa.array([str(v) for v in self.said.prediction], pa.string()).dictionary_encode())
        return {PREDICTION: ColumnData(kind, profiler.result())}

    def forward(self, code: Coding) -> Collector:
        """The forward validation as outcomes of this version."""
        import numpy as np
        import pyarrow as pa

        collector = Collector(code)
        if self.rows is None or self.at is None or self.said is None or not len(self.at):
            return collector
        target = pa.array(self.rows.target[self.at])
        day = None if self.day is None else self.day[self.at]
        known = np.ones(len(self.at), bool)
        collector.add(self.label, target, known, self.said.prediction, self.said.score, day)
        return collector


def needs_version(spec: ModelSpec) -> bool:
    """Whether the data brings no predictions, so that a version of ours must score it."""
    return spec.columns.prediction is None and spec.columns.score is None and spec.columns.target is not None


def get_first_version(
    job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey, *, validate: bool
) -> FirstVersion:
    """The champion, loaded; if the model has none, a first version, fitted, registered and made champion.

    Args:
        validate: also give the forward validation (needed when the reference is profiled anew).

    Raises:
        TrainingError: it cannot be fitted.
    """
    with job.state.read() as conn:
        champion = aliases.champion(conn, spec.name)
    artifacts = Artifacts(job.workspace.spec.root)
    if champion is not None and champion.facts.artifact is not None:
        model = load(artifacts.get(champion.facts.artifact))
        found = FirstVersion(champion.label, champion.number, champion.facts.artifact, model)
        return _validated(job, spec, data, survey, found) if validate else found
    rows, day = _rows(job, spec, data, survey)
    model = _fit(spec, data, rows)
    at, said = forward_predictions(rows, lambda part: _fit(spec, data, part), _progress(job, spec))
    data_bytes = dump(model)
    artifacts.sweep()  # what a killed job may have left half-written
    digest = artifacts.put(data_bytes)
    new = versions.NewVersion(
        spec.name,
        "trained",
        artifact=digest,
        size=len(data_bytes),
        format="skops",
        by="lifecycle",
        job_id=job.job_id,
        data_start=survey.reference.start,
        data_end=survey.reference.end,
        data_rows=len(rows.target),
        data_digest=survey.reference_digest,
        lineage=_lineage(model),
        note="fitted on the reference, because the data brings no predictions",
    )
    with job.state.write() as tx:
        version = versions.register(tx, new, job.now)
        aliases.set_alias(tx, spec.name, aliases.CHAMPION, version.number, "lifecycle", "first version", job.now)
    job.log("info", f"fitted version {version.number} on {len(rows.target):,} rows of the reference")
    return FirstVersion(version.label, version.number, digest, model, rows, day, at, said)


def _validated(job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey, found: FirstVersion) -> FirstVersion:
    rows, day = _rows(job, spec, data, survey)
    at, said = forward_predictions(rows, lambda part: _fit(spec, data, part), _progress(job, spec))
    return FirstVersion(found.label, found.number, found.digest, found.model, rows, day, at, said)


def _progress(job: JobContext, spec: ModelSpec) -> Any:
    return lambda done, total: job.progress(done, total, "folds", f"{spec.name}: validating forward on the reference")


def _fit(spec: ModelSpec, data: ModelData, rows: TrainingRows) -> FittedModel:
    training = spec.training
    if training is not None and training.command:
        raise TrainingError(
            "versions made by a command are trained from the next release on",
            hint="bring the predictions in the data, or leave out [training] command",
        )
    positive = spec.columns.positive
    return fit(
        rows,
        spec.task,
        data.kinds(),
        estimator=training.estimator if training else None,
        positive=None if positive is None else label_text(positive),
        cutoff=spec.columns.cutoff,
    )


def _rows(job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey) -> tuple[TrainingRows, np.ndarray | None]:
    """The labelled rows of the reference in canonical order, and their days. An infinite target teaches nothing."""
    import numpy as np
    import pyarrow as pa

    usable = [n for n, k in data.kinds().items() if k in ("numeric", "categorical")]
    if not usable:
        raise TrainingError(
            "there is no feature to learn from", hint="declare numeric or categorical columns, or ignore fewer"
        )
    tables, targets, times, days = [], [], [], []
    done = 0
    for batch in data.scan(survey.reference, job.now, columns=usable):
        done += batch.rows
        job.progress(done, survey.reference.rows, "rows", f"{spec.name}: reading the reference to train on")
        if batch.target is None:
            raise TrainingError("the data has no target to learn from", hint="declare columns.target")
        values = batch.target.to_numpy(zero_copy_only=False)
        known = batch.target_known & _usable(values)
        at = np.flatnonzero(known)
        tables.append(batch.features.take(pa.array(at)))
        targets.append(values[at])
        if batch.time is not None and batch.day is not None:
            times.append(batch.time[at])
            days.append(batch.day[at])
    if not tables or not sum(map(len, targets)):
        raise TrainingError("no row of the reference has a label yet", hint="wait for labels or widen the reference")
    target = np.concatenate(targets)
    regression = spec.task in ("regression", "ranking")
    target = target.astype(np.float64) if regression else target.astype(str)
    time = np.concatenate(times) if times else None
    delay = spec.data.labels.delay
    arrived = None if time is None or delay is None else time + int(delay.total_seconds() * 1e6)
    table = pa.concat_tables([t.unify_dictionaries() for t in tables]).unify_dictionaries()
    rows = TrainingRows(table, target, time, arrived)
    if days:
        # The days travel through the same ordering as a column of their own.
        name = "\0day"
        rows = TrainingRows(table.append_column(name, pa.array(np.concatenate(days))), target, time, arrived)
        rows = canonical(rows)
        day = rows.table.column(name).to_numpy()
        return TrainingRows(rows.table.drop_columns([name]), rows.target, rows.time, rows.arrived), day
    return canonical(rows), None


def _usable(values: np.ndarray) -> np.ndarray:
    import numpy as np

    if values.dtype == object:
        return np.array([v is not None for v in values], bool)
    return np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), bool)


def _lineage(model: FittedModel) -> dict[str, Any]:
    from importlib.metadata import version

    libraries = {name: version(name) for name in ("scikit-learn", "numpy", "skops")}
    features = [f.name for f in model.encoder.features]
    code = hashlib.sha256(repr((model.estimator_name, features)).encode()).hexdigest()[:16]
    return {
        "estimator": model.estimator_name,
        "parameters": dict(model.parameters),
        "features": features,
        "libraries": libraries,
        "recipe": code,
    }
