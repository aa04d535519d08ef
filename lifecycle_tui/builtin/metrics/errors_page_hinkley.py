"""The metric `errors_page_hinkley`. Through river, the extra `[online]`."""

from __future__ import annotations

from lifecycle_tui import api


class ErrorsPageHinkley:
    """Changes of the mean error that Page-Hinkley finds, either way.

    A version's errors in time order, after the reference's newest; the value is the number of changes in the window.
    Opt-in: name it in `metrics`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        delta: deviations up to this are tolerated; errors of numbers are ranks among the reference's, 0..1.
        threshold: of the cumulative sum.
        warm: newest errors of the reference that it is fed before the window's.
    """

    name = "errors_page_hinkley"
    tasks = ("binary", "multiclass", "regression")
    needs = "prediction"
    greater_is_better = None
    range = (0.0, None)

    def __init__(self, *, delta: float = 0.005, threshold: float = 50.0, warm: int = 500) -> None:
        if not (delta >= 0 and threshold > 0):
            raise ValueError(f"delta is at least 0 and threshold above 0, not {delta} and {threshold}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.delta, self.threshold = delta, threshold
        self.warm = warm

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        cls = api.river("PageHinkley")
        says = f"Page-Hinkley, delta {self.delta:g}, threshold {self.threshold:g}"
        return api.error_changes(
            outcomes,
            lambda: cls(delta=self.delta, threshold=self.threshold, mode="both"),
            "ranks",
            says,
            warm=self.warm,
        )


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(ErrorsPageHinkley)
