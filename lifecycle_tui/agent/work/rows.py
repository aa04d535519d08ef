"""Gathers labelled rows of the reference and of windows: what a version learns from, and what it is judged on.

One place decides which rows those are (DESIGN §7): labels as known at an instant, and only rows older than the label
delay, because younger ones have the quick labels alone. Called by `first_version`, `retrain` and `judge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.reading import version_labels
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.survey import REFERENCE
from lifecycle_tui.data.zones import MISSING, from_micros, to_micros
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.training.fit import TrainingRows, canonical_order, take

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class Recorded:
    """What the data itself says about the gathered rows, row by row; None where no such column is declared.

    Attributes:
        id: (n,) object, text or None.
        version: (n,) object: labels of the versions that scored; "(none)" where the cell is empty.
        prediction: (n,) float64 for regression and ranking, else object (text or None).
        score: float64 (n,), or (n, k) in the order of the spec's mapping.
    """

    id: np.ndarray | None = None
    version: np.ndarray | None = None
    prediction: np.ndarray | None = None
    score: np.ndarray | None = None


@dataclass(frozen=True)
class Gathered:
    """Labelled rows in canonical order.

    Attributes:
        rows: features, targets, times and arrivals of n rows; n may be 0.
        day: (n,) int64 day numbers in the model's zone; None without timestamps.
        unlabelled: rows of the same stretch of time that have no label though the delay has passed.
        unlabelled_at: (m,) int64, the times of those that have one; None without timestamps.
        strange: rows of a binary task that were left out, because their label is neither class.
        recorded: what the data says about the rows, where it was asked for.
        groups: (n,) object arrays of text by protected or segment column, "" where missing.
    """

    rows: TrainingRows
    day: np.ndarray | None = None
    unlabelled: int = 0
    recorded: Recorded | None = None
    unlabelled_at: np.ndarray | None = None
    strange: int = 0
    window: np.ndarray | None = None
    keys: tuple[str, ...] = ()
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows.target)

    @property
    def last_key(self) -> str | None:
        """Key of the newest window that a row is in; None where rows have times, or there is none."""
        return None if self.window is None or not len(self.window) else self.keys[int(self.window.max())]

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """First instant of the rows and the first one after them; (None, None) where no row has a time."""
        time = self.rows.time
        times = None if time is None else time[time != MISSING]
        if times is None or not len(times):
            return None, None
        return from_micros(int(times.min())), from_micros(int(times.max()) + 1)


def learnable(data: ModelData) -> tuple[str, ...]:
    """The features that the built-in estimators can learn from.

    Raises:
        TrainingError: there is none.
    """
    usable = tuple(name for name, kind in data.kinds().items() if kind in ("numeric", "categorical"))
    if not usable:
        raise TrainingError(
            "there is no feature to learn from", hint="declare numeric or categorical columns, or ignore fewer"
        )
    return usable


def askable(data: ModelData, *versions: Version | None) -> tuple[str, ...]:
    """The features that versions are asked with: a file that came from elsewhere may read other ones than ours.

    Raises:
        TrainingError: there is none.
    """
    foreign = any(v is not None and v.facts.origin == "registered" for v in versions)
    return tuple(data.kinds()) if foreign else learnable(data)


def gather(
    job: JobContext,
    spec: ModelSpec,
    data: ModelData,
    windows: Sequence[Window],
    as_of: datetime,
    *,
    columns: Sequence[str],
    since: datetime | None = None,
    after: str | None = None,
    until: datetime | None = None,
    outputs: bool = False,
) -> Gathered:
    """The labelled rows of `windows` (the survey's reference may be among them) with since <= time < until.

    Rows whose target is infinite or no number are left out. Rows without a time belong to a reference without
    timestamps; they are taken where no `since` is asked for. Of a model without timestamps rows are in the order of its
    windows and files.

    Args:
        as_of: labels that arrive later are not seen.
        after: of a model without timestamps: only windows after the one of this key ("": after the reference).
        columns: the features to gather.
        until: exclusive; None: rows whose label delay has passed by `as_of`. A later instant is brought back to that.
        outputs: also give ids, versions, predictions and scores where the data has them.

    Raises:
        TrainingError: the model declares no target.
    """
    delay = spec.data.labels.delay or timedelta(0)
    due = as_of - delay + timedelta(microseconds=1)
    until = due if until is None else min(until, due)
    timed = spec.columns.timestamp is not None
    within = [w for w in windows if _overlaps(w, since, until) and (timed or after is None or _key(w) > after)]
    found = Batches()
    total, done = sum(w.rows for w in within), 0
    for window in within:
        scan, limits = (
            data.scan(window, as_of, columns=columns, groups=True),
            Within(since, until, outputs, _key(window)),
        )

        def tell(rows: int, window: Window = window, before: int = done) -> None:
            job.progress(before + rows, total, "rows", f"{spec.name}: reading labelled rows of {window.key}")

        told: Batches | None = None if scan.away is None else scan.away.gather(scan, limits, tell)
        if told is not None:
            found.extend(told)
        else:
            rows = 0
            for batch in scan:
                rows += batch.rows
                tell(rows)
                found.add(batch, limits)
        done += window.rows
    return found.gathered(spec, columns, outputs, timed)


def _key(window: Window) -> str:
    return "" if window.key == REFERENCE else window.key


def _overlaps(window: Window, since: datetime | None, until: datetime) -> bool:
    if since is not None and window.end is not None and window.end <= since:
        return False
    return window.start is None or window.start < until


@dataclass(frozen=True)
class Within:
    """Which rows of a window are gathered: since <= time < until.

    Attributes:
        outputs: whether also ids, versions, predictions and scores are.
        key: of the window, "" for the reference.
    """

    since: datetime | None
    until: datetime
    outputs: bool
    key: str


@dataclass
class Batches:
    """The rows kept so far, batch by batch."""

    tables: list[pa.Table] = field(default_factory=list)
    targets: list[np.ndarray] = field(default_factory=list)
    times: list[np.ndarray] = field(default_factory=list)
    days: list[np.ndarray] = field(default_factory=list)
    arrived: list[np.ndarray] = field(default_factory=list)
    said: dict[str, list[np.ndarray]] = field(default_factory=dict)
    unlabelled: int = 0
    unlabelled_at: list[np.ndarray] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    groups: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, batch: ScanBatch, limits: Within) -> None:
        import numpy as np
        import pyarrow as pa

        if batch.target is None:
            raise TrainingError("the data has no target to learn from", hint="declare columns.target")
        within = np.ones(batch.rows, bool)
        if batch.time is not None:
            within = batch.time < to_micros(limits.until)
            if limits.since is not None:
                within &= batch.time >= to_micros(limits.since)
        bare = within & ~batch.target_known
        self.unlabelled += int(bare.sum())
        if batch.time is not None:
            self.unlabelled_at.append(batch.time[bare])
        values = batch.target.to_numpy(zero_copy_only=False)
        at = np.flatnonzero(within & batch.target_known & _usable(values))
        if not len(at):
            return
        self.tables.append(batch.features.take(pa.array(at)))
        self.targets.append(values[at])
        self.keys += [limits.key]
        if batch.time is not None and batch.day is not None:
            self.times.append(batch.time[at])
            self.days.append(batch.day[at])
            if batch.arrived is not None:
                self.arrived.append(batch.arrived[at])
        for name, column in _recorded(batch).items() if limits.outputs else ():
            self.said.setdefault(name, []).append(column[at])
        for name, column in batch.groups.items():
            self.groups.setdefault(name, []).append(column[at])

    def extend(self, other: Batches) -> None:
        """Take over what has been kept of later rows."""
        self.unlabelled += other.unlabelled
        for name in ("tables", "targets", "times", "days", "arrived", "unlabelled_at", "keys"):
            getattr(self, name).extend(getattr(other, name))
        for mine, theirs in ((self.said, other.said), (self.groups, other.groups)):
            for name, parts in theirs.items():
                mine.setdefault(name, []).extend(parts)

    def gathered(self, spec: ModelSpec, columns: Sequence[str], outputs: bool, timed: bool) -> Gathered:
        """Everything in canonical order."""
        import numpy as np
        import pyarrow as pa

        number = spec.task in ("regression", "ranking")
        bare = np.concatenate(self.unlabelled_at) if self.unlabelled_at else None
        if not self.tables:
            nothing = np.empty(0, np.float64 if number else "U1")
            empty = pa.table({name: pa.array([], pa.float64()) for name in columns})
            none = Recorded() if outputs else None
            return Gathered(TrainingRows(empty, nothing), None, self.unlabelled, none, bare)
        target = np.concatenate(self.targets)
        # Labels that nothing dates came with their file: that says nothing about when they could have been known.
        dated = spec.data.labels.arrived is not None or spec.data.labels.delay is not None
        time = np.concatenate(self.times) if self.times else None
        rows = TrainingRows(
            pa.concat_tables([t.unify_dictionaries() for t in self.tables]).unify_dictionaries(),
            target.astype(np.float64) if number else target.astype(str),
            time,
            np.concatenate(self.arrived) if dated and self.arrived else None,
        )
        names = tuple(sorted(set(self.keys)))
        window = None
        if not timed:
            places = [names.index(key) for key in self.keys]
            window = np.repeat(np.array(places, np.int64), [len(t) for t in self.targets])
        order = canonical_order(rows) if window is None else np.argsort(window, kind="stable")
        day = np.concatenate(self.days)[order] if self.days else None
        recorded = Recorded(**{name: np.concatenate(parts)[order] for name, parts in self.said.items()})
        return Gathered(
            take(rows, order), day, self.unlabelled, recorded if outputs else None, bare,
            window=None if window is None else window[order], keys=() if window is None else names,
            groups={name: np.concatenate(parts)[order] for name, parts in self.groups.items()},
        )  # fmt: skip


def _usable(values: np.ndarray) -> np.ndarray:
    import numpy as np

    if values.dtype == object:
        return np.array([v is not None for v in values], bool)
    return np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), bool)


def _recorded(batch: ScanBatch) -> dict[str, Any]:
    """The columns of `Recorded` that the batch has, one value a row."""
    import numpy as np

    found: dict[str, Any] = {}
    if batch.id is not None:
        found["id"] = batch.id.to_numpy(zero_copy_only=False)
    if batch.version is not None:
        found["version"] = np.asarray(version_labels(batch), object)
    if batch.prediction is not None:
        found["prediction"] = batch.prediction.to_numpy(zero_copy_only=False)
    if batch.score is not None:
        found["score"] = batch.score
    return found


def part(gathered: Gathered, at: np.ndarray) -> Gathered:
    """The rows at those positions (what is told of others stays with the whole)."""
    said = gathered.recorded
    recorded = None
    if said is not None:
        columns = {name: getattr(said, name) for name in ("id", "version", "prediction", "score")}
        recorded = Recorded(**{name: None if c is None else c[at] for name, c in columns.items()})
    day = None if gathered.day is None else gathered.day[at]
    window = None if gathered.window is None else gathered.window[at]
    groups = {name: values[at] for name, values in gathered.groups.items()}
    return Gathered(take(gathered.rows, at), day, 0, recorded, window=window, keys=gathered.keys, groups=groups)


def of_classes(gathered: Gathered, classes: Sequence[str]) -> Gathered:
    """The rows whose label is one of these; the others are counted."""
    import numpy as np

    known = np.isin(gathered.rows.target, classes)
    if known.all():
        return gathered
    at = np.flatnonzero(known)
    return replace(
        part(gathered, at), strange=len(known) - len(at), unlabelled=gathered.unlabelled,
        unlabelled_at=gathered.unlabelled_at,
    )  # fmt: skip


def only(gathered: Gathered, columns: Sequence[str]) -> Gathered:
    """The same rows with these features alone, in the order given."""
    rows = replace(gathered.rows, table=gathered.rows.table.select(list(columns)))
    return replace(gathered, rows=rows)
