"""What `change.COLUMN` knows of a column beside its number, read from the signal's detail. Called by the drift pane.

The detail is JSON that a worker wrote, maybe an older one: what is missing or is not what it should be is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.domain.signals import Signal

CHANGE = "change"
"""Begins the name of the signal that carries a column's verdict."""


@dataclass(frozen=True, slots=True)
class Side:
    """Reference or window; None is not known. `quantiles` are those of `Shape.at`, or there are none."""

    rows: int | None = None
    missing: int | None = None
    distinct: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Density:
    """Both sides' densities at equally spaced values from `low` to `high`, in steps of whatever size."""

    low: float
    high: float
    reference: tuple[float, ...]
    window: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """Both sides; `at` are the percentages of the quantiles."""

    kind: str
    at: tuple[float, ...]
    reference: Side
    window: Side
    density: Density | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column's verdict rests on; None is not known.

    Attributes:
        p: adjusted over all tests of the window; alpha: the window's budget.
        floor: the smallest change that is called drift.
        windows: how many were summed.
        detectable, lasting: the smallest change that this window alone, and a lasting one, would have shown.
        basis: what windows are taken to vary by.
    """

    p: float | None = None
    alpha: float | None = None
    floor: float | None = None
    windows: int = 1
    detectable: float | None = None
    lasting: float | None = None
    basis: str = ""


def shape(detail: Mapping[str, Any]) -> Shape | None:
    """The shape of both sides, where the worker stored one."""
    found = detail.get("shape")
    if not isinstance(found, Mapping):
        return None
    at = tuple(q for q in map(number, _list(found.get("quantiles"))) if q is not None)
    kind = found.get("kind")
    return Shape(
        kind if isinstance(kind, str) else "", at, _side(found.get("reference"), len(at)),
        _side(found.get("window"), len(at)), _density(found.get("density")),
    )  # fmt: skip


def _side(found: object, quantiles: int) -> Side:
    if not isinstance(found, Mapping):
        return Side()
    told = tuple(map(number, _list(found.get("quantiles"))))
    return Side(
        _count(found.get("rows")), _count(found.get("missing")), _count(found.get("distinct")),
        number(found.get("minimum")), number(found.get("maximum")), number(found.get("mean")), number(found.get("std")),
        told if len(told) == quantiles else (),
    )  # fmt: skip


def _density(found: object) -> Density | None:
    if not isinstance(found, Mapping):
        return None
    low, high = number(found.get("low")), number(found.get("high"))
    sides = [[number(v) for v in _list(found.get(name))] for name in ("reference", "window")]
    first, second = ([v for v in side if v is not None and v >= 0] for side in sides)
    if low is None or high is None or not len(first) == len(second) == len(sides[0]) or len(first) < 2:
        return None
    return Density(low, high, tuple(first), tuple(second))


def verdict(signal: Signal | None) -> Verdict | None:
    """What the verdict rests on; None where the signal carries none."""
    found = None if signal is None else signal.detail.get("verdict")
    if signal is None or not isinstance(found, Mapping):
        return None
    basis = found.get("basis")
    return Verdict(
        number(found.get("p_adjusted")), number(found.get("alpha")), number(signal.detail.get("floor")),
        _count(found.get("windows")) or 1, number(found.get("detectable")), number(found.get("lasting")),
        basis if isinstance(basis, str) else "",
    )  # fmt: skip


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def number(found: object) -> float | None:
    """A finite number, or None."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        value = float(found)
    except OverflowError:
        return None
    return value if value - value == 0.0 else None


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
