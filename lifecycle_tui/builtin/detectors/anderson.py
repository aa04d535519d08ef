"""The detector `anderson`: Anderson-Darling, which looks into the tails."""

from __future__ import annotations

from lifecycle_tui import api


class Anderson:
    """Two-sample Anderson-Darling test (mid-ranks): as `cvm`, with more weight on the tails."""

    name = "anderson"
    kinds = ("numeric", "text")
    takes = "profile"

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.anderson(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Anderson)
