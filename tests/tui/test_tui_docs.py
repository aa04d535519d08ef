"""docs/terminal.md names every key binding, every JSON key and every CSV column."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui.cli import history, status
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.screens.detail import DetailScreen
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.help import HelpScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.prompt import Prompt

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "terminal.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "node", [LifecycleApp, FleetScreen, ModelScreen, DetailScreen, HelpScreen, Grid, Pager, Prompt]
)
def test_every_binding_is_documented(node: type) -> None:
    for binding in keys.declared(node):
        assert f"`{binding.id}`" in TEXT, binding.id


@pytest.mark.parametrize("column", [*status.COLUMNS, *history.COLUMNS])
def test_every_column_is_documented(column: str) -> None:
    assert f"`{column}`" in TEXT


def test_every_header_of_the_table_is_shown() -> None:
    assert all(name in TEXT for name in status.HEADER)
