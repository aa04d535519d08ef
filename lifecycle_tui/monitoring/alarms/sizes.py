"""What windows of unlike sizes vary by: day effects do not grow less where a window has more rows, sampling error does.

A share or mean over several windows with n₁, n₂, … rows has of the windows' own variation Σ nᵢ² / (Σ nᵢ)², which is
1/k for k equal ones and more for unequal ones (Kish, *Survey Sampling*, 1965, 8.2). The mean size of the window that a
row lies in, Σ nᵢ² / Σ nᵢ, says that much of any number of them. Called by `evidence` and `calibrated`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def crowd(rows: Sequence[float]) -> float:
    """Σ nᵢ² / Σ nᵢ: the mean size of the window that a row lies in; NaN without rows."""
    total = math.fsum(rows)
    return math.fsum(n * n for n in rows) / total if total else math.nan


def overdispersed(over: float, rows: float, reference_crowd: float, own_crowd: float, n: float, total: float) -> float:
    """How many times more the difference of a sum of windows and the reference varies than by sampling, at least 1.

    With windows' own variance d and sampling variance s a row, d/s = (over − 1) / rows; the sum varies by
    s (1 + own_crowd d/s) / n, the reference by s (1 + reference_crowd d/s) / total, by sampling by s (1/n + 1/total).

    Args:
        over: the same for one window of `rows` rows, without the reference.
        reference_crowd, own_crowd: as `crowd` gives them; where one of the reference's is not known all windows count
            as alike.
        n, total: rows of the sum and of the reference.
    """
    if over <= 1 or not n or not total or not math.isfinite(rows) or not math.isfinite(reference_crowd) or rows <= 0:
        return max(1.0, over)
    excess = (over - 1) / rows
    return (total * (1 + excess * own_crowd) + n * (1 + excess * reference_crowd)) / (total + n)
