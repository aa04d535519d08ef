"""The detector `page_hinkley`: changes of the mean, by cumulative sums. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any, Literal

from lifecycle_tui import api


class PageHinkley:
    """Page-Hinkley: the cumulative sum of deviations from the mean leaves its extreme by a threshold (Page 1954).

    Values in time order; its value is the number of changes in the window. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        delta: deviations up to this are tolerated, on the scale of `scale`.
        threshold: of the cumulative sum, on the same scale.
        warm: newest values of the reference that it is fed before the window's.
        scale: feed each value's rank among the reference's values, 0..1, or the value itself.
    """

    name = "page_hinkley"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 10_000

    def __init__(
        self,
        *,
        delta: float = 0.005,
        threshold: float = 50.0,
        warm: int = 1000,
        scale: Literal["rank", "none"] = "rank",
    ) -> None:
        if not (delta >= 0 and threshold > 0):
            raise ValueError(f"delta is at least 0 and threshold above 0, not {delta} and {threshold}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.delta, self.threshold = delta, threshold
        self.warm, self.scale = warm, scale

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("PageHinkley")
        watches = [api.Watch(lambda: make(delta=self.delta, threshold=self.threshold, mode="both"))]
        says = f"Page-Hinkley, delta {self.delta:g}, threshold {self.threshold:g}, both directions"
        return api.watched(reference, window, watches, warm=self.warm, scale=self.scale, definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(PageHinkley)
