"""The detector `eddm`: when high values come closer together or apart. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class Eddm:
    """EDDM: the distance between ones shrinks against its largest (Baena-García et al. 2006).

    Values in time order; its value is the number of changes in the window.
    It is fed ones and zeros: whether a value lies above the reference's median. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        warm_start: ones before the first look.
        beta: share of the largest distance below which it is a change.
        warm: newest values of the reference that it is fed before the window's.
    """

    name = "eddm"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 10_000

    def __init__(self, *, warm_start: int = 30, beta: float = 0.9, warm: int = 1000) -> None:
        if not (warm_start >= 1 and 0 < beta < 1):
            raise ValueError(f"warm_start is at least 1 and beta between 0 and 1, not {warm_start} and {beta}")
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.warm_start, self.beta = warm_start, beta
        self.warm = warm

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("EDDM", binary=True)
        watches = api.both_ways(lambda: make(warm_start=self.warm_start, alpha=max(0.95, self.beta), beta=self.beta))
        says = f"EDDM of values above the reference's median, beta {self.beta:g}, both directions"
        return api.watched(reference, window, watches, warm=self.warm, scale="rank", definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Eddm)
