"""How far what a model says goes together with each feature: what there is where no version can be opened.

It is no importance: a column that only goes together with one that the model uses is associated too, and labels play
no part. Used to rank columns of models whose predictions come with the data. Called by `agent.work.importances`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BINS = 10
MOST_LABELS = 30
"""Of more labels than this the rarest count as one."""


def associations(table: pa.Table, output: str) -> dict[str, float]:
    """Column → 0..1, of every other column with the one that the model says.

    A number: its ranks' variance explained by the column's bins (ten quantile bins, or labels; missing values are a
    bin), corrected for chance: epsilon squared (Kelley 1935, An unbiased correlation ratio measure). A label: Cramér's
    V squared, corrected (Bergsma 2013, A bias-correction for Cramér's V).
    """
    import numpy as np

    said = _codes(table.column(output), ranks=True)
    found = {}
    for name in table.column_names:
        if name == output:
            continue
        bins = _codes(table.column(name))
        rows = np.isfinite(said.astype(np.float64))
        if rows.sum() < 3:
            continue
        pair = _epsilon if said.dtype == np.float64 else _cramer
        found[name] = pair(bins[rows], said[rows])
    return found


def _codes(column: pa.ChunkedArray, *, ranks: bool = False) -> np.ndarray:
    """(n,) int64 bins, missing values one of their own; with `ranks` numbers as float64 ranks, NaN where missing."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_timestamp(column.type):
        plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        values = plain.cast(pa.float64()).to_numpy()
        known = ~np.isnan(values)
        if ranks:
            found = np.full(len(values), np.nan)
            _, inverse, counts = np.unique(values[known], return_inverse=True, return_counts=True)
            found[known] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
            return found
        edges = _edges(values[known])
        return np.where(known, np.searchsorted(edges, values, side="left"), len(edges) + 1).astype(np.int64)
    text = pc.fill_null(column.cast(pa.string()), "\0")
    values, inverse, counts = np.unique(text.to_numpy().astype(str), return_inverse=True, return_counts=True)
    if len(values) > MOST_LABELS:
        common = np.sort(np.argsort(-counts, kind="stable")[: MOST_LABELS - 1])
        place = np.full(len(values), MOST_LABELS - 1)
        place[common] = np.arange(MOST_LABELS - 1)
        inverse = place[inverse]
    return inverse.astype(np.int64)


def _edges(values: np.ndarray) -> np.ndarray:
    import numpy as np

    if not len(values):
        return np.empty(0)
    return np.unique(np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf"))


def _epsilon(bins: np.ndarray, ranks: np.ndarray) -> float:
    import numpy as np

    counts = np.bincount(bins)
    used = counts > 0
    n, k = len(bins), int(used.sum())
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if total <= 0 or n <= k:
        return 0.0
    means = np.bincount(bins, weights=ranks)[used] / counts[used]
    between = float((counts[used] * (means - ranks.mean()) ** 2).sum())
    return max(0.0, 1 - (1 - between / total) * (n - 1) / (n - k))


def _cramer(bins: np.ndarray, said: np.ndarray) -> float:
    import numpy as np

    _, a = np.unique(bins, return_inverse=True)
    _, b = np.unique(said, return_inverse=True)
    r, c, n = int(a.max()) + 1, int(b.max()) + 1, len(a)
    if r < 2 or c < 2 or n < 2:
        return 0.0
    table = np.bincount(a * c + b, minlength=r * c).reshape(r, c)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    smaller = min(rows, columns) - 1
    return min(1.0, phi / smaller) if smaller > 0 else 0.0
