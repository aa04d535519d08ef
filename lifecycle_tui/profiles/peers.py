"""Scores of one column as Evidently 0.7 and NannyML 0.13 compute them, from the rows, in NumPy alone.

For teams that come from there and have thresholds tuned to those numbers. Called by the detectors `evidently` and
`nannyml` through `lifecycle_tui.api`. Where a peer's rule is odd it is kept, and docs/statistics.md says so; what they
get wrong as tests (a reference taken as exact, bins that move with the window) is why these are not the defaults.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.profiles import arrow
from lifecycle_tui.stats.tails import chi2_sf, normal_sf
from lifecycle_tui.stats.two_sample import ks_pvalue

EVIDENTLY = ("auto", "psi", "js", "hellinger", "wasserstein", "ks", "chi2", "z")
NANNYML = ("js", "hellinger", "wasserstein", "ks", "chi2", "linf")
SMALL_REFERENCE = 1_000
"""Evidently's automatic choice tests references of at most this many rows and measures distances beyond."""

_STD_FLOOR = 0.001
_HUGE = 1e150
_ZERO_CELL = 1e-4


@dataclass(frozen=True, slots=True)
class Sides:
    """The values of both sides without missing ones: float64 for numbers, whole numbers for labels, in their order.

    Attributes:
        numeric: whether they are numbers.
    """

    reference: np.ndarray
    window: np.ndarray
    numeric: bool

    @property
    def n(self) -> int:
        return min(len(self.reference), len(self.window))

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts of every value that occurs on either side, ascending."""
        values, place = np.unique(np.concatenate([self.reference, self.window]), return_inverse=True)
        cut, k = len(self.reference), len(values)
        return np.bincount(place[:cut], minlength=k), np.bincount(place[cut:], minlength=k)


def sides(reference: arrow.Column, window: arrow.Column, *, infinite: bool) -> Sides | Measurement:
    """Both columns' values; a measurement without value where a side has none.

    Args:
        infinite: whether ±inf are values (NannyML) or missing (Evidently).
    """
    found = []
    numeric = _is_numeric(reference)
    for side, column in (("the reference", reference), ("the window", window)):
        values = _values(column, numeric)
        if numeric and not infinite:
            values = values[np.isfinite(values)]
        if not len(values):
            return Measurement(None, n=0, message=f"{side} has no {'values' if len(column) else 'rows'}")
        if numeric and not float(np.abs(values).max()) < _HUGE:
            return Measurement(None, n=0, message=f"{side} has values that are infinite, or their squares are")
        found.append(values)
    if not numeric:
        found = _coded(*found)
    return Sides(found[0], found[1], numeric)


def evidently_score(
    reference: arrow.Column, window: arrow.Column, *, numeric: str = "auto", categorical: str = "auto"
) -> Measurement:
    """`evidently` with the method for the column's kind."""
    return evidently(reference, window, numeric if _is_numeric(reference) else categorical)


def nannyml_score(
    reference: arrow.Column, window: arrow.Column, *, numeric: str = "js", categorical: str = "js"
) -> Measurement:
    """`nannyml` with the method for the column's kind."""
    return nannyml(reference, window, numeric if _is_numeric(reference) else categorical)


def evidently(reference: arrow.Column, window: arrow.Column, method: str = "auto") -> Measurement:
    """The drift score of Evidently's `method`: a distance, or for ks, chi2 and z the p-value (as there).

    Args:
        method: one of `EVIDENTLY`; "auto" chooses by the reference's size and the number of distinct values as
            Evidently does: up to 1,000 rows ks (over 5 values), chi2 (3 to 5; categories over 2) or z, beyond
            that wasserstein (over 5 values) or js.

    Raises:
        ValueError: for another method, or one that the column's kind does not have.
    """
    if method not in EVIDENTLY:
        raise ValueError(f"evidently has {', '.join(EVIDENTLY)}, not {method!r}")
    given = sides(reference, window, infinite=False)
    if isinstance(given, Measurement):
        return given
    if method == "auto":
        method = _evidently_choice(given)
    if method in ("wasserstein", "ks") and not given.numeric:
        raise ValueError(f"{method} is for numbers")
    value, how = _EVIDENTLY[method](given)
    if not math.isfinite(value):
        return Measurement(None, n=given.n, message=f"Evidently's {method} gives no number here: {how}")
    kind = "p-value" if method in ("ks", "chi2", "z") else "distance"
    return Measurement(value, n=given.n, definition=f"Evidently's {method} ({kind}): {how}", detail={"method": method})


