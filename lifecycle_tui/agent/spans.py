"""Which windows and which stretch of them training and judging look at, and where the one ends and the other begins.

Pure but for what the survey found. Called by `retrain` and `judge`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle_tui.agent.context import JobContext
from lifecycle_tui.agent.rows import Gathered, part
from lifecycle_tui.agent.simulation import is_over
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.data.zones import from_micros, to_micros
from lifecycle_tui.domain.specs import ModelSpec, TrainingSpec
from lifecycle_tui.domain.windows import Window

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Split:
    """Labelled rows cut at an instant: what is learned from lies before it, what judges lies at and after it.

    Attributes:
        whole: both, and what lies between them because the champion has seen it.
        at: the instant; None without timestamps.
    """

    train: Gathered
    holdout: Gathered
    whole: Gathered
    at: datetime | None = None

    @property
    def unlabelled(self) -> int:
        """Rows of the same time that have no label though the delay has passed."""
        return self.whole.unlabelled

    def __str__(self) -> str:
        more = f"; {self.unlabelled:,} rows were never labelled" if self.unlabelled else ""
        if self.whole.strange:
            more += f"; {self.whole.strange:,} rows left out: their label is neither class"
        return f"{len(self.train):,} rows to learn from, {len(self.holdout):,} later ones to judge by{more}"


def usable(job: JobContext, survey: Survey) -> tuple[Window, ...]:
    """The reference and every window; on a simulated clock those that it has passed."""
    found = [survey.reference] if survey.reference.rows else []
    found += [w.window for w in survey.windows if not job.simulated or is_over(w.window, job.now)]
    return tuple(found)


def history_begin(
    training: TrainingSpec, spec: ModelSpec, windows: tuple[Window, ...], now: datetime
) -> datetime | None:
    """The begin of what training looks back on. A sliding one is counted back from the newest row that can have its
    label."""
    if not isinstance(training.history, timedelta):
        return training.history
    delay = spec.data.labels.delay or timedelta(0)
    newest = max((w.end for w in windows if w.end is not None), default=now)
    return min(newest, now - delay) - training.history


def cut(rows: Gathered, share: float, unseen: datetime | None) -> Split:
    """The newest `share` of the rows, from the begin of a day on, judges; and no row older than `unseen` does.

    Rows without times are cut in the order that they have.
    """
    import numpy as np

    n = len(rows)
    first = round(n * (1 - share))
    time = rows.rows.time
    if time is None or not n:
        return Split(part(rows, np.arange(first)), part(rows, np.arange(first, n)), rows)
    at = _day_begin(time, rows.day, min(first, n - 1))
    before = time < at
    holdout = ~before if unseen is None else (~before & (time >= to_micros(unseen)))
    judged = part(rows, np.flatnonzero(holdout))
    if rows.unlabelled_at is not None:
        begin = at if unseen is None else max(at, to_micros(unseen))
        judged = replace(judged, unlabelled=int((rows.unlabelled_at >= begin).sum()))
    return Split(part(rows, np.flatnonzero(before)), judged, rows, from_micros(at))


def _day_begin(time: np.ndarray, day: np.ndarray | None, first: int) -> int:
    """Time of the first row of the day that row `first` is in, unless that leaves nothing before it.

    Rows are in order of time, so their days are too.
    """
    import numpy as np

    if day is None:
        return int(time[first])
    begin = int(np.searchsorted(day, day[first], side="left"))
    return int(time[begin]) if begin > 0 else int(time[first])
