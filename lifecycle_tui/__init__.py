"""A control room for machine-learning models that lives in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lifecycle_tui.domain.serving import Served

__version__ = "0.1.0"


def load(model: str, root: str | Path | None = None) -> Served:
    """The champion of `model` at this moment, ready to score: `load("card-fraud").predict(rows)`.

    Call it for each request or batch: as long as the champion is the same this costs a look at the workspace, and after
    a promotion or a rollback it is the other one.

    Args:
        root: the workspace's folder, or one below it; the current folder by default.

    Raises:
        ConfigError: there is no workspace, or its file is wrong.
        UsageError: there is no such model, nothing serves yet, or what serves has no artefact.
        StateError: what serves is not what the record says; nothing of it was parsed.
        TrainingError: it cannot be opened.
    """
    from importlib import import_module

    served: Served = import_module("lifecycle_tui.training.serving").load(model, root)
    return served