def nannyml(reference: arrow.Column, window: arrow.Column, method: str = "js") -> Measurement:
    """NannyML's univariate `method` with its reference as fitted: js, hellinger, wasserstein, ks, chi2 or linf.

    References of 10,000 values or more are binned into 10,000 equal bins for ks and wasserstein, as there.

    Args:
        method: one of `NANNYML`; ks and wasserstein are for numbers, chi2 and linf for categories.

    Raises:
        ValueError: for another method, or one that the column's kind does not have.
    """
    if method not in NANNYML:
        raise ValueError(f"nannyml has {', '.join(NANNYML)}, not {method!r}")
    given = sides(reference, window, infinite=True)
    if isinstance(given, Measurement):
        return given
    if (method in ("wasserstein", "ks")) is not given.numeric and method not in ("js", "hellinger"):
        raise ValueError(f"{method} is for {'categories' if given.numeric else 'numbers'}")
    value, how = _NANNYML[method](given)
    return Measurement(value, n=given.n, definition=f"NannyML's {method}: {how}", detail={"method": method})


# ---- Evidently


def _evidently_choice(given: Sides) -> str:
    distinct = len(np.unique(np.concatenate([given.reference, given.window])))
    if len(given.reference) > SMALL_REFERENCE:
        return "wasserstein" if given.numeric and distinct > 5 else "js"
    if given.numeric and distinct > 5:
        return "ks"
    return "chi2" if distinct > 2 else "z"


def _evidently_shares(given: Sides, *, fill: bool) -> tuple[np.ndarray, np.ndarray, str]:
    """Shares in Sturges' bins of both sides together, or by value where the reference has at most 20 of them."""
    if given.numeric and len(np.unique(given.reference)) > 20:
        edges = np.histogram_bin_edges(np.concatenate([given.reference, given.window]), bins="sturges")
        counts = [np.histogram(side, edges)[0] for side in (given.reference, given.window)]
        how = f"{len(edges) - 1} Sturges bins over both samples"
    else:
        counts = list(given.counts())
        how = "a bin a value"
    shares = [c / len(side) for c, side in zip(counts, (given.reference, given.window), strict=True)]
    if fill:
        for share in shares:
            least = share[share > 0].min()
            share[share == 0] = least / 10**6 if least <= _ZERO_CELL else _ZERO_CELL
        how += ", empty ones 1e-4"
    return shares[0], shares[1], how


def _evidently_psi(given: Sides) -> tuple[float, str]:
    p, q, how = _evidently_shares(given, fill=True)
    return float(((p - q) * np.log(p / q)).sum()), how


def _evidently_js(given: Sides) -> tuple[float, str]:
    p, q, how = _evidently_shares(given, fill=False)
    return math.sqrt(_js_nats(p, q)), f"{how}; distance, natural logarithm"


def _evidently_hellinger(given: Sides) -> tuple[float, str]:
    how = "a bin a value"
    if given.numeric:
        # Sturges' rule over the set of distinct values of both, not over the values.
        distinct = np.unique(np.concatenate([given.reference, given.window]))
        edges = np.histogram_bin_edges(distinct, bins="sturges")
        counts = [np.histogram(side, edges)[0] for side in (given.reference, given.window)]
        how = f"{len(edges) - 1} Sturges bins over the distinct values"
    else:
        counts = list(given.counts())
    p, q = counts[0] / len(given.reference), counts[1] / len(given.window)
    return _hellinger(p, q), how


