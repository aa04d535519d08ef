"""The detector `cvm`: Cramer-von Mises, which sums up differences over all values."""

from __future__ import annotations

from lifecycle_tui import api


class Cvm:
    """Two-sample Cramer-von Mises test: sees a small shift of everything better than `ks`."""

    name = "cvm"
    kinds = ("numeric", "text")
    takes = "profile"

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.cvm(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Cvm)
