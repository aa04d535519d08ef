"""The detector `psi`: how much a column's distribution has moved, as credit scoring measures it."""

from __future__ import annotations

from lifecycle_tui import api


class Psi:
    """Population stability index on the reference's quantiles; 0.1 is called moderate, 0.2 large.

    It names a size and is no evidence: on small windows it is large by chance (`by_chance` in its detail).

    Args:
        bins: quantile bins for numbers, at least 2.
        floor: shares below it are raised to it, so that an empty bin does not make the index infinite.
        missing: count missing values as a further bin.
    """

    name = "psi"
    kinds = ("numeric", "categorical", "text")
    takes = "profile"

    def __init__(self, *, bins: int = 10, floor: float = 1e-4, missing: bool = False) -> None:
        if bins < 2 or not 0 < floor < 0.5:
            raise ValueError(f"bins is at least 2 and floor between 0 and 0.5, not {bins} and {floor}")
        self.bins, self.floor, self.missing = bins, floor, missing

    def measure(
        self,
        reference: api.NumericProfile | api.CategoricalProfile,
        window: api.NumericProfile | api.CategoricalProfile,
    ) -> api.Measurement:
        return api.psi(reference, window, bins=self.bins, floor=self.floor, missing=self.missing)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Psi)
