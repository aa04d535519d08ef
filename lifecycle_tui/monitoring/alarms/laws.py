"""What the scores of a sum of windows follow when nothing is wrong: arrays of shape (columns, parts, scales).

Where all windows are held against one reference, that is its table on every scale. Where each is held against the
windows of its own season, a sum is a stratified one: its mean, variance and cumulants are those of its windows' seasons
weighted by their rows, and each season's own sampling error enters once, however many of the sum's windows share it
(Cochran, *Sampling Techniques*, 1977, 5.3). Called by `evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.monitoring.alarms.yardstick import Table, Yardstick


@dataclass(frozen=True)
class Law:
    """Attributes are those of `Table`, by scale; `n` is how many rows of the reference are worth as much."""

    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    skew: np.ndarray
    kurtosis: np.ndarray
    lumpy: np.ndarray
    between: np.ndarray
    between_rows: np.ndarray
    together: np.ndarray
    df: np.ndarray
    uneven: np.ndarray

    @classmethod
    def of(cls, table: Table) -> Law:
        """The same on every scale."""
        return cls(
            table.n[..., None], table.mean[..., None], table.variance[..., None], table.skew[..., None],
            table.kurtosis[..., None], table.lumpy[..., None], table.between[..., None], table.between_rows[..., None],
            table.together[:, None, :], table.df[..., None], table.uneven[..., None],
        )  # fmt: skip

    @classmethod
    def mixed(cls, yardsticks: Sequence[Yardstick], rows: Sequence[np.ndarray], scales: Sequence[int]) -> Law:
        """Of sums over the first k windows, k of `scales`, the newest window first.

        Args:
            yardsticks: what each window is held against; one season has one `season`.
            rows: of each window the rows that were scored, shape (columns, parts).
        """
        own = yardsticks[0].table
        each = [_mix(yardsticks[:k], rows[:k]) for k in scales if k <= len(yardsticks)]
        empty = [np.full_like(own.n, np.nan)] * 8
        each += [empty for k in scales if k > len(yardsticks)]
        n, mean, variance, skew, kurtosis, lumpy, between, between_rows = (
            np.stack(a, -1) for a in zip(*each, strict=True)
        )
        return cls(
            n, mean, variance, skew, kurtosis, lumpy != 0, between, between_rows, own.together[:, None, :],
            own.df[..., None], own.uneven[..., None],
        )  # fmt: skip


def _mix(yardsticks: Sequence[Yardstick], rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    tables = [y.table for y in yardsticks]
    total = np.sum(rows, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = [n / total for n in rows]

        # A window without rows says nothing, also where its season is not known.
        def summed(values: Sequence[np.ndarray]) -> np.ndarray:
            return np.sum([np.where(w > 0, w * v, 0.0) for w, v in zip(weights, values, strict=True)], axis=0)

        variance = summed([t.variance for t in tables])
        third = summed([t.skew * t.variance**1.5 for t in tables])
        fourth = summed([t.kurtosis * t.variance**2 for t in tables])
        seasons: dict[str, np.ndarray] = {}
        known: dict[str, Table] = {}
        for yardstick, weight in zip(yardsticks, weights, strict=True):
            seasons[yardstick.season] = seasons.get(yardstick.season, 0.0) + weight
            known.setdefault(yardstick.season, yardstick.table)
        error = np.sum(
            [np.where(w > 0, w**2 * known[s].variance / known[s].n, 0.0) for s, w in seasons.items()], axis=0
        )
        nothing = np.isnan(tables[0].mean) | ~(total > 0)
        found = [
            variance / error, summed([t.mean for t in tables]), variance, third / variance**1.5, fourth / variance**2,
            np.any([t.lumpy for t in tables], axis=0).astype(float), summed([t.between for t in tables]),
            summed([t.between_rows for t in tables]),
        ]  # fmt: skip
    return [np.where(nothing, np.nan, a) for a in found]
