"""Finds features that give the target away, and columns that only number the rows, before anybody trains on them.

Called by `guess` (for `lifecycle init`). A feature leaks when it alone orders or tells the target (almost) perfectly,
or when a few of them add up to it. Thresholds are set so that an honest feature does not reach them: a leak that is
only very good is left to the person, a false accusation would cost the model a feature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

FEWEST_ROWS = 50
"""With fewer rows than this nothing is certain enough to be said."""
SCREENED_ROWS = 100_000
NEARLY = 0.999
MOST_SUMMANDS = 8


@dataclass(frozen=True, slots=True)
class Leak:
    """Features that together (or one alone) give the target away, and the sentence that says how."""

    columns: tuple[str, ...]
    kind: Literal["sum", "equal", "correlation", "ranking", "mapping"]
    reason: str


def row_number(values: Floats) -> str | None:
    """Why a numeric column only counts the rows, or None.

    Args:
        values: (n,) in file order, NaN where missing.
    """
    if len(values) < FEWEST_ROWS or not np.isfinite(values).all():
        return None
    # In any order of rows: every whole number between the ends occurs exactly once.
    ordered = np.sort(values)
    if not (np.diff(ordered) == 1).all() or ordered[0] % 1:
        return None
    return f"numbers the rows from {ordered[0]:,.0f} to {ordered[-1]:,.0f}"


def find_leaks(
    numeric: Mapping[str, Floats], coded: Mapping[str, Codes], target: NDArray, *, name: str
) -> tuple[Leak, ...]:
    """Leaks among the features, sums first; no column is named twice.

    Args:
        numeric: numeric features, (n,) float64, NaN where missing.
        coded: categorical features as codes 0, 1, …, (n,), -1 where missing.
        target: (n,) float64 with NaN where missing (regression), or int64 codes with -1 where missing (classes).
        name: the target's column, for the sentences.
    """
    classes = target.dtype.kind == "i"
    known = target >= 0 if classes else np.isfinite(target)
    if known.sum() < FEWEST_ROWS or len(np.unique(target[known])) < 2:
        return ()
    y = target[known]
    number = {c: v[known] for c, v in numeric.items()}
    found: list[Leak] = []
    if not classes:
        found.extend(_sums(number, y, name))
    taken = {c for leak in found for c in leak.columns}
    rows = _thinned(len(y))
    for column, values in number.items():
        if column not in taken and (leak := _alone(column, values[rows], y[rows], name, classes)):
            found.append(leak)
            taken.add(column)
    for column, codes in coded.items():
        if column not in taken and (reason := _tells(codes[known][rows] + 1, y[rows], name, classes)):
            found.append(Leak((column,), "mapping", reason))
    return tuple(found)


def _thinned(n: int) -> NDArray[np.int64]:
    """At most `SCREENED_ROWS` row numbers, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, SCREENED_ROWS)).astype(np.int64))


# --- features that add up to the target -------------------------------------------------------------------


def _sums(features: Mapping[str, Floats], y: Floats, name: str) -> Iterator[Leak]:
    """Sets of two or more features whose sum or difference is the target; a set found is not looked at again."""
    usable = {c: v for c, v in features.items() if np.isfinite(v).mean() >= 0.8 and np.nanmin(v) < np.nanmax(v)}
    for c, v in list(usable.items()):
        if _holds(v, y) >= NEARLY:  # reported as "equal"; it would hide the sums
            del usable[c]
    while len(usable) >= 2:
        signs = _combination(usable, y)
        if not signs:
            return
        total = np.sum([s * usable[c] for c, s in signs.items()], axis=0)
        share = _holds(total, y)
        if share < NEARLY:
            return
        text = "".join(f" {'+' if s > 0 else '-'} {c}" for c, s in signs.items())
        text = text[3:] if text.startswith(" +") else text.strip()
        n = int(np.isfinite(total).sum())
        rows = f"all {n:,} rows" if share == 1 else f"{_percent(share)} of {n:,} rows"
        yield Leak(tuple(signs), "sum", f"{text} = {name} in {rows}: they give the target away")
        for c in signs:
            del usable[c]


def _holds(total: Floats, y: Floats) -> float:
    """Share of rows (where both are known) in which `total` is `y`, but for rounding."""
    both = np.isfinite(total)
    if both.sum() < FEWEST_ROWS:
        return 0.0
    room = 1e-9 * np.maximum(np.abs(y), 1) + 1e-6 * _grain(y)
    return float((np.abs(total - y)[both] <= room[both]).mean())


def _grain(y: Floats) -> float:
    """The smallest step between the target's values: room for decimal rounding without calling neighbours equal."""
    steps = np.diff(np.unique(y[:2000]))
    return float(steps.min()) if len(steps) else 1.0


def _combination(features: Mapping[str, Floats], y: Floats) -> dict[str, int] | None:
    """The fewest features whose signed sum fits the target on a few dozen rows, with their signs.

    Least squares on a small random sample (a wrong row or two in a thousand seldom falls into it, and there are several
    samples), then features are dropped one after the other while the fit stays exact.
    """
    names = list(features)
    matrix = np.column_stack([features[c] for c in names])
    complete = np.flatnonzero(np.isfinite(matrix).all(axis=1))
    size = 3 * len(names) + 20
    if len(complete) < max(FEWEST_ROWS, size):
        return None
    random = np.random.default_rng(0)
    for _ in range(6):
        rows = random.choice(complete, size, replace=False)
        kept = _fewest(matrix[rows], y[rows])
        if kept is not None:
            return {names[i]: sign for i, sign in kept.items()}
    return None


