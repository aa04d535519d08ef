"""The metric `template`: one number for each version and window, over the rows whose truth is known.

Name it where a model says what it is measured with: metrics = ["template"]. Rules and gates can read it then.
"""

from __future__ import annotations

import numpy as np
from lifecycle_tui.api import Measurement, Outcomes, Register, hookimpl, proportion


class Template:
    """Share of the predictions that miss by more than a tolerance.

    Args:
        tolerance: how far off is still fine, as a share of the true value.
    """

    name = "template"  # also the signal's name
    tasks = ("regression",)  # also "binary", "multiclass", "ranking"
    needs = "prediction"  # or "score", "target"
    greater_is_better = False  # None where neither end is better
    range = (0.0, 1.0)  # None for an open end; a result outside is a fault

    def __init__(self, *, tolerance: float = 0.1) -> None:  # in the file: metrics = { template = { tolerance = 0.2 } }
        self.tolerance = tolerance

    def measure(self, outcomes: Outcomes) -> Measurement:
        if outcomes.prediction is None or not len(outcomes):
            return Measurement(None, message="there are no predictions")  # no number: never return NaN
        off = np.abs(outcomes.prediction - outcomes.target)
        missed = ~(off <= self.tolerance * np.abs(outcomes.target))  # what cannot be compared has missed
        return Measurement(**proportion(missed, outcomes.weight, outcomes.day)._asdict())  # with its interval


@hookimpl
def register_metrics(register: Register) -> None:
    register(Template)
