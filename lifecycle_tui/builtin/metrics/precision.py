"""The metric `precision`."""

from __future__ import annotations

from lifecycle_tui import api


class Precision:
    """Share of the rows predicted positive that are; for several classes the mean over them."""

    name = "precision"
    tasks = ("binary", "multiclass")
    needs = "prediction"
    greater_is_better = True
    range = (0.0, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        target, prediction = outcomes.target, outcomes.prediction
        if len(outcomes.classes) > 2 or target.dtype.kind in "OUT":
            found = api.macro_precision(target, prediction, outcomes.weight, outcomes.day)
        else:
            found = api.precision(target, prediction, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Precision)
