"""The detector `wasserstein`: how far values have moved on average, in the column's unit or a standard one."""

from __future__ import annotations

from typing import Literal

from lifecycle_tui import api


class Wasserstein:
    """First Wasserstein (earth mover's) distance from profiles, with a certified interval; it names a size.

    Args:
        scale: "none" for the column's unit, "reference-std" or "range" to divide by the reference's deviation or range.
    """

    name = "wasserstein"
    kinds = ("numeric", "text")
    takes = "profile"

    def __init__(self, *, scale: Literal["none", "reference-std", "range"] = "none") -> None:
        self.scale: Literal["none", "reference-std", "range"] = scale

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.wasserstein(reference, window, scale=self.scale)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Wasserstein)
