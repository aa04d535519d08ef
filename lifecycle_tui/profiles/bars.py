"""A small histogram of two profiles side by side. Called by `monitoring` for text output and screens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.nested import together
from lifecycle_tui.profiles.numeric import NumericProfile

_TAIL = 0.01


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts of both sides in the same bins.

    Attributes:
        names: of each bin: the label, the value, or the lower end as text.
        reference, window: rows in each bin.
        edges: bins + 1 values for numbers (the outermost bins also take what lies beyond); empty for labels.
    """

    names: tuple[str, ...]
    reference: tuple[int, ...]
    window: tuple[int, ...]
    edges: tuple[float, ...] = ()


def bars(
    reference: NumericProfile | CategoricalProfile, window: NumericProfile | CategoricalProfile, width: int = 16
) -> Bars | None:
    """At most `width` bins chosen from the reference; None if it holds nothing to choose from.

    Raises:
        ValueError: if neither grid is the other's, or a coarser one of it.
    """
    if isinstance(reference, CategoricalProfile) and isinstance(window, CategoricalProfile):
        return _of_labels(reference, window, width)
    assert isinstance(reference, NumericProfile) and isinstance(window, NumericProfile)
    return _of_numbers(reference, window, width)


def _of_labels(reference: CategoricalProfile, window: CategoricalProfile, width: int) -> Bars | None:
    if not reference.n and not window.n:
        return None
    pooled = {**window.counts}
    for label, count in reference.counts.items():
        pooled[label] = pooled.get(label, 0) + count
    shown = sorted(pooled, key=lambda label: (-pooled[label], label))
    shown = shown if len(shown) <= width else shown[: width - 1]
    p, q = ([side.counts.get(label, 0) for label in shown] for side in (reference, window))
    rest = (reference.n - sum(p), window.n - sum(q))
    if any(rest):
        return Bars((*shown, "(other)"), (*p, rest[0]), (*q, rest[1]))
    return Bars(tuple(shown), tuple(p), tuple(q))


def _of_numbers(reference: NumericProfile, window: NumericProfile, width: int) -> Bars | None:
    if not reference.finite:
        return None
    both = together(reference, window)
    if both is None:
        raise ValueError("profiles on different grids have no bars in common")
    reference, window = both
    low, high = (min(max(reference.quantile(q), reference.minimum), reference.maximum) for q in (_TAIL, 1 - _TAIL))
    if low == int(low) and high == int(high) and high - low < width and reference.distinct <= 2 * width:
        edges = np.arange(int(low), int(high) + 2, dtype=np.float64)  # a bin for each whole number
    else:
        if low == high:
            low, high = reference.minimum, reference.maximum
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = (low / 2 + (high / 2 - low / 2) * (np.arange(width + 1) / width)) * 2  # no overflow on the way
    # A bin begins with the cell that holds its edge; edges in one cell begin one bin.
    starts = np.unique(np.append(reference.grid.index(edges[1:-1]), 0)).astype(np.intp)
    p, q = (np.add.reduceat(side.dense(), starts) for side in (reference, window))
    inner = np.clip(reference.grid.bounds(starts[1:])[0], edges[0], edges[-1])
    edges = np.concatenate([edges[:1], inner, edges[-1:]])
    return Bars(
        tuple(f"{edge:.4g}" for edge in edges[:-1]),
        tuple(p.tolist()),
        tuple(q.tolist()),
        tuple(edges.tolist()),
    )
