"""The metric `r2`."""

from __future__ import annotations

from lifecycle_tui import api


class R2:
    """Coefficient of determination: the share of the target's variance that is predicted."""

    name = "r2"
    tasks = ("regression",)
    needs = "prediction"
    greater_is_better = True
    range = (None, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.r2(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(R2)
