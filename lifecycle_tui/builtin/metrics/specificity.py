"""The metric `specificity`."""

from __future__ import annotations

from lifecycle_tui import api


class Specificity:
    """Share of the negative rows that are predicted so."""

    name = "specificity"
    tasks = ("binary",)
    needs = "prediction"
    greater_is_better = True
    range = (0.0, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.specificity(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Specificity)
