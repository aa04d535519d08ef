"""The strategy `incremental`: the champion learns the rows that are newer than those it knows, and those alone."""

from __future__ import annotations

from lifecycle_tui import api


class Incremental:
    """Lets the champion learn the newest rows alone (partial_fit); needs an estimator that can, e.g. sgd."""

    name = "incremental"

    def fit(self, request: api.FitRequest) -> api.FitResult:
        why = "there is no champion that it can go on from"
        try:
            champion = api.load_model(request)
        except api.TrainingError as error:
            champion, why = None, error.message
        if champion is not None:
            model = api.learn_more(champion, request)
            note = f"the champion learned {model.rows:,} newer rows"
            return api.FitResult(api.dump_model(model, request), model.rows, model.parameters, note, True)
        model = api.fit_model(request)
        if not hasattr(model.estimator, "partial_fit"):
            raise api.TrainingError(
                f"{model.estimator_name} cannot learn from new rows alone: it has no partial_fit",
                hint='use estimator = "sgd", or a function of your own whose estimator has partial_fit',
            )
        return api.FitResult(api.dump_model(model, request), model.rows, model.parameters, f"fitted anew: {why}")


@api.hookimpl
def register_strategies(register: api.Register) -> None:
    register(Incremental)
