"""The metric `brier`."""

from __future__ import annotations

from lifecycle_tui import api


class Brier:
    """Mean squared difference of probability and outcome; for several classes summed over them (0..2)."""

    name = "brier"
    tasks = ("binary", "multiclass")
    needs = "score"
    greater_is_better = False
    range = (0.0, 2.0)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.score is None:
            return api.Measurement(None, message="there are no scores")
        target, score = outcomes.target, outcomes.score
        if score.ndim == 2:
            found = api.multi_brier(target, score, outcomes.classes, outcomes.weight, outcomes.day)
        else:
            found = api.brier(target, score, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Brier)
