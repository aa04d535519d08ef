"""The metric `mape`."""

from __future__ import annotations

from lifecycle_tui import api


class Mape:
    """Mean absolute percentage error, as a share; rows with target 0 are left out."""

    name = "mape"
    tasks = ("regression",)
    needs = "prediction"
    greater_is_better = False
    range = (0.0, None)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.mape(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Mape)
