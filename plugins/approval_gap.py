"""A metric of the team's own: it sees the rows whose truth is known, and here the columns that name groups too."""

from itertools import permutations
from math import sqrt

from lifecycle_tui.api import Measurement, hookimpl, proportion


class ApprovalGap:
    """Largest difference of the approval rates of two groups, with an interval."""

    name, tasks = "approval_gap", ("binary",)
    greater_is_better = False
    range = (0.0, 1.0)

    def __init__(self, *, column: str, least: int = 30):
        self.column, self.least = column, least

    def measure(self, outcomes):
        group, approved, day = outcomes.groups[self.column], outcomes.prediction == 1, outcomes.day
        rates = {}
        for name in sorted(set(group) - {""}):  # "" is written where the group is not known
            rows = group == name
            if rows.sum() >= self.least:  # a handful of rows says nothing about a group
                rates[name] = proportion(approved[rows], day=None if day is None else day[rows])
        if len(rates) < 2:
            return Measurement(None, message=f"fewer than two groups with {self.least} rows")
        worse, better = max(permutations(rates, 2), key=lambda pair: rates[pair[1]].value - rates[pair[0]].value)
        low, high = rates[worse], rates[better]
        gap = high.value - low.value
        # Newcombe (1998): the interval of a difference, from the Wilson intervals of both rates.
        lower = gap - sqrt((high.value - high.lower) ** 2 + (low.upper - low.value) ** 2)
        upper = gap + sqrt((high.upper - high.value) ** 2 + (low.value - low.lower) ** 2)
        said = f"{worse}: {low.value:.0%} approved, {better}: {high.value:.0%}"
        return Measurement(gap, max(0.0, lower), upper, n=min(low.n, high.n), message=said)


@hookimpl
def register_metrics(register):
    register(ApprovalGap)
