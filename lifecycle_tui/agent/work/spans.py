"""Which windows and which stretch of them training and judging look at, and where the one ends and the other begins.

Pure but for what the survey found. Called by `retrain` and `judge`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle_tui.agent.work.rows import Gathered, part
from lifecycle_tui.agent.work.simulation import is_over
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.data.zones import from_micros, to_micros
from lifecycle_tui.domain.specs import ModelSpec, TrainingSpec
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.registry.versions import Version

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


@dataclass(frozen=True)
class Seen:
    """What versions know already.

    Attributes:
        until: end of the newest row that one was trained on; None where no version says.
        window: of a model without timestamps, key of the newest window that a version was trained on; "" where that was
            the reference.
    """

    until: datetime | None = None
    window: str | None = None


def seen(spec: ModelSpec, *versions: Version | None) -> Seen:
    """All that any of these versions was trained on, as far as is known."""
    facts = [v.facts for v in versions if v is not None]
    ends = [f.data_end for f in facts if f.data_end is not None]
    if spec.columns.timestamp is not None:
        return Seen(max(ends, default=None))
    keys = [str((f.lineage or {}).get("window", "")) for f in facts if f.origin == "trained"]
    return Seen(None, max(keys, default=None))


def cut(rows: Gathered, share: float, unseen: Seen) -> Split:
    """The newest `share` of the rows, from the begin of a day on, judges; and none that a version has seen does.

    Without timestamps it is the newest windows that hold at least that share.
    """
    import numpy as np

    n = len(rows)
    first = round(n * (1 - share))
    time = rows.rows.time
    if rows.window is not None and n:
        begin = rows.window[min(first, n - 1)]
        known = -1 if unseen.window is None else bisect_right(rows.keys, unseen.window) - 1
        judged = (rows.window >= begin) & (rows.window > known)
        return Split(part(rows, np.flatnonzero(rows.window < begin)), part(rows, np.flatnonzero(judged)), rows)
    if time is None or not n:
        return Split(part(rows, np.arange(first)), part(rows, np.arange(first, n)), rows)
    at = _day_begin(time, rows.day, min(first, n - 1))
    before = time < at
    holdout = ~before if unseen.until is None else (~before & (time >= to_micros(unseen.until)))
    judged = part(rows, np.flatnonzero(holdout))
    if rows.unlabelled_at is not None:
        begin = at if unseen.until is None else max(at, to_micros(unseen.until))
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
