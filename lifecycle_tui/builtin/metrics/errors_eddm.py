"""The metric `errors_eddm`. Through river, the extra `[online]`."""

from __future__ import annotations

from lifecycle_tui import api


class ErrorsEddm:
    """Where errors come closer together, as EDDM finds (of numbers, errors above the usual median).

    A version's errors in time order, after the reference's newest; the value is the number of changes in the window.
    Opt-in: name it in `metrics`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        beta: share of the largest distance below which it is a change.
        warm: newest errors of the reference that it is fed before the window's.
    """

    name = "errors_eddm"
    tasks = ("binary", "multiclass", "regression")
    needs = "prediction"
    greater_is_better = None
    range = (0.0, None)

    def __init__(self, *, beta: float = 0.9, warm: int = 500) -> None:
        if not (0 < beta < 1):
            raise ValueError(f"beta is between 0 and 1, not {beta}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.beta = beta
        self.warm = warm

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        cls = api.river("EDDM", binary=True)
        says = f"EDDM, beta {self.beta:g}, upward"
        return api.error_changes(
            outcomes, lambda: cls(alpha=max(0.95, self.beta), beta=self.beta), "ones", says, warm=self.warm
        )


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(ErrorsEddm)
