"""The detector `evidently`: a column's drift score as Evidently computes it, for thresholds that were tuned there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lifecycle_tui import api

if TYPE_CHECKING:
    import pyarrow as pa


class Evidently:
    """Evidently's drift score of a column, from the rows; no verdict of ours rests on it.

    Args:
        numeric: method for numbers; "auto" chooses by the reference's size as Evidently does.
        categorical: method for categories.
    """

    name = "evidently"
    kinds = ("numeric", "categorical")
    takes = "arrow"

    def __init__(
        self,
        *,
        numeric: Literal["auto", "psi", "js", "hellinger", "wasserstein", "ks"] = "auto",
        categorical: Literal["auto", "psi", "js", "hellinger", "chi2", "z"] = "auto",
    ) -> None:
        self.numeric, self.categorical = numeric, categorical

    def measure(self, reference: pa.ChunkedArray, window: pa.ChunkedArray) -> api.Measurement:
        return api.evidently_score(reference, window, numeric=self.numeric, categorical=self.categorical)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Evidently)
