"""What windows of a model are held against: the reference's scores, their law, and how its windows vary.

Built once a reference by `agent.work.variation`; read by `evidence` and `parts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.scores import (
    SCORES,
    ColumnScores,
    ColumnSums,
    LabelScores,
    Moments,
    RankScores,
    column_scores,
    missing_moments,
)
from lifecycle_tui.stats.moderate import moderate

SCALES = (1, 2, 4, 8, 16)
"""How many windows are summed."""

MOST_SUMMED = max(SCALES) - 1
"""So many windows before one take part in its sums."""

ENOUGH = 20
"""Fewer windows of the reference than this say too little of how windows vary."""

MISSING = len(SCORES)
PARTS = (*SCORES, "missing")
EFFECT = np.array([*(math.sqrt(12) / 8 / 2**i for i in range(len(SCORES))), 1.0])
"""The distance between distributions (KS; for missing rows the difference of shares) that goes with one standard
deviation's shift of a score: a density tilted along the score, 1 + θ √12 (t − ½), lies θ √12 / 8 / 2^i away."""

WEIGHT = np.array([2.0, 1.0, 0.5, 0.5, 0.25])
"""Shares of the parts in the budget: most of what drifts moves, and most columns never lack a value."""

LABELS = 4.0
"""The share of a column's labels, which are judged together."""

LUMPY = 0.05
"""A score of which one value has a larger share than this is judged by a bound, not by a normal law."""

POWER_Z = 0.8416
"""80 % of a normal law lies below it."""

Sums = Mapping[str, ColumnSums]
"""The sums of a window's columns."""


@dataclass(frozen=True)
class Spread:
    """How the reference's windows vary, by column.

    Attributes:
        windows: how many were looked at.
        variance: of the mean of each part between windows, at `rows` rows a window; shape (parts,), NaN where unknown.
        rows: harmonic mean of the rows that those means rest on, shape (parts,).
        labels: how many times more the labels' counts vary than by sampling alone, at least 1.
        together: for each of `SCALES`, how many times more sums of neighbouring windows vary than if windows did not
            hang together (weekends).
        over: how many times more the means of the parts vary than by sampling alone, shape (parts,), at least 1.
        mean_rows, crowd: values in a window, and in the window that a value lies in (`sizes.crowd`), on average; NaN
            where not known: all windows count as alike.
        freedom: the share of the labels' degrees of freedom that their variation between windows has: where one label
            varies and others do not, it has few, and longer tails.
    """

    windows: int
    variance: np.ndarray
    rows: np.ndarray
    labels: float = 1.0
    together: tuple[float, ...] = (1.0,) * len(SCALES)
    over: np.ndarray = field(default_factory=lambda: np.ones(len(PARTS)))
    mean_rows: float = math.nan
    crowd: float = math.nan
    freedom: float = 1.0


@dataclass(frozen=True)
class Yardstick:
    """What windows of a model are held against: the reference's scores and, where known, how its windows vary.

    Attributes:
        season: of which windows of the reference these are; "" for all of it.
    """

    scores: Mapping[str, ColumnScores]
    moments: Mapping[str, tuple[Moments, ...]]
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    season: str = ""

    @classmethod
    def of(
        cls,
        reference: Mapping[str, NumericProfile | CategoricalProfile],
        spreads: Mapping[str, Spread] | None = None,
    ) -> Yardstick:
        """From the profiles of a reference."""
        scores: dict[str, ColumnScores] = {}
        moments: dict[str, tuple[Moments, ...]] = {}
        for name, profile in sorted(reference.items()):
            scores[name], moments[name] = column_law(profile)
        return cls(scores, moments, spreads or {})

    def sums(self, window: Mapping[str, NumericProfile | CategoricalProfile]) -> dict[str, ColumnSums]:
        """The sums of a window's columns."""
        found = {}
        for name, scores in self.scores.items():
            profile = window.get(name)
            if isinstance(profile, NumericProfile) and isinstance(scores, RankScores):
                found[name] = scores.sums(profile)
            if isinstance(profile, CategoricalProfile) and isinstance(scores, LabelScores):
                found[name] = scores.sums(profile)
        return found

    def weight(self, column: str, scales: int) -> float:
        """The column's share of the budget: of all its parts on so many scales."""
        scores = self.scores[column]
        labels = LABELS if isinstance(scores, LabelScores) and scores.labels else 0.0
        scored = float(WEIGHT[:MISSING].sum()) if len(self.moments[column]) > 1 else 0.0
        return (scored + labels + float(WEIGHT[MISSING])) * scales

    @cached_property
    def table(self) -> Table:
        """The parts of all columns as arrays."""
        return Table.of(self)


