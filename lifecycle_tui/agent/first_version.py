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
from lifecycle_tui.agent.rows import Gathered, gather, learnable
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
    found_rows = _rows(job, spec, data, survey)
    rows, day = found_rows.rows, found_rows.day
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
        data_start=found_rows.span[0],
        data_end=found_rows.span[1],
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
    found_rows = _rows(job, spec, data, survey)
    rows, day = found_rows.rows, found_rows.day
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


def _rows(job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey) -> Gathered:
    """The labelled rows of the reference."""
    found = gather(job, spec, data, [survey.reference], job.now, columns=learnable(data))
    if not len(found):
        raise TrainingError("no row of the reference has a label yet", hint="wait for labels or widen the reference")
    return found


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
