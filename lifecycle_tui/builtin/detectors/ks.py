"""The detector `ks`: the largest difference between two distribution functions."""

from __future__ import annotations

from lifecycle_tui import api


class Ks:
    """Two-sample Kolmogorov-Smirnov distance: exact while the rows are at hand, else a certified interval.

    Args:
        exact: False never looks at the rows again and takes the interval where the profiles leave one.
    """

    name = "ks"
    kinds = ("numeric", "text")
    takes = "profile"

    def __init__(self, *, exact: bool = True) -> None:
        self.exact = exact

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.ks(reference, window, exact=self.exact)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Ks)
