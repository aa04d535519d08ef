"""A column's two sides in a few hundred bytes: quantiles, moments and a density, for screens that read state alone.

Called by `monitoring.columns` for the detail of `change.COLUMN`. Everything comes from the profiles that are at hand;
nothing here looks at rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.numeric import NumericProfile

QUANTILES = (1, 5, 25, 50, 75, 95, 99)
"""Percent."""

POINTS = 48
"""Of a density."""

FULL = 255
"""The greatest density of both sides, as it is stored: a hundredth of a step more cannot be drawn."""

FEW = 32
"""A column with no more distinct values than this has bars, and no density."""

_REACH = 3.0  # bandwidths that a kernel reaches


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a column; numbers that it does not have, or that are not finite, are None.

    Attributes:
        distinct: of labels, how many there are; None for numbers.
        quantiles: at `QUANTILES`; empty for labels.
    """

    rows: int
    missing: int
    distinct: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[float | None, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is known, by name."""
        found: dict[str, Any] = {"rows": self.rows, "missing": self.missing}
        for name in ("distinct", "minimum", "maximum", "mean", "std"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        return found | ({"quantiles": list(self.quantiles)} if self.quantiles else {})


@dataclass(frozen=True, slots=True)
class Density:
    """Both sides' densities at `POINTS` equally spaced values from `low` to `high`; the greatest of all is `FULL`."""

    low: float
    high: float
    reference: tuple[int, ...]
    window: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """Both sides of a column; `kind` is "numeric", "text" (lengths), "time" or "categorical"."""

    kind: str
    reference: Side
    window: Side
    density: Density | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is stored in a signal's detail under "shape"."""
        found: dict[str, Any] = {
            "kind": self.kind, "reference": self.reference.as_json(), "window": self.window.as_json(),
        }  # fmt: skip
        if self.kind != "categorical":
            found["quantiles"] = list(QUANTILES)
        if (d := self.density) is not None:
            found["density"] = {
                "low": d.low, "high": d.high, "reference": list(d.reference), "window": list(d.window),
            }  # fmt: skip
        return found


def shape(reference: NumericProfile | CategoricalProfile, window: NumericProfile | CategoricalProfile) -> Shape:
    """Both sides of a column, from their profiles."""
    if isinstance(reference, NumericProfile) and isinstance(window, NumericProfile):
        reference, window = reference.compact(), window.compact()  # its cells are asked for again and again
        drawn = None if reference.kind == "time" else density(reference, window)
        return Shape(reference.kind, _numbers(reference), _numbers(window), drawn)
    first, second = (Side(p.rows, p.missing, p.distinct) for p in (reference, window))
    return Shape("categorical", first, second)


def _numbers(profile: NumericProfile) -> Side:
    quantiles = tuple(map(_short, profile.quantiles(q / 100 for q in QUANTILES))) if profile.n else ()
    minimum, maximum, mean, std = map(_short, (profile.minimum, profile.maximum, profile.mean, profile.std))
    return Side(profile.rows, profile.missing, None, minimum, maximum, mean, std, quantiles)


def _short(value: float) -> float | None:
    """Six digits: what a table shows."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def density(reference: NumericProfile, window: NumericProfile) -> Density | None:
    """Gaussian kernel densities of both sides' finite values between their outer percentiles.

    Counts on equal cells are convolved with the kernel (Silverman 1982, Applied Statistics 31, AS 176). Both sides have
    one bandwidth, or smoothing itself would look like a change: the greater of the two by Silverman's rule (1986,
    Density Estimation, equation 3.31), 0.9 min(s, IQR / 1.34) n^(-1/5), but no less than a step of the picture.

    Returns:
        None where either side has no finite value or few distinct ones, or where floats cannot tell the ends apart.
    """
    sides = (reference, window)
    if any(p.finite < 2 for p in sides) or reference.distinct <= FEW:
        return None
    quarters = [[min(max(v, p.minimum), p.maximum) for v in p.quantiles((0.01, 0.25, 0.75, 0.99))] for p in sides]
    low, high = min(q[0] for q in quarters), max(q[3] for q in quarters)
    step = (high / 2 - low / 2) * 2 / (POINTS - 1)
    if not math.isfinite(step) or step <= abs(low) * 1e-12 or step <= 0:
        return None
    wide = max(step, *(_bandwidth(p, q[2] - q[1]) for p, q in zip(sides, quarters, strict=True)))
    around = min(8 * POINTS, math.ceil(_REACH * wide / step))
    edges = low + step * (np.arange(-around, POINTS + around + 1) - 0.5)
    if not np.all(np.diff(edges) > 0):
        return None
    kernel = np.exp(-0.5 * (np.arange(-around, around + 1) * (step / wide)) ** 2)
    drawn = [np.convolve(p.histogram(edges).counts / p.finite, kernel, mode="valid") for p in sides]
    most = max(float(d.max()) for d in drawn)
    if most <= 0:
        return None
    first, second = (tuple(np.rint(d / most * FULL).astype(int).tolist()) for d in drawn)
    return Density(float(f"{low:.6g}"), float(f"{high:.6g}"), first, second)


def _bandwidth(profile: NumericProfile, quarters: float) -> float:
    """By Silverman's rule; `quarters` is the distance between the quartiles."""
    known = [s for s in (profile.std, quarters / 1.34) if s > 0 and math.isfinite(s)]
    return 0.9 * min(known) * float(profile.finite) ** -0.2 if known else 0.0
