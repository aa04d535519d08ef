"""The detector `unseen`: categories that the reference does not have."""

from __future__ import annotations

from lifecycle_tui import api


class Unseen:
    """Share of rows whose category the reference lacks, with the most frequent new ones named."""

    name = "unseen"
    kinds = ("categorical",)
    takes = "profile"

    def measure(self, reference: api.CategoricalProfile, window: api.CategoricalProfile) -> api.Measurement:
        return api.unseen(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Unseen)
