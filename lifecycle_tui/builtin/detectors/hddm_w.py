"""The detector `hddm_w`: changes of a weighted mean. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class HddmW:
    """HDDM_W: a weighted mean leaves its lowest or highest by McDiarmid's bound (Frías-Blanco et al. 2015).

    Values in time order; its value is the number of changes in the window.
    It is fed ranks among the reference's values, 0..1. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        confidence: chance of a false alarm that one look may take.
        weight: of the newest value.
        warm: newest values of the reference that it is fed before the window's.
    """

    name = "hddm_w"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 10_000

    def __init__(self, *, confidence: float = 0.001, weight: float = 0.05, warm: int = 1000) -> None:
        if not (0 < confidence < 1 and 0 < weight < 1):
            raise ValueError(f"confidence and weight are between 0 and 1, not {confidence} and {weight}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.confidence, self.weight = confidence, weight
        self.warm = warm

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("HDDMW", binary=True)
        watches = [
            api.Watch(lambda: make(drift_confidence=self.confidence, lambda_val=self.weight, two_sided_test=True))
        ]
        says = f"HDDM_W, confidence {self.confidence:g}, weight {self.weight:g}, both directions"
        return api.watched(reference, window, watches, warm=self.warm, scale="rank", definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(HddmW)
