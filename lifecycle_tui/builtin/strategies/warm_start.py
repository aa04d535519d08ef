"""The strategy `warm-start`: goes on from the champion's fitted state, where the estimator can."""

from __future__ import annotations

from lifecycle_tui import api


class WarmStart:
    """Goes on from the champion with more trees or passes; fits anew where it cannot, and says why."""

    name = "warm-start"

    def __init__(self, *, iterations: int = 50, most: int = 1000) -> None:
        """
        Args:
            iterations: further boosting rounds, trees, or passes over the rows, in each training.
            most: rounds or trees from which on it is fitted anew.
        """
        if iterations < 1 or most < iterations:
            raise ValueError("iterations is at least 1, and most no less than iterations")
        self.iterations = iterations
        self.most = most

    def fit(self, request: api.FitRequest) -> api.FitResult:
        why = "there is no champion that it can go on from"
        try:
            champion = api.load_model(request)
            if champion is not None:
                model = api.continue_model(champion, request, iterations=self.iterations, most=self.most)
                return api.FitResult(
                    api.dump_model(model, request), model.rows, model.parameters, "went on from the champion", True
                )
        except api.TrainingError as error:
            why = error.message
        model = api.fit_model(request)
        return api.FitResult(api.dump_model(model, request), model.rows, model.parameters, f"fitted anew: {why}")


@api.hookimpl
def register_strategies(register: api.Register) -> None:
    register(WarmStart)