def _evidently_wasserstein(given: Sides) -> tuple[float, str]:
    spread = max(float(given.reference.std()), _STD_FLOOR)
    return sample_wasserstein(given.reference, given.window) / spread, "over the reference's deviation, at least 0.001"


def _evidently_ks(given: Sides) -> tuple[float, str]:
    d = sample_ks(given.reference, given.window)
    return ks_pvalue(d, len(given.reference), len(given.window)).value, "two-sample Kolmogorov-Smirnov"


def _evidently_chi2(given: Sides) -> tuple[float, str]:
    """Goodness of fit to the reference taken as exact; a label that it lacks makes the statistic infinite, p 0."""
    a, b = given.counts()
    expected = a * (len(given.window) / len(given.reference))
    how = "one-sample chi-square, the reference taken as exact"
    if bool(((a == 0) & (b > 0)).any()):
        return 0.0, how
    if len(a) < 2:
        return 1.0, how
    return chi2_sf(float(((b - expected) ** 2 / expected).sum()), len(a) - 1), how


def _evidently_z(given: Sides) -> tuple[float, str]:
    """Two proportions of one of at most two values, pooled, two-sided."""
    a, b = given.counts()
    how = "two proportions, pooled"
    if len(a) > 2:
        return math.nan, f"it takes two values, and there are {len(a)}"
    n, m = len(given.reference), len(given.window)
    pooled = (a[0] + b[0]) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    if spread == 0:
        return 1.0, how
    return min(1.0, 2 * normal_sf(abs(a[0] / n - b[0] / m) / spread)), how


_EVIDENTLY = {
    "psi": _evidently_psi,
    "js": _evidently_js,
    "hellinger": _evidently_hellinger,
    "wasserstein": _evidently_wasserstein,
    "ks": _evidently_ks,
    "chi2": _evidently_chi2,
    "z": _evidently_z,
}


# ---- NannyML


_BINNED_FROM = 10_000


def _nannyml_shares(given: Sides) -> tuple[np.ndarray, np.ndarray, str]:
    """Shares in the reference's Doane bins (or its values), and in a further bin for what lies in none of them."""
    values, counts = np.unique(given.reference, return_counts=True)
    if given.numeric and (len(values) > 50 or len(values) / len(given.reference) > 0.1):
        edges = np.histogram_bin_edges(given.reference, bins="doane")
        p = np.histogram(given.reference, edges)[0] / len(given.reference)
        inside = np.histogram(given.window, edges)[0]
        how = f"{len(edges) - 1} Doane bins of the reference, one for the rest"
    else:
        p = counts / len(given.reference)
        place = np.minimum(np.searchsorted(values, given.window), len(values) - 1)
        inside = np.bincount(place[values[place] == given.window], minlength=len(values))
        how = "a bin a value of the reference, one for the rest"
    rest = len(given.window) - int(inside.sum())
    q = inside / len(given.window)
    return (np.append(p, 0.0), np.append(q, rest / len(given.window)), how) if rest else (p, q, how)


def _nannyml_js(given: Sides) -> tuple[float, str]:
    p, q, how = _nannyml_shares(given)
    return math.sqrt(_js_nats(p, q) / math.log(2)), f"{how}; distance, base 2"


def _nannyml_hellinger(given: Sides) -> tuple[float, str]:
    p, q, how = _nannyml_shares(given)
    return _hellinger(p, q), how


def _nannyml_ks(given: Sides) -> tuple[float, str]:
    if len(given.reference) < _BINNED_FROM:
        return sample_ks(given.reference, given.window), "exact"
    edges = np.linspace(float(given.reference.min()), float(given.reference.max()), _BINNED_FROM + 1)
    f = np.cumsum(np.histogram(given.reference, edges)[0]) / len(given.reference)
    below = np.count_nonzero(given.window < edges[0])
    g = (below + np.cumsum(np.histogram(given.window, edges)[0])) / len(given.window)
    return float(np.abs(f - g).max()), "on 10,000 equal bins of the reference's range"


