"""The metric `calibration_slope`."""

from __future__ import annotations

from lifecycle_tui import api


class CalibrationSlope:
    """Slope of the outcome's log-odds on the probability's: 1 is calibrated, below 1 too sure, above 1 too timid."""

    name = "calibration_slope"
    tasks = ("binary",)
    needs = "score"
    greater_is_better = None
    range = (None, None)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.score is None:
            return api.Measurement(None, message="there are no scores")
        found = api.calibration_slope(outcomes.target == 1, outcomes.score, outcomes.weight, outcomes.day)
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(CalibrationSlope)
