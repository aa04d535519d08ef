"""The metric `errors_adwin`. Through river, the extra `[online]`."""

from __future__ import annotations

from lifecycle_tui import api


class ErrorsAdwin:
    """Changes of the mean error that ADWIN finds, either way.

    A version's errors in time order, after the reference's newest; the value is the number of changes in the window.
    Opt-in: name it in `metrics`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        delta: chance of a false alarm that one look may take.
        warm: newest errors of the reference that it is fed before the window's.
    """

    name = "errors_adwin"
    tasks = ("binary", "multiclass", "regression")
    needs = "prediction"
    greater_is_better = None
    range = (0.0, None)

    def __init__(self, *, delta: float = 0.002, warm: int = 500) -> None:
        if not (0 < delta < 1):
            raise ValueError(f"delta is between 0 and 1, not {delta}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.delta = delta
        self.warm = warm

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        cls = api.river("ADWIN")
        says = f"ADWIN, delta {self.delta:g}"
        return api.error_changes(outcomes, lambda: cls(delta=self.delta), "ranks", says, warm=self.warm)


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(ErrorsAdwin)
