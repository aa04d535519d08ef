"""The detector `hellinger`: Hellinger distance on the reference's quantiles or labels."""

from __future__ import annotations

from lifecycle_tui import api


class Hellinger:
    """Hellinger distance: 0 for equal shares in all bins, 1 for none in common; it names a size.

    Args:
        bins: quantile bins for numbers, at least 2.
    """

    name = "hellinger"
    kinds = ("numeric", "categorical", "text")
    takes = "profile"

    def __init__(self, *, bins: int = 10) -> None:
        if bins < 2:
            raise ValueError(f"bins is at least 2, not {bins}")
        self.bins = bins

    def measure(
        self,
        reference: api.NumericProfile | api.CategoricalProfile,
        window: api.NumericProfile | api.CategoricalProfile,
    ) -> api.Measurement:
        return api.hellinger(reference, window, bins=self.bins)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Hellinger)
