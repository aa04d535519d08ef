"""Windows whose labels are still coming in: marked as such, and what is known of them completed.

Labels that come early are no fair sample: frauds are reported within days, and what nobody reports counts as none only
when the delay has passed. So a metric of an immature window says how many labels are in, no rule reads it, and beside
it stands the metric with the labels that are still out filled in: a row's chance of being positive, given that its
label has not come by its age, follows by Bayes' rule from its calibrated score and from how fast labels of either class
came on the reference. Called by the job that measures windows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.estimate_rows import ScoredRows

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.stats.calibration import Calibration
    from lifecycle_tui.stats.expected import Expected

POINTS = 65
"""Quantiles of the arrival that are kept for each class."""

_LEAST = 1e-3
"""Share of labels that are held to be still out at any age: the reference has seen a finite number of them."""


@dataclass(frozen=True)
class Arrivals:
    """How long labels took on the reference.

    Attributes:
        delays: (2, POINTS) microseconds, quantiles from 0 to 1 for negatives and positives.
    """

    delays: np.ndarray

    def out(self, age: np.ndarray, positive: bool) -> np.ndarray:
        """(n,) share of the labels of a class that have not come by that age (microseconds)."""
        import numpy as np

        row = self.delays[int(positive)]
        come = np.interp(age, row, np.linspace(0, 1, len(row)), left=0.0, right=1.0)
        return np.maximum(1.0 - come, _LEAST)


def arrivals(rows: ScoredRows) -> Arrivals | None:
    """From a version's labelled rows on the reference; None where times are not known, or a class is not there."""
    import numpy as np

    if rows.time is None or rows.arrived is None or rows.target is None or rows.known is None:
        return None
    delay, found = (rows.arrived - rows.time)[rows.known].astype(np.float64), []
    for number in (0, 1):
        own = delay[rows.target[rows.known] == number]
        if not len(own):
            return None
        found.append(np.maximum(np.quantile(own, np.linspace(0, 1, POINTS)), 0.0))
    return Arrivals(np.vstack(found))


def completed(
    curve: Calibration, come: Arrivals, rows: ScoredRows, now: int, metrics: Sequence[str], *, probabilities: bool
) -> dict[str, Expected]:
    """The metrics of a binary version with the labels that are in, and the others expected.

    Args:
        rows: scores, labels as known, times.
        now: the loop's clock, microseconds.
    """
    import numpy as np

    from lifecycle_tui.monitoring.estimates import expected_binary
    from lifecycle_tui.stats.calibration import expit, log_odds
    from lifecycle_tui.stats.expected import Rows

    if rows.score is None or rows.target is None or rows.known is None or rows.time is None:
        return {}
    keys = [rows.target * rows.known, rows.known, *([] if rows.said is None else [rows.said]), rows.score]
    order = np.lexsort(keys)
    score, known = rows.score[order], rows.known[order]
    position = curve.position(score)
    age = np.maximum((now - rows.time[order]).astype(np.float64), 0.0)
    late = np.log(come.out(age, True) / come.out(age, False))
    chance = np.where(known, np.nan_to_num(rows.target[order]), expit(log_odds(curve.chances(position)) + late))
    said = None if rows.said is None else rows.said[order]
    return expected_binary(curve, Rows(score, chance, position, said), metrics, probabilities)


def marked(
    signals: Sequence[Signal], rows: int, labels: int, filled: Mapping[str, Expected], estimates: Mapping[str, Signal]
) -> list[Signal]:
    """Metric signals of a window whose labels are not all in, each saying so.

    Args:
        filled: what `completed` gave, by metric; empty where it cannot be.
        estimates: by metric.
    """
    share = labels / rows if rows else 0.0
    found = []
    for signal in signals:
        maturing: dict[str, Any] = {"arrived": share}
        says = f"maturing: {share:.0%} of the labels are in, and early ones are no fair sample"
        whole = filled.get(signal.name)
        if whole is not None and whole.value is not None:
            maturing["completed"] = [whole.value, whole.lower, whole.upper]
            says += f"; with the rest filled in {whole.value:.3g} ({whole.lower:.3g} to {whole.upper:.3g})"
        elif (said := estimates.get(signal.name)) is not None and said.value is not None:
            says += f"; estimated {said.value:.3g} ({said.lower:.3g} to {said.upper:.3g})"
        message = f"{signal.message}; {says}" if signal.message else says
        found.append(replace(signal, message=message, detail={**signal.detail, "maturing": maturing}))
    return found
