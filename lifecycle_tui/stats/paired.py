"""How much better a challenger is than a champion, with an interval: blocks of rows resampled, the same for both.

The judge measures gains and the challenger's own metrics with it; `policy.gates` holds the intervals against the gates.
Any measure will do, a team's own too: it is called again on each resample, so nothing needs to be known about it.

The interval is Hesterberg's expanded percentile interval (2015, What teachers should know about the bootstrap, The
American Statistician 69, 371-386): quantiles of the resampled values, moved outwards as Student's t and n / (n - 1)
ask for with few units. A unit is a run of consecutive blocks: days that follow each other are alike, and runs of about
the cube root of their number let the interval see that (Künsch 1989, Annals of Statistics 17, 1217-1241; Hall, Horowitz
and Jing 1995, Biometrika 82, 561-574).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, replace
from statistics import NormalDist
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from lifecycle_tui.stats.intervals import LEVEL, t_quantile


class Rows(Protocol):
    """What `domain.protocols.Outcomes` looks like from here: this floor does not import the words beside it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def target(self) -> np.ndarray: ...
    @property
    def prediction(self) -> np.ndarray | None: ...
    @property
    def score(self) -> np.ndarray | None: ...
    @property
    def weight(self) -> np.ndarray | None: ...
    @property
    def groups(self) -> Mapping[str, np.ndarray]: ...
    @property
    def query(self) -> np.ndarray | None: ...


Outcomes = TypeVar("Outcomes", bound=Rows)

MIN_UNITS = 8
"""Fewer rows than this give no interval; fewer blocks than this are replaced by stretches of rows."""

STRETCHES = 20
"""Stretches of rows."""

RUNS = 10
"""The least number of runs that blocks are joined to. Days that are half like the day before would pass a challenger
that is no better in 10 cases of 100 where 30 stand alone, in 5 where they are in ten runs; 2.5 is asked for."""

FEWEST = 200
"""Resamples that are always drawn."""

LOST = 0.05
"""With more than this share of the resamples without a value there is no interval: the rest would not be typical."""

_BUDGET = 10_000_000


@dataclass(frozen=True, slots=True)
class Paired:
    """A value with its 95 % interval.

    Attributes:
        value: of all rows; None where they give none.
        lower, upper: the interval; None where there is none, and `message` says why.
        n: rows.
        blocks: units that were resampled.
    """

    value: float | None
    lower: float | None
    upper: float | None
    n: int
    blocks: int
    message: str | None = None


def paired_gain(
    measure: Callable[[Outcomes], float | None],
    challenger: Outcomes,
    champion: Outcomes,
    *,
    greater_is_better: bool,
    block: np.ndarray | None,
    resamples: int = 1000,
    seed: int = 0,
) -> Paired:
    """How much better the challenger is, in the measure's unit: above 0 it is better, whichever way the measure points.

    A resample takes the same rows of both versions, so that what makes rows hard for both cancels out.

    Args:
        measure: one number about a version's rows; None or NaN where they give none.
        challenger, champion: of the same n rows, row by row, in order of time.
        block: (n,) whole numbers, e.g. days: rows with the same one go together. None, or fewer than 8 different ones:
            about 20 stretches of rows in the order given.
        resamples: how many at most; with many rows there are fewer (see `resample_count`).

    Raises:
        ValueError: if the versions, or `block`, have different numbers of rows.
    """
    if len(challenger.target) != len(champion.target):
        raise ValueError(
            f"{len(challenger.target)} rows of the challenger and {len(champion.target)} of the champion do not pair"
        )
    sign = 1.0 if greater_is_better else -1.0

    def gain(both: Sequence[Outcomes]) -> float | None:
        new, old = (_finite(measure(outcomes)) for outcomes in both)
        return None if new is None or old is None else sign * (new - old) + 0.0  # + 0.0: no negative zero

    return _resampled(gain, (challenger, champion), block, resamples, seed)


def outcomes_interval(
    measure: Callable[[Outcomes], float | None],
    outcomes: Outcomes,
    *,
    block: np.ndarray | None,
    resamples: int = 1000,
    seed: int = 0,
    own: tuple[float | None, float | None] = (None, None),
) -> Paired:
    """The measure of one version, its interval from the same blocks as `paired_gain`'s.

    Args:
        own: the interval that the measure itself gives, if it does. The wider end of both counts: where every row is
            right, resamples cannot know better, and a measure of its own may (Wilson's interval of a proportion).
    """
    found = _resampled(lambda one: _finite(measure(one[0])), (outcomes,), block, resamples, seed)
    lower, upper = own
    if found.lower is None or found.upper is None:
        return found
    return replace(
        found,
        lower=found.lower if lower is None else min(lower, found.lower),
        upper=found.upper if upper is None else max(upper, found.upper),
    )


