"""The detector `chi2`: do two samples of categories follow one law?"""

from __future__ import annotations

from lifecycle_tui import api


class Chi2:
    """Contingency chi-square of labels, with an exact or resampled p-value where counts are small.

    Args:
        correction: Yates' continuity correction when there are exactly two labels.
    """

    name = "chi2"
    kinds = ("categorical",)
    takes = "profile"

    def __init__(self, *, correction: bool = True) -> None:
        self.correction = correction

    def measure(self, reference: api.CategoricalProfile, window: api.CategoricalProfile) -> api.Measurement:
        return api.chi2(reference, window, correction=self.correction)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Chi2)
