"""The rows that label-free estimates rest on, taken while a window (or the reference) is read.

Of every scored row its score and prediction; of a sample of them the features too, chosen by content (`samples`), so
that no order of rows or files changes a number; and how many rows lie where the reference has none. Fed by the job that
evaluates, read by `estimators` and `estimates`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.monitoring.samples import Sample, Sampler
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.numeric import NumericProfile

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

SAMPLE = 20_000
"""Rows, of the reference or of a window, on which a model of the loss is learned or used."""

REFERENCE_SAMPLE = 10_000
"""Rows of the reference that say whether a calibration leans on features, and that are weighted."""

WINDOW_SAMPLE = 5_000
"""Rows of a window that the reference is weighted to be like."""

MOST_LABELS = 2_000
"""Categories with more labels in the reference are left out of estimates."""

_OUTCOMES = ("score", "said", "target")


@dataclass(frozen=True)
class Reach:
    """Where a column of the reference has values.

    Attributes:
        low, high: of numbers; labels: of categories.
        chance: share of further rows of the same kind that would lie outside all the same.
    """

    kind: ColumnKind
    low: float = 0.0
    high: float = 0.0
    labels: frozenset[str] | None = None
    chance: float = 0.0


def reaches(columns: Mapping[str, ColumnData], features: Mapping[str, ColumnKind]) -> dict[str, Reach]:
    """The reach of every numeric and categorical feature of the reference.

    The chance is 2 / (n + 1) for numbers (two more extremes) and the share of labels seen once for categories (Good
    1953, Biometrika 40; Turing's estimate of the unseen).
    """
    found = {}
    for name in sorted(features):
        profile = columns[name].profile if name in columns else None
        if isinstance(profile, NumericProfile) and profile.n and features[name] == "numeric":
            found[name] = Reach("numeric", profile.minimum, profile.maximum, chance=2 / (profile.n + 1))
        elif isinstance(profile, CategoricalProfile) and features[name] == "categorical" and profile.n:
            counts = profile.counts
            whole = sum(counts.values()) == profile.n
            once = sum(1 for count in counts.values() if count == 1)
            # Names and ids are no inputs that one could be outside of.
            if whole and len(counts) <= MOST_LABELS:
                found[name] = Reach("categorical", labels=frozenset(map(str, counts)), chance=once / profile.n)
    return found


@dataclass(frozen=True)
class ScoredRows:
    """The rows of one version.

    Attributes:
        score: (n,) or (n, k) float64; None where the version gives none.
        said: (n,): 0 and 1 (binary), numbers of classes (multiclass), the predicted number (regression); None without.
        target: coded as `said`, of rows whose label had arrived; `known` (n,) bool says which those are.
        outside: rows with a value outside the reference's reach; None where features were not read.
        sample: some rows with their features and `score 0`, …, `said 0`, `target 0` beside them.
        outside_by: the same as `outside`, by column.
        time, arrived: (n,) int64 microseconds: of the rows, and when their labels were known (of known ones); None
            without timestamps.
    """

    rows: int
    score: np.ndarray | None = None
    said: np.ndarray | None = None
    target: np.ndarray | None = None
    known: np.ndarray | None = None
    outside: int | None = None
    sample: Sample | None = None
    outside_by: Mapping[str, int] = field(default_factory=dict)
    time: np.ndarray | None = None
    arrived: np.ndarray | None = None


@dataclass
class _Taken:
    rows: int = 0
    score: list[np.ndarray] = field(default_factory=list)
    said: list[np.ndarray] = field(default_factory=list)
    target: list[np.ndarray] = field(default_factory=list)
    known: list[np.ndarray] = field(default_factory=list)
    time: list[np.ndarray] = field(default_factory=list)
    arrived: list[np.ndarray] = field(default_factory=list)
    outside: int = 0
    outside_by: dict[str, int] = field(default_factory=dict)
    sampler: Sampler | None = None


class RowTaker:
    """Takes rows batch by batch, each version's by itself.

    Args:
        reach: the features whose range is looked at; empty: none.
        sampled: those of which a sample is kept; by default all of them.
        learning: the sample holds labels, too. That of a window whose labels are to be estimated does not: which rows
            are in it, and in which order, must not follow from labels.
    """

    def __init__(
        self, coding: Coding, reach: Mapping[str, Reach], *, learning: bool, sampled: Collection[str] | None = None
    ) -> None:
        self._coding, self._reach, self._learning = coding, dict(reach), learning
        self._sampled = frozenset(reach if sampled is None else sampled)
        of_scores = REFERENCE_SAMPLE if learning else WINDOW_SAMPLE
        self._size = SAMPLE if coding.task == "regression" else of_scores
        self._taken: dict[str, _Taken] = {}
        self._read_features = False

    def take(
        self, versions: np.ndarray | str, features: pa.Table, target: pa.Array | None, known: np.ndarray,
        prediction: pa.Array | np.ndarray | None, score: np.ndarray | None, time: np.ndarray | None = None,
        arrived: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Aligned rows; `versions` is one name for all, or one a row."""
        import numpy as np

        names = [versions] if isinstance(versions, str) else sorted(set(versions.tolist()))
        said = _implied(score, self._coding) if prediction is None else coded(prediction, self._coding)
        truth = None if target is None else coded(target, self._coding)
        columns = {n: features.column(n) for n in self._reach if n in features.column_names}
        outside = self._outside(columns, len(known)) if columns else {}
        self._read_features |= bool(columns)
        for name in names:
            usable = np.ones(len(known), bool) if isinstance(versions, str) else versions == name
            for values in (said, score):
                if values is not None:
                    finite = np.isfinite(values)
                    usable = usable & (finite if finite.ndim == 1 else finite.all(axis=1))
            at = np.flatnonzero(usable)
            self._add(name, at, columns, outside, known, {"score": score, "said": said, "target": truth})
            for role, times in (("time", time), ("arrived", arrived)):
                if times is not None:
                    getattr(self._taken[name], role).append(times[at])

    def _add(
        self, name: str, at: np.ndarray, columns: Mapping[str, Any], outside: Mapping[str, np.ndarray],
        known: np.ndarray, given: Mapping[str, np.ndarray | None],
    ) -> None:  # fmt: skip
        import numpy as np

        taken = self._taken.setdefault(name, _Taken())
        taken.rows += len(at)
        if not len(at):
            return
        truth = given["target"]
        for role, values in given.items():
            if values is not None:
                getattr(taken, role).append(values[at])
        here = known[at] & (np.isfinite(truth[at]) if truth is not None else False)
        taken.known.append(here)
        if not columns:
            return
        beyond = np.zeros(len(at), bool)
        for column, mask in outside.items():
            mask = mask[at]
            beyond |= mask
            taken.outside_by[column] = taken.outside_by.get(column, 0) + int(mask.sum())
        taken.outside += int(beyond.sum())
        if not self._learning:
            given = {role: values for role, values in given.items() if role != "target"}
        kept = {column: values for column, values in columns.items() if column in self._sampled}
        if kept:
            taken.sampler = taken.sampler or Sampler(self._size)
            taken.sampler.add(_beside(kept, given, here, at), len(at), None)

    def _outside(self, columns: Mapping[str, Any], rows: int) -> dict[str, np.ndarray]:
        """Which rows have a value outside the reference's reach, by column where there is one."""
        import numpy as np

        found = {}
        for name, column in columns.items():
            reach = self._reach[name]
            if reach.kind == "numeric":
                values = column.to_numpy()
                with np.errstate(invalid="ignore"):
                    mask = (values < reach.low) | (values > reach.high)
            elif reach.labels is None:
                continue
            else:
                mask = _unseen(column, reach.labels)
            if mask.any():
                found[name] = mask
        return found

    def rows(self) -> dict[str, ScoredRows]:
        """Everything taken, by version."""
        import numpy as np

        def joined(parts: list[np.ndarray]) -> np.ndarray | None:
            return np.concatenate(parts) if parts else None

        return {
            name: ScoredRows(
                t.rows, joined(t.score), joined(t.said), joined(t.target), joined(t.known),
                t.outside if self._read_features else None, None if t.sampler is None else t.sampler.result(),
                t.outside_by, joined(t.time), joined(t.arrived),
            )
            for name, t in sorted(self._taken.items())
        }  # fmt: skip


def _beside(
    columns: Mapping[str, Any], given: Mapping[str, np.ndarray | None], known: np.ndarray, at: np.ndarray
) -> dict[str, Any]:
    """Features and outcomes of rows as columns of one table; a label that has not arrived is not in it."""
    import numpy as np
    import pyarrow as pa

    index = pa.array(at)
    every = all(len(column) == len(at) for column in columns.values())
    found = {f"feature {name}": column if every else column.take(index) for name, column in columns.items()}
    for role, values in given.items():
        if values is None:
            continue
        part = values[at].astype(np.float64)
        if role == "target":
            part = np.where(known, part, np.nan)
        parts = [part] if part.ndim == 1 else list(part.T)
        found.update({f"{role} {i}": pa.array(np.ascontiguousarray(p)) for i, p in enumerate(parts)})
    return found


def outcome_columns(table: pa.Table, role: str) -> np.ndarray | None:
    """A role of a sample's table: (n,), or (n, k) where scores have several columns."""
    import numpy as np

    names = [name for name in table.column_names if name.startswith(f"{role} ")]
    if not names or role not in _OUTCOMES:
        return None
    parts = [table.column(f"{role} {i}").to_numpy() for i in range(len(names))]
    return parts[0] if len(parts) == 1 else np.column_stack(parts)


def coded(values: pa.Array | np.ndarray, coding: Coding) -> np.ndarray:
    """(n,) float64: 1 for the positive class and 0 for the other one, numbers of classes, or the numbers themselves;
    NaN where missing or of no class."""
    import numpy as np
    import pyarrow as pa

    if not coding.classes:
        if isinstance(values, np.ndarray):
            return values.astype(np.float64)
        return np.asarray(values.cast("float64").to_numpy(zero_copy_only=False), np.float64)
    if isinstance(values, np.ndarray):
        values = pa.array([None if v is None else str(v) for v in values.tolist()], pa.string())
    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    places = {label: float(i) for i, label in enumerate(coding.classes)}
    lookup = np.array([*(places.get(str(v), np.nan) for v in values.dictionary.to_pylist()), np.nan])
    codes = values.indices.fill_null(len(lookup) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(lookup[codes], np.float64)


def _implied(score: np.ndarray | None, coding: Coding) -> np.ndarray | None:
    """What scores alone predict: positive from the cutoff on, or the likeliest class."""
    import numpy as np

    if score is None or not coding.classes:
        return None
    if score.ndim == 1:
        return np.where(np.isnan(score), np.nan, (score >= coding.cutoff).astype(np.float64))
    return np.where(np.isnan(score).any(axis=1), np.nan, np.nan_to_num(score).argmax(axis=1).astype(np.float64))


def _unseen(column: Any, labels: frozenset[str]) -> np.ndarray:
    import numpy as np
    import pyarrow as pa

    masks: Sequence[Any] = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    found = []
    for chunk in masks:
        part = chunk if pa.types.is_dictionary(chunk.type) else chunk.cast(pa.string()).dictionary_encode()
        here = part.dictionary.to_pylist()
        if labels.issuperset(here):  # no row's value need be looked at
            found.append(np.zeros(len(part), bool))
            continue
        strange = np.array([*(str(v) not in labels for v in here), False], bool)
        found.append(strange[part.indices.fill_null(len(strange) - 1).to_numpy(zero_copy_only=False)])
    return np.concatenate(found) if found else np.zeros(0, bool)
