"""The metric `errors_hddm_w`. Through river, the extra `[online]`."""

from __future__ import annotations

from lifecycle_tui import api


class ErrorsHddmW:
    """Changes of the weighted mean error that HDDM_W finds, either way.

    A version's errors in time order, after the reference's newest; the value is the number of changes in the window.
    Opt-in: name it in `metrics`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        confidence: chance of a false alarm that one look may take.
        warm: newest errors of the reference that it is fed before the window's.
    """

    name = "errors_hddm_w"
    tasks = ("binary", "multiclass", "regression")
    needs = "prediction"
    greater_is_better = None
    range = (0.0, None)

    def __init__(self, *, confidence: float = 0.001, warm: int = 500) -> None:
        if not (0 < confidence < 1):
            raise ValueError(f"confidence is between 0 and 1, not {confidence}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.confidence = confidence
        self.warm = warm

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        cls = api.river("HDDMW", binary=True)
        says = f"HDDM_W, confidence {self.confidence:g}"
        return api.error_changes(
            outcomes, lambda: cls(drift_confidence=self.confidence, two_sided_test=True), "ranks", says, warm=self.warm
        )


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(ErrorsHddmW)
