"""The metric `recall`."""

from __future__ import annotations

from typing import Literal

from lifecycle_tui import api


class Recall:
    """Share of the positive rows that are predicted so; for several classes the mean over them.

    Args:
        average: for several classes: "macro" (each class the same), "weighted" (by its rows), "micro" (all rows
            together).
    """

    name = "recall"
    tasks = ("binary", "multiclass")
    needs = "prediction"
    greater_is_better = True
    range = (0.0, 1.0)

    def __init__(self, *, average: Literal["macro", "micro", "weighted"] = "macro") -> None:
        self.average = average

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        target, prediction = outcomes.target, outcomes.prediction
        if len(outcomes.classes) > 2 or target.dtype.kind in "OUT":
            by = {"macro": api.macro_recall, "weighted": api.weighted_recall, "micro": api.micro}[self.average]
            found = by(target, prediction, outcomes.weight, outcomes.day)
        else:
            found = api.recall(target, prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Recall)
