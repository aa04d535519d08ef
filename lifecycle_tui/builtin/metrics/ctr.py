"""The metric `ctr`."""

from __future__ import annotations

from lifecycle_tui import api


class Ctr:
    """Click-through rate: the share of the rows shown whose target is above 0; rows of a query or a day go together."""

    name = "ctr"
    tasks = ("binary", "ranking")
    needs = "target"
    greater_is_better = None
    range = (0.0, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        found = api.click_through(outcomes.target, outcomes.query, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Ctr)