def _fewest(x: Floats, y: Floats) -> dict[int, int] | None:
    spread = x.std(axis=0)
    live = [i for i in range(x.shape[1]) if spread[i] > 0]
    if not live or not y.std() or (weights := _exact(x[:, live], y)) is None:
        return None
    # What adds least to the sum goes first; a feature stays only if the fit breaks without it.
    for i in sorted(live, key=dict(zip(live, np.abs(weights) * spread[live], strict=True)).__getitem__):
        rest = [j for j in live if j != i]
        if rest and (fewer := _exact(x[:, rest], y)) is not None:
            live, weights = rest, fewer
    signs = np.rint(weights).astype(int)
    if not 2 <= len(live) <= MOST_SUMMANDS or np.abs(signs).max() != 1 or np.abs(signs).min() != 1:
        return None
    return dict(zip(live, signs.tolist(), strict=True)) if np.abs(weights - signs).max() < 1e-5 else None


def _exact(x: Floats, y: Floats) -> Floats | None:
    """Weights (without a constant) that give `y` to rounding, or None."""
    scale = np.abs(x).max(axis=0)
    weights = np.linalg.lstsq(x / scale, y, rcond=1e-10)[0] / scale
    return weights if np.abs(x @ weights - y).max() <= 1e-7 * np.abs(y).max() else None


# --- one feature that tells the target --------------------------------------------------------------------


def _alone(column: str, x: Floats, y: NDArray, name: str, classes: bool) -> Leak | None:
    """The leak of one numeric feature, if it is one."""
    here = np.isfinite(x)
    if 0 < here.sum() < len(x) and (reason := _tells(here.astype(np.int64), y, name, classes)):
        return Leak((column,), "mapping", f"whether it is empty {reason.removeprefix('its value alone ')}")
    if here.sum() < FEWEST_ROWS or x[here].min() == x[here].max():
        return None
    a, b = x[here], y[here]
    if classes:
        best = max((_auc(a, b == c) for c in np.unique(b)), default=0.5) if len(np.unique(b)) == 2 else 0.5
        if best > NEARLY:
            return Leak((column,), "ranking", f"alone puts {name} in order (AUC {best:.5g}): it gives the target away")
        reason = _tells(_binned(a), b, name, classes) if here.mean() > NEARLY else None
        return Leak((column,), "mapping", reason) if reason else None
    if _holds(a, b) >= NEARLY:
        return Leak((column,), "equal", f"is {name} under another name: it gives the target away")
    r = max(abs(_correlation(a, b)), abs(_correlation(_ranks(a), _ranks(b))))
    if r > NEARLY:
        return Leak((column,), "correlation", f"its correlation with {name} is {r:.5g}: it gives the target away")
    return None


def _tells(codes: Codes, y: NDArray, name: str, classes: bool) -> str | None:
    """Why the values of a feature with few values tell the target, or None.

    What half of the rows teach is tried on the other half, so that a column with many values cannot seem to know.
    """
    values = int(codes.max()) + 1
    if values < 2 or len(codes) < 5 * len(np.unique(codes)):
        return None
    # Every second row of a random order: rows that lie together are often alike.
    order = np.random.default_rng(0).permutation(len(codes))
    learn, test = order[::2], order[1::2]
    if classes:
        share = _guessed(codes, y, learn, test)
        return f"its value alone tells {name} in {_percent(share)} of rows" if share else None
    counts = np.bincount(codes[learn], minlength=values)
    means = np.bincount(codes[learn], y[learn], values) / np.maximum(counts, 1)
    seen = test[counts[codes[test]] > 0]
    if len(np.unique(codes)) < 3 or len(seen) < FEWEST_ROWS or not y[seen].var():
        return None
    share = 1 - float(((y[seen] - means[codes[seen]]) ** 2).mean() / y[seen].var())
    return f"its value alone explains {_percent(share)} of {name}" if share > NEARLY else None


def _guessed(codes: Codes, y: Codes, learn: Codes, test: Codes) -> float | None:
    """Share of `test` rows whose class the commonest class of their code names, where that is no luck, else None."""
    values, kinds = int(codes.max()) + 1, int(y.max()) + 1
    table = np.bincount(codes[learn] * kinds + y[learn], minlength=values * kinds).reshape(values, kinds)
    usual = int(table.sum(axis=0).argmax())
    guess = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), usual)
    wrong = int((guess[codes[test]] != y[test]).sum())
    rare = int((y[test] != usual).sum())
    # Errors are compared with those of always naming the commonest class (Goodman and Kruskal's lambda).
    return 1 - wrong / len(test) if rare >= 10 and wrong <= (1 - NEARLY) * rare else None


def _binned(x: Floats) -> Codes:
    """Codes of a numeric feature: its values where they are few, else bins of ten rows and more."""
    values, codes = np.unique(x, return_inverse=True)
    if len(values) <= len(x) // 10:
        return codes.reshape(-1)
    edges = np.quantile(x, np.linspace(0, 1, min(1024, len(x) // 10) + 1)[1:-1])
    return np.searchsorted(edges, x, side="right").astype(np.int64)


def _auc(x: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of `x` (Mann-Whitney U over n1 n0), the better of both directions; 0.5 if too few."""
    n1 = int(positive.sum())
    n0 = len(x) - n1
    if min(n1, n0) < 10:
        return 0.5
    area = (_ranks(x)[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
    return float(max(area, 1 - area))


def _ranks(x: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean."""
    _, codes, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[codes.reshape(-1)]


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm else 0.0


def _percent(share: float) -> str:
    """`100 %` only where it is all of them."""
    return "100 %" if share == 1 else f"{min(100 * share, 99.99):.2f} %"
