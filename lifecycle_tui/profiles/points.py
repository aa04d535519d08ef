"""Mixed rows as numbers, for the detectors that look at all columns together. Called through `lifecycle_tui.api`.

Whatever a column holds comes out finite and defined by the reference: missing values, infinities, categories that the
reference lacks, columns with one value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lifecycle_tui.profiles.arrow import Column, chunks

MOST_CATEGORIES = 50
"""Categories of a column that are told apart, the reference's most frequent ones; the others are one more."""
FARTHEST = 10.0
"""A number lies at most so many spreads away from the reference's median."""
_HUGE = 1e150


class Encoded(NamedTuple):
    """A category column of both sides: codes into `names`, -1 where a value is missing."""

    reference: np.ndarray
    window: np.ndarray
    names: tuple[str, ...]


class Points(NamedTuple):
    """Both sides as rows of numbers, (n, d) and (m, d), and the column of the table that each coordinate is from."""

    reference: np.ndarray
    window: np.ndarray
    columns: tuple[str, ...]


def is_category(column: Column) -> bool:
    """Whether it holds labels, not numbers."""
    kind = column.type
    return bool(pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def as_floats(column: Column) -> np.ndarray:
    """(n,) float64; NaN where a value is missing; infinities and numbers beyond 1e150 are cut there."""
    parts = [np.asarray(part.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64) for part in chunks(column)]
    return np.clip(np.concatenate([np.empty(0), *parts]), -_HUGE, _HUGE)


def as_texts(column: Column) -> list[str | None]:
    """The values as text, None where one is missing."""
    found: list[str | None] = []
    for part in chunks(column):
        if pa.types.is_dictionary(part.type):
            known = part.dictionary.to_pylist()
            found += [None if i is None else known[i] for i in part.indices.to_pylist()]
        else:
            found += part.to_pylist()
    return found


def as_codes(reference: Column, window: Column, most: int = MOST_CATEGORIES) -> Encoded:
    """Both sides coded by the reference's `most` most frequent labels (ties by name), then one code for all others."""
    before, now = as_texts(reference), as_texts(window)
    counts: dict[str, int] = {}
    for text in before:
        if text is not None:
            counts[text] = counts.get(text, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))[:most]
    place: dict[str | None, int] = {name: i for i, name in enumerate(names)}
    place[None] = -1
    other = len(names)
    sides = [np.fromiter((place.get(text, other) for text in side), np.int64, len(side)) for side in (before, now)]
    return Encoded(sides[0], sides[1], (*names, "any other"))


def as_points(reference: pa.Table, window: pa.Table) -> Points:
    """Rows as points whose distances mean something.

    A number is its distance from the reference's median in normal spreads (interquartile range / 1.349; the standard
    deviation where that is 0; where that is 0 too, 1 for whatever differs), at most `FARTHEST` either way; a missing
    one stands at the median and has a coordinate of its own, 0 or 1. Two different labels are 1 apart, "missing" and
    "any other" are labels.
    """
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    names: list[str] = []
    for name in reference.column_names:
        before, now = reference.column(name), window.column(name)
        parts = _labels(before, now) if is_category(before) else _numbers(before, now)
        for one, two in parts:
            sides[0].append(one)
            sides[1].append(two)
            names.append(name)
    stacked = [np.column_stack(s) if s else np.zeros((len(t), 0)) for s, t in zip(sides, (reference, window), strict=True)]  # fmt: skip  # noqa: E501
    return Points(stacked[0], stacked[1], tuple(names))


def _labels(before: Column, now: Column) -> list[tuple[np.ndarray, np.ndarray]]:
    found = as_codes(before, now)
    codes = [c for c in range(-1, len(found.names)) if (found.reference == c).any() or (found.window == c).any()]
    half = np.sqrt(0.5)
    return [((found.reference == c) * half, (found.window == c) * half) for c in codes]


def _numbers(before: Column, now: Column) -> list[tuple[np.ndarray, np.ndarray]]:
    one, two = as_floats(before), as_floats(now)
    there = one[~np.isnan(one)]
    middle, spread = (float(np.median(there)), _spread(there)) if len(there) else (0.0, 0.0)
    parts = [(_scaled(one, middle, spread), _scaled(two, middle, spread))]
    if np.isnan(one).any() or np.isnan(two).any():
        parts.append((np.isnan(one).astype(np.float64), np.isnan(two).astype(np.float64)))
    return parts


def _spread(values: np.ndarray) -> float:
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low) / 1.349 or float(values.std())


def _scaled(values: np.ndarray, middle: float, spread: float) -> np.ndarray:
    away = values - middle
    far = np.sign(away) if spread == 0 else np.clip(away / spread, -FARTHEST, FARTHEST)
    return np.where(np.isnan(far), 0.0, far)


def as_features(reference: pa.Table, window: pa.Table, most: int = 200) -> tuple[Points, np.ndarray]:
    """Rows as a tree takes them: numbers (NaN where missing) and codes of labels; (d,) bool says which are codes."""
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    categories = []
    for name in reference.column_names:
        before, now = reference.column(name), window.column(name)
        categories.append(is_category(before))
        if categories[-1]:
            found = as_codes(before, now, most)
            one, two = (np.where(c < 0, np.nan, c.astype(np.float64)) for c in (found.reference, found.window))
        else:
            one, two = as_floats(before), as_floats(now)
        sides[0].append(one)
        sides[1].append(two)
    empty = (np.zeros((len(reference), 0)), np.zeros((len(window), 0)))
    stacked = [np.column_stack(s) if s else e for s, e in zip(sides, empty, strict=True)]
    return Points(stacked[0], stacked[1], tuple(reference.column_names)), np.array(categories, bool)


def as_filled(fit: pa.Table, other: pa.Table) -> Points:
    """Rows as NannyML's reconstruction takes them, by `fit`: missing numbers are the mean, missing labels the mode, and
    a label is its share of the rows, 0 where `fit` lacks it."""
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for name in fit.column_names:
        one, two = _shares(fit.column(name), other.column(name)) if is_category(fit.column(name)) else _meant(
            fit.column(name), other.column(name)
        )  # fmt: skip
        sides[0].append(one)
        sides[1].append(two)
    empty = (np.zeros((len(fit), 0)), np.zeros((len(other), 0)))
    stacked = [np.column_stack(s) if s else e for s, e in zip(sides, empty, strict=True)]
    return Points(stacked[0], stacked[1], tuple(fit.column_names))


def _shares(fit: Column, other: Column) -> tuple[np.ndarray, np.ndarray]:
    before, now = as_texts(fit), as_texts(other)
    counts: dict[str, int] = {}
    for text in before:
        if text is not None:
            counts[text] = counts.get(text, 0) + 1
    mode = min(counts, key=lambda name: (-counts[name], name), default=None)
    filled = len(before) if mode is not None else 0
    if mode is not None:
        counts[mode] += sum(text is None for text in before)
    sides = [[counts.get(mode if t is None else t, 0) if mode is not None else 0 for t in side] for side in (before, now)]  # fmt: skip  # noqa: E501
    return np.array(sides[0], np.float64) / max(1, filled), np.array(sides[1], np.float64) / max(1, filled)


def _meant(fit: Column, other: Column) -> tuple[np.ndarray, np.ndarray]:
    one, two = as_floats(fit), as_floats(other)
    there = one[~np.isnan(one)]
    mean = float(there.mean()) if len(there) else 0.0
    return np.where(np.isnan(one), mean, one), np.where(np.isnan(two), mean, two)
