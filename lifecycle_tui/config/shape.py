"""Walks the tables of `schema*` along a key path: which keys are valid there, and which field reads it.

Called by `words` for hints and by `reference` for the page. Tells nothing about values.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.values import Table, Words, words_of


def members(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation, without its marks and without None."""
    if get_origin(annotation) is Annotated:
        yield from members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from members(member)
    elif annotation is not type(None):
        yield annotation


def tables(annotation: Any) -> list[type[Table]]:
    """The tables that an annotation allows."""
    return [m for m in members(annotation) if isinstance(m, type) and issubclass(m, Table)]


def key_of(name: str, info: FieldInfo) -> str:
    """How a field is written in the file."""
    return info.alias or name


@cache
def fields(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """A table's fields by the key that the file uses."""
    return {key_of(name, info): info for name, info in table.model_fields.items()}


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    for member in members(annotation):
        if isinstance(part, int):
            if get_origin(member) is list:
                yield get_args(member)[0]
        elif get_origin(member) is dict:
            yield get_args(member)[1]
        elif isinstance(member, type) and issubclass(member, BaseModel) and part in fields(member):
            yield fields(member)[part].annotation


def _reach(root: type[Table], path: KeyPath) -> list[Any]:
    found: list[Any] = [root]
    for part in path:
        found = [below for annotation in found for below in _step(annotation, part)]
    return found


def keys_at(root: type[Table], path: KeyPath) -> tuple[str, ...]:
    """Keys that the table at a path may have; empty where any key goes."""
    found = [key for annotation in _reach(root, path) for table in tables(annotation) for key in fields(table)]
    return tuple(dict.fromkeys(found))


def shapes_at(root: type[Table], path: KeyPath) -> int:
    """How many kinds of table may stand at a path."""
    return sum(len(tables(annotation)) for annotation in _reach(root, path))


def field_at(root: type[Table], path: KeyPath) -> FieldInfo | None:
    """The field that reads a path; for what lies in a list or a table of names, the field that holds it."""
    while path and not isinstance(path[-1], str):
        path = path[:-1]
    if not path:
        return None
    for annotation in _reach(root, path[:-1]):
        for table in tables(annotation):
            if info := fields(table).get(str(path[-1])):
                return info
    return None


def words_for(info: FieldInfo) -> str:
    """A field's type in words."""
    for mark in reversed(info.metadata):  # the outer one is the more exact
        if isinstance(mark, Words):
            return mark.text
    return words_of(info.annotation)


def choices_of(info: FieldInfo) -> tuple[str, ...]:
    """The texts that a field allows, where it allows only some."""
    literals = [m for m in members(info.annotation) if get_origin(m) is Literal]
    return tuple(choice for literal in literals for choice in get_args(literal))


@cache
def homes(root: type[Table]) -> dict[str, tuple[str, ...]]:
    """Key → the tables below `root` that have it, as headers (`models.NAME.columns`)."""
    found: dict[str, list[str]] = {}

    def visit(annotation: Any, where: str) -> None:
        for member in members(annotation):
            if get_origin(member) is dict:
                visit(get_args(member)[1], f"{where}.NAME")
            elif isinstance(member, type) and issubclass(member, Table):
                for key, info in fields(member).items():
                    found.setdefault(key, []).append(where.removeprefix("."))
                    visit(info.annotation, f"{where}.{key}")

    visit(root, "")
    return {key: tuple(dict.fromkeys(places)) for key, places in found.items()}
