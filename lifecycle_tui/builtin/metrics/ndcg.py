"""The metric `ndcg`."""

from __future__ import annotations

from lifecycle_tui import api


class Ndcg:
    """Normalised discounted cumulative gain of the first k rows of each query; needs `[columns] query`.

    The gain of a row is its target. Rows with equal predictions count as their mean over all orders.

    Args:
        k: how many rows of a query are looked at.
    """

    name = "ndcg"
    tasks = ("ranking",)
    needs = "prediction"
    greater_is_better = True
    range = (0.0, 1.0)

    def __init__(self, *, k: int = 10) -> None:
        if k < 1:
            raise ValueError(f"k is {k}; at least one row is shown")
        self.k = k

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        found = api.ndcg(outcomes.target, outcomes.prediction, outcomes.query, self.k, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Ndcg)
