"""The detector `missing`: has the share of missing values changed?"""

from __future__ import annotations

from lifecycle_tui import api


class Missing:
    """Share of rows without a value, tested against the reference's share."""

    name = "missing"
    kinds = ("numeric", "categorical", "text", "time")
    takes = "profile"

    def measure(
        self,
        reference: api.NumericProfile | api.CategoricalProfile,
        window: api.NumericProfile | api.CategoricalProfile,
    ) -> api.Measurement:
        return api.missing_test(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Missing)
