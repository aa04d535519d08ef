"""The metric `average_precision`."""

from __future__ import annotations

from lifecycle_tui import api


class AveragePrecision:
    """Area under the precision-recall curve, as steps; for several classes the mean of each against the rest."""

    name = "average_precision"
    tasks = ("binary", "multiclass")
    needs = "score"
    greater_is_better = True
    range = (0.0, 1.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.score is None:
            return api.Measurement(None, message="there are no scores")
        target, score = outcomes.target, outcomes.score
        if score.ndim == 2:
            found = api.macro_average_precision(target, score, outcomes.classes, outcomes.weight, outcomes.day)
        else:
            found = api.average_precision(target, score, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(AveragePrecision)
