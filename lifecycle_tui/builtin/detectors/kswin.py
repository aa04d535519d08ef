"""The detector `kswin`: changes of the whole law. Through river, the extra `[online]`."""

from __future__ import annotations

from typing import Any, Literal

from lifecycle_tui import api


class Kswin:
    """KSWIN: the Kolmogorov-Smirnov test of the newest values against some of those before (Raab et al. 2020).

    Values in time order; its value is the number of changes in the window. Opt-in: name it in
    `detectors`; it needs `pip install "lifecycle-tui[online]"`.

    Args:
        alpha: level of one test; there is one for each value.
        window_size: values that are looked back on.
        stat_size: of these, how many are the newest, and how many of the others they are compared with.
        warm: newest values of the reference that it is fed before the window's.
        scale: feed each value's rank among the reference's values, 0..1, or the value itself.
    """

    name = "kswin"
    kinds = ("numeric",)
    takes = "arrow"
    sample = 2_000

    def __init__(
        self,
        *,
        alpha: float = 0.005,
        window_size: int = 100,
        stat_size: int = 30,
        warm: int = 1000,
        scale: Literal["rank", "none"] = "rank",
    ) -> None:
        if not (0 < alpha < 1 and 2 <= 2 * stat_size <= window_size):
            raise ValueError(
                f"alpha is in 0..1, stat_size at most half of window_size, not {alpha}, {stat_size}, {window_size}"
            )
        if warm < 0:
            raise ValueError(f"warm is at least 0, not {warm}")
        self.alpha, self.window_size, self.stat_size = alpha, window_size, stat_size
        self.warm, self.scale = warm, scale

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        make = api.river("KSWIN")
        watches = [api.Watch(lambda: make(self.alpha, self.window_size, self.stat_size, seed=0))]
        says = f"KSWIN, alpha {self.alpha:g}, {self.stat_size} of {self.window_size} values, seed 0"
        return api.watched(reference, window, watches, warm=self.warm, scale=self.scale, definition=says)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Kswin)
