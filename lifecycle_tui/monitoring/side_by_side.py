"""Outcomes of several versions on the same rows, kept side by side: row i of one is row i of the other.

For judgements, which compare versions pair by pair; `performance` measures versions one by one and lets each keep all
of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.monitoring.performance import Coding, coded, outcomes_of, present

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Said:
    """What a version says of n rows.

    Attributes:
        prediction: (n,) float64, or objects (text or None); None where it gives scores alone.
        score: float64 (n,), or (n, k) with the columns in the order of the coding's classes; NaN where missing.
    """

    prediction: np.ndarray | None
    score: np.ndarray | None = None


@dataclass(frozen=True)
class SideBySide:
    """Aligned outcomes, one for each version given, of the m rows that all of them have an answer for.

    Attributes:
        at: (m,) positions of these rows among those given.
        strange: rows left out because their label is neither class.
    """

    outcomes: tuple[Outcomes, ...]
    at: np.ndarray
    strange: int = 0

    def __len__(self) -> int:
        return len(self.at)


def side_by_side(
    coding: Coding,
    target: np.ndarray,
    versions: Sequence[Said],
    day: np.ndarray | None = None,
    groups: Mapping[str, np.ndarray] | None = None,
) -> SideBySide:
    """The rows on which every version can be measured.

    Args:
        target: (n,) float64, or text labels.
        day: (n,) whole numbers, or None.
        groups: (n,) object arrays of text, as `Outcomes` has them.
    """
    import numpy as np

    truth = coded(target, coding)
    ok = present(truth)
    for said in versions:
        for values in (said.prediction, said.score):
            if values is not None:
                ok &= present(values)
    strange = 0
    if coding.task == "binary":
        known = np.isin(truth.astype(str), coding.classes)
        strange = int((ok & ~known).sum())
        ok &= known
    at = np.flatnonzero(ok)
    taken = None if day is None else day[at]
    among = {name: values[at] for name, values in (groups or {}).items()}
    outcomes = tuple(
        outcomes_of(
            coding,
            truth[at],
            None if said.prediction is None else coded(said.prediction[at], coding),
            None if said.score is None else said.score[at],
            taken,
            among,
        )
        for said in versions
    )
    return SideBySide(outcomes, at, strange)
