"""Metrics that each fail one check of the conformance suite, the one that `fails` names."""

import numpy as np

from lifecycle_tui.api import Measurement, hookimpl


class Fine:
    """Mean absolute error, with nothing wrong; the others spoil it."""

    name, tasks, needs, fails = "fine", ("regression",), "prediction", ""
    greater_is_better = False
    range = (0.0, None)

    def measure(self, outcomes):
        if not len(outcomes):
            return Measurement(None, message="no rows")
        return float(np.abs(outcomes.target - outcomes.prediction).mean())


class Turned(Fine):
    """Says that more error is better."""

    name, fails, greater_is_better = "turned", "direction", True


class Narrow(Fine):
    """Declares a range that it leaves where numbers are huge."""

    name, fails, range = "narrow", "huge-numbers", (0.0, 1e100)


class Scores(Fine):
    """Asks for scores although it declares predictions."""

    name, tasks, fails, greater_is_better = "scores", ("binary",), "needs", None

    def measure(self, outcomes):
        return float(outcomes.score.mean()) if len(outcomes) else None


class Weighed(Fine):
    """Divides by the sum of the weights twice."""

    name, fails = "weighed", "weights"

    def measure(self, outcomes):
        found = super().measure(outcomes)
        return found if outcomes.weight is None else found / outcomes.weight.sum()


class Lone(Fine):
    """Divides by n - 1."""

    name, fails = "lone", "one-row"

    def measure(self, outcomes):
        with np.errstate(all="ignore"):
            return float(np.abs(outcomes.target - outcomes.prediction).sum() / (len(outcomes) - 1))


class OneClass(Fine):
    """Does not know a week without a sale."""

    name, tasks, fails, greater_is_better = "one_class", ("binary",), "all-negative", None

    def measure(self, outcomes):
        if len(outcomes) > 2 and not outcomes.target.any():
            raise ZeroDivisionError("no positives")
        return 0.5


class InPlace(Fine):
    """Sorts the caller's array."""

    name, fails = "in_place", "input-unchanged"

    def measure(self, outcomes):
        found = super().measure(outcomes)
        outcomes.target.sort()
        return found


class Grouped(Fine):
    """Wants a group and does not say which."""

    name, fails = "grouped", "no-groups"

    def __init__(self, *, column: str):
        self.column = column

    def measure(self, outcomes):
        if self.column not in outcomes.groups:
            raise ValueError("something is missing")
        return super().measure(outcomes)


class Seeded(Fine):
    """Resamples with the shared generator."""

    name, fails, greater_is_better = "seeded", "same-twice", None

    def measure(self, outcomes):
        return None if not len(outcomes) else float(np.random.random())


@hookimpl
def register_metrics(register):
    register(Fine, Turned, Narrow, Scores, Weighed, Lone, OneClass, InPlace, Grouped, Seeded)
