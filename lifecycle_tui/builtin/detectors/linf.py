"""The detector `linf`: the largest difference of a category's share."""

from __future__ import annotations

from lifecycle_tui import api


class Linf:
    """Largest difference of a category's share (L-infinity), with that category; its p-value errs towards silence."""

    name = "linf"
    kinds = ("categorical",)
    takes = "profile"

    def measure(self, reference: api.CategoricalProfile, window: api.CategoricalProfile) -> api.Measurement:
        return api.linf(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Linf)
