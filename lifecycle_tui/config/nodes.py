"""The keys of the file as patterns (`models.NAME.rules.NAME.when`), walked along the tables of `schema*`.

Called by `explain` and `origins`; `shape` answers the narrower questions that messages have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.shape import fields, members
from lifecycle_tui.config.values import Anything, Table

ANY = ("NAME", "*")
"""What people write for "whatever name"."""


@dataclass(frozen=True, slots=True)
class Node:
    """Where a walk along the schema's tables has come: what may stand there, and the nearest field above it."""

    annotation: Any
    path: KeyPath = ()
    pattern: KeyPath = ()
    info: FieldInfo | None = None
    own: bool = True  # `info` speaks of this very path


@cache
def tables() -> tuple[KeyPath, ...]:
    """Every table of the file with keys of ours, in the file's order; `[defaults]` is left out."""
    found: dict[KeyPath, None] = {}

    def visit(annotation: Any, path: KeyPath) -> None:
        for member in members(annotation):
            if get_origin(member) is dict:
                visit(get_args(member)[1], (*path, "NAME"))
            elif get_origin(member) is list:
                visit(get_args(member)[0], path)
            elif isinstance(member, type) and issubclass(member, Table):
                found.setdefault(path)
                for key, info in fields(member).items():
                    if path or key != "defaults":
                        visit(info.annotation, (*path, key))

    visit(FileTable, ())
    return tuple(found)


@cache
def keys_at(path: KeyPath) -> tuple[str, ...]:
    """Keys of ours that the table at a path may have."""
    return tuple(dict.fromkeys(key for node in walk(path) for key in keys_of(node)))


def keys_of(node: Node) -> tuple[str, ...]:
    """Keys of ours in the tables that a node allows."""
    found = [m for m in _flat(node.annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
    return tuple(dict.fromkeys(key for table in found for key in fields(table)))


def _flat(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation; of a list those of its items too, as keys may leave the position out."""
    for member in members(annotation):
        yield member
        if get_origin(member) is list:
            yield from members(get_args(member)[0])


def walk(path: KeyPath) -> list[Node]:
    """Where the path leads in the schema's tables: several where tables of several kinds may stand there."""
    nodes = [Node(FileTable)]
    for part in path:
        nodes = [below for node in nodes for below in _step(node, part)]
    return nodes


def _step(node: Node, part: str | int) -> Iterator[Node]:
    path = (*node.path, part)
    for member in members(node.annotation) if isinstance(part, int) else _flat(node.annotation):
        if isinstance(part, int):
            if get_origin(member) is list:
                yield Node(get_args(member)[0], path, (*node.pattern, part), node.info, False)
        elif get_origin(member) is dict:
            if member != Anything:
                name = "NAME" if part in ANY else part
                yield Node(get_args(member)[1], (*node.path, name), (*node.pattern, "NAME"), node.info, False)
        elif isinstance(member, type) and issubclass(member, BaseModel) and part in fields(member):
            info = fields(member)[part]
            yield Node(info.annotation, path, (*node.pattern, part), info)
