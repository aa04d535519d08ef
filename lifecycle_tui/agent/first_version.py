"""The first version of a model whose data brings no predictions: what the reference is scored with, for good.

It is the first champion the model ever had; where there is none, one is fitted on the reference, validated forward in
time, and made champion. Its scores of the reference are the baseline and part of the reference's digest, so that a
promotion re-measures no old window. Those of a version that was made here come from forward validation (each row by a
version that had not seen it); those of one that came as a file are its own, and may be about rows that it has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.context import JobContext
from lifecycle_tui.agent.reading import PREDICTION, coding, label_text, output_values
from lifecycle_tui.agent.rows import Gathered, gather, learnable
from lifecycle_tui.agent.scoring import aligned, champions
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.signals import ColumnKind, Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.instruments import Instrument
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.training.artefact import dump, format_of
from lifecycle_tui.training.fit import FittedModel, Prediction, TrainingRows, fit, forward_predictions

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Validation:
    """Forward validation: rows of the reference, and what versions that had not seen them said of `at`."""

    gathered: Gathered
    at: np.ndarray
    said: Prediction

    def outputs(self, outputs: Mapping[str, ColumnKind], code: Coding) -> dict[str, ColumnData]:
        """Profile of what was said."""
        if PREDICTION not in outputs:
            return {}
        kind = outputs[PREDICTION]
        profiler = Profiler(kind, None)
        profiler.update(output_values(*aligned(self.said, len(self.at), code), kind, code))
        return {PREDICTION: ColumnData(kind, profiler.result())}

    def collected(self, label: str, code: Coding) -> Collector:
        """What was said beside the truth."""
        import numpy as np
        import pyarrow as pa

        collector = Collector(code)
        if len(self.at):
            target = pa.array(self.gathered.rows.target[self.at])
            day = None if self.gathered.day is None else self.gathered.day[self.at]
            said, score = aligned(self.said, len(self.at), code)
            collector.add(label, target, np.ones(len(self.at), bool), said, score, day)
        return collector


@dataclass(frozen=True)
class FirstVersion:
    """The first champion; `validation` where it was made just now."""

    version: Version
    validation: Validation | None = None

    @property
    def trained_here(self) -> bool:
        """Whether it can be validated forward: what came as a file cannot be fitted again."""
        return self.version.facts.origin == "trained"


def needs_version(spec: ModelSpec) -> bool:
    """Whether the data brings no predictions, so that a version of ours must score it."""
    return spec.columns.prediction is None and spec.columns.score is None and spec.columns.target is not None


def get_first_version(
    job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey, metrics: Sequence[Instrument]
) -> FirstVersion:
    """The first champion ever; if the model has none, one that is fitted, registered and made champion now.

    Args:
        metrics: measured on the forward validation, and kept with a version that is made.

    Raises:
        TrainingError: it cannot be fitted.
    """
    with job.state.read() as conn:
        found = champions(conn, spec.name)
        first = versions.get(conn, spec.name, found[0][1]) if found else None
    if first is not None:
        return FirstVersion(first)
    gathered = _rows(job, spec, data, survey)
    fit_one = _recipe(job, spec, data, None)
    model = fit_one(gathered.rows)
    validation = _validate(job, spec, gathered, fit_one)
    made = _register(job, spec, data, survey, gathered, model, validation, metrics)
    return FirstVersion(made, validation)


def validate(job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey, first: FirstVersion) -> Validation:
    """Forward validation of a first version that was made here, on the reference as it is now.

    Raises:
        TrainingError: its recipe cannot be fitted on these rows.
    """
    if first.validation is not None:
        return first.validation
    return _validate(job, spec, _rows(job, spec, data, survey), _recipe(job, spec, data, first.version))


def _validate(
    job: JobContext, spec: ModelSpec, gathered: Gathered, fit_one: Callable[[TrainingRows], FittedModel]
) -> Validation:
    def progress(done: int, total: int) -> None:
        job.progress(done, total, "folds", f"{spec.name}: validating forward on the reference")

    return Validation(gathered, *forward_predictions(gathered.rows, fit_one, progress))


def _register(
    job: JobContext,
    spec: ModelSpec,
    data: ModelData,
    survey: Survey,
    gathered: Gathered,
    model: FittedModel,
    validation: Validation,
    metrics: Sequence[Instrument],
) -> Version:
    workspace = job.workspace.spec
    made = dump(model, trusted=workspace.trust, pickle=workspace.pickle)
    artifacts = Artifacts(workspace.root)
    artifacts.sweep()  # what a killed job may have left half-written
    digest = artifacts.put(made)
    start, end = gathered.span
    code = coding(
        spec, set(map(str, gathered.rows.target.tolist())) if spec.task in ("binary", "multiclass") else set()
    )
    collector = validation.collected("", code)
    measured = collector.measure("", metrics).signals if collector.versions else ()
    features = [f.name for f in model.encoder.features]
    new = versions.NewVersion(
        spec.name,
        "trained",
        artifact=digest,
        size=len(made),
        format=format_of(made),
        by="lifecycle",
        job_id=job.job_id,
        data_start=start,
        data_end=end,
        data_rows=len(gathered),
        data_digest=survey.reference_digest,
        metrics={s.name: {"value": s.value, "lower": s.lower, "upper": s.upper, "n": s.n} for s in measured},
        lineage={"estimator": model.estimator_name, "features": features},
        note="fitted on the reference, because the data brings no predictions",
        strategy="refit",
        why="first version",
        parameters=dict(model.parameters),
        libraries=_libraries(),
        schema={name: data.kinds()[name] for name in features},
    )
    with job.state.write() as tx:
        version = versions.register(tx, new, job.now)
        aliases.set_alias(tx, spec.name, aliases.CHAMPION, version.number, "lifecycle", "first version", job.now)
    job.log("info", f"fitted version {version.number} on {len(gathered):,} rows of the reference")
    return version


def _recipe(
    job: JobContext, spec: ModelSpec, data: ModelData, version: Version | None
) -> Callable[[TrainingRows], FittedModel]:
    """How a version is fitted: as the file says now, or as `version` was."""
    training = spec.training
    if training is not None and training.command:
        raise TrainingError(
            "versions made by a command are trained from the next release on",
            hint="bring the predictions in the data, or leave out [training] command",
        )
    estimator = training.estimator if training else None
    if version is not None and version.facts.lineage:
        estimator = version.facts.lineage.get("estimator", estimator)
    positive = spec.columns.positive

    def fit_one(rows: TrainingRows) -> FittedModel:
        return fit(
            rows,
            spec.task,
            data.kinds(),
            estimator=estimator,
            positive=None if positive is None else label_text(positive),
            cutoff=spec.columns.cutoff,
            folder=job.workspace.spec.root,
        )

    return fit_one


def _rows(job: JobContext, spec: ModelSpec, data: ModelData, survey: Survey) -> Gathered:
    """The labelled rows of the reference."""
    found = gather(job, spec, data, [survey.reference], job.now, columns=learnable(data))
    if not len(found):
        raise TrainingError("no row of the reference has a label yet", hint="wait for labels or widen the reference")
    return found


def seen(signals: Sequence[Signal], label: str) -> tuple[Signal, ...]:
    """Signals of a version that came as a file, with the warning that it may have seen these rows."""
    says = f"version {label} came as a file and may have been trained on these rows"
    return tuple(replace(s, message=f"{s.message}; {says}" if s.message else says) for s in signals)


def _libraries() -> dict[str, Any]:
    from importlib.metadata import version

    return {name: version(name) for name in ("scikit-learn", "numpy", "skops")}
