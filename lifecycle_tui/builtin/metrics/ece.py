"""The metric `ece`."""

from __future__ import annotations

from lifecycle_tui import api


class Ece:
    """Expected calibration error: how far probabilities are from what happens, chance taken off.

    Of several classes, of the most likely one.

    Args:
        bins: bins of equally many rows.
    """

    name = "ece"
    tasks = ("binary", "multiclass")
    needs = "score"
    greater_is_better = False
    range = (0.0, 1.0)

    def __init__(self, *, bins: int = 15) -> None:
        if bins < 1:
            raise ValueError(f"bins is {bins}; at least one is needed")
        self.bins = bins

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.score is None:
            return api.Measurement(None, message="there are no scores")
        target, score = outcomes.target, outcomes.score
        if score.ndim == 2:
            found = api.top_label_error(target, score, outcomes.classes, self.bins, outcomes.weight, outcomes.day)
        else:
            found = api.calibration_error(target == 1, score, self.bins, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Ece)
