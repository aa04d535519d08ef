"""Verdicts on a window's columns: its tests share a budget by Holm's (1979) procedure; drift is an effect that matters.

A window too thin to have shown one says so. Monitoring calls `judge` once a window; its level is from `budget`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifecycle_tui.domain.signals import Signal, SignalState
from lifecycle_tui.policy.budget import detectable_ks, detectable_tv
from lifecycle_tui.stats.multiple import holm

STATED_SHIFT = 0.2
"""A window "cannot tell" if it could not have shown this distance: KS 0.2 is half a standard deviation's shift of a
normal column (KS = 2 Φ(δ/2) - 1)."""

TOGETHER = "*"
"""Stands for all columns together, where a detector compares whole rows."""


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """One detector's evidence about one column.

    Attributes:
        p_value: None for a detector that gives none; it takes no share of the budget.
        effect: distance on the scale 0..1; None where the detector has none: the column's largest stands in.
        n, reference_n: values that the window and the reference had to compare.
        categories: of a categorical column, for the smallest shift that could have shown.
        weight: its share of the budget is in proportion to it.
        lower, upper: a 95 % interval of the effect, where there is one.
        windows: how many windows the rows come from: a sum of several shows small and lasting shifts.
        says: the change in words. basis: what windows are taken to vary by, in words.
        detectable: the smallest distance that this window alone would have shown with 80 % power, and `lasting` the
            one that the longest sum would have; where the detector knows it better than the formulas below.
    """

    column: str
    detector: str
    p_value: float | None
    effect: float | None
    n: int
    reference_n: int
    categories: int | None = None
    weight: float = 1.0
    lower: float | None = None
    upper: float | None = None
    windows: int = 1
    says: str = ""
    basis: str = ""
    detectable: float | None = None
    lasting: float | None = None

    @property
    def smallest_n(self) -> int:
        return min(self.n, self.reference_n)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said about one column of one window.

    Attributes:
        state: "drifted", "ok" or "cannot-tell".
        message: one sentence.
        p_adjusted: Holm-adjusted over the window's tests; the smallest of the column's.
        alpha: the window's level.
        detectable: the smallest distance that would have shown with 80 % power, by the column's weakest test.
        effect: of the evidence that decided; the largest of the column's where none did.
        lower, upper: its 95 % interval, where there is one.
        detector: whose evidence decided. detectors: all whose own evidence would have.
        windows: how many windows were summed for it. says: the change in words.
        basis: what windows are taken to vary by when nothing is wrong.
        lasting: as `detectable`, of a shift that lasts as long as the longest sum.
    """

    column: str
    state: SignalState
    message: str
    alpha: float
    p_adjusted: float | None = None
    detectable: float | None = None
    effect: float | None = None
    detector: str | None = None
    n: int = 0
    lower: float | None = None
    upper: float | None = None
    detectors: tuple[str, ...] = ()
    windows: int = 1
    says: str = ""
    basis: str = ""
    lasting: float | None = None


def judge(
    tests: Sequence[ColumnTest],
    alpha: float,
    floor: float = 0.01,
    min_rows: int = 30,
    *,
    shift: float = STATED_SHIFT,
) -> dict[str, Verdict]:
    """A verdict for every column that has a test, in the order of the tests.

    Args:
        tests: all tests of one window.
        alpha: probability of a false alarm that the window may take, from `window_alpha`.
        floor: effects below it are never drift.
        min_rows: fewer values than this on either side cannot tell.
        shift: a quiet column says "cannot tell" if a distance this large could have gone unseen.
    """
    judged = [test for test in tests if _share(test.p_value) is not None and test.smallest_n >= min_rows]
    weights = [test.weight for test in judged]
    p_values = holm([test.p_value or 0.0 for test in judged], weights)
    adjusted = dict(zip(map(id, judged), p_values, strict=True))
    share = alpha / max(1.0, sum(weights))
    by_column: dict[str, list[ColumnTest]] = {}
    for test in tests:
        by_column.setdefault(test.column, []).append(test)
    return {
        column: _verdict(column, found, adjusted, alpha, share, floor, min_rows, shift)
        for column, found in by_column.items()
    }


