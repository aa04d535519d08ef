"""The strategy `template`, for models with strategy = "template" under [models.NAME.training]."""

from __future__ import annotations

from dataclasses import replace

from lifecycle_tui.api import FitRequest, FitResult, Register, TrainingError, dump_model, fit_model, hookimpl


class Template:
    """Fits anew on the newest share of the rows: what is old teaches what no longer holds.

    Args:
        share: of the rows that are learned from, the newest ones.
        least: rows that are learned from at least.
    """

    name = "template"

    def __init__(self, *, share: float = 0.5, least: int = 50) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share is between 0 and 1, not {share}")
        self.share, self.least = share, least

    def fit(self, request: FitRequest) -> FitResult:
        rows = request.table.num_rows
        kept = min(rows, max(self.least, round(rows * self.share)))
        if kept == 0:
            raise TrainingError("there are no rows to learn from")  # shown to the person who waits: it is no fault
        newest = replace(  # rows come in order of time; a request is never changed
            request,
            table=request.table.slice(rows - kept),
            target=request.target.slice(rows - kept),
            time=None if request.time is None else request.time.slice(rows - kept),
        )
        model = fit_model(newest)  # the estimator that the model declares
        return FitResult(dump_model(model, request), kept, model.parameters, f"the newest {kept:,} of {rows:,} rows")


@hookimpl
def register_strategies(register: Register) -> None:
    register(Template)