def _nannyml_wasserstein(given: Sides) -> tuple[float, str]:
    """From 10,000 reference values on distribution functions are compared at the ends of bins, and exactly beyond.

    Kept from there: as soon as one value lies below the reference's range, one more is counted within.
    """
    if len(given.reference) < _BINNED_FROM:
        return sample_wasserstein(given.reference, given.window), "exact"
    counts, edges = np.histogram(given.reference, bins=_BINNED_FROM)
    size = len(given.window)
    low, high = edges[0] - given.window, given.window - edges[-1]
    below = np.count_nonzero(low > 0)
    f = np.cumsum(counts / len(given.reference))
    g = np.cumsum(np.histogram(given.window, edges)[0] / size) + ((below + 1) / size if below else 0)
    inside = float(np.abs(f - g).sum() * (edges[1] - edges[0]))
    tails = float((low[low > 0].sum() + high[high > 0].sum()) / size)
    return inside + tails, "on 10,000 equal bins of the reference's range"


def _nannyml_chi2(given: Sides) -> tuple[float, str]:
    a, b = given.counts()
    if len(a) < 2:
        return 0.0, "contingency chi-square"
    total = len(given.reference) + len(given.window)
    statistic = 0.0
    for seen, rows in ((a, len(given.reference)), (b, len(given.window))):
        expected = (a + b) * (rows / total)
        gap = np.abs(seen - expected)
        if len(a) == 2:  # Yates' correction
            gap = gap - np.minimum(0.5, gap)
        statistic += float((gap**2 / expected).sum())
    return statistic, "contingency chi-square"


def _nannyml_linf(given: Sides) -> tuple[float, str]:
    a, b = given.counts()
    return float(np.abs(a / len(given.reference) - b / len(given.window)).max()), "largest difference of a share"


_NANNYML = {
    "js": _nannyml_js,
    "hellinger": _nannyml_hellinger,
    "wasserstein": _nannyml_wasserstein,
    "ks": _nannyml_ks,
    "chi2": _nannyml_chi2,
    "linf": _nannyml_linf,
}


# ---- parts


def sample_wasserstein(x: np.ndarray, y: np.ndarray) -> float:
    """∫ |F − G| dx of two samples: shapes (n,) and (m,), finite."""
    at = np.sort(np.concatenate([x, y]))
    gaps = np.searchsorted(np.sort(x), at[:-1], "right") / len(x) - np.searchsorted(np.sort(y), at[:-1], "right") / len(
        y
    )
    return float((np.abs(gaps) * np.diff(at)).sum())


def sample_ks(x: np.ndarray, y: np.ndarray) -> float:
    """sup |F − G| of two samples: shapes (n,) and (m,)."""
    at = np.concatenate([x, y])
    f, g = (np.searchsorted(np.sort(side), at, "right") / len(side) for side in (x, y))
    return float(np.abs(f - g).max())


def _js_nats(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon divergence, natural logarithm, of vectors that are first scaled to sum to 1 (as SciPy does)."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    total = 0.0
    for side in (p, q):
        some = side > 0
        total += float((side[some] * np.log(side[some] / middle[some])).sum()) / 2
    return max(0.0, total)


def _hellinger(p: np.ndarray, q: np.ndarray) -> float:
    return math.sqrt(0.5 * float(((np.sqrt(p) - np.sqrt(q)) ** 2).sum()))


def _is_numeric(column: arrow.Column) -> bool:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _values(column: arrow.Column, numeric: bool) -> np.ndarray:
    if numeric:
        return arrow.numbers(column).values.astype(np.float64)
    counts = arrow.labels(column).counts
    return np.array(list(counts.items()), dtype=object).reshape(-1, 2)


def _coded(*sides: np.ndarray) -> list[np.ndarray]:
    """Labels with their counts, (labels, 2) a side, as their places among the labels of all sides."""
    place = {label: i for i, label in enumerate(sorted({label for side in sides for label, _ in side}))}
    return [
        np.repeat(
            np.array([place[label] for label in side[:, 0]], dtype=np.int64), np.array(side[:, 1], dtype=np.int64)
        )
        for side in sides
    ]