def column_law(
    profile: NumericProfile | CategoricalProfile, labels: tuple[str, ...] | None = None
) -> tuple[ColumnScores, tuple[Moments, ...]]:
    """The scores of a column and their moments; `labels` as for `LabelScores`."""
    is_labels = isinstance(profile, CategoricalProfile) and labels is not None
    found = LabelScores(profile, labels) if is_labels else column_scores(profile)  # type: ignore[arg-type]
    own = found.moments() if isinstance(found, RankScores) and profile.kind != "time" else ()
    return found, (*own, missing_moments(profile.rows, profile.missing))


@dataclass(frozen=True)
class Table:
    """Arrays of shape (columns, parts); NaN where a column has no such part.

    Attributes:
        uneven: the window that a row of the reference lies in, as a multiple of `between_rows`: 1 where all are alike.
    """

    names: tuple[str, ...]
    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    skew: np.ndarray
    kurtosis: np.ndarray
    lumpy: np.ndarray
    windows: np.ndarray
    between: np.ndarray
    between_rows: np.ndarray
    together: np.ndarray
    df: np.ndarray
    uneven: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))

    @classmethod
    def of(cls, yardstick: Yardstick) -> Table:
        """Laid out once a reference."""
        names = tuple(yardstick.moments)
        shape = (len(names), len(PARTS))
        kept = {key: np.full(shape, np.nan) for key in ("n", "mean", "variance", "skew", "kurtosis", "atom")}
        between, rows, uneven = np.full(shape, np.nan), np.full(shape, np.nan), np.ones(shape)
        windows, together = np.zeros(len(names)), np.ones((len(names), len(SCALES)))
        for i, name in enumerate(names):
            found = yardstick.moments[name]
            places = [*range(len(found) - 1), MISSING]
            for place, moments in zip(places, found, strict=True):
                for key, values in kept.items():
                    values[i, place] = getattr(moments, key)
            spread = yardstick.spreads.get(name)
            if spread is not None and spread.windows >= ENOUGH:
                windows[i], between[i], rows[i] = spread.windows, spread.variance, spread.rows
                together[i] = spread.together
                if math.isfinite(spread.crowd):
                    uneven[i] = np.maximum(1.0, np.nan_to_num(spread.crowd / spread.rows, nan=1.0))
        lumpy = ~(kept["atom"] <= LUMPY)
        kept["variance"] = np.maximum(kept["variance"], 1e-9)  # a constant is as good as one
        between, df = moderated(between, kept["variance"] / rows, windows)
        return cls(names, kept["n"], kept["mean"], kept["variance"], kept["skew"], kept["kurtosis"], lumpy, windows,
                   between, rows, together, df, uneven)  # fmt: skip


def moderated(between: np.ndarray, sampling: np.ndarray, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(variances between windows in the light of the other columns', their degrees of freedom): (columns, parts).

    Infinite degrees of freedom stand where there is no estimate: there sampling alone is known, and exactly. A part
    whose windows never differed (no row was ever missing) says nothing of how they do.

    Args:
        between: variances between the reference's windows; sampling: what they would be by sampling alone.
        windows: how many windows the reference of each column has, shape (columns,).
    """
    found, df = np.where(between > 0, between, np.nan), np.full(between.shape, np.inf)
    for part in range(between.shape[1]):
        for count in np.unique(windows[windows >= ENOUGH]).tolist():
            same = (windows == count) & np.isfinite(found[:, part])
            if same.any():
                ratios, freedom = moderate(found[same, part] / sampling[same, part], count - 1)
                found[same, part], df[same, part] = ratios * sampling[same, part], freedom
    return found, df
