"""How a model's output and the truth go together, as small tables of counts: what tells label shift from concept drift.

The reference freezes the bins (`freeze`) and keeps its own tables with its facts; a window's outcomes are counted on
the same bins (`count`) and compared (`compare`): the truth by itself, the truth among rows of like score, and the
score among rows of like truth. Called by `agent.work.readings`; `reading` weighs what comes out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.domain.protocols import Outcomes

BINS = 10
"""Quantile bins of a score, of a number that is predicted and of what it misses by."""

MOST_CLASSES = 50
"""Of more classes than this the rarest share one row."""

OTHER = "(other)"


@dataclass(frozen=True)
class OutcomeBins:
    """The frozen bins of one model.

    Attributes:
        said: inner edges of the score (or of the predicted number); empty where `labels` are what is said.
        truth: inner edges of a target that is a number; empty for classes.
        miss: inner edges of target minus prediction, for numbers.
        labels: classes in order, the last one `OTHER` where there are too many; empty for numbers.
        spread: standard deviation of target minus prediction on the reference, for numbers.
    """

    said: tuple[float, ...] = ()
    truth: tuple[float, ...] = ()
    miss: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    spread: float = 0.0


@dataclass(frozen=True)
class OutcomeTables:
    """Counts of outcomes on such bins.

    Attributes:
        given_said: (s, m) what is said by the truth (classes) or by what it misses (numbers).
        given_truth: (s, k) what is said by the truth; for classes the same table.
        said: whether there is a score or a prediction at all; else there is one row, and only the truth is known.
        lowest, highest: of a target that is a number.
    """

    given_said: tuple[tuple[int, ...], ...]
    given_truth: tuple[tuple[int, ...], ...]
    said: bool = True
    lowest: float = math.nan
    highest: float = math.nan

    @property
    def n(self) -> int:
        """Rows whose truth is known."""
        return sum(map(sum, self.given_truth))

    @property
    def truth(self) -> tuple[int, ...]:
        """Rows by truth."""
        return tuple(map(sum, zip(*self.given_truth, strict=True)))


@dataclass(frozen=True)
class Gap:
    """How far a window's table is from the reference's.

    Attributes:
        effect: 0..1, total variation (a mean over rows of the table, weighted by the window's).
        p_value: that the difference is chance, rows taken as independent; None if too thin to compare.
        n: rows of the smaller side.
    """

    effect: float
    p_value: float | None
    n: int


@dataclass(frozen=True)
class Gaps:
    """The three comparisons; None where the side that it needs is not known."""

    truth: Gap | None = None
    given_said: Gap | None = None
    given_truth: Gap | None = None


def freeze(outcomes: Outcomes) -> OutcomeBins:
    """Bins at the quantiles of the reference's outcomes (not empty)."""
    import numpy as np

    if outcomes.target.dtype.kind == "f":
        if outcomes.prediction is None:
            return OutcomeBins(truth=_edges(outcomes.target))
        miss = outcomes.target - outcomes.prediction
        finite = miss[np.isfinite(miss)]
        spread = float(finite.std()) if len(finite) else 0.0
        return OutcomeBins(_edges(outcomes.prediction), _edges(outcomes.target), _edges(miss), spread=spread)
    if len(outcomes.classes) == 2 and outcomes.target.dtype.kind == "i":
        said = () if outcomes.score is None else _edges(outcomes.score)
        return OutcomeBins(said, labels=tuple(outcomes.classes))
    names, counts = np.unique(outcomes.target, return_counts=True)
    common = sorted(names[np.argsort(-counts, kind="stable")][: MOST_CLASSES - 1].tolist())
    return OutcomeBins(labels=(*common, OTHER))


def count(outcomes: Outcomes, bins: OutcomeBins) -> OutcomeTables:
    """The outcomes counted on frozen bins; infinities fall into the end bins."""
    import numpy as np

    target = outcomes.target
    if not bins.labels:
        truth, kinds = np.searchsorted(bins.truth, target, side="left"), len(bins.truth) + 1
        ends = (float(target.min()), float(target.max())) if len(target) else (math.nan, math.nan)
        if outcomes.prediction is None or not bins.miss:
            table = _table(np.zeros(len(target), np.int64), 1, truth, kinds)
            return OutcomeTables(table, table, False, *ends)
        said = np.searchsorted(bins.said, outcomes.prediction, side="left")
        miss = np.searchsorted(bins.miss, target - outcomes.prediction, side="left")
        rows = len(bins.said) + 1
        return OutcomeTables(
            _table(said, rows, miss, len(bins.miss) + 1), _table(said, rows, truth, kinds), True, *ends
        )
    kinds = len(bins.labels)
    if target.dtype.kind == "i":
        truth = target.astype(np.int64)
        if outcomes.score is not None and bins.said:
            said, rows = np.searchsorted(bins.said, outcomes.score, side="left"), len(bins.said) + 1
        elif outcomes.prediction is not None and outcomes.score is None:
            said, rows = outcomes.prediction.astype(np.int64), 2
        else:
            said, rows = np.zeros(len(target), np.int64), 1
    else:
        truth = _places(target, bins.labels)
        if outcomes.prediction is None:
            said, rows = np.zeros(len(target), np.int64), 1
        else:
            said, rows = _places(outcomes.prediction, bins.labels), kinds
    table = _table(said, rows, truth, kinds)
    return OutcomeTables(table, table, rows > 1)


def compare(reference: OutcomeTables, window: OutcomeTables) -> Gaps:
    """All three gaps between two tables on the same bins."""
    import numpy as np

    if not reference.n or not window.n:
        return Gaps()
    truth = _gap(np.array([reference.truth]), np.array([window.truth]))
    given_said, given_truth = (
        (np.array(a), np.array(b))
        for a, b in ((reference.given_said, window.given_said), (reference.given_truth, window.given_truth))
    )
    if not (reference.said and window.said) or given_said[0].shape != given_said[1].shape:
        return Gaps(truth)
    return Gaps(truth, _gap(*given_said), _gap(given_truth[0].T, given_truth[1].T))


def _gap(reference: np.ndarray, window: np.ndarray) -> Gap:
    """Rows of two tables compared one by one, (r, k) each.

    The statistic is the sum over rows of Pearson's chi-square of the 2 x k table; its law is taken as the scaled
    chi-square with the exact conditional mean and variance (sums of `stats.contingency.chi_square_moments`), which
    holds where cells are thin. The effect has the noise of the sample taken out: rows of equal law would show a mean
    total variation of about sum sqrt(2 p (1 - p) (1/n + 1/m) / pi) / 2.
    """
    from lifecycle_tui.stats.contingency import chi_square_moments
    from lifecycle_tui.stats.tails import chi2_sf

    statistic = mean = variance = effect = 0.0
    compared = 0
    for a, b in zip(reference, window, strict=True):
        n, m = int(a.sum()), int(b.sum())
        pooled = a + b
        seen = pooled > 0
        if n == 0 or m == 0 or seen.sum() < 2:
            continue
        a, b, pooled = a[seen], b[seen], pooled[seen]
        gap = a / n - b / m
        statistic += float((gap * gap / pooled).sum()) * n * m
        of_mean, of_variance = chi_square_moments(pooled, m, n)
        mean, variance, compared = mean + of_mean, variance + of_variance, compared + m
        share = pooled / (n + m)
        noise = float(((2 * share * (1 - share) * (1 / n + 1 / m) / math.pi) ** 0.5).sum()) / 2
        effect += m * max(0.0, float(abs(gap).sum()) / 2 - noise)
    rows = min(int(reference.sum()), int(window.sum()))
    if variance <= 0 or not compared:
        return Gap(0.0, None, rows)
    p = chi2_sf(statistic * 2 * mean / variance, 2 * mean * mean / variance)
    return Gap(effect / compared, p, rows)


def _edges(values: np.ndarray) -> tuple[float, ...]:
    import numpy as np

    finite = values[np.isfinite(values)]
    if not len(finite):
        return ()
    inner = np.unique(np.quantile(finite, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    return tuple(float(v) for v in inner if v < finite.max())


def _places(values: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    import numpy as np

    places = {label: i for i, label in enumerate(labels)}
    return np.fromiter((places.get(str(v), len(labels) - 1) for v in values), np.int64, len(values))


def _table(first: np.ndarray, rows: int, second: np.ndarray, columns: int) -> tuple[tuple[int, ...], ...]:
    import numpy as np

    flat = np.bincount(first * columns + second, minlength=rows * columns)
    return tuple(tuple(map(int, row)) for row in flat.reshape(rows, columns))


def bins_facts(bins: OutcomeBins) -> dict[str, Any]:
    """As JSON values, for the facts of a stored reference."""
    return {
        "said": list(bins.said), "truth": list(bins.truth), "miss": list(bins.miss), "labels": list(bins.labels),
        "spread": bins.spread,
    }  # fmt: skip


def bins_from(facts: Mapping[str, Any]) -> OutcomeBins:
    """What `bins_facts` wrote."""
    said, truth, miss, labels = (tuple(facts[name]) for name in ("said", "truth", "miss", "labels"))
    return OutcomeBins(said, truth, miss, labels, facts["spread"])


def tables_facts(tables: OutcomeTables) -> dict[str, Any]:
    """As JSON values."""
    ends = [None if math.isnan(v) else v for v in (tables.lowest, tables.highest)]
    return {
        "given_said": tables.given_said, "given_truth": tables.given_truth, "has_said": tables.said, "ends": ends,
    }  # fmt: skip


def tables_from(facts: Mapping[str, Any]) -> OutcomeTables:
    """What `tables_facts` wrote."""
    given_said, given_truth = (tuple(map(tuple, facts[name])) for name in ("given_said", "given_truth"))
    ends = (math.nan if v is None else float(v) for v in facts["ends"])
    return OutcomeTables(given_said, given_truth, facts["has_said"], *ends)
