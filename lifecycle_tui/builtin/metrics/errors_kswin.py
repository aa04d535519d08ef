"""The metric `errors_kswin`. Through river, the extra `[online]`."""

from __future__ import annotations

from lifecycle_tui import api


class ErrorsKswin:
    """Changes of the errors' law that KSWIN finds.

    A version's errors in time order, after the reference's newest; the value is the number of changes in the window.
    Opt-in: name it in `metrics`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        alpha: level of one test; there is one for each error.
        warm: newest errors of the reference that it is fed before the window's.
    """

    name = "errors_kswin"
    tasks = ("binary", "multiclass", "regression")
    needs = "prediction"
    greater_is_better = None
    range = (0.0, None)

    def __init__(self, *, alpha: float = 0.005, warm: int = 500) -> None:
        if not (0 < alpha < 1):
            raise ValueError(f"alpha is between 0 and 1, not {alpha}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.alpha = alpha
        self.warm = warm

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        cls = api.river("KSWIN")
        says = f"KSWIN, alpha {self.alpha:g}, seed 0"
        return api.error_changes(
            outcomes, lambda: cls(alpha=self.alpha, seed=0), "errors", says, warm=self.warm, most=2000
        )


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(ErrorsKswin)
