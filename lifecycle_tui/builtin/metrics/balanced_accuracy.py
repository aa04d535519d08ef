"""The metric `balanced_accuracy`."""

from __future__ import annotations

from lifecycle_tui import api


class BalancedAccuracy:
    """Mean over the classes of the share of their rows that are predicted so."""

    name = "balanced_accuracy"
    tasks = ("binary", "multiclass")
    needs = "prediction"
    greater_is_better = True
    range = (0.0, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.balanced_accuracy(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(BalancedAccuracy)
