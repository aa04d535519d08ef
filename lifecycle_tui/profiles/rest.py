"""The profile of the rows that remain when a part of them is taken out: exact, because profiles are counts and sums.

`rest(whole, part)` is what `+` undoes: `rest(a + b, b) == a`, but for the two extremes of a number where the part held
one: those are then known up to the cell of the grid that they lie in (exact where a cell is a value). Where one of
them is on a coarser grid of the other's (see `nested`), so is what remains. Called where a
window of the reference is compared with the reference without it.
"""

from __future__ import annotations

import math

import numpy as np

from lifecycle_tui.profiles.categorical import CategoricalProfile, lower_horizon
from lifecycle_tui.profiles.moments import Sums
from lifecycle_tui.profiles.nested import together
from lifecycle_tui.profiles.numeric import NumericProfile

Profile = NumericProfile | CategoricalProfile


def rest(whole: Profile, part: Profile) -> Profile:
    """The profile of the rows of `whole` that are not in `part`.

    Raises:
        ValueError: if the part is not contained in the whole, or lies on another grid.
        TypeError: if one counts numbers and the other labels.
    """
    if isinstance(whole, CategoricalProfile) and isinstance(part, CategoricalProfile):
        return _labels(whole, part)
    if isinstance(whole, NumericProfile) and isinstance(part, NumericProfile):
        return _numbers(whole, part)
    raise TypeError("numbers cannot be taken out of labels, nor labels out of numbers")


def _labels(whole: CategoricalProfile, part: CategoricalProfile) -> CategoricalProfile:
    horizon = lower_horizon(whole, part)
    (all_of_it, others), (taken, more) = whole.below(horizon), part.below(horizon)
    counts = {label: count - taken.get(label, 0) for label, count in all_of_it.items()}
    if not taken.keys() <= all_of_it.keys() or min(counts.values(), default=0) < 0 or others < more:
        raise ValueError("the part has labels that the whole does not have")
    if part.rows > whole.rows or part.missing > whole.missing:
        raise ValueError("the part has more rows than the whole")
    return CategoricalProfile(whole.rows - part.rows, counts, other=others - more, horizon=horizon)


def _numbers(whole: NumericProfile, part: NumericProfile) -> NumericProfile:
    both = together(whole, part)
    if both is None or whole.kind != part.kind:
        raise ValueError("profiles of different grids or kinds cannot be taken apart")
    whole, part = both
    counts = whole.dense() - part.dense()
    infinite = (whole.negative_inf - part.negative_inf, whole.positive_inf - part.positive_inf)
    if (len(counts) and int(counts.min()) < 0) or min(infinite) < 0 or part.missing > whole.missing:
        raise ValueError("the part has values that the whole does not have")
    sums = None
    if whole.sums is not None and part.sums is not None:
        a, b = whole.sums, part.sums
        sums = Sums(a.n - b.n, a.total - b.total, a.squares - b.squares)
    return NumericProfile(
        whole.grid,
        whole.rows - part.rows,
        counts,
        kind=whole.kind,
        extremes=_extremes(whole, part, counts, infinite),
        infinite=infinite,
        sums=sums,
        text=None if whole.text is None or part.text is None else whole.text.without(part.text),
    ).compact()


def _extremes(
    whole: NumericProfile, part: NumericProfile, counts: np.ndarray, infinite: tuple[int, int]
) -> tuple[float, float]:
    """Minimum and maximum of the finite values that remain."""
    if int(counts.sum()) - sum(infinite) <= 0:
        return math.nan, math.nan
    low, high = whole.minimum, whole.maximum
    if (part.minimum > low and part.maximum < high) or part.finite == 0:
        return low, high
    finite = counts.copy()
    filled = np.flatnonzero(finite)
    finite[filled[0]] -= infinite[0]  # infinities are always in the outermost cells that are filled
    finite[filled[-1]] -= infinite[1]
    cells = np.flatnonzero(finite)[[0, -1]]
    lower, upper = whole.grid.bounds(cells)
    if part.minimum <= low:
        low = float(np.clip(lower[0], whole.minimum, whole.maximum))
    if part.maximum >= high:
        high = float(np.clip(upper[1], whole.minimum, whole.maximum))
    return low, high
