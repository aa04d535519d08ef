"""Which metrics can be estimated before labels are there, by task: for whoever checks files, and whoever estimates."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "estimated."
"""Before a metric's name, in `[monitor] metrics` and among signals."""

ESTIMABLE: Mapping[str, tuple[str, ...]] = {
    "binary": (
        "auc", "accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy", "brier", "log_loss",
        "mean_target",
    ),
    "multiclass": ("accuracy", "precision", "recall", "f1", "auc", "log_loss", "brier"),
    "regression": ("mae", "rmse"),
    "ranking": (),
}  # fmt: skip
"""Calibrated scores say the first two tasks', a model of the loss regression's."""

NAMES = tuple(sorted({f"{PREFIX}{name}" for names in ESTIMABLE.values() for name in names}))
"""Every name that asks for an estimate."""
