"""Verdicts as signals: on the detectors' own that are evidence, and one a column with all that a verdict says.

Called by `columns.measure_columns` once the window has been judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.policy.catalog import CHANGE
from lifecycle_tui.policy.verdicts import TOGETHER, ColumnTest, Verdict


def judged_signals(signals: Sequence[Signal], verdicts: Mapping[str, Verdict]) -> list[Signal]:
    """The signals with their column's verdict: on those that are evidence; sizes such as PSI stay as they are."""
    done = []
    for signal in signals:
        verdict = verdicts.get(signal.column or TOGETHER)
        if verdict is None or signal.state != "ok" or "p_value" not in signal.detail:
            done.append(signal)
            continue
        by = signal.source.partition(" ")[0] if signal.column is None else signal.name[: -len(signal.column) - 1]
        decides, agrees = by == verdict.detector, by in verdict.detectors
        state = verdict.state if decides or agrees or verdict.state == "cannot-tell" else "ok"
        detail = {**signal.detail, "verdict": _detail(verdict)} if decides else signal.detail
        message = verdict.message if decides or agrees else signal.message
        done.append(replace(signal, state=state, message=message, detail=detail))
    return done


def change_signals(tests: Sequence[ColumnTest], verdicts: Mapping[str, Verdict], floor: float) -> list[Signal]:
    """`change.COLUMN` of every column whose sums were compared: the size of the change, and the column's verdict.

    Args:
        floor: the smallest effect that is called drift.
    """
    found = []
    for test in tests:
        if test.detector != CHANGE:
            continue
        verdict = verdicts[test.column]
        detail: dict[str, Any] = {
            "windows": test.windows, "says": test.says, "basis": test.basis, "p_value": test.p_value,
            "effect": test.effect, "floor": floor, "verdict": _detail(verdict),
        }  # fmt: skip
        found.append(
            Signal(
                f"{CHANGE}.{test.column}", test.effect, test.lower, test.upper, test.n, verdict.state, verdict.message,
                test.column, "", detail,
            )
        )  # fmt: skip
    return found


def _detail(verdict: Verdict) -> dict[str, Any]:
    """All that a verdict carries, as JSON values."""
    p, alpha = verdict.p_adjusted, verdict.alpha
    return {
        "p_adjusted": p,
        "alpha": alpha,
        "spent": None if p is None or not alpha else min(1.0, p / alpha),
        "effect": verdict.effect,
        "lower": verdict.lower,
        "upper": verdict.upper,
        "detectable": verdict.detectable,
        "lasting": verdict.lasting,
        "detector": verdict.detector,
        "windows": verdict.windows,
        "basis": verdict.basis,
    }
