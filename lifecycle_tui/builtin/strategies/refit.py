"""The strategy `refit`: the estimator fitted anew on all rows of the history."""

from __future__ import annotations

from lifecycle_tui import api


class Refit:
    """Fits the estimator anew on all rows of the history."""

    name = "refit"

    def fit(self, request: api.FitRequest) -> api.FitResult:
        model = api.fit_model(request)
        return api.FitResult(api.dump_model(model, request), model.rows, model.parameters)


@api.hookimpl
def register_strategies(register: api.Register) -> None:
    register(Refit)
