"""The metric `rmsle`."""

from __future__ import annotations

from lifecycle_tui import api


class Rmsle:
    """Root mean squared difference of log(1 + value); predictions below 0 count as 0."""

    name = "rmsle"
    tasks = ("regression",)
    needs = "prediction"
    greater_is_better = False
    range = (0.0, None)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.rmsle(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Rmsle)
