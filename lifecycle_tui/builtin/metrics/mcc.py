"""The metric `mcc`."""

from __future__ import annotations

from lifecycle_tui import api


class Mcc:
    """Matthews' correlation of truth and prediction: 1 is right, 0 is chance, -1 is all wrong."""

    name = "mcc"
    tasks = ("binary", "multiclass")
    needs = "prediction"
    greater_is_better = True
    range = (-1.0, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.matthews(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Mcc)
