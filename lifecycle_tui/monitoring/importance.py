"""What a version leans on, measured on the labelled rows of a window: permutation importance with intervals.

Breiman 2001, "Random forests", section 10: the loss of a metric when one column is shuffled. The rows are a sample
chosen by content, the shuffle follows from the rows too, so the numbers are the same from any format, order or batch.
Where no version can be opened there is `association` instead, which is called that. Called by
`agent.work.importances`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lifecycle_tui.data.hashing import mix, salt
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.reading import shares
from lifecycle_tui.stats.intervals import t_quantile

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.domain.protocols import Outcomes

Answer = TypeVar("Answer")

ROWS = 1_000
"""Labelled rows of a window that are taken at most."""

SCORED = 30_000
"""Rows that are scored for one window at most, over all columns: with many columns fewer rows are taken."""

FEWEST = 100
"""With fewer labelled rows there is no value."""

MOST_FEATURES = 200
"""With more features it is not measured unless the file says so."""

GROUPS = 10
"""Parts of the rows that are left out in turn, for the interval."""


@dataclass(frozen=True)
class Importance:
    """One column's loss of the metric, with a 95 % interval (None where it cannot be told)."""

    column: str
    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Leaning:
    """What a version leans on.

    Attributes:
        columns: in order of name.
        without: (groups, columns) losses with one part of the rows left out; None where some could not be measured.
        n: rows that it rests on.
        metric: whose loss it is.
    """

    columns: tuple[Importance, ...]
    without: np.ndarray | None
    n: int
    metric: str

    def values(self) -> dict[str, float]:
        """Column → loss."""
        return {found.column: found.value for found in self.columns}


def rows_for(features: int) -> int:
    """How many rows to take for so many features."""
    return max(FEWEST, min(ROWS, SCORED // (features + 1)))


def permutation(
    predict: Callable[[pa.Table], Answer],
    table: pa.Table,
    keys: np.ndarray,
    outcomes_of: Callable[[Answer, np.ndarray, np.ndarray], Outcomes | None],
    measure: Callable[[Outcomes], float | None],
    metric: str,
    greater_is_better: bool,
) -> Leaning | None:
    """Loss of the metric by column; None where it has no value on these rows.

    The interval is the delete-a-group jackknife's over `GROUPS` parts of the rows (Kott 2001, The delete-a-group
    jackknife, JOS 17): it holds the noise of the rows and of the shuffle, by Student's t with `GROUPS` - 1 degrees.

    Args:
        table: (n,) rows of features; `keys` (n,) uint64 their hashes, which settle groups and shuffles.
        predict: what the version says of all rows of a table.
        outcomes_of: that, positions (m,) in it, and the positions in `table` of the same rows → outcomes, None
            without any.
    """
    import numpy as np

    n, names = len(keys), sorted(table.column_names)
    if not n or not names:
        return None
    said = predict(_shuffled(table, keys, names))
    group = np.argsort(np.argsort(keys, kind="stable"), kind="stable") % GROUPS
    kept = [np.arange(n), *(np.flatnonzero(group != g) for g in range(GROUPS))]
    sign = 1.0 if greater_is_better else -1.0

    def losses(start: int) -> list[float | None]:
        return [_value(outcomes_of(said, start + at, at), measure) if len(at) else None for at in kept]

    base = losses(0)
    if base[0] is None:
        return None
    found: list[Importance] = []
    without: list[np.ndarray] = []
    for i, name in enumerate(names):
        moved = losses((i + 1) * n)
        gaps = [None if a is None or b is None else sign * (a - b) for a, b in zip(base, moved, strict=True)]
        if gaps[0] is None:
            continue
        parts = None if None in gaps else np.array(gaps[1:], np.float64)
        found.append(Importance(name, gaps[0], *_interval(gaps[0], parts)))
        if parts is not None:
            without.append(parts)
    whole = np.array(without).T if without and len(without) == len(found) else None
    return Leaning(tuple(found), whole, n, metric)


def _value(outcomes: Outcomes | None, measure: Callable[[Outcomes], float | None]) -> float | None:
    value = None if outcomes is None else measure(outcomes)
    return value if value is not None and math.isfinite(value) else None


def _interval(value: float, parts: np.ndarray | None) -> tuple[float | None, float | None]:
    if parts is None:
        return None, None
    half = t_quantile(GROUPS - 1) * _error(parts)
    return value - half, value + half


def _error(parts: np.ndarray) -> float:
    groups = len(parts)
    return math.sqrt((groups - 1) / groups * float(((parts - parts.mean()) ** 2).sum()))


def _shuffled(table: pa.Table, keys: np.ndarray, names: Sequence[str]) -> pa.Table:
    """The rows as they are, then once for each of `names` with that column in another order."""
    import numpy as np
    import pyarrow as pa

    ranked = np.argsort(keys, kind="stable")
    parts = [table]
    for name in names:
        place = table.column_names.index(name)
        order = np.empty(len(keys), np.int64)
        order[ranked] = np.argsort(mix(keys ^ np.uint64(salt(name))), kind="stable")
        column = table.column(name).take(pa.array(order))
        parts.append(table.set_column(place, table.schema.field(place), column))
    return pa.concat_tables(parts).unify_dictionaries()


def signals(found: Leaning | None, baseline: Mapping[str, float] | None, why: str) -> list[Signal]:
    """`importance.COLUMN` of every column, and `importance.shift` where there is something to compare with.

    Args:
        baseline: losses by column when the version was made, or on the reference.
        why: the reason where there is no leaning.
    """
    if found is None:
        return [Signal("importance.shift", None, n=0, state="unknown", message=why)]
    detail = {"metric": found.metric, "by": "permutation"}
    made = [
        Signal(
            f"importance.{one.column}", one.value, one.lower, one.upper, found.n, column=one.column, detail=detail,
            message=f"{found.metric} would be worse by {one.value:.3g} without {one.column}",
        )
        for one in found.columns
    ]  # fmt: skip
    return [*made, shift(found, baseline)]


def shift(found: Leaning, baseline: Mapping[str, float] | None) -> Signal:
    """How far the columns' shares of all losses have moved: half the sum of their absolute differences, 0..1."""
    import numpy as np

    before, now = shares(baseline or {}), shares(found.values())
    if not before or not now:
        says = "nothing to compare with" if not before else "no column makes a difference on these rows"
        return Signal("importance.shift", None, n=found.n, state="unknown", message=says)
    value = _moved(before, now)
    lower = upper = None
    if found.without is not None:
        names = [one.column for one in found.columns]
        parts = [_moved(before, shares(dict(zip(names, row, strict=True)))) for row in found.without.tolist()]
        half = t_quantile(GROUPS - 1) * _error(np.array(parts))
        lower, upper = max(0.0, value - half), min(1.0, value + half)
    most = max(set(before) | set(now), key=lambda name: (abs(now.get(name, 0) - before.get(name, 0)), name))
    says = f"{most} makes {now.get(most, 0):.0%} of the difference, before {before.get(most, 0):.0%}"
    return Signal("importance.shift", value, lower, upper, found.n, message=says, detail={"metric": found.metric})


def _moved(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    if not now:
        return 1.0
    return min(1.0, sum(abs(now.get(name, 0.0) - before.get(name, 0.0)) for name in set(before) | set(now)) / 2)


def failed(exc: LifecycleError) -> list[Signal]:
    """A version that could not score its own rows once more."""
    return [Signal("importance.shift", None, n=0, state="error", message=exc.message)]
