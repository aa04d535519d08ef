"""The detector `hddm_a`: changes of the mean, by Hoeffding's bound. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class HddmA:
    """HDDM_A: the mean leaves its lowest or highest by Hoeffding's bound (Frías-Blanco et al. 2015).

    Values in time order; its value is the number of changes in the window.
    It is fed ranks among the reference's values, 0..1. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        confidence: chance of a false alarm that one look may take.
        warm: newest values of the reference that it is fed before the window's.
    """

    name = "hddm_a"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 10_000

    def __init__(self, *, confidence: float = 0.001, warm: int = 1000) -> None:
        if not (0 < confidence < 1):
            raise ValueError(f"confidence is between 0 and 1, not {confidence}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.confidence = confidence
        self.warm = warm

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("HDDMA", binary=True)
        watches = [api.Watch(lambda: make(drift_confidence=self.confidence, two_sided_test=True))]
        says = f"HDDM_A, confidence {self.confidence:g}, both directions"
        return api.watched(reference, window, watches, warm=self.warm, scale="rank", definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(HddmA)
