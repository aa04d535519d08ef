"""Performance of each version on the rows of one window whose labels have arrived.

The job feeds it the batches of a scan (with predictions made by a version of ours where the data has none) and gets
one set of metric signals for each version. Versions that score at once are kept apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import Measurement, Signal
from lifecycle_tui.domain.specs import Task
from lifecycle_tui.monitoring.columns import as_measurement, to_signal
from lifecycle_tui.monitoring.instruments import Instrument, fault_signal

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class Coding:
    """How labels are read. Fixed with the reference, so that a window with one class only reads the same.

    Attributes:
        classes: binary: (negative, positive); multiclass: in order of the score's columns where there are any;
            regression and ranking: empty.
        cutoff: score from which a binary prediction is positive, where the data has no predictions.
        query: the column, among the groups that rows come with, that says which were ranked together.
    """

    task: Task
    classes: tuple[str, ...] = ()
    cutoff: float = 0.5
    query: str | None = None


@dataclass(frozen=True)
class VersionPerformance:
    """One version in one window: how many rows it scored, how many of them have labels, its metrics, and those rows."""

    version: str
    rows: int
    labels: int
    signals: tuple[Signal, ...]
    outcomes: Outcomes | None = None


class Collector:
    """Collects labels and predictions by version, batch by batch, then measures."""

    def __init__(self, coding: Coding) -> None:
        self.coding = coding
        self._rows: dict[str, int] = {}
        self._parts: dict[str, list[tuple[Any, ...]]] = {}
        self._strange: dict[str, int] = {}
        self._left: dict[str, tuple[int, str]] = {}

    def add(
        self,
        versions: np.ndarray | str,
        target: pa.Array | None,
        known: np.ndarray,
        prediction: pa.Array | np.ndarray | None,
        score: np.ndarray | None,
        day: np.ndarray | None,
        groups: Mapping[str, np.ndarray] | None = None,
        time: np.ndarray | None = None,
    ) -> None:
        """Take aligned rows; `versions` is one name for all rows, or one a row; `groups` as `Outcomes` has them,
        and the query beside them; `time` in microseconds."""
        import numpy as np

        names = [versions] if isinstance(versions, str) else sorted(set(versions.tolist()))
        for name in names:
            mask = np.ones(len(known), bool) if isinstance(versions, str) else versions == name
            self._rows[name] = self._rows.get(name, 0) + int(mask.sum())
            if target is None:
                continue
            at = np.flatnonzero(mask & known)
            part = (
                _target(target, at, self.coding),
                None if prediction is None else _target(prediction, at, self.coding),
                None if score is None else score[at],
                None if day is None else day[at],
                {group: values[at] for group, values in (groups or {}).items()},
                None if time is None else time[at],
            )
            self._parts.setdefault(name, []).append(part)

    def leave_out(self, version: str, rows: int, why: str) -> None:
        """Rows that the version should have scored and could not: counted, and said wherever its numbers are shown."""
        self._rows[version] = self._rows.get(version, 0) + rows
        before = self._left.get(version, (0, why))
        self._left[version] = (before[0] + rows, before[1])

    @property
    def versions(self) -> tuple[str, ...]:
        """Names of the versions that scored rows."""
        return tuple(sorted(self._rows))

    def rows(self, version: str) -> int:
        """Rows that the version scored, with labels or without."""
        return self._rows.get(version, 0)

    def strange(self, version: str) -> int:
        """Labelled rows of a binary task whose label is neither class; counted once its outcomes were asked for."""
        return self._strange.get(version, 0)

    def outcomes(self, version: str) -> Outcomes | None:
        """The rows of a version whose truth and prediction are both known; None without any."""
        import numpy as np

        parts = self._parts.get(version)
        if not parts:
            return None
        prediction, score, day, time = (
            None if any(p[i] is None for p in parts) else np.concatenate([p[i] for p in parts]) for i in (1, 2, 3, 5)
        )
        target = np.concatenate([p[0] for p in parts])
        groups = {name: np.concatenate([p[4][name] for p in parts]) for name in parts[0][4]}
        ok = present(target)
        for values in (prediction, score):
            if values is not None:
                ok &= present(values)
        if self.coding.task == "binary":
            strange = ok & ~np.isin(target.astype(str), self.coding.classes)
            self._strange[version] = int(strange.sum())
            ok &= ~strange
        if not ok.any():
            return None
        # In an order that follows from the values alone: the last bit of a sum must not depend on the order of rows.
        at = np.flatnonzero(ok)
        # Groups settle what is equal in all else: they change no number that does not ask for them.
        given = [v[at] for v in (time, *groups.values(), target, prediction, score, day) if v is not None]
        at = at[np.lexsort([key for values in given for key in _sort_keys(values)])]
        found = outcomes_of(
            self.coding,
            target[at],
            None if prediction is None else prediction[at],
            None if score is None else score[at],
            None if day is None else day[at],
            {name: values[at] for name, values in groups.items()},
        )
        return found if time is None else replace(found, time=time[at])

    def measure(
        self, version: str, metrics: Sequence[Instrument], before: np.ndarray | None = None
    ) -> VersionPerformance:
        """The metrics of one version; without labelled rows every metric is unknown, not wrong.

        Args:
            before: the reference's newest errors, for metrics that go on from them.
        """
        outcomes = self.outcomes(version)
        if outcomes is not None and before is not None:
            outcomes = replace(outcomes, before=before)
        n = 0 if outcomes is None else len(outcomes)
        signals = tuple(metric_signal(metric, outcomes) for metric in metrics)
        strange = self._strange.get(version, 0)
        if strange:
            # Neither the event nor its absence: left out, and said wherever the number is shown.
            says = f"{strange:,} rows left out: their label is neither {' nor '.join(self.coding.classes)}"
            signals = tuple(replace(s, message=f"{s.message}; {says}" if s.message else says) for s in signals)
        left = self._left.get(version)
        if left:
            says = f"{left[0]:,} rows without a prediction: {left[1]}"
            signals = tuple(replace(s, message=f"{s.message}; {says}" if n and s.message else says) for s in signals)
        return VersionPerformance(version, self.rows(version), n, signals, outcomes)


def _target(array: pa.Array | np.ndarray, at: np.ndarray, coding: Coding) -> np.ndarray:
    """Values at those positions: float64 for numbers, objects (text or None) for labels."""
    import numpy as np

    if isinstance(array, np.ndarray):
        return coded(array[at], coding)
    part = array.take(at)
    if coding.classes:
        return np.array([*part.cast("string").to_pylist(), None], dtype=object)[:-1]
    return part.cast("float64").to_numpy(zero_copy_only=False)


def _sort_keys(values: np.ndarray) -> list[np.ndarray]:
    """Columns that order rows by these values."""
    import numpy as np

    if values.dtype == object:
        texts = values.tolist()
        rank = {text: i for i, text in enumerate(sorted(set(texts)))}
        return [np.fromiter((rank[text] for text in texts), np.int64, len(texts))]
    return [values] if values.ndim == 1 else list(values.T)


def coded(values: np.ndarray, coding: Coding) -> np.ndarray:
    """Targets or predictions as the coding has them: objects (text or None) for labels, float64 for numbers."""
    import numpy as np

    return values.astype(object) if coding.classes else values.astype(np.float64)


def present(values: np.ndarray) -> np.ndarray:
    """Which rows have a value."""
    import numpy as np

    if values.dtype == object:
        return np.array([v is not None for v in values], bool)
    present = ~np.isnan(values)
    return present if present.ndim == 1 else present.all(axis=1)


def outcomes_of(
    coding: Coding,
    target: np.ndarray,
    prediction: np.ndarray | None,
    score: np.ndarray | None,
    day: np.ndarray | None,
    groups: Mapping[str, np.ndarray] | None = None,
) -> Outcomes:
    """Outcomes of rows that are all known, in the order given; values as `coded` has them."""
    import numpy as np

    groups = {} if groups is None else dict(groups)
    query = None
    if coding.query is not None and coding.query in groups:
        query = _queries(groups[coding.query])
        groups = {name: values for name, values in groups.items() if name != coding.query}
    if coding.task == "binary":
        positive = coding.classes[1]
        said = None if prediction is None else (prediction == positive).astype(np.int8)
        if said is None and score is not None:
            said = (score >= coding.cutoff).astype(np.int8)
        return Outcomes((target == positive).astype(np.int8), said, score, coding.classes, day=day, groups=groups)
    if coding.task == "multiclass":
        said = None if prediction is None else prediction.astype(str)
        if said is None and score is not None:
            said = np.array(coding.classes)[score.argmax(axis=1)]
        return Outcomes(target.astype(str), said, score, coding.classes, day=day, groups=groups)
    if coding.task == "ranking" and prediction is None and score is not None and score.ndim == 1:
        prediction = score  # rows are ranked by whatever orders them
    return Outcomes(target, prediction, score, day=day, groups=groups, query=query)


def _queries(names: np.ndarray) -> np.ndarray:
    """Whole numbers in the order of the names, so that they do not depend on the order of rows; -1 for none."""
    import numpy as np

    places = {name: i for i, name in enumerate(sorted(set(names.tolist()) - {""}))}
    return np.fromiter((places.get(name, -1) for name in names.tolist()), np.int64, len(names))


def metric_signal(metric: Instrument, outcomes: Outcomes | None) -> Signal:
    """What a metric says of these rows; None are no labelled rows. A failure is a signal too."""
    if outcomes is None:
        return Signal(metric.name, None, n=0, state="unknown", message="no labels yet", source=metric.source)
    needed = {"prediction": outcomes.prediction, "score": outcomes.score, "target": outcomes.target}
    if needed[metric.info.needs] is None:
        says = f"the data has no {metric.info.needs}, which {metric.name} needs"
        return Signal(metric.name, None, n=0, state="unknown", message=says, source=metric.source)
    try:
        found = as_measurement(metric.for_column().measure(outcomes), metric.name)
    except PluginFault as exc:
        return replace(fault_signal(metric.name, exc), source=metric.source)
    except LifecycleError as exc:
        return fault_signal(metric.name, exc)
    except Exception as exc:
        says = f"{type(exc).__name__}: {exc}"
        return fault_signal(metric.name, PluginFault(metric.name, "raised", says))
    n = len(outcomes) if found.n is None else found.n
    return to_signal(metric.name, _with_n(found, n), source=metric.source)


def _with_n(found: Measurement, n: int) -> Measurement:
    return replace(found, n=n)
