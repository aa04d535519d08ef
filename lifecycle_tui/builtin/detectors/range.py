"""The detector `range`: values that the reference's minimum and maximum do not cover."""

from __future__ import annotations

from lifecycle_tui import api


class Range:
    """Share of values beyond the reference's minimum or maximum, with the exact chance of as many."""

    name = "range"
    kinds = ("numeric", "text")
    takes = "profile"

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.beyond_range(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Range)
