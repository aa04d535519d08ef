"""NDCG, mean average precision, hit rate and click-through of ranked rows, with intervals over queries.

Built-in metrics call these through `lifecycle_tui.api`. Rows are shown in the order of their score, greatest first; of
one query those with equal scores are in no order, so each number is its mean over all orders of the equal ones: the
order of rows in a file never matters. McSherry, F. and Najork, M. (2008), Computing information retrieval
performance measures efficiently in the presence of tied scores, ECIR, 414-421.

A query is the unit that varies: the interval is that of a mean over queries, and with at least 8 days allows for those
of a day going together. `query` is (n,) whole numbers, the same for rows of one query, negative for rows of none, which
are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.intervals import (
    Estimate,
    effective_size,
    mean_of,
    nothing,
    proportion,
    wilson,
)

NO_QUERY = "no query is declared: [models.*.columns] query names what belongs together"


def ndcg(
    target: np.ndarray,
    score: np.ndarray,
    query: np.ndarray | None,
    k: int = 10,
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """Normalised discounted cumulative gain of the first k rows, meaned over the queries that have anything to gain.

    Gain is the target itself, discount 1 / log2(1 + rank): Järvelin, K. and Kekäläinen, J. (2002), ACM Transactions on
    Information Systems 20, 422-446; the linear gain and tied means are those of scikit-learn's `ndcg_score`.
    """
    ranked = _ranked(target, score, query, weight, day)
    if isinstance(ranked, Estimate):
        return ranked
    if bool((ranked.gain < 0).any()):
        return nothing(len(target), "some targets are below 0: a gain cannot be")
    largest = float(ranked.gain.max(initial=0.0))
    if largest > 1:
        ranked = ranked._replace(gain=ranked.gain / largest)  # sums of huge gains stay finite; the ratio is the same
    discount = _discounts(int(ranked.rank.max()) + 1, k)
    through = np.concatenate([[0.0], np.cumsum(discount)])
    # Equal rows share the discounts of the places that they take.
    shared = (through[ranked.start + ranked.size] - through[ranked.start]) / ranked.size
    got = np.bincount(ranked.of, weights=ranked.gain * shared, minlength=ranked.queries)
    best = np.lexsort((-ranked.gain, ranked.of))
    ideal = np.bincount(ranked.of, weights=ranked.gain[best] * discount[ranked.rank], minlength=ranked.queries)
    return _over_queries(got, ideal, ranked, f"first {k}, gain linear", len(target))


def mean_average_precision(
    target: np.ndarray,
    score: np.ndarray,
    query: np.ndarray | None,
    k: int = 10,
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """MAP@k: of each query the mean precision at its relevant rows (target above 0) among the first k, over as many as
    could have been there (at most k), meaned over the queries that have any."""
    ranked = _ranked(target, score, query, weight, day)
    if isinstance(ranked, Estimate):
        return ranked
    hit = (ranked.gain > 0).astype(np.float64)
    relevant = np.bincount(ranked.tie, weights=hit)[ranked.tie]
    total = np.bincount(ranked.of, weights=hit, minlength=ranked.queries)
    before = np.cumsum(hit) - hit
    first = before[np.searchsorted(ranked.tie, ranked.tie)]  # relevant rows above the ties of a row, all queries
    first = first - (np.cumsum(total) - total)[ranked.of]
    inside = ranked.rank - ranked.start
    others = np.maximum(1, ranked.size - 1)
    expected = first + 1 + inside * (relevant - 1) / others
    at = (relevant / ranked.size) * expected / (ranked.rank + 1)
    summed = np.bincount(ranked.of, weights=np.where(ranked.rank < k, at, 0.0), minlength=ranked.queries)
    return _over_queries(summed, np.minimum(total, k), ranked, f"first {k}", len(target))


def hit_rate(
    target: np.ndarray,
    score: np.ndarray,
    query: np.ndarray | None,
    k: int = 10,
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """Share of the queries with a relevant row (target above 0) among the first k; queries without any count as missed.

    Among equal scores that straddle place k: one minus the chance that none of the drawn is relevant
    (hypergeometric).
    """
    ranked = _ranked(target, score, query, weight, day)
    if isinstance(ranked, Estimate):
        return ranked
    hit = (ranked.gain > 0).astype(np.float64)
    heads = np.flatnonzero(ranked.rank == ranked.start)  # one row for each run of equal scores
    size, relevant = ranked.size[heads], np.bincount(ranked.tie, weights=hit)
    drawn = np.clip(k - ranked.start[heads], 0, size)
    missed = np.ones(len(heads))
    for i in range(min(k, int(drawn.max(initial=0)))):
        left = np.maximum(0.0, size - relevant - i) / np.maximum(1, size - i)
        missed *= np.where(i < drawn, left, 1.0)
    none = np.ones(ranked.queries)
    np.multiply.at(none, ranked.of[heads], missed)
    value = 1.0 - none
    found = _mean(value, ranked)
    return found._replace(n=ranked.queries, message=_left_out(ranked, 0, len(target)), definition=f"first {k}")


def click_through(
    target: np.ndarray,
    query: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """Share of the rows shown that were acted on (target above 0); rows of one query, or of one day, go together."""
    hits = target > 0
    found = proportion(hits, weight, day)
    if query is None or found.value is None or len(np.unique(query)) < 8:
        return found
    together = proportion(hits, weight, query)
    if found.lower is None or together.lower is None or found.upper is None or together.upper is None:
        return found
    return found._replace(lower=min(found.lower, together.lower), upper=max(found.upper, together.upper))


class _Ranked(NamedTuple):
    """Rows in the order in which they are shown, query by query.

    Attributes:
        of: the query's number, from 0.
        rank: place in the query, from 0 (equal scores in any order).
        tie: number of the run of equal scores, from 0 through all queries.
        start, size: rank at which the run begins, and its length.
        weight, day: of each query.
    """

    gain: np.ndarray
    of: np.ndarray
    rank: np.ndarray
    tie: np.ndarray
    start: np.ndarray
    size: np.ndarray
    queries: int
    weight: np.ndarray | None
    day: np.ndarray | None


def _ranked(
    target: np.ndarray,
    score: np.ndarray,
    query: np.ndarray | None,
    weight: np.ndarray | None,
    day: np.ndarray | None,
) -> _Ranked | Estimate:
    n = len(target)
    if query is None:
        return nothing(n, NO_QUERY)
    at = np.flatnonzero(query >= 0)
    if not len(at):
        return nothing(n, "no rows" if n == 0 else "no row belongs to a query")
    gain, said = np.asarray(target[at], np.float64), np.asarray(score[at], np.float64)
    if not (bool(np.isfinite(gain).all()) and not bool(np.isnan(said).any())):
        return nothing(n, "the value is not finite: there are infinite numbers")
    _, of = np.unique(query[at], return_inverse=True)
    order = np.lexsort((-gain, -said, of))
    gain, said, of, at = gain[order], said[order], of[order], at[order]
    rows = np.arange(len(at))
    fresh = np.append(True, of[1:] != of[:-1])
    begins = np.flatnonzero(fresh)
    rank = rows - begins[of]
    apart = np.append(True, (of[1:] != of[:-1]) | (said[1:] != said[:-1]))
    tie = np.cumsum(apart) - 1
    size = np.bincount(tie)[tie]
    start = rank[np.flatnonzero(apart)][tie]
    queries = len(begins)
    of_weight = None
    if weight is not None:
        of_weight = np.bincount(of, weights=weight[at]) / np.bincount(of)
    of_day = None if day is None else np.minimum.reduceat(day[at], begins)
    return _Ranked(gain, of, rank, tie, start, size, queries, of_weight, of_day)


def _discounts(places: int, k: int) -> np.ndarray:
    found = 1.0 / np.log2(np.arange(places) + 2.0)
    found[k:] = 0.0
    return found


def _over_queries(got: np.ndarray, best: np.ndarray, ranked: _Ranked, definition: str, rows: int) -> Estimate:
    """The mean of got / best over the queries where best is above 0."""
    able = best > 0
    if not able.any():
        return nothing(rows, "no query has a relevant row")
    value = np.clip(got[able] / best[able], 0.0, 1.0)
    some = ranked._replace(
        weight=None if ranked.weight is None else ranked.weight[able],
        day=None if ranked.day is None else ranked.day[able],
    )
    found = _mean(value, some)
    if found.value is None:
        return found._replace(n=rows)
    without = ranked.queries - int(able.sum())
    return found._replace(
        n=len(value), message=_left_out(ranked, without, rows) or found.message, definition=definition
    )


def _mean(value: np.ndarray, of: _Ranked) -> Estimate:
    """A mean of numbers in 0..1, one a query; of zeros and ones Wilson's interval, else on the log-odds scale."""
    if bool(((value == 0) | (value == 1)).all()):
        return proportion(value == 1, of.weight, of.day, what="queries")
    found = mean_of(value, of.weight, of.day, "logit", what="queries")
    if found.value is not None and found.lower is None:
        lower, upper = wilson(found.value, effective_size(of.weight, len(value)))
        return found._replace(lower=lower, upper=upper)
    return found


def _left_out(ranked: _Ranked, without: int, rows: int) -> str | None:
    said = []
    if without:
        said.append(f"{without:,} {'query' if without == 1 else 'queries'} without a relevant row left out")
    bare = rows - len(ranked.of)
    if bare:
        said.append(f"{bare:,} {'row' if bare == 1 else 'rows'} of no query left out")
    return "; ".join(said) or None
