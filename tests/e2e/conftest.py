"""Fixtures that make workspaces and end what their processes have left; what they are made of is in `e2e_tools`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_tools import DAYS, Run, drop_in, write_workspace


@pytest.fixture
def new_run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Makes runs: `new_run("shop", plugins=("spread",))`; whatever they have started is ended with the test."""
    runs: list[Run] = []

    def make(*models: str, plugins: tuple[str, ...] = (), env: dict[str, str] | None = None, until: int = DAYS) -> Run:
        root = write_workspace(tmp_path / f"ws{len(runs)}", *models, until=until)
        drop_in(root, *plugins)
        runs.append(Run(root, env=env or {}))
        return runs[-1]

    yield make
    for run in runs:
        run.kill("all")
