"""docs/terminal.md names every key binding of every class, every JSON key and every CSV column."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from textual.dom import DOMNode

import lifecycle_tui.tui
from lifecycle_tui.cli import history, status
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.jumping import JUMPS
from lifecycle_tui.tui.screens.model import ModelScreen

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "terminal.md").read_text(encoding="utf-8")


def _below(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    yield node
    for child in node.__subclasses__():
        yield from _below(child)


def nodes() -> list[type[DOMNode]]:
    """Every class of the terminal that declares keys."""
    for module in pkgutil.walk_packages(lifecycle_tui.tui.__path__, "lifecycle_tui.tui."):
        import_module(module.name)
    found = dict.fromkeys(_below(DOMNode))  # a class may be reached by two ways
    return [node for node in found if node.__module__.startswith("lifecycle_tui.") and keys.declared(node)]


NODES = nodes()


def test_the_classes_are_found() -> None:
    assert {"LifecycleApp", "View", "FleetScreen", "PaletteScreen", "HelpScreen", "Grid", "MarkGrid", "Pager"} <= {
        node.__name__ for node in NODES
    }
    assert ModelScreen in NODES


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.__name__)
def test_every_binding_is_documented(node: type[DOMNode]) -> None:
    missing = [binding.id for binding in keys.declared(node) if f"`{binding.id}`" not in TEXT]
    assert not missing


def test_every_jump_is_documented() -> None:
    assert not [jump.id for jump in JUMPS if f"`{jump.id}`" not in TEXT]


def test_every_binding_says_what_it_does_and_has_an_id_of_its_own() -> None:
    bindings = [binding for node in NODES for binding in keys.declared(node)]
    assert all(binding.id and binding.description for binding in bindings)
    ids = [binding.id for binding in bindings]
    assert sorted(set(ids)) == sorted(ids)


def test_every_id_in_the_docs_is_a_binding() -> None:
    table = TEXT[TEXT.index("## Keys") :].split("\n## ", 1)[0]
    ids = {binding.id for node in NODES for binding in keys.declared(node)} | {jump.id for jump in JUMPS}
    documented = {word for row in table.splitlines() if row.startswith("| ") for word in _ids(row.split("|")[-2])}
    assert documented - ids - {"id"} == set()


def _ids(cell: str) -> list[str]:
    return [word.strip("`") for word in cell.split() if word.startswith("`")]


@pytest.mark.parametrize("column", [*status.COLUMNS, *history.COLUMNS])
def test_every_column_is_documented(column: str) -> None:
    assert f"`{column}`" in TEXT


def test_every_header_of_the_table_is_shown() -> None:
    assert all(name in TEXT for name in status.HEADER)
