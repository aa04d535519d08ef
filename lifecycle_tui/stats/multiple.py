"""Correction of several p-values looked at together. Called before any verdict, by `policy` and `monitoring`.

Standard library only: `policy` is loaded by commands that never look at a number.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979).

    Calling those at most alpha significant keeps the chance of even one false alarm at or below alpha,
    whatever the dependence between the tests.

    Raises:
        ValueError: if one is not in [0, 1].
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1")
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, p_values[i] * (len(order) - rank)))
        adjusted[i] = worst
    return adjusted
