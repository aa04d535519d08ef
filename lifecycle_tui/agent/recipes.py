"""How a first version is made, and validated forward in time: by an estimator, or by the team's program.

An estimator learns from the whole reference and is validated in folds, each predicted by a version that had seen the
earlier ones alone. A program may take hours: it is run once, on all but the newest part, and predicts that part. Called
by `first_version`; later versions are made by the retrain job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.context import JobContext
from lifecycle_tui.agent.opening import Opened
from lifecycle_tui.agent.reading import PREDICTION, label_text, output_values
from lifecycle_tui.agent.rows import Gathered, part
from lifecycle_tui.agent.scoring import aligned
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import TrainingSpec
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.training.artefact import dump, format_of
from lifecycle_tui.training.command import run_command
from lifecycle_tui.training.fit import FittedModel, Prediction, TrainingRows, fit, forward_predictions

if TYPE_CHECKING:
    import numpy as np

COMMAND = "command"
"""What the record names as strategy where a program of the team's made the version."""


@dataclass(frozen=True)
class Validation:
    """Rows of the reference, and what versions that had not seen them said of those at `at`."""

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
class Made:
    """A version that is not registered yet.

    Attributes:
        learned: the rows that it learned from.
        record: columns of the version's record that its making knows.
    """

    artifact: bytes
    format: str
    learned: Gathered
    validation: Validation
    record: Mapping[str, Any] = field(default_factory=dict)


def make(job: JobContext, model: Opened, rows: Gathered, scratch: Path) -> Made:
    """A version as the file declares it now.

    Raises:
        TrainingError: it cannot be made; the message says what to do.
    """
    training = model.spec.training
    if training is not None and training.command:
        return _by_command(job, model, training, rows, scratch)
    fit_one = _recipe(job, model, None)
    fitted = fit_one(rows.rows)
    workspace = job.workspace.spec
    data = dump(fitted, trusted=workspace.trust, pickle=workspace.pickle)
    features = [f.name for f in fitted.encoder.features]
    record = {
        "strategy": "refit",
        "libraries": _libraries(),
        "parameters": dict(fitted.parameters),
        "lineage": {"estimator": fitted.estimator_name, "features": features},
    }
    return Made(data, format_of(data) or "skops", rows, _forward(job, model, rows, fit_one), record)


def _libraries() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("scikit-learn", "numpy", "skops")}


def validate(job: JobContext, model: Opened, rows: Gathered, version: Version, scratch: Path) -> Validation:
    """Forward validation of a version that was made here, by the recipe that made it, on these rows.

    Raises:
        TrainingError: the recipe does not work on these rows.
    """
    training = model.spec.training
    if version.facts.strategy == COMMAND and training is not None and training.command:
        return _by_command(job, model, training, rows, scratch).validation
    return _forward(job, model, rows, _recipe(job, model, version))


def _forward(
    job: JobContext, model: Opened, rows: Gathered, fit_one: Callable[[TrainingRows], FittedModel]
) -> Validation:
    def progress(done: int, total: int) -> None:
        job.progress(done, total, "folds", f"{model.spec.name}: validating forward on the reference")

    return Validation(rows, *forward_predictions(rows.rows, fit_one, progress))


def _recipe(job: JobContext, model: Opened, version: Version | None) -> Callable[[TrainingRows], FittedModel]:
    """How an estimator is fitted: the one that the file names, or that `version` was made with."""
    spec, kinds = model.spec, model.data.kinds()
    estimator = spec.training.estimator if spec.training else None
    if version is not None and version.facts.lineage:
        estimator = version.facts.lineage.get("estimator", estimator)
    positive = spec.columns.positive

    def fit_one(rows: TrainingRows) -> FittedModel:
        return fit(
            rows,
            spec.task,
            kinds,
            estimator=estimator,
            positive=None if positive is None else label_text(positive),
            cutoff=spec.columns.cutoff,
            folder=job.workspace.spec.root,
        )

    return fit_one


def _by_command(job: JobContext, model: Opened, training: TrainingSpec, rows: Gathered, scratch: Path) -> Made:
    import tempfile

    import numpy as np

    spec = model.spec
    early, late = _split(rows, training.holdout)
    learned, judged = part(rows, early), part(rows, late)
    job.progress(0, None, "", f"{spec.name}: {training.command[0]} trains on {len(learned):,} rows of the reference")
    found = run_command(
        spec, learned.rows, judged.rows, job.workspace.spec.root, Path(tempfile.mkdtemp(dir=scratch)),
        stop=job.stopping, log=lambda line: job.log("info", line), limit=training.time_limit.total_seconds(),
    )  # fmt: skip
    record = {"strategy": COMMAND, "lineage": {"command": list(training.command)}}
    return Made(found.artifact, "tar", learned, Validation(rows, np.asarray(late), found.predictions), record)


def _split(rows: Gathered, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows to learn from, and of the newest share; no label is learned from that came only then."""
    import numpy as np

    n = len(rows)
    first = min(round(n * (1 - share)), n - 1)
    early, time, arrived = np.arange(first), rows.rows.time, rows.rows.arrived
    if time is not None:
        first = int(np.searchsorted(time, time[first], side="left")) or first
        early = np.arange(first)
        if arrived is not None:
            early = early[arrived[early] <= time[first]]
    return early, np.arange(first, n)
