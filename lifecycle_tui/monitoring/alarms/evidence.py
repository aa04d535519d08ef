"""Evidence of drift in a window and in the rolling sums that end with it, honest about how often it is looked at.

Each column of a window is reduced to a few sums (`profiles.scores`). Here those of the window, and of the last 2, 4, 8
and 16 together, are held against the reference. What they vary by when nothing is wrong comes from the reference's own
windows, with Student's tails, where there are at least 20 of them; else from sampling error alone, and the evidence
says so. The reference's own error is part of every comparison, of sums as well. A probability is that of an alert
*opening* by chance in one window (`stats.openings`); where values are few or lumpy it is a bound that any law keeps to.

Called by `agent.work.windows` and `agent.work.reference_windows`, once a window for all columns; pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.monitoring.alarms.labels import SMALLEST, Labels, contradicts, label_evidence
from lifecycle_tui.monitoring.alarms.laws import Law
from lifecycle_tui.monitoring.alarms.parts import Found, Strongest, judge_parts
from lifecycle_tui.monitoring.alarms.sizes import crowd, overdispersed
from lifecycle_tui.monitoring.alarms.yardstick import (
    EFFECT,
    ENOUGH,
    LABELS,
    MISSING,
    PARTS,
    POWER_Z,
    SCALES,
    Sums,
    Table,
    Yardstick,
)
from lifecycle_tui.policy.budget import detectable_tv
from lifecycle_tui.profiles.scores import SCORES, LabelScores
from lifecycle_tui.stats.openings import opening_level


@dataclass(frozen=True, slots=True)
class Evidence:
    """The strongest evidence about one column.

    Attributes:
        p_value: chance, a window, that an alert opens on any of the column's sums while nothing has changed.
        weight: the column's share of the budget is in proportion to it.
        effect, lower, upper: the change as a distance on the scale 0..1, with a 95 % interval.
        n, reference_n: rows of the sum that decided, and of the reference.
        windows: how many windows that sum has.
        what: one of `PARTS`, or "labels". says: the change in words.
        detectable: the smallest such distance that this window alone could have shown with 80 % power, and `lasting`
            the one that the longest sum could have; None where not even 1.
        basis: what the windows are taken to vary by, in words.
    """

    column: str
    p_value: float
    weight: float
    effect: float | None
    lower: float | None
    upper: float | None
    n: int
    reference_n: int
    windows: int
    what: str
    says: str
    detectable: float | None
    lasting: float | None
    basis: str


def accumulate(
    yardstick: Yardstick,
    window: Sums,
    past: Sequence[Sums],
    share: float,
    min_rows: int = 30,
    before: Sequence[Yardstick] = (),
) -> list[Evidence]:
    """The strongest evidence about each column.

    Args:
        window: sums of the window that is judged.
        past: of the windows before it, the newest first; 15 of them are of use.
        share: the chance of a false alarm that one sum may take: for the smallest change that could have shown.
        min_rows: sums over fewer values are left out.
        before: what each of `past` is held against, where that is not `yardstick`: the windows of its own season.
    """
    table, scales = yardstick.table, usable(yardstick, window, before)
    held, law = (yardstick, *before), None
    if before:
        most = max(scales)
        rows = [_row(y.table, sums)[1] for y, sums in zip(held[:most], (window, *past), strict=False)]
        law = Law.mixed(held[: len(rows)], rows, scales)
    sums, n, squares = rolled(table, window, past, scales)
    found = judge_parts(table, sums, n, scales, min_rows, law, squares)
    longest = sum(k <= len(past) + 1 for k in scales) - 1
    shown = np.stack([_detectable(found, share, at) for at in sorted({0, longest})], axis=-1)
    evidence = []
    for i, name in enumerate(table.names):
        if name not in window:
            continue
        by_part = found.row(i, share)
        by_labels = _labels(held if before else (yardstick,), name, window, past, scales, min_rows, share)
        both = [one for one in (by_labels, by_part) if one is not None]
        if not both:
            continue
        strongest = min(both, key=lambda one: one.p_value)
        of_labels = _detectable_labels(yardstick, name, window[name].n, share, scales[longest])
        smallest = (float(shown[i, 0]), float(shown[i, -1])) if by_labels is None else of_labels
        evidence.append(_evidence(yardstick, name, strongest, yardstick.weight(name, len(scales)), smallest))
    return evidence


def usable(yardstick: Yardstick, window: Sums, before: Sequence[Yardstick] = ()) -> tuple[int, ...]:
    """The scales whose sums are no larger than the reference: beyond that its own error is all that would be seen.

    Of seasons the reference is that of the sum's own seasons, and a sum may be twice as large: the windows of a season
    are few, and those of a sum much the same in number.
    """
    rows = max((s.rows for s in window.values()), default=0)
    if not before:
        reference = max((s.rows for s in yardstick.scores.values()), default=0)
        return tuple(k for k in SCALES if k == 1 or k * rows <= reference)
    held = (yardstick, *before)
    sizes = {y.season: max((s.rows for s in y.scores.values()), default=0) for y in held}
    seasons = {k: {y.season for y in held[:k]} for k in SCALES}
    return tuple(k for k in SCALES if k == 1 or k * rows <= 2 * sum(sizes[s] for s in seasons[k]))


def window_weight(yardstick: Yardstick, window: Sums, before: Sequence[Yardstick] = ()) -> float:
    """How many sums of all columns of a window are looked at."""
    scales = len(usable(yardstick, window, before))
    return sum(yardstick.weight(name, scales) for name in yardstick.moments if name in window)


def rolled(table: Table, window: Sums, past: Sequence[Sums], scales: Sequence[int]) -> tuple[np.ndarray, ...]:
    """(sums, rows, sums of the windows' rows squared) of each part over the last k windows: (columns, parts, scales).

    NaN without k windows.
    """
    each = [_row(table, sums) for sums in (window, *past[: max(scales) - 1])]
    sums, rows = np.array([s for s, _ in each]), np.array([n for _, n in each])
    whole = [np.cumsum(a, axis=0) for a in (sums, rows, rows * rows)]
    found = [np.full((*sums.shape[1:], len(scales)), np.nan) for _ in whole]
    for at, k in enumerate(scales):
        if k <= len(each):
            for out, summed in zip(found, whole, strict=True):
                out[..., at] = summed[k - 1]
    return tuple(found)


def _row(table: Table, sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    out = np.zeros((len(table.names), len(PARTS)))
    n = np.zeros_like(out)
    for i, name in enumerate(table.names):
        found = sums.get(name)
        if found is None:
            continue
        out[i, MISSING], n[i, MISSING] = found.rows - found.n, found.rows
        if len(found.values) == len(SCORES) and np.isfinite(table.mean[i, 0]):
            out[i, :MISSING], n[i, :MISSING] = found.values, found.n
    return out, n


def _labels(
    held: Sequence[Yardstick], name: str, window: Sums, past: Sequence[Sums], scales: Sequence[int], min_rows: int,
    share: float,
) -> Strongest | None:  # fmt: skip
    """The strongest sum of a column's labels, of the fewest windows that are evidence; None for other columns.

    Args:
        held: what the window and those before it are held against; one where that is the same for all.
    """
    yardstick = held[0]
    scores, own = yardstick.scores[name], window.get(name)
    if not isinstance(scores, LabelScores) or own is None or not own.values:
        return None
    spread = yardstick.spreads.get(name)
    varied = spread is not None and spread.windows >= ENOUGH
    each = [np.asarray(own.values)]
    for sums in past[: max(scales) - 1]:
        found = sums.get(name)
        each.append(np.asarray(found.values) if found is not None and found.values else np.zeros(len(own.values)))
    rolled = np.cumsum(each, axis=0)
    loud = _loud(scores.counts, rolled) if len(held) == 1 else np.ones(len(rolled), bool)
    best: Strongest | None = None
    for at, k in enumerate(scales):
        if (best is not None and best.p_value <= share) or k > len(each):
            break
        if best is not None and not loud[k - 1]:
            continue
        if rolled[k - 1].sum() < min_rows or scores.n < min_rows:
            continue
        reference = scores.counts if len(held) == 1 else _mixed_labels(held, name, each[:k])
        factor, df, freedom = 1.0, None, 1.0
        if spread is not None and varied:
            df, freedom, sizes = spread.windows - 1, spread.freedom, [float(one.sum()) for one in each[:k]]
            factor = spread.together[at] * overdispersed(
                spread.labels, spread.mean_rows, spread.crowd, crowd(sizes), sum(sizes), float(reference.sum())
            )
        parts = list(np.diff(rolled[[s - 1 for s in scales if s <= k]], axis=0, prepend=0))
        if contradicts(reference, parts, factor):
            continue
        found_ = label_evidence(Labels(reference, rolled[k - 1]), factor, df, freedom)
        if found_ is None or (best is not None and best.p_value <= found_.p_value / LABELS):
            continue
        best = Strongest(
            found_.p_value / LABELS, "labels", _moved(scores.labels, reference, rolled[k - 1]), found_.distance,
            found_.error, int(rolled[k - 1].sum()), k, scores.n,
        )  # fmt: skip
    return best


def _loud(reference: np.ndarray, rolled: np.ndarray) -> np.ndarray:
    """Which sums of labels could be evidence: Pearson's statistic beyond what chance alone exceeds in one of ten cases.

    The others are no evidence at any budget, and are not computed: the degrees of freedom are counted low.
    """
    n, total = rolled.sum(axis=1, keepdims=True), float(reference.sum())
    both = rolled + reference
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = both * (n / (n + total))
        each = np.where(both > 0, (rolled - expected) ** 2 / expected, 0.0) * ((n + total) / total)
        smaller = both / (n + total) * np.minimum(n, total)
        df = np.maximum(1, (smaller >= SMALLEST).sum(axis=1) - 2)
    return each.sum(axis=1) > df * (1 - 2 / (9 * df) + 1.2816 * np.sqrt(2 / (9 * df))) ** 3


def _mixed_labels(held: Sequence[Yardstick], name: str, windows: Sequence[np.ndarray]) -> np.ndarray:
    """Counts of a reference that is to a sum of windows of several seasons what a season's is to one window.

    Its shares are those of the seasons, weighted by the windows' rows; it is as large as makes its error that of the
    seasons'. The sum's own counts vary no more than draws from these shares would (Hoeffding 1956, on sums of unlike
    binomials).
    """
    sizes = np.array([w.sum() for w in windows])
    shares = np.zeros(len(windows[0]))
    weight: dict[str, float] = {}
    rows: dict[str, int] = {}
    for yardstick, size, counts in zip(held, sizes, windows, strict=False):
        scores = yardstick.scores[name]
        if not isinstance(scores, LabelScores) or not size or not scores.n or len(scores.counts) != len(counts):
            continue
        shares += size * scores.counts / scores.n
        weight[yardstick.season] = weight.get(yardstick.season, 0.0) + float(size)
        rows[yardstick.season] = scores.n
    total = sum(weight.values())
    error = sum(w**2 / rows[season] for season, w in weight.items())
    return shares / total * (total**2 / error) if error else shares


def _evidence(
    yardstick: Yardstick, name: str, found: Strongest, weight: float, smallest: tuple[float, float]
) -> Evidence:
    spread = yardstick.spreads.get(name)
    varied = spread is not None and spread.windows >= ENOUGH
    basis = f"variation of {spread.windows} reference windows" if spread and varied else "sampling error alone"
    lower, upper = max(0.0, found.effect - 1.96 * found.error), min(1.0, found.effect + 1.96 * found.error)
    alone, lasting = (one if one < 1 else None for one in smallest)
    return Evidence(
        name, min(1.0, found.p_value * weight), weight, min(1.0, found.effect), lower, upper, found.n,
        found.reference_n, found.windows, found.what, found.says, alone, lasting, basis,
    )  # fmt: skip


def _detectable(found: Found, share: float, at: int) -> np.ndarray:
    """The smallest change of location, as a distance, that sums of a scale show with 80 % power; shape (columns,).

    Of columns without ranks (labels, times): of their missing share.
    """
    table = found.table
    part = np.where(np.isfinite(table.mean[:, 0]), 0, MISSING)
    row = np.arange(len(part))
    df = table.df[row, part]
    slope, error = np.round(found.slope[row, part, at], 2), found.error[row, part, at]
    smallest = np.ones(len(part))
    able = np.isfinite(error)
    for beta, freedom in {(float(b), float(f)) for b, f in zip(slope[able], df[able], strict=True)}:
        same = able & (slope == beta) & (df == freedom)
        level = opening_level(float(f"{share:.3g}"), max(beta, 0.01), float(f"{freedom:.3g}"))
        unit = np.where(part[same] == MISSING, 1.0, np.sqrt(table.variance[row, part][same]))
        smallest[same] = (level + POWER_Z) * error[same] / np.maximum(unit, 1e-12) * EFFECT[part[same]]
    return np.minimum(1.0, smallest)


def _detectable_labels(yardstick: Yardstick, name: str, rows: int, share: float, longest: int) -> tuple[float, float]:
    """The same of labels: (this window alone, the longest sum)."""
    scores, spread = yardstick.scores[name], yardstick.spreads.get(name)
    if not isinstance(scores, LabelScores):
        return 1.0, 1.0
    factor = spread.labels if spread is not None and spread.windows >= ENOUGH else 1.0
    kinds = max(2, len(scores.counts))
    alone, lasting = (detectable_tv(max(1, rows * k), scores.n, share, kinds) * factor**0.5 for k in (1, longest))
    return min(1.0, alone), min(1.0, lasting)


def _moved(labels: Sequence[str], reference: np.ndarray, window: np.ndarray) -> str:
    """Which label adds most to the evidence: a new one counts for more than the others that it takes a little from."""
    gap = window / window.sum() - reference / reference.sum()
    pooled = (reference + window) / (reference.sum() + window.sum())
    at = int(np.argmax(np.divide(gap**2, pooled, out=np.zeros_like(gap), where=pooled > 0)))
    name = repr(labels[at][:40]) if at < len(labels) else "a rare or new label"
    return f"{name} is {'more' if gap[at] > 0 else 'less'} frequent"
