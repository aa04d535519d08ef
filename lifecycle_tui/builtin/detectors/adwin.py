"""The detector `adwin`: changes of the mean, at any speed. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any, Literal

from lifecycle_tui import api


class Adwin:
    """ADWIN: a window of values that shrinks when two parts of it differ in mean (Bifet and Gavaldà 2007).

    Values in time order; its value is the number of changes in the window. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        delta: chance of a false alarm that one look may take.
        warm: newest values of the reference that it is fed before the window's.
        scale: feed each value's rank among the reference's values, 0..1, or the value itself.
    """

    name = "adwin"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 10_000

    def __init__(self, *, delta: float = 0.002, warm: int = 1000, scale: Literal["rank", "none"] = "rank") -> None:
        if not (0 < delta < 1):
            raise ValueError(f"delta is between 0 and 1, not {delta}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.delta = delta
        self.warm, self.scale = warm, scale

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("ADWIN")
        watches = [api.Watch(lambda: make(delta=self.delta))]
        says = f"ADWIN, delta {self.delta:g}, both directions"
        return api.watched(reference, window, watches, warm=self.warm, scale=self.scale, definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Adwin)