def _verdict(
    column: str,
    tests: Sequence[ColumnTest],
    adjusted: Mapping[int, float],
    alpha: float,
    share: float,
    floor: float,
    min_rows: int,
    shift: float,
) -> Verdict:
    effects = [effect for test in tests if (effect := _number(test.effect)) is not None]
    largest = max(effects, default=None)
    evidence = sorted(((adjusted[id(test)], test) for test in tests if id(test) in adjusted), key=lambda pair: pair[0])
    if not evidence:
        rows = min(test.smallest_n for test in tests)
        if rows < min_rows:
            message = f"cannot tell: {_rows(rows)} to compare, {min_rows} are needed"
        else:
            message = "cannot tell: no detector here weighs chance"
        return Verdict(column, "cannot-tell", message, alpha, effect=largest, n=rows)
    detectable, lasting = _shown([test for _, test in evidence], share)
    passed = [(p, test, own) for p, test in evidence if (own := _effect(test, largest)) is not None
              and p <= alpha and own >= floor]  # fmt: skip
    if passed:
        # Evidence that says what has changed is shown before evidence that only says that something has.
        p, test, effect = min(passed, key=lambda found: not found[1].says)
        return Verdict(
            column, "drifted", _drifted(test, effect, p, alpha), alpha, p, detectable, effect, test.detector,
            test.smallest_n, test.lower, test.upper, tuple(t.detector for _, t, _ in passed), test.windows, test.says,
            test.basis, lasting,
        )  # fmt: skip
    p, test = evidence[0]
    thinnest = min(item.smallest_n for item in tests if _share(item.p_value) is not None)
    state: SignalState = "ok"
    if p <= alpha and largest is None:
        message = f"differs (p {_p(p)}), but {test.detector} gives no effect to hold against the floor {floor:g}"
    elif p <= alpha:
        message = f"differs (p {_p(p)}), but by less than the floor {floor:g}"
    elif thinnest < min_rows:
        state, message = "cannot-tell", f"cannot tell: {_rows(thinnest)} to compare, {min_rows} are needed"
    elif min(detectable, lasting) > shift:
        state = "cannot-tell"
        message = (
            f"cannot tell: with {_rows(thinnest)} only a shift of {detectable:.2g} or more would have shown "
            f"(asked for: {shift:g})"
        )
    elif lasting < 0.8 * detectable:
        message = f"no drift; a shift of {detectable:.2g} or more would have shown, a lasting one of {lasting:.2g}"
    else:
        message = f"no drift; a shift of {detectable:.2g} or more would have shown"
    basis = next((t.basis for _, t in evidence if t.basis), "")
    return Verdict(
        column, state, message, alpha, p, detectable, _effect(test, largest), test.detector, test.smallest_n,
        test.lower, test.upper, (), test.windows, test.says, basis, lasting,
    )  # fmt: skip


def _effect(test: ColumnTest, largest: float | None) -> float | None:
    own = _number(test.effect)
    return largest if own is None else own


def _shown(tests: Sequence[ColumnTest], share: float) -> tuple[float, float]:
    """The smallest distances that would have shown: of this window alone, and of a shift that lasts.

    By the evidence that knows it, else by the weakest of the column's tests: a missing share compared over all rows
    says nothing of the few values.
    """
    known = [test for test in tests if test.detectable is not None]
    if known:
        detectable = max(test.detectable or 1.0 for test in known)
        return detectable, min(detectable, max(test.lasting or 1.0 for test in known))
    detectable = max(_detectable(test, share) for test in tests)
    return detectable, detectable


def _drifted(test: ColumnTest, effect: float, p: float, alpha: float) -> str:
    """One sentence: what has changed, by how much, how sure, and against what."""
    what = f"drifted: {test.says}, distance {effect:.3g}" if test.says else f"drifted: distance {effect:.3g}"
    if test.lower is not None and test.upper is not None:
        what += f" ({test.lower:.2g} to {test.upper:.2g})"
    if test.windows > 1:
        what += f" over the last {test.windows} windows"
    return (
        f"{what} (p {_p(p)} over all tests of the window, budget {_p(alpha)}{f'; {test.basis}' if test.basis else ''})"
    )


def _detectable(test: ColumnTest, share: float) -> float:
    if test.categories is None:
        return detectable_ks(test.n, test.reference_n, share)
    return detectable_tv(test.n, test.reference_n, share, test.categories)


def summary(verdicts: Mapping[str, Verdict]) -> tuple[Signal, ...]:
    """`drift.share`, `drift.count` and `drift.max` of a window.

    The share is of the columns that could be judged; the maximum is the largest effect among drifted columns, 0 if
    none drifted: a rule on it wakes somebody for verdicts, not for noise. What was found in all columns together
    (`TOGETHER`) counts as one more. All are unknown where no column could be judged.
    """
    whole = verdicts.get(TOGETHER)
    together = whole is not None and whole.state == "drifted"
    columns = {name: verdict for name, verdict in verdicts.items() if name != TOGETHER}
    drifted = {name: verdict for name, verdict in columns.items() if verdict.state == "drifted"}
    judged = sum(verdict.state in ("ok", "drifted") for verdict in columns.values())
    unjudged = len(columns) - judged
    if not judged:
        message = "no column could be judged" if verdicts else "no column was compared"
        state: SignalState = "cannot-tell" if verdicts else "unknown"
        return tuple(
            Signal(name, None, n=0, state=state, message=message)
            for name in ("drift.share", "drift.count", "drift.max")
        )
    by_effect = sorted(drifted, key=lambda name: (-(drifted[name].effect or 0.0), name))
    detail = {"columns": by_effect, "judged": judged, "cannot_tell": unjudged}
    state = "drifted" if drifted or together else "ok"
    note = f"; {unjudged} more cannot tell" if unjudged else ""
    note += "; all columns together have" if together else ""
    message = f"{len(drifted)} of {judged} columns drifted{note}"
    effects = [verdict.effect or 0.0 for verdict in (*drifted.values(), *([whole] if whole and together else []))]
    largest = max(effects, default=0.0)
    return (
        Signal("drift.share", len(drifted) / judged, n=judged, state=state, message=message, detail=detail),
        Signal("drift.count", float(len(drifted) + together), n=judged, state=state, message=message, detail=detail),
        Signal("drift.max", largest, n=judged, state=state, message=message, detail=detail),
    )


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _share(value: float | None) -> float | None:
    """A probability; what a plugin gives that is none counts as nothing."""
    return value if value is not None and 0 <= value <= 1 else None


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
