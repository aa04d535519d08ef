"""The metric `log_loss`."""

from __future__ import annotations

from lifecycle_tui import api


class LogLoss:
    """Mean negative log likelihood of the true class, natural logarithm."""

    name = "log_loss"
    tasks = ("binary", "multiclass")
    needs = "score"
    greater_is_better = False
    range = (0.0, None)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.score is None:
            return api.Measurement(None, message="there are no scores")
        target, score = outcomes.target, outcomes.score
        if score.ndim == 2:
            found = api.multi_log_loss(target, score, outcomes.classes, outcomes.weight, outcomes.day)
        else:
            found = api.log_loss(target, score, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(LogLoss)
