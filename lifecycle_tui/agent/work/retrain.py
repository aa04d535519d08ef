"""The retrain job: rows as known at the loop's clock → a new version → its judgement against the champion.

    gather → split forward in time → strategy or command → artefact → judge on what neither saw → one transaction

Everything is recorded at the end, at once: a job that is killed leaves nothing but a file that nobody names, and is
done again. What is judged is what is registered, unless the file asks for `refit`; then the record says so.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work import answering, judging, numbers
from lifecycle_tui.agent.work.making import Made, again, make
from lifecycle_tui.agent.work.opening import Opened, opened
from lifecycle_tui.agent.work.rows import Gathered, askable, gather, learnable, of_classes, only, part
from lifecycle_tui.agent.work.sides import Side
from lifecycle_tui.agent.work.simulation import as_simulated
from lifecycle_tui.agent.work.spans import Split, cut, history_begin, seen, usable
from lifecycle_tui.agent.workers.context import Cancelled, JobContext, OutOfTime
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.specs import ModelSpec, TrainingSpec
from lifecycle_tui.monitoring.side_by_side import side_by_side
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import judgements
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.training.fit import Prediction
from lifecycle_tui.training.importance import importance

if TYPE_CHECKING:
    import numpy as np

LEAST = 30
"""Rows below which neither learning nor judging is tried."""


def retrain(job: JobContext, spec: ModelSpec, row: Job) -> dict[str, Any]:
    """Make and judge a version; the outcome's `text` is one sentence for people.

    Raises:
        TrainingError: the model cannot be trained at all.
    """
    training = spec.training
    if training is None:
        raise TrainingError(f"{spec.name} has no [training]", hint="add it to the file to have versions made")
    with job.state.read() as conn:
        done = versions.of_job(conn, spec.name, job.job_id)
        champion = aliases.champion(conn, spec.name)
    if done is not None:
        return _outcome_of(job, spec, done)
    spec = as_simulated(job, spec)
    with opened(job, spec) as model, tempfile.TemporaryDirectory(prefix="lifecycle-") as scratch:
        split = _split(job, model, training, champion)
        if len(split.train) < LEAST or len(split.holdout) < LEAST:
            return {"verdict": "none", "text": _too_few(split, training, champion)}
        job.log("info", str(split))
        columns = learnable(model.data)
        train, holdout = only(split.train, columns), only(split.holdout, columns)
        made = make(job, model, train, holdout, champion, Path(scratch), row.payload.get("strategy"))
        return _record(job, model, split, made, champion, Path(scratch), row)


def _split(job: JobContext, model: Opened, training: TrainingSpec, champion: Version | None) -> Split:
    """All labelled rows that training looks back on, cut so that the newest share is kept to judge."""
    survey = model.data.survey({}, job.now)
    windows = usable(job, survey)
    since = history_begin(training, model.spec, windows, job.now)
    columns = askable(model.data, champion)
    rows = gather(job, model.spec, model.data, windows, job.now, columns=columns, since=since, outputs=True)
    if model.spec.task == "binary":
        rows = of_classes(rows, judging.coding_of(job, model.spec, rows).classes)
    return cut(rows, training.holdout, seen(model.spec, champion))


def _too_few(split: Split, training: TrainingSpec, champion: Version | None) -> str:
    look = "" if training.history is None else " in the history that training looks back on"
    later = "later ones" if champion is None else f"later ones that version {champion.label} has not seen"
    return (
        f"nothing was trained: {len(split.train):,} labelled rows to learn from and {len(split.holdout):,} {later} "
        f"to judge by{look}; each side needs {LEAST}"
    )


def _record(
    job: JobContext, model: Opened, split: Split, made: Made, champion: Version | None, scratch: Path, row: Job
) -> dict[str, Any]:
    """Judge the version, and store it with its judgement in one transaction."""
    spec = model.spec
    judged = _judge(job, model, split, made, champion, scratch)
    learned, serves = split.train, made
    if spec.training is not None and spec.training.refit and judged.verdict.verdict == "passed":
        job.log("info", f"the gates have passed: made once more from all {len(split.whole):,} rows")
        columns = learnable(model.data)
        whole, holdout = only(split.whole, columns), only(split.holdout, columns)
        learned, serves = split.whole, again(job, model, whole, holdout, champion, scratch, made)
    artifacts = Artifacts(job.workspace.spec.root)
    artifacts.sweep()
    start, end = learned.span
    if serves.from_parent and champion is not None:  # what the champion knows, this one knows
        end = max((at for at in (end, champion.facts.data_end) if at is not None), default=None)
    new = versions.NewVersion(
        spec.name, "trained",
        artifact=artifacts.put(serves.artifact), size=len(serves.artifact), format=serves.format,
        by=row.created_by, job_id=job.job_id, parent=None if champion is None else champion.number,
        data_start=start, data_end=end, data_rows=len(learned), data_digest=serves.fingerprint,
        metrics=judged.metrics, lineage={**serves.lineage, **_told(split, made, serves, learned)},
        note=serves.note or None, strategy=serves.strategy, why=str(row.payload.get("why") or "") or None,
        code=serves.code, parameters=serves.parameters, libraries=serves.libraries, schema=serves.schema,
        importance=_importance(job, model, split, made),
    )  # fmt: skip
    with job.state.write() as tx:
        version = versions.register(tx, new, job.now)
        why = f"trained: {new.why}" if new.why else "trained"
        aliases.set_alias(tx, spec.name, aliases.CHALLENGER, version.number, row.created_by, why, job.now)
        against = None if champion is None else champion.number
        judgements.put(tx, judged.judgement(spec, version.number, against, split.holdout.span, job))
    return _outcome_of(job, spec, version)


def _told(split: Split, judged: Made, serves: Made, learned: Gathered) -> dict[str, Any]:
    """What the record says of the split; of a version that was made once more, which rows its judged sibling knew."""
    said: dict[str, Any] = {"unlabelled": split.unlabelled}
    if learned.last_key is not None:  # without timestamps: the newest window that it knows
        said["window"] = learned.last_key
    if serves is not judged:
        end = split.train.span[1]
        said["judged"] = {"rows": len(split.train), "until": end and end.isoformat(), "digest": judged.fingerprint}
    return said


def _judge(
    job: JobContext, model: Opened, split: Split, made: Made, champion: Version | None, scratch: Path
) -> judging.Judged:
    spec = model.spec
    other = answering.side(job, spec, champion, scratch) if champion else answering.incumbent(spec)
    challenger = Side(0, "the new version", answering.given(made.holdout))
    return judging.judge(job, spec, model.instruments, split.holdout, challenger, other)


def _importance(job: JobContext, model: Opened, split: Split, made: Made) -> dict[str, float]:
    """How much the key metric loses without each feature, on rows that judge; empty where only a program can score."""
    if made.model is None:
        return {}
    rows = only(split.holdout, learnable(model.data))
    code = judging.coding_of(job, model.spec, rows)

    def outcomes(prediction: Prediction, at: np.ndarray) -> Outcomes:
        some = part(rows, at)
        said = [answering.said(code, prediction, some)]
        return side_by_side(code, some.rows.target, said, some.day, some.groups).outcomes[0]

    own = side_by_side(code, rows.rows.target, [answering.said(code, made.holdout, rows)], rows.day, rows.groups)
    metric = numbers.key_metric(model.instruments, own.outcomes)
    if metric is None or not len(own):
        return {}
    job.progress(0, None, "", f"{model.spec.name}: what the new version leans on")
    better = bool(metric.info.greater_is_better)
    try:
        return importance(made.model, rows.rows.table, outcomes, numbers.measure(metric), better)
    except (Cancelled, OutOfTime):
        raise
    except Exception as exc:  # a column of the record, not a reason to have no version
        job.log("warning", f"importance of the features cannot be told: {numbers.in_words(metric, exc)}")
        return {}


def _outcome_of(job: JobContext, spec: ModelSpec, version: Version) -> dict[str, Any]:
    """What this job did, read back: the same when it is asked for a second time."""
    with job.state.read() as conn:
        found = judgements.newest(conn, spec.name, version.number)
    assert found is not None, "a version of a retrain job is registered together with its judgement"
    text = judging.told(found)
    job.log("info", text)
    return {"verdict": found.verdict, "version": version.number, "text": text, "rows": found.rows}
