"""The table of budgets: a line for each value that was measured, and whether it is within."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value.

    Attributes:
        unit: `x` is a ratio to the blank app in the same run; else B, B/s, %, ms, MiB, or "" for what is a word.
        budget: the most that it may be; None where it is told only.
        more: what the value was made from, e.g. both sides of a ratio.
    """

    what: str
    value: float
    unit: str
    budget: float | None
    more: str = ""

    @property
    def over(self) -> bool:
        return self.budget is not None and not self.value <= self.budget

    def line(self) -> str:
        """As it is printed."""
        verdict = "" if self.budget is None else "OVER" if self.over else "ok"
        budget = "" if self.budget is None else number(self.budget, self.unit)
        return f"{self.what:<44}{number(self.value, self.unit):>12}{budget:>12}  {verdict:<6}{self.more}".rstrip()


HEAD = f"{'':<44}{'measured':>12}{'budget':>12}"


def number(value: float, unit: str) -> str:
    """A value with its unit."""
    digits = 0 if unit in ("B", "B/s") else 2 if unit in ("x", "%") else 1
    return f"{value:,.{digits}f} {unit}".rstrip()


def share(values: Sequence[float], q: float) -> float:
    """The quantile `q` (0..1) of at least one value, by linear interpolation between the nearest two."""
    ranked = sorted(values)
    at = (len(ranked) - 1) * q
    low = int(at)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (at - low)


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)
