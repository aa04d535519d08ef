"""Which plugins a model uses that names none. Read by `workspace`, and by viewers that never open one."""

from __future__ import annotations

from collections.abc import Mapping

DETECTORS = ("psi", "ks", "chi2", "missing", "unseen")
"""Detectors of a model that names none. `missing` is always used: missingness is part of what drift sees."""

METRICS: Mapping[str, tuple[str, ...]] = {
    "binary": ("auc", "accuracy", "precision", "recall", "f1", "brier"),
    "multiclass": ("accuracy", "f1", "log_loss"),
    "regression": ("mae", "rmse", "r2"),
    "ranking": ("ndcg", "map", "hit_rate", "mean_target"),
}
"""Metrics of a model that names none, by task; the first one that can be computed is its key metric."""

OF_QUERIES = frozenset({"ndcg", "map", "hit_rate"})
"""Those that need a query: of models that declare none they are not default."""

LOOK_BACK = 200
"""Windows before the first undecided one that rules look back on: a longer `for` would never be reached."""
