"""The detector `energy`: all columns together, by the distances between rows."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class Energy:
    """Energy distance of whole rows: 2 E|X-Y| - E|X-X'| - E|Y-Y'|, its square root.

    Sees any difference of the joint distribution, moved rows best. Opt-in: name it in `detectors`.

    Args:
        block: rows that are compared at once; more rows are cut into blocks whose statistics add up.
    """

    name = "energy"
    kinds = ("numeric", "categorical")
    takes = "arrow"
    scope = "table"
    sample = 4000

    def __init__(self, *, block: int = 1000) -> None:
        if block < 50:
            raise ValueError(f"block is at least 50, not {block}")
        self.block = block

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        from threadpoolctl import threadpool_limits

        rows = api.as_points(reference, window)
        if min(len(rows.reference), len(rows.window)) < 2:
            return api.Measurement(None, message="fewer than two rows on a side")
        # One thread: sums in one order, the same to the last bit on any number of processors.
        with threadpool_limits(1):
            found = api.kernel_test(rows.reference, rows.window, api.minus_distance, block=self.block)
        return api.kernel_measurement(found, "Euclidean distances of scaled rows, unbiased, square root")


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Energy)
