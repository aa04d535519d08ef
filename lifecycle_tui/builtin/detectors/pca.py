"""The detector `pca`: whether rows still fit the reference's correlations."""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class Pca:
    """Mean reconstruction error of the window's rows by the reference's principal components (NannyML's definition).

    The components are fitted to every second row of the reference; the window's errors are compared with those of the
    other half, which the fit has not seen. Opt-in: name it in `detectors`.

    Args:
        variance: share of the reference's variance that the components explain.
    """

    name = "pca"
    kinds = ("numeric", "categorical")
    takes = "arrow"
    scope = "table"
    sample = 10_000

    def __init__(self, *, variance: float = 0.65) -> None:
        if not 0 < variance < 1:
            raise ValueError(f"variance is between 0 and 1, not {variance}")
        self.variance = variance

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        import numpy as np
        from threadpoolctl import threadpool_limits

        at = np.arange(len(reference))
        fit, rest = reference.take(at[::2]), reference.take(at[1::2])
        if min(len(fit), len(rest), len(window)) < 2 or not reference.num_columns:
            return api.Measurement(None, message="two rows of the window and four of the reference are needed")
        points = api.as_filled(fit, window)
        # One thread: sums in one order, the same to the last bit on any number of processors.
        with threadpool_limits(1):
            axes = api.components(points.reference, self.variance)
            before = axes.errors(api.as_filled(fit, rest).window)
            now = axes.errors(points.window)
        return api.error_measurement(
            before, now, f"{len(axes.axes)} components, {self.variance:g} of the variance, Euclidean, standardised"
        )


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Pca)
