"""Which part of the rows explains that a loss rose: a search over values of one or two columns, with an honest test.

Pure numbers; `monitoring.segment_search` codes the columns and puts names to what is found.

Rows are split in two halves. One half proposes the segment whose loss rose most, in standard errors, beyond that of all
other rows; the other half, which had no say in the choice, tests that one segment. Both halves take both parts, so no
row is wasted: the smaller of both p-values, doubled, stands (Bonferroni 1936). Data splitting as a correction for a
search of any size: Cox, D. R. (1975), A note on data-splitting for the evaluation of significance levels, Biometrika
62, 441-444.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEAST = 12
"""Rows that a segment needs in each half of the window, and of the reference."""

PAIRED = 12
"""Base columns whose pairs are looked at: those that stand out most by themselves. A fault in a pair of values shows in
each of both, diluted."""

RANKED = 5


@dataclass(frozen=True)
class Column:
    """One way to part rows by a column.

    Attributes:
        base: which column of the data it is made from; two ways of one column are not paired.
        levels: parts; codes go from 0 to levels - 1.
    """

    base: int
    levels: int


@dataclass(frozen=True)
class Rows:
    """Coded rows of a window or of the reference.

    Attributes:
        codes: (n, columns) whole numbers.
        loss: (n,) float64; larger is worse.
        half: (n,) bool, which half a row is in; says nothing about the row.
    """

    codes: np.ndarray
    loss: np.ndarray
    half: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """A segment: the rows where each of one or two columns has a level.

    Attributes:
        columns, levels: aligned, of length 1 or 2.
        z: how far its loss rose beyond that of the other rows, in standard errors, in all rows.
        rows: of the window in it.
        explained: the window's mean loss that would be gone had the segment's stayed as in the reference.
    """

    columns: tuple[int, ...]
    levels: tuple[int, ...]
    z: float
    rows: int
    explained: float


@dataclass(frozen=True)
class Worst:
    """What the search gives.

    Attributes:
        found: the proposed segment.
        p_value: of the half that did not propose it, doubled.
        fall: by how much the mean loss rose in all.
        ranked: the strongest segments by all rows, for orientation.
    """

    found: Candidate
    p_value: float
    fall: float
    ranked: tuple[Candidate, ...]


def worst_segment(columns: Sequence[Column], window: Rows, reference: Rows) -> Worst | None:
    """The segment that most stands out, and how sure that is; None where none is large enough to tell."""
    cut = _cut(window, reference)
    proposals: list[tuple[float, float, tuple[int, ...], tuple[int, ...]]] = []
    for half in (False, True):
        here, there = (_half(rows, cut, half) for rows in (window, reference))
        best = next(iter(_ranked(columns, here, there, 1)), None)
        if best is None:
            continue
        other, base = (_half(rows, cut, not half) for rows in (window, reference))
        z = _one(best[1], best[2], columns, other, base)
        if z is not None:
            proposals.append((1 - NormalDist().cdf(z), -z, best[1], best[2]))
    if not proposals:
        return None
    p, _, places, levels = min(proposals)
    whole, known = (Rows(rows.codes, np.minimum(rows.loss, cut), rows.half) for rows in (window, reference))
    strongest = [_candidate(z, at, of, window, reference) for z, at, of in _ranked(columns, whole, known, RANKED)]
    found = _candidate(_one(places, levels, columns, whole, known) or 0.0, places, levels, window, reference)
    fall = float(window.loss.mean() - reference.loss.mean())
    return Worst(found, min(1.0, 2 * p), fall, tuple(strongest))


def _cut(window: Rows, reference: Rows) -> float:
    """Losses above this count as it: a few huge ones would stand for their segment. The 99.5 % quantile of all."""
    return float(np.quantile(np.concatenate([window.loss, reference.loss]), 0.995))


def _half(rows: Rows, cut: float, half: bool) -> Rows:
    at = rows.half == half
    return Rows(rows.codes[at], np.minimum(rows.loss[at], cut), rows.half[at])


def _ranked(
    columns: Sequence[Column], window: Rows, reference: Rows, most: int
) -> list[tuple[float, tuple[int, ...], tuple[int, ...]]]:
    """(z, columns, levels) of the strongest segments, each weighed against how many of its size there are."""
    if len(window.loss) < 2 * LEAST or len(reference.loss) < 2 * LEAST:
        return []
    singles = [
        (z, (at,), (level,)) for at in range(len(columns)) for level, z in _levels((at,), columns, window, reference)
    ]
    by_base: dict[int, float] = {}
    for z, (at,), _ in singles:
        by_base[columns[at].base] = max(z, by_base.get(columns[at].base, -math.inf))
    chosen = set(sorted(by_base, key=lambda base: (-by_base[base], base))[:PAIRED])
    usable = [at for at, column in enumerate(columns) if column.base in chosen]
    pairs = [
        (z, (a, b), divmod(level, columns[b].levels))
        for i, a in enumerate(usable)
        for b in usable[i + 1 :]
        if columns[a].base != columns[b].base
        for level, z in _levels((a, b), columns, window, reference)
    ]
    # The largest of m standard normal values is about √(2 ln m): more candidates must stand out by more.
    weighed = [
        (z - math.sqrt(2 * math.log(max(2, len(found)))), z, at, levels)
        for found in (singles, pairs)
        for z, at, levels in found
        if z > 0
    ]
    weighed.sort(key=lambda one: (-one[0], one[2], one[3]))
    return [(z, at, tuple(levels)) for _, z, at, levels in weighed[:most]]


def _levels(
    places: tuple[int, ...], columns: Sequence[Column], window: Rows, reference: Rows
) -> Iterator[tuple[int, float]]:
    """(level, z) of those levels of a column, or of a pair, that have rows enough."""
    size = math.prod(columns[at].levels for at in places)
    now, base = (_moments(_code(rows.codes, places, columns), rows.loss, size) for rows in (window, reference))
    z = _contrast(now, base)
    for level in np.flatnonzero(~np.isnan(z)):
        yield int(level), float(z[level])


def _code(codes: np.ndarray, places: tuple[int, ...], columns: Sequence[Column]) -> np.ndarray:
    if len(places) == 1:
        return codes[:, places[0]]
    return codes[:, places[0]].astype(np.int64) * columns[places[1]].levels + codes[:, places[1]]


def _moments(code: np.ndarray, loss: np.ndarray, size: int) -> np.ndarray:
    """(3, size): rows, sums and sums of squares by level."""
    return np.stack(
        [
            np.bincount(code, minlength=size).astype(np.float64),
            np.bincount(code, weights=loss, minlength=size),
            np.bincount(code, weights=loss * loss, minlength=size),
        ]
    )


def _contrast(now: np.ndarray, base: np.ndarray) -> np.ndarray:
    """By how many standard errors each level's loss rose beyond that of the rows outside it; NaN with too few rows.

    Variances are drawn to that of all rows, as by five rows more: twelve equal losses are not sure of themselves.
    """
    moved, variance, enough = np.zeros(now.shape[1]), np.zeros(now.shape[1]), np.ones(now.shape[1], bool)
    for side, sign in ((now, 1.0), (base, -1.0)):
        total = side.sum(axis=1, keepdims=True)
        overall = max(0.0, float(total[2, 0] / total[0, 0] - (total[1, 0] / total[0, 0]) ** 2))
        for part, of in ((side, 1.0), (total - side, -1.0)):
            rows = np.maximum(part[0], 1.0)
            mean = part[1] / rows
            spread = np.maximum(0.0, part[2] / rows - mean**2)
            moved += sign * of * mean
            variance += (spread * part[0] + 5 * overall) / (part[0] + 5) / rows
            enough &= part[0] >= LEAST
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough & (variance > 0), moved / np.sqrt(variance), np.nan)


def _one(
    places: tuple[int, ...], levels: tuple[int, ...], columns: Sequence[Column], window: Rows, reference: Rows
) -> float | None:
    inside = [_inside(rows, places, levels).astype(np.int64) for rows in (window, reference)]
    now, base = (_moments(at, rows.loss, 2) for at, rows in zip(inside, (window, reference), strict=True))
    z = float(_contrast(now, base)[1])
    return None if math.isnan(z) else z


def _inside(rows: Rows, places: tuple[int, ...], levels: tuple[int, ...]) -> np.ndarray:
    at = np.ones(len(rows.loss), bool)
    for place, level in zip(places, levels, strict=True):
        at &= rows.codes[:, place] == level
    return at


def _candidate(z: float, places: tuple[int, ...], levels: tuple[int, ...], window: Rows, reference: Rows) -> Candidate:
    now, base = _inside(window, places, levels), _inside(reference, places, levels)
    rise = float(window.loss[now].mean() - reference.loss[base].mean()) if now.any() and base.any() else 0.0
    return Candidate(places, levels, z, int(now.sum()), rise * float(now.mean()))
