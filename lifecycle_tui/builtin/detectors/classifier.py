"""The detector `classifier`: can a model tell the window's rows from the reference's?"""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class Classifier:
    """AUC of boosted trees that tell the window's rows from the reference's, on rows they have not learnt from.

    0.5: they cannot. Its detail says which columns they leant on. Opt-in: name it in `detectors`.

    Args:
        trees: of each model.
        columns_told: so many columns are named at most, by how far the AUC falls when the column is shuffled.
    """

    name = "classifier"
    kinds = ("numeric", "categorical")
    takes = "arrow"
    scope = "table"
    sample = 2000

    def __init__(self, *, trees: int = 50, columns_told: int = 5) -> None:
        if trees < 1 or columns_told < 0:
            raise ValueError(f"trees is at least 1 and columns_told at least 0, not {trees} and {columns_told}")
        self.trees, self.told = trees, columns_told

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        import numpy as np
        from threadpoolctl import threadpool_limits

        rows, categories = api.as_features(reference, window)
        n, m = len(rows.reference), len(rows.window)
        if min(n, m) < 10 or not rows.columns:
            return api.Measurement(None, message=f"too few rows to learn from: {min(n, m)}, 10 are needed")
        x = np.concatenate([rows.reference, rows.window])
        there = np.repeat([False, True], [n, m])
        fold = api.forward_folds(n, m)
        score, model = np.full(len(x), np.nan), None
        leaning: dict[str, float] = {}
        # On a few thousand rows threads wait for each other longer than they work.
        with threadpool_limits(1):
            for k in range(1, int(fold.max()) + 1):
                model = self._model(categories, min(n, m))
                model.fit(x[fold < k], there[fold < k], sample_weight=_balanced(there[fold < k]))
                score[fold == k] = model.predict_proba(x[fold == k])[:, 1]
            scored = fold > 0
            found = api.separation(score[scored], there[scored], fold[scored])
            if found is not None and found.p_value < 0.05:
                last = fold == fold.max()
                leaning = self._leaning(model, x[last], there[last], rows.columns)
        return api.separation_measurement(found, n, m, "boosted trees, forward folds", leaning, "columns")

    def _model(self, categories: Any, fewest: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        coded = categories if categories.any() else None
        return HistGradientBoostingClassifier(
            max_iter=self.trees, max_leaf_nodes=15, learning_rate=0.1, early_stopping=False, random_state=0,
            min_samples_leaf=max(2, min(20, fewest // 10)), categorical_features=coded,
        )  # fmt: skip

    def _leaning(self, model: Any, x: Any, there: Any, columns: Any) -> dict[str, float]:
        """Permutation importance (Breiman 2001): the fall of the AUC on rows that the model has not learnt from."""
        import numpy as np

        def auc(values: Any) -> float:
            found = api.separation(model.predict_proba(values)[:, 1], there, np.zeros(len(there), int))
            return 0.5 if found is None else found.auc

        whole, order = auc(x), np.random.default_rng(0).permutation(len(x))
        losses = {}
        for i, name in enumerate(columns):
            shuffled = x.copy()
            shuffled[:, i] = x[order, i]
            losses[name] = round(whole - auc(shuffled), 6)
        ranked = sorted(losses, key=lambda name: (-losses[name], name))[: self.told]
        return {name: losses[name] for name in ranked if losses[name] > 0}


def _balanced(there: Any) -> Any:
    """Weights with which both sides weigh alike, however many rows they have."""
    import numpy as np

    share = there.mean()
    return np.where(there, 0.5 / max(share, 1e-12), 0.5 / max(1 - share, 1e-12))


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Classifier)
