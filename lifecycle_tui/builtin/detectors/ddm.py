"""The detector `ddm`: when high values become more or fewer. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class Ddm:
    """DDM: the share of ones rises three standard deviations above its lowest (Gama et al. 2004).

    Values in time order; its value is the number of changes in the window.
    It is fed ones and zeros: whether a value lies above the reference's median. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        warm_start: values before the first look.
        threshold: standard deviations that are a change.
        warm: newest values of the reference that it is fed before the window's.
    """

    name = "ddm"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 10_000

    def __init__(self, *, warm_start: int = 30, threshold: float = 3.0, warm: int = 1000) -> None:
        if not (warm_start >= 1 and threshold > 0):
            raise ValueError(f"warm_start is at least 1 and threshold above 0, not {warm_start} and {threshold}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.warm_start, self.threshold = warm_start, threshold
        self.warm = warm

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("DDM", binary=True)
        watches = api.both_ways(lambda: make(warm_start=self.warm_start, drift_threshold=self.threshold))
        says = f"DDM of values above the reference's median, {self.threshold:g} standard deviations, both directions"
        return api.watched(reference, window, watches, warm=self.warm, scale="rank", definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Ddm)
