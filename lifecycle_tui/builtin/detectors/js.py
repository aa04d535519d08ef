"""The detector `js`: Jensen-Shannon distance or divergence on the reference's quantiles or labels."""

from __future__ import annotations

from typing import Literal

from lifecycle_tui import api


class Js:
    """Jensen-Shannon distance: 0 for equal shares in all bins, 1 (in base 2) for none in common; it names a size.

    Args:
        bins: quantile bins for numbers, at least 2.
        base: of the logarithm, "2" or "e".
        form: "distance" (the root) or "divergence".
    """

    name = "js"
    kinds = ("numeric", "categorical", "text")
    takes = "profile"

    def __init__(
        self,
        *,
        bins: int = 10,
        base: Literal["2", "e"] = "2",
        form: Literal["distance", "divergence"] = "distance",
    ) -> None:
        if bins < 2:
            raise ValueError(f"bins is at least 2, not {bins}")
        self.bins = bins
        self.base: Literal["2", "e"] = base
        self.form: Literal["distance", "divergence"] = form

    def measure(
        self,
        reference: api.NumericProfile | api.CategoricalProfile,
        window: api.NumericProfile | api.CategoricalProfile,
    ) -> api.Measurement:
        return api.js(reference, window, bins=self.bins, base=self.base, form=self.form)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Js)
