"""Correction of several p-values looked at together. Called before any verdict, by `policy` and `monitoring`.

Standard library only: `policy` is loaded by commands that never look at a number.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979; with weights, his section 4).

    Calling those at most alpha significant keeps the chance of even one false alarm at or below alpha,
    whatever the dependence between the tests.

    Args:
        weights: positive; a test's share of alpha is in proportion to its weight. None: all the same.

    Raises:
        ValueError: if a p-value is not in [0, 1], or a weight is not positive.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1")
    shares = [1.0] * len(p_values) if weights is None else list(weights)
    if not all(w > 0 for w in shares) or len(shares) != len(p_values):
        raise ValueError("each p-value has a positive weight")
    order = sorted(range(len(p_values)), key=lambda i: p_values[i] / shares[i])
    adjusted = [0.0] * len(p_values)
    worst, left = 0.0, sum(shares)
    for i in order:
        worst = max(worst, min(1.0, p_values[i] / shares[i] * left))
        adjusted[i] = worst
        left -= shares[i]
    return adjusted
