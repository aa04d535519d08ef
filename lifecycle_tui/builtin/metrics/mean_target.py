"""The metric `mean_target`."""

from __future__ import annotations

from lifecycle_tui import api


class MeanTarget:
    """Mean of the target: the share of positives (a click-through rate), or the average amount."""

    name = "mean_target"
    tasks = ("binary", "regression", "ranking")
    needs = "target"
    greater_is_better = None
    range = (None, None)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        found = api.mean_estimate(outcomes.target.astype("float64"), outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(MeanTarget)
