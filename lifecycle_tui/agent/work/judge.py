"""The judge job: the challenger against the champion once more, now that more labels are known.

On every labelled row that is newer than what either was trained on. Its judgement is stored like the first one; what
follows from it is the step's to decide. Where one of the two cannot answer, it says so and settles nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.work import answering, judging
from lifecycle_tui.agent.work.opening import opened
from lifecycle_tui.agent.work.rows import askable, gather
from lifecycle_tui.agent.work.simulation import as_simulated
from lifecycle_tui.agent.work.spans import Seen, seen, usable
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import judgements
from lifecycle_tui.state.jobs import Job


def judge(job: JobContext, spec: ModelSpec, row: Job) -> dict[str, Any]:
    """Judge the version that the payload names; the outcome's `text` is one sentence for people.

    Raises:
        TrainingError: there is no such version.
    """
    number = int(row.payload["version"])
    with job.state.read() as conn:
        version, champion = versions.get(conn, spec.name, number), aliases.champion(conn, spec.name)
    if version is None:
        raise TrainingError(f"{spec.name} has no version {number}")
    spec = as_simulated(job, spec)
    against = None if champion is None else champion.number
    least = spec.training.min_samples if spec.training else 1
    with job.state.read() as conn:
        looks = judgements.looks(conn, spec.name, number, against, least, job.job_id)
    known, remark = _known(spec, version, champion)
    with opened(job, spec) as model, tempfile.TemporaryDirectory(prefix="lifecycle-") as scratch:
        folder = Path(scratch)
        rows = gather(
            job, spec, model.data, usable(job, model.data.survey({}, job.now)), job.now,
            columns=askable(model.data, version, champion), since=known.until, after=known.window, outputs=True,
        )  # fmt: skip
        other = answering.side(job, spec, champion, folder) if champion else answering.incumbent(spec)
        own = answering.side(job, spec, version, folder)
        judged = judging.judge(job, spec, model.instruments, rows, own, other, looks, remark)
    with job.state.write() as tx:
        stored = judgements.put(tx, judged.judgement(spec, number, against, rows.span, job))
    text = judging.told(stored)
    job.log("info", text)
    return {"verdict": stored.verdict, "version": number, "text": text, "rows": stored.rows}


def _known(spec: ModelSpec, version: Version, champion: Version | None) -> tuple[Seen, str]:
    """What the two know already, and what is to be said of it: a file may come without a word on its training rows."""
    known, registered = seen(spec, version, champion), judging.unknown_until(version)
    if registered is None:
        return known, ""
    said = f"nothing says what version {version.number} was trained on"
    if spec.columns.timestamp is None:
        return known, f"{said}: it may have seen these rows"
    hint = "`lifecycle versions register` it again with --until"
    until = max(known.until or registered, registered)
    return replace(known, until=until), f"{said}, so rows since its registration alone judge it: {hint}"
