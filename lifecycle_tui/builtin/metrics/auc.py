"""The metric `auc`."""

from __future__ import annotations

from typing import Literal

from lifecycle_tui import api


class Auc:
    """Area under the ROC curve: how often a positive row scores above a negative one.

    Args:
        average: for several classes: "macro" (each class the same), "weighted" (by its rows), "micro" (all pairs of
            row and class together).
    """

    name = "auc"
    tasks = ("binary", "multiclass")
    needs = "score"
    greater_is_better = True
    range = (0.0, 1.0)

    def __init__(self, *, average: Literal["macro", "micro", "weighted"] = "macro") -> None:
        self.average = average

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.score is None:
            return api.Measurement(None, message="there are no scores")
        target, score = outcomes.target, outcomes.score
        if score.ndim == 2:
            ways = {"macro": api.macro_roc_auc, "weighted": api.weighted_roc_auc, "micro": api.micro_roc_auc}
            found = ways[self.average](target, score, outcomes.classes, outcomes.weight, outcomes.day)
        else:
            found = api.roc_auc(target, score, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Auc)
