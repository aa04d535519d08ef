"""Who answers for rows when versions are compared: an artefact of ours, or the predictions that the data brings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.agent.work.rows import Gathered
from lifecycle_tui.agent.work.scoring import Versions, aligned, predict
from lifecycle_tui.agent.work.sides import INCUMBENT, Answer, Side
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.monitoring.side_by_side import Said
from lifecycle_tui.registry.versions import Version

if TYPE_CHECKING:
    from lifecycle_tui.training.fit import Prediction


def side(job: JobContext, spec: ModelSpec, version: Version, scratch: Path) -> Side:
    """A registered version: its artefact answers where it has one, else what the data recorded under its name."""
    if version.facts.artifact is None:
        return Side(version.number, version.label, _recorded(spec, version.label))
    return Side(version.number, f"version {version.label}", _opened(Versions(job, spec, scratch), version))


def incumbent(spec: ModelSpec) -> Side | None:
    """What serves where no version is champion: the data's own predictions, if it brings any."""
    if spec.columns.prediction is None and spec.columns.score is None:
        return None
    return Side(None, INCUMBENT, _recorded(spec, None))


def _opened(versions: Versions, version: Version) -> Answer:
    def answer(rows: Gathered, code: Coding) -> Said:
        opened = versions.get(version.number)
        if opened.scorable is None:
            raise TrainingError(opened.why)
        return said(code, predict(opened.scorable, rows.rows.table), rows)

    return answer


def given(prediction: Prediction) -> Answer:
    """Answers that are at hand already, for these rows and no others."""
    return lambda rows, code: said(code, prediction, rows)


def said(code: Coding, found: Prediction, rows: Gathered) -> Said:
    """A prediction for gathered rows, its scores in the order of the classes that are judged."""
    return Said(*aligned(found, len(rows), code))


def _recorded(spec: ModelSpec, label: str | None) -> Answer:
    """The data's own predictions, of the rows that this version scored (of all for None)."""

    def answer(rows: Gathered, code: Coding) -> Said:
        import numpy as np

        found = rows.recorded
        if found is None or (found.prediction is None and found.score is None):
            raise TrainingError("the data has no predictions of it for these rows")
        mine = np.ones(len(rows), bool)
        if label is not None and found.version is not None:
            mine = found.version == label
        if not mine.any():
            raise TrainingError(f"no labelled row was scored by it since (of {len(rows):,})")
        prediction, score = found.prediction, found.score
        if prediction is not None:
            prediction = prediction.copy()
            prediction[~mine] = np.nan if prediction.dtype.kind == "f" else None
        if score is not None:
            score = np.where(mine if score.ndim == 1 else mine[:, None], score, np.nan)
        return Said(prediction, score)

    return answer
