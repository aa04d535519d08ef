"""What `lifecycle_tui.load` gives to a program: the champion of the moment, ready to score rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np


class Served(Protocol):
    """A version that scores.

    Attributes:
        model: its model's name; version: its number; label: what the data calls it.
        digest: SHA-256 of its artefact.
        classes: labels, in the order of the columns of `predict_proba`; () for a task whose target is a number.
    """

    @property
    def model(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...

    def predict(self, rows: Any) -> np.ndarray:
        """Predictions (n,): float64, or labels as text.

        Args:
            rows: a pandas DataFrame, a pyarrow Table or RecordBatch, or a list of dicts, one a row. Columns that are
                no features are left out.

        Raises:
            UsageError: a feature is missing, or the rows are none of these.
            TrainingError: it cannot score them.
        """
        ...

    def score(self, rows: Any) -> np.ndarray:
        """Probability (n,) of the positive label of a binary model; (n, labels) of a multiclass one.

        Raises:
            UsageError: also where the version has no scores.
        """
        ...

    def predict_proba(self, rows: Any) -> np.ndarray:
        """Probabilities (n, labels) in the order of `classes`, as scikit-learn gives them.

        Raises:
            UsageError: also where the version has no scores.
        """
        ...
