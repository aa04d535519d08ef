"""Tests of whole rows as detectors' results. Called by the built-in detectors through `lifecycle_tui.api`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.stats.intervals import t_quantile
from lifecycle_tui.stats.kernels import KernelTest
from lifecycle_tui.stats.placements import Separation
from lifecycle_tui.stats.student import student_sf

_Z = 1.959963984540054


def kernel_measurement(found: KernelTest, definition: str) -> Measurement:
    """The distance (root of the squared one, 0 where that is negative by chance) with its 95 % interval.

    Effect: the root of `share`, which for small shifts grows with the shift as the other distances do.
    """
    half = _Z * found.error
    lower, value, upper = (math.sqrt(max(0.0, found.squared + side * half)) for side in (-1, 0, 1))
    of = f", in {found.blocks} blocks" if found.blocks > 1 else ""
    return Measurement(
        value, lower, upper, min(found.n, found.m), found.p_value, math.sqrt(found.share), definition,
        f"{value:.3g} between whole rows ({found.n:,} of the reference, {found.m:,} of the window{of})",
        {"squared": found.squared, "blocks": found.blocks, "rows": found.m, "reference_rows": found.n},
    )  # fmt: skip


def error_measurement(before: np.ndarray, now: np.ndarray, definition: str) -> Measurement:
    """Errors of the window's rows (n,) against those of reference rows that no fit has seen (m,), two or more of each.

    Value: the window's mean error with its 95 % interval (Student). p: Welch's (1947) two-sided test of the means.
    Effect: |2 P(now > before) - 1|, ties half (Mann and Whitney 1947), on the scale 0..1.
    """
    n, m = len(now), len(before)
    mean, usual = float(now.mean()), float(before.mean())
    own, others = float(now.var(ddof=1)) / n, float(before.var(ddof=1)) / m
    half = t_quantile(n - 1) * math.sqrt(own)
    # Errors that are rounding alone (all axes kept, one value everywhere) differ from 0 by nothing.
    same = abs(mean - usual) <= 1e-9 * max(1.0, abs(usual))
    p_value = 1.0 if same else welch(mean - usual, own, others, n, m)
    order = np.sort(before)
    beats = (np.searchsorted(order, now, "left") + np.searchsorted(order, now, "right")) / (2 * m)
    effect = 0.0 if same else min(1.0, abs(2 * float(beats.mean()) - 1))
    return Measurement(
        mean, max(0.0, mean - half), mean + half, n, p_value, effect, definition,
        f"mean reconstruction error {mean:.4g}, in the reference {usual:.4g}",
        {"reference": usual, "reference_rows": m},
    )  # fmt: skip


def welch(difference: float, own: float, others: float, n: int, m: int) -> float:
    """Two-sided p of a difference of means whose squared standard errors are `own` and `others`."""
    error = math.sqrt(own + others)
    if error == 0:
        return 0.0
    df = (own + others) ** 2 / (own**2 / (n - 1) + others**2 / (m - 1))
    return min(1.0, 2 * student_sf(abs(difference) / error, df))


def separation_measurement(
    found: Separation | None, n: int, m: int, definition: str, leaning: Mapping[str, float], what: str
) -> Measurement:
    """The AUC of a model that tells window from reference; effect 2 AUC - 1 (0 below 0.5).

    Args:
        leaning: what the model leant on, by name, most first (of columns: the fall of the AUC without them; of words:
            by how much more of the texts have them).
        what: word for those: "columns" or "words".
    """
    if found is None:
        return Measurement(None, message="too few rows to learn from and to score")
    names = ", ".join(list(leaning)[:3])
    message = f"a model tells the window's rows from the reference's with AUC {found.auc:.3f}"
    detail: dict[str, Any] = {"leaning": [{"name": k, "by": v} for k, v in leaning.items()], "reference_rows": n}
    effect = min(1.0, max(0.0, 2 * found.auc - 1))
    return Measurement(
        found.auc, found.lower, found.upper, min(n, m), found.p_value, effect, definition,
        f"{message}; {what} it leans on: {names}" if names else message,
        detail,
    )  # fmt: skip