def resample_count(rows: int, columns: int, resamples: int = 1000) -> int:
    """Resamples for so many rows, so that measuring 10 000 rows in order n log n takes a few seconds.

    All of them up to 10 000 rows, then so many that rows times resamples stays at 10 million, from 50 000 rows on 200:
    never fewer, and never by the clock, so that the same rows give the same bits on every machine.

    Args:
        columns: numbers a row; 1, but for the scores of several classes.
    """
    return max(FEWEST, min(resamples, _BUDGET // max(1, rows * max(1, columns))))


def units_of(rows: int, block: np.ndarray | None) -> tuple[np.ndarray, int]:
    """The unit that each row belongs to, (rows,) from 0 on, and how many there are.

    Rows of a block are in one unit. 20 blocks or more are joined in runs of about the cube root of their number, as
    long as 10 runs are left. Without blocks, or with fewer than 8, units are 20 stretches of rows (below 20 rows, each
    is one).
    """
    if block is not None:
        names, place = np.unique(block, return_inverse=True)
        if len(names) >= MIN_UNITS:
            run = max(1, min(round(len(names) ** (1 / 3)), len(names) // RUNS))
            runs = len(names) // run
            return place * runs // len(names), runs
    stretches = min(rows, STRETCHES)
    return np.arange(rows) * stretches // max(1, rows), stretches


def _whole(unit: np.ndarray, query: np.ndarray) -> np.ndarray:
    """All rows of a query in the unit of its first: a list of which half is drawn is another list."""
    of = query >= 0
    if not of.any():
        return unit
    _, first, place = np.unique(query[of], return_index=True, return_inverse=True)
    found = unit.copy()
    found[of] = unit[of][first][place]
    return found


def tail(units: int) -> float:
    """The share of resampled values left out at each end, 0.025 for very many units and less for few (Hesterberg)."""
    widened = math.sqrt(units / (units - 1)) * t_quantile(units - 1, LEVEL)
    return NormalDist().cdf(-widened)


def _resampled(
    statistic: Callable[[Sequence[Outcomes]], float | None],
    versions: Sequence[Outcomes],
    block: np.ndarray | None,
    resamples: int,
    seed: int,
) -> Paired:
    n = len(versions[0].target)
    if block is not None and len(block) != n:
        raise ValueError(f"{len(block)} blocks for {n} rows")
    unit, units = units_of(n, block)
    if versions[0].query is not None:
        unit = _whole(unit, versions[0].query)
    if n == 0:
        return Paired(None, None, None, 0, 0, "no rows")
    value = statistic(versions)
    if value is None:
        return Paired(None, None, None, n, units, "these rows give no value")
    if units < MIN_UNITS:
        return Paired(value, None, None, n, units, f"{n} {'row gives' if n == 1 else 'rows give'} no interval")
    wanted = resample_count(n, _columns(versions[0]), resamples)
    values = _draw(statistic, versions, unit, units, wanted, seed)
    if len(values) < (1 - LOST) * wanted:
        says = f"{wanted - len(values):,} of {wanted:,} resamples give no value: too few rows of a kind that it needs"
        return Paired(value, None, None, n, units, says)
    alpha = tail(units)
    lower, upper = (float(end) for end in np.quantile(values, (alpha, 1 - alpha)))
    return Paired(value, min(lower, value), max(upper, value), n, units)


def _draw(
    statistic: Callable[[Sequence[Outcomes]], float | None],
    versions: Sequence[Outcomes],
    unit: np.ndarray,
    units: int,
    wanted: int,
    seed: int,
) -> list[float]:
    """The statistic of each resample that has one. Rows stay in order, each as often as its unit was drawn."""
    random = np.random.default_rng(seed)
    rows = np.arange(len(unit))
    found = []
    for _ in range(wanted):
        times = np.bincount(random.integers(0, units, units), minlength=units)
        value = statistic(_take(versions, np.repeat(rows, times[unit])))
        if value is not None:
            found.append(value)
    return found


def _take(versions: Sequence[Outcomes], at: np.ndarray) -> tuple[Outcomes, ...]:
    """The rows at those places, of every version. Without days: the intervals that they are for are not needed here."""
    shared = {id(outcomes.target): outcomes.target for outcomes in versions}
    targets = {key: target[at] for key, target in shared.items()}
    together = {id(outcomes.groups): outcomes.groups for outcomes in versions}
    query = None if versions[0].query is None else _drawn_queries(versions[0].query, at)
    groups = {key: {name: values[at] for name, values in found.items()} for key, found in together.items()}
    return tuple(
        replace(
            outcomes,
            target=targets[id(outcomes.target)],
            prediction=None if outcomes.prediction is None else outcomes.prediction[at],
            score=None if outcomes.score is None else outcomes.score[at],
            weight=None if outcomes.weight is None else outcomes.weight[at],
            day=None,
            groups=groups[id(outcomes.groups)],
            query=query,
        )
        for outcomes in versions
    )


def _drawn_queries(query: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Queries of the drawn rows: one that was drawn twice is two. `at` ascends, repeated rows side by side."""
    again = np.arange(len(at)) - np.searchsorted(at, at)
    drawn = query[at]
    return np.where(drawn < 0, drawn, drawn * (int(again.max(initial=0)) + 1) + again)


def _columns(outcomes: Rows) -> int:
    return outcomes.score.shape[1] if outcomes.score is not None and outcomes.score.ndim == 2 else 1


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
