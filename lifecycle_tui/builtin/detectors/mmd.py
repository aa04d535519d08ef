"""The detector `mmd`: all columns together, by a kernel that sees any difference of their joint distribution."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class Mmd:
    """Maximum mean discrepancy of whole rows, with a Gaussian kernel as wide as the reference's median distance.

    Sees changes that no column shows by itself, such as a correlation that breaks. Opt-in: name it in `detectors`.

    Args:
        block: rows that are compared at once; more rows are cut into blocks whose statistics add up.
        width: of the kernel, in median distances of the reference's rows.
    """

    name = "mmd"
    kinds = ("numeric", "categorical")
    takes = "arrow"
    scope = "table"
    sample = 4000

    def __init__(self, *, block: int = 1000, width: float = 1.0) -> None:
        if block < 50 or not width > 0:
            raise ValueError(f"block is at least 50 and width above 0, not {block} and {width}")
        self.block, self.width = block, width

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        from threadpoolctl import threadpool_limits

        rows = api.as_points(reference, window)
        if min(len(rows.reference), len(rows.window)) < 2:
            return api.Measurement(None, message="fewer than two rows on a side")
        # One thread: sums in one order, the same to the last bit on any number of processors.
        with threadpool_limits(1):
            width = self.width * api.median_distance(rows.reference)
            found = api.kernel_test(rows.reference, rows.window, api.gaussian(width), block=self.block)
        return api.kernel_measurement(found, f"Gaussian kernel of width {width:.4g}, unbiased, square root")


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Mmd)
