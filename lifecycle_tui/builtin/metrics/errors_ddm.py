"""The metric `errors_ddm`. Through river, the extra `[online]`."""

from __future__ import annotations

from lifecycle_tui import api


class ErrorsDdm:
    """Rises of the error rate that DDM finds (of numbers, of errors above the usual median).

    A version's errors in time order, after the reference's newest; the value is the number of changes in the window.
    Opt-in: name it in `metrics`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        threshold: standard deviations that are a change.
        warm: newest errors of the reference that it is fed before the window's.
    """

    name = "errors_ddm"
    tasks = ("binary", "multiclass", "regression")
    needs = "prediction"
    greater_is_better = None
    range = (0.0, None)

    def __init__(self, *, threshold: float = 3.0, warm: int = 500) -> None:
        if not (threshold > 0):
            raise ValueError(f"threshold is above 0, not {threshold}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.threshold = threshold
        self.warm = warm

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        cls = api.river("DDM", binary=True)
        says = f"DDM, {self.threshold:g} standard deviations, upward"
        return api.error_changes(outcomes, lambda: cls(drift_threshold=self.threshold), "ones", says, warm=self.warm)


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(ErrorsDdm)
