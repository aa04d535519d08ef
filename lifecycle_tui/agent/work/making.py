"""Makes a version from labelled rows, by a strategy or the team's command, with all that its record keeps.

Called by `retrain`. The artefact that comes back is opened as it will be for scoring, so that what is judged is what
will serve; of a command's we take the predictions that it left and never load the artefact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.reading import label_text
from lifecycle_tui.agent.work.rows import Gathered
from lifecycle_tui.agent.workers.context import Cancelled, JobContext
from lifecycle_tui.domain.delivery import ESTIMATORS, FitRequest
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.specs import ModelSpec, TrainingSpec
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion, Version
from lifecycle_tui.training import lineage
from lifecycle_tui.training.artefact import format_of
from lifecycle_tui.training.command import run_command
from lifecycle_tui.training.fingerprint import fingerprint
from lifecycle_tui.training.strategies import fit_with
from lifecycle_tui.training.versions import Scorable, open_version

if TYPE_CHECKING:
    from lifecycle_tui.training.fit import Prediction

COMMAND = "command"
"""What the record names as strategy where a program of the team's made the version."""


@dataclass(frozen=True)
class Made:
    """A version that is not registered yet.

    Attributes:
        artifact, format: its file.
        holdout: what it says of the rows that judge.
        model: the opened artefact; None where only its program can open it.
        fingerprint: of the rows that it learned from, whole content.
        code: digest of the team's code that built it.
        from_parent: whether it went on from the champion's fitted state, and so knows the champion's rows too.
    """

    artifact: bytes
    format: str
    strategy: str
    holdout: Prediction
    model: Scorable | None = None
    note: str = ""
    fingerprint: str = ""
    code: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    from_parent: bool = False


def make(
    job: JobContext,
    model: Opened,
    train: Gathered,
    holdout: Gathered,
    champion: Version | None,
    scratch: Path,
    strategy: str | None = None,
) -> Made:
    """The version that `train` gives, with its answers for `holdout`.

    Args:
        strategy: instead of the declared one, for this training.

    Raises:
        TrainingError: it could not be made; the message says what to do.
    """
    training = model.spec.training
    assert training is not None
    if training.command and strategy in (None, COMMAND):
        return _by_command(job, model, training, train, holdout, champion, scratch)
    return _by_strategy(job, model, training, train, holdout, champion, scratch, strategy or training.strategy)


def again(
    job: JobContext,
    model: Opened,
    rows: Gathered,
    holdout: Gathered,
    champion: Version | None,
    scratch: Path,
    made: Made,
) -> Made:
    """The same once more from other rows; its answers for `holdout` say nothing, as it may have learned from them."""
    folder = scratch / "again"
    folder.mkdir()
    return make(job, model, rows, holdout, champion, folder, made.strategy)


def _by_strategy(
    job: JobContext, model: Opened, training: TrainingSpec, train: Gathered, holdout: Gathered,
    champion: Version | None, scratch: Path, strategy: str,
) -> Made:  # fmt: skip
    spec = model.spec
    request = _request(job, model, training, train, champion)
    job.progress(0, None, "", f"{spec.name}: fitting on {len(train):,} rows ({strategy})")
    options = training.options if strategy == training.strategy else {}
    found = None if model.engine is None else model.engine.fit(strategy, options, request)
    if found is None:
        found = fit_with(
            strategy, options, job.workspace.plugins, model.runner, request, limit=training.time_limit.total_seconds()
        )  # fmt: skip
    artifacts = Artifacts(job.workspace.spec.root)
    kind = format_of(found.artifact) or "skops"
    facts = NewVersion(spec.name, "trained", artifact=artifacts.put(found.artifact), format=kind)
    warn = lambda text: job.log("warning", text)  # noqa: E731
    opened = open_version(facts, artifacts, spec, job.workspace.spec, scratch, warn=warn)
    job.progress(0, None, "", f"{spec.name}: scoring {len(holdout):,} later rows")
    if found.note:
        job.log("info", found.note)
    return Made(
        found.artifact, kind, strategy, opened.predict(holdout.rows.table), opened,
        note=found.note, code=_code(spec, training, job), from_parent=found.from_parent,
        parameters=found.parameters, libraries=lineage.libraries(),
        lineage={"estimator": training.estimator or ESTIMATORS[0], "rows": found.rows}, **_about(model, train),
    )  # fmt: skip


def _by_command(
    job: JobContext, model: Opened, training: TrainingSpec, train: Gathered, holdout: Gathered,
    champion: Version | None, scratch: Path,
) -> Made:  # fmt: skip
    spec = model.spec
    job.progress(0, None, "", f"{spec.name}: {training.command[0]} trains on {len(train):,} rows")
    found = run_command(
        spec, train.rows, holdout.rows, job.workspace.spec.root, scratch,
        parent=_parent_file(job, champion), stop=lambda: _stopped(job), log=lambda text: job.log("info", text),
        limit=training.time_limit.total_seconds(),
    )  # fmt: skip
    return Made(
        found.artifact, "tar", COMMAND, found.predictions, None,
        code=lineage.command_digest(job.workspace.spec.root, training.command),
        lineage={"command": list(training.command), "classes": list(found.predictions.classes)}, **_about(model, train),
    )  # fmt: skip


def _about(model: Opened, train: Gathered) -> dict[str, Any]:
    """What the record says of the rows, whoever learned from them."""
    rows = train.rows
    return {
        "fingerprint": fingerprint(rows.table, rows.target, rows.time),
        "schema": lineage.schema(model.spec, {n: model.data.kinds()[n] for n in rows.table.column_names}),
    }


def _request(
    job: JobContext, model: Opened, training: TrainingSpec, train: Gathered, champion: Version | None
) -> FitRequest:
    import pyarrow as pa

    spec, rows = model.spec, train.rows
    kinds = model.data.kinds()
    positive = spec.columns.positive
    return FitRequest(
        spec.name,
        spec.task,
        rows.table,
        pa.array(rows.target),
        None if rows.time is None else pa.array(rows.time),
        {name: kinds[name] for name in rows.table.column_names},
        estimator=training.estimator,
        positive=None if positive is None else label_text(positive),
        cutoff=spec.columns.cutoff,
        parent=_parent(job, champion),
        parent_end=None if champion is None else champion.facts.data_end,
        folder=str(job.workspace.spec.root),
        trust=job.workspace.spec.trust,
        pickle=job.workspace.spec.pickle,
    )


def _parent(job: JobContext, champion: Version | None) -> bytes | None:
    """The champion's artefact, if it is one that a strategy can read; a damaged one is said, and done without."""
    if champion is None or champion.facts.artifact is None or champion.facts.format not in ("skops", "pickle"):
        return None
    try:
        return Artifacts(job.workspace.spec.root).get(champion.facts.artifact)
    except LifecycleError as exc:
        job.log("warning", f"the champion cannot be gone on from: {exc.message}")
        return None


def _parent_file(job: JobContext, champion: Version | None) -> Path | None:
    if champion is None or champion.facts.artifact is None:
        return None
    return Artifacts(job.workspace.spec.root).check(champion.facts.artifact)


def _stopped(job: JobContext) -> bool:
    try:
        job.progress(0, None, "", f"{job.model}: the program trains")
    except Cancelled:
        return True
    return False


def _code(spec: ModelSpec, training: TrainingSpec, job: JobContext) -> str | None:
    """Digest of the team's function, where one built the estimator."""
    if training.estimator is None or ":" not in training.estimator:
        return None
    return lineage.code_digest(job.workspace.spec.root, training.estimator)
