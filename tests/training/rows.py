"""Rows to train on, shared by the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from lifecycle_tui.training.fit import TrainingRows

KINDS = {"x": "numeric", "z": "numeric", "c": "categorical", "note": "text"}
TASKS = {"regression": (), "ranking": (), "binary": ("no", "yes"), "multiclass": ("p", "q", "r")}
FRAME = """
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

def columns():
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["x", "z"]), (OneHotEncoder(handle_unknown="ignore"), ["c"]),
    )

def regression():
    return make_pipeline(columns(), Ridge())

def classes():
    return make_pipeline(columns(), LogisticRegression())
"""
"""A team's module with estimators that take a data frame."""


def make(task: str = "regression", n: int = 300, seed: int = 0, shift: float = 0.0) -> TrainingRows:
    """Rows whose target follows x and c; every tenth cell of x is missing."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(shift, size=n), rng.normal(size=n) * 1e4
    c = rng.choice(["a", "b", None], n)
    table = pa.table(
        {
            "x": pa.array(x, mask=rng.random(n) < 0.1),
            "z": pa.array(z),
            "c": pa.array(c).dictionary_encode(),
            "note": pa.array(["t"] * n),
        }
    )
    target = 3 * x + (c == "a") * 2.0
    names = TASKS[task]
    if names:
        cut = np.quantile(target, np.linspace(0, 1, len(names) + 1)[1:-1])
        target = np.array(names)[np.searchsorted(cut, target)]
    return TrainingRows(table, target, np.arange(n, dtype=np.int64) * 1_000_000)


def write(folder: Path, name: str, text: str) -> Path:
    """A file of the team's in the workspace."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
