"""The detector `nannyml`: a column's drift value as NannyML computes it, for thresholds that were tuned there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lifecycle_tui import api

if TYPE_CHECKING:
    import pyarrow as pa


class Nannyml:
    """NannyML's univariate drift value of a column, from the rows; no verdict of ours rests on it.

    Args:
        numeric: method for numbers.
        categorical: method for categories.
    """

    name = "nannyml"
    kinds = ("numeric", "categorical")
    takes = "arrow"

    def __init__(
        self,
        *,
        numeric: Literal["js", "hellinger", "wasserstein", "ks"] = "js",
        categorical: Literal["js", "hellinger", "chi2", "linf"] = "js",
    ) -> None:
        self.numeric, self.categorical = numeric, categorical

    def measure(self, reference: pa.ChunkedArray, window: pa.ChunkedArray) -> api.Measurement:
        return api.nannyml_score(reference, window, numeric=self.numeric, categorical=self.categorical)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Nannyml)
