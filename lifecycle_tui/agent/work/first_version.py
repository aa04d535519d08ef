"""The first version of a model whose data brings no predictions: what the reference is scored with, for good.

It is the first champion the model ever had; where there is none, one is made from the reference, validated forward in
time, and made champion. Its scores of the reference are the baseline and part of the reference's digest, so that a
promotion re-measures no old window. Those of a version that was made here come from forward validation (each row by a
version that had not seen it); those of one that came as a file are its own, and may be about rows that it has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifecycle_tui.agent.work import recipes
from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.reading import coding
from lifecycle_tui.agent.work.recipes import Made, Validation
from lifecycle_tui.agent.work.rows import Gathered, gather, learnable
from lifecycle_tui.agent.work.scoring import champions
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version

WHY = "first version"
"""What the record says set it off."""


@dataclass(frozen=True)
class FirstVersion:
    """The first champion; `validation` where it was made just now."""

    version: Version
    validation: Validation | None = None

    @property
    def trained_here(self) -> bool:
        """Whether it can be validated forward: what came as a file cannot be made again."""
        return self.version.facts.origin == "trained"


def needs_version(spec: ModelSpec) -> bool:
    """Whether the data brings no predictions, so that a version of ours must score it."""
    return spec.columns.prediction is None and spec.columns.score is None and spec.columns.target is not None


def get_first_version(job: JobContext, model: Opened, survey: Survey, scratch: Path) -> FirstVersion:
    """The first champion ever; if the model has none, one that is made, registered and made champion now.

    Raises:
        TrainingError: it cannot be made.
    """
    with job.state.read() as conn:
        found = champions(conn, model.spec.name)
        first = versions.get(conn, model.spec.name, found[0][1]) if found else None
    if first is not None:
        return FirstVersion(first)
    made = recipes.make(job, model, _rows(job, model, survey), scratch)
    return FirstVersion(_register(job, model, made), made.validation)


def validate(job: JobContext, model: Opened, survey: Survey, first: FirstVersion, scratch: Path) -> Validation:
    """Forward validation of a first version that was made here, on the reference as it is now.

    Raises:
        TrainingError: its recipe does not work on these rows.
    """
    if first.validation is not None:
        return first.validation
    return recipes.validate(job, model, _rows(job, model, survey), first.version, scratch)


def _register(job: JobContext, model: Opened, made: Made) -> Version:
    spec = model.spec
    artifacts = Artifacts(job.workspace.spec.root)
    artifacts.sweep()  # what a killed job may have left half-written
    start, end = made.learned.span
    new = versions.NewVersion(
        spec.name,
        "trained",
        artifact=artifacts.put(made.artifact),
        size=len(made.artifact),
        format=made.format,
        by="lifecycle",
        job_id=job.job_id,
        data_start=start,
        data_end=end,
        data_rows=len(made.learned),
        metrics={s.name: {"value": s.value, "lower": s.lower, "upper": s.upper, "n": s.n} for s in _born(model, made)},
        note="made from the reference, because the data brings no predictions",
        why=WHY,
        **made.record,
    )
    with job.state.write() as tx:
        version = versions.register(tx, new, job.now)
        aliases.set_alias(tx, spec.name, aliases.CHAMPION, version.number, "lifecycle", WHY, job.now)
    job.log("info", f"made version {version.number} from {len(made.learned):,} rows of the reference")
    return version


def _born(model: Opened, made: Made) -> Sequence[Signal]:
    """The metrics of forward validation."""
    labels = recipes.labels_of(model.spec, made.validation.gathered)
    collector = made.validation.collected("", coding(model.spec, labels))
    return collector.measure("", model.instruments.metrics).signals if collector.versions else ()


def _rows(job: JobContext, model: Opened, survey: Survey) -> Gathered:
    """The labelled rows of the reference."""
    columns = learnable(model.data)
    found = gather(job, model.spec, model.data, [survey.reference], job.now, columns=columns)
    if not len(found):
        raise TrainingError("no row of the reference has a label yet", hint="wait for labels or widen the reference")
    return found


def seen(signals: Sequence[Signal], label: str) -> tuple[Signal, ...]:
    """Signals of a version that came as a file, with the warning that it may have seen these rows."""
    says = f"version {label} came as a file and may have been trained on these rows"
    return tuple(replace(s, message=f"{s.message}; {says}" if s.message else says) for s in signals)
