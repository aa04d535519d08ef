from lifecycle_tui.api import Measurement, hookimpl


class ApprovalGap:
    """How much larger the share of approved rows is in one group than in another."""

    name, tasks, needs, greater_is_better, range = "approval.gap", ("binary",), "prediction", False, (-1, 1)

    def __init__(self, *, column: str = "city", one: str = "Gent", other: str = "Ulm"):
        self.column, self.one, self.other = column, one, other

    def measure(self, outcomes):
        group, approved = outcomes.groups[self.column], outcomes.prediction
        gap = approved[group == self.one].mean() - approved[group == self.other].mean()
        return Measurement(float(gap), n=int(((group == self.one) | (group == self.other)).sum()))


@hookimpl
def register_metrics(register):
    register(ApprovalGap)
