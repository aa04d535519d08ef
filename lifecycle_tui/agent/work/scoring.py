"""Rows without a prediction are scored with the version that was champion at their time (DESIGN §5).

A batch may hold rows of several champions, and each version's part of it is scored by itself. A version that cannot be
opened, or cannot score, leaves its rows without a prediction and a reason; the others go on. Called by `reading`, and
by the jobs that judge versions against each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.zones import MISSING, to_micros
from lifecycle_tui.domain.errors import LifecycleError, TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state.text import moment
from lifecycle_tui.training.fit import FittedModel, Prediction
from lifecycle_tui.training.versions import Scorable, open_version

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.agent.work.importances import LabelledRows


@dataclass(frozen=True)
class Opened:
    """A version and what scores with it; None where it cannot be opened, with the reason."""

    version: Version
    scorable: Scorable | None
    why: str = ""

    @property
    def label(self) -> str:
        """How windows name the version."""
        return self.version.label


class Versions:
    """The versions of one model, each opened when it is first asked for and kept for the life of the job.

    Args:
        scratch: a folder for what opening them unpacks; it must live as long as they are used.
    """

    def __init__(self, job: JobContext, spec: ModelSpec, scratch: Path) -> None:
        self._job, self._spec, self._scratch = job, spec, scratch
        self._opened: dict[int, Opened] = {}
        self._noted: set[tuple[str, str]] = set()

    def get(self, number: int) -> Opened:
        """The version of that number, opened or with the reason why not.

        Raises:
            TrainingError: there is no such version.
        """
        if number not in self._opened:
            with self._job.state.read() as conn:
                version = versions.get(conn, self._spec.name, number)
            if version is None:
                raise TrainingError(f"{self._spec.name} has no version {number}")
            self._opened[number] = self._open(version)
        return self._opened[number]

    def _open(self, version: Version) -> Opened:
        job, workspace = self._job, self._job.workspace.spec
        try:
            scorable = open_version(
                version.facts,
                Artifacts(workspace.root),
                self._spec,
                workspace,
                self._scratch,
                warn=lambda text: job.log("warning", f"version {version.label}: {text}"),
                log=lambda line: job.log("info", f"version {version.label}: {line}"),
                stop=job.stopping,
            )
        except LifecycleError as exc:
            return Opened(version, None, exc.message)
        return Opened(version, scorable)

    def note(self, opened: Opened, why: str) -> None:
        """A version could not score: told once in the job's log; but a job that is to stop ends here.

        Raises:
            Cancelled, OutOfTime: see `JobContext.check`.
        """
        self._job.check()
        if (opened.label, why) not in self._noted:
            self._noted.add((opened.label, why))
            self._job.log("warning", f"version {opened.label} cannot score: {why}")

    @property
    def opened(self) -> tuple[Opened, ...]:
        """Those that were asked for, by number."""
        return tuple(self._opened[n] for n in sorted(self._opened))

    @property
    def failed(self) -> tuple[Opened, ...]:
        """Those that were asked for and could not be opened, by number."""
        return tuple(self._opened[n] for n in sorted(self._opened) if self._opened[n].scorable is None)


def champions(conn: sqlite3.Connection, model: str) -> tuple[tuple[datetime, int], ...]:
    """(since, version number) of every champion that has an artefact, oldest first.

    While the alias named nothing, or a version that the data only names, the champion before goes on. The first one
    scores all that was before it, whatever its instant: a simulated clock may run behind the one that it was made by.
    """
    moves = conn.execute(
        "SELECT h.at, h.version FROM alias_history h JOIN versions v ON v.model = h.model AND v.number = h.version "
        "WHERE h.model = ? AND h.alias = ? AND v.artifact IS NOT NULL ORDER BY h.id",
        (model, aliases.CHAMPION),
    )
    found: list[tuple[datetime, int]] = []
    for since, number in moves.fetchall():
        at = moment(since)
        while len(found) > 1 and found[-1][0] >= at:  # a move has the last word on all that follows its instant
            found.pop()
        found.append((at, number))
    return tuple(found)


@dataclass(frozen=True)
class Part:
    """The rows of a batch that fall to one version.

    Attributes:
        label: how windows name it.
        at: (m,) positions in the batch; None: all of it.
        said: (m,) float64 or object (text); None where it could not score, `why` says the reason.
        score: (m,), or (m, k) in the order of the coding's classes; None where the version gives none.
        opened: False where it could not even be opened.
    """

    label: str
    rows: int
    at: np.ndarray | None = None
    said: np.ndarray | None = None
    score: np.ndarray | None = None
    why: str = ""
    opened: bool = True


@dataclass
class Scorer:
    """Scores batches with the versions of one model.

    Attributes:
        timeline: as `champions` gives it, not empty.
        now: rows without a time are scored with the champion of this instant.
        labelled: keeps labelled rows of what is scored, for importance; None where nobody asks.
    """

    versions: Versions
    timeline: tuple[tuple[datetime, int], ...]
    now: datetime
    labelled: LabelledRows | None = None
    _since: list[int] = field(init=False)

    def __post_init__(self) -> None:
        # The first champion scores all that was before it.
        self._since = [to_micros(at) for at, _ in self.timeline[1:]]

    def only(self, number: int) -> Scorer:
        """A scorer that scores every row with one version; what is open is shared."""
        return Scorer(self.versions, ((self.now, number),), self.now)

    def between(self, start: datetime | None, end: datetime | None) -> tuple[Opened, ...]:
        """The versions that rows of a half-open stretch of time fall to; without times, the present champion."""
        if start is None or end is None:
            return (self.versions.get(self._number(to_micros(self.now))),)
        first, last = self._place(to_micros(start)), self._place(to_micros(end) - 1)
        numbers = dict.fromkeys(number for _, number in self.timeline[first : last + 1])
        return tuple(self.versions.get(number) for number in numbers)

    def score(self, batch: ScanBatch, coding: Coding) -> tuple[Part, ...]:
        """What the champions of their time say of the rows; every row is in one part, parts in order of number."""
        import numpy as np

        numbers = self._numbers(batch)
        if isinstance(numbers, int):
            parts: tuple[Part, ...] = (self._part(numbers, batch, None, coding),)
        else:
            parts = tuple(self._part(int(n), batch, np.flatnonzero(numbers == n), coding) for n in np.unique(numbers))
        if self.labelled is not None:
            self.labelled.add(batch, parts)
        return parts

    @property
    def opened(self) -> dict[str, Opened]:
        """By label, the versions that have been asked for."""
        return {found.label: found for found in self.versions.opened}

    def _numbers(self, batch: ScanBatch) -> np.ndarray | int:
        """(n,) number of the version of each row, or the one of all."""
        import numpy as np

        if not self._since or batch.time is None or not batch.rows:
            return self._number(to_micros(self.now))
        time = np.where(batch.time == MISSING, to_micros(self.now), batch.time)
        low, high = self._place(int(time.min())), self._place(int(time.max()))
        if low == high:
            return self.timeline[low][1]
        places = np.searchsorted(np.array(self._since), time, side="right")
        found = np.array([number for _, number in self.timeline])[places]
        return int(found[0]) if (found == found[0]).all() else found

    def _place(self, micros: int) -> int:
        from bisect import bisect_right

        return bisect_right(self._since, micros)

    def _number(self, micros: int) -> int:
        return self.timeline[self._place(micros)][1]

    def _part(self, number: int, batch: ScanBatch, at: np.ndarray | None, coding: Coding) -> Part:
        import pyarrow as pa

        opened = self.versions.get(number)
        rows = batch.rows if at is None else len(at)
        if opened.scorable is None:
            return Part(opened.label, rows, at, why=opened.why, opened=False)
        table = batch.features if at is None else batch.features.take(pa.array(at))
        try:
            said, score = aligned(predict(opened.scorable, table), rows, coding)
        except LifecycleError as exc:  # what it does wrong costs its own rows, not the check
            self.versions.note(opened, exc.message)
            return Part(opened.label, rows, at, why=exc.message)
        return Part(opened.label, rows, at, said, score)


def predict(scorable: Scorable, table: pa.Table) -> Prediction:
    """A version's answer. One of ours would take a column that is not there for one without values: it is not asked.

    Raises:
        TrainingError: it gives none; it may be anybody's file, so whatever it raises comes as this.
    """
    if isinstance(scorable, FittedModel):
        lacks = [f.name for f in scorable.encoder.features if f.name not in table.column_names]
        if lacks:
            raise TrainingError(f"it needs {', '.join(lacks[:5])}, which is no feature of the model now")
    try:
        return scorable.predict(table)
    except LifecycleError:
        raise
    except Exception as exc:
        raise TrainingError(_first_line(exc)) from exc


def _first_line(exc: Exception) -> str:
    text = (str(exc).splitlines() or [""])[0][:200]
    return f"{type(exc).__name__}: {text}"


def aligned(found: Prediction, rows: int, coding: Coding) -> tuple[np.ndarray, np.ndarray | None]:
    """A version's answer in the form of the coding: predictions (n,) float64 or object; scores None, (n,), or (n, k)
    with one column for each of the coding's classes, 0 for those that the version does not know.

    Raises:
        TrainingError: the answer does not fit the rows.
    """
    import numpy as np

    said, score = np.asarray(found.prediction), found.score
    if said.shape != (rows,) or (score is not None and len(score) != rows):
        raise TrainingError(f"it gave {len(np.atleast_1d(said))} predictions for {rows} rows")
    if coding.task in ("regression", "ranking"):
        try:
            return said.astype(np.float64), None
        except (TypeError, ValueError) as exc:
            raise TrainingError(f"its predictions are no numbers: {exc}") from None
    said = np.array([None if v is None else str(v) for v in said.tolist()], object)
    if score is None:
        return said, None
    score = np.asarray(score, np.float64)
    if coding.task == "binary" and score.ndim == 1:
        return said, score
    if score.ndim != 2 or score.shape[1] != len(found.classes):
        raise TrainingError(f"its scores have shape {score.shape} for {len(found.classes)} classes")
    places = {name: i for i, name in enumerate(found.classes)}
    columns = [score[:, places[name]] if name in places else np.zeros(rows) for name in coding.classes]
    return said, columns[1] if coding.task == "binary" else np.column_stack(columns)


def assembled(parts: Sequence[Part], rows: int, coding: Coding) -> tuple[np.ndarray, np.ndarray | None]:
    """The parts of a batch put together row by row: predictions, and scores or None where no part has any. Rows that
    nobody scored are NaN, or None in predictions that are labels."""
    import numpy as np

    if len(parts) == 1 and parts[0].said is not None:
        return parts[0].said, parts[0].score
    number = coding.task in ("regression", "ranking")
    said = np.full(rows, np.nan) if number else np.full(rows, None, object)
    score: np.ndarray | None = None
    for part in parts:
        where = slice(None) if part.at is None else part.at
        if part.said is not None:
            said[where] = part.said
        if part.score is not None:
            if score is None:
                score = np.full((rows, *part.score.shape[1:]), np.nan)
            score[where] = part.score
    return said, score
