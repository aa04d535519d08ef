"""A skops file without what differs from run to run: the same bytes for the same fitted state. Used by `artefact`.

skops names members and objects by their memory addresses or at random, dates its members, writes sets in the order of
this process's hashes, and arrays of records with whatever lay in memory between their fields. What an estimator itself
knows of the time (how long a grid search took) is part of its state, and stays.
"""

from __future__ import annotations

import io
import json
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lifecycle_tui.training.guard import SCHEMA


def canonical(data: bytes) -> bytes:
    """The file as it is stored; skops reads it as it reads its own.

    Args:
        data: what `skops.io.dumps` gave.
    """
    out = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED, compresslevel=1) as new:
        names = _Names()
        schema = names.renamed(json.loads(old.read(SCHEMA)))
        members = {new_name: _without_gaps(old.read(old_name)) for old_name, new_name in names.files.items()}
        for name, content in {SCHEMA: json.dumps(schema).encode(), **members}.items():
            entry = ZipInfo(name)  # dated 1980
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # the same on every system
            new.writestr(entry, content)
    return out.getvalue()


class _Names:
    """Numbers objects and members as they are met.

    Attributes:
        files: member as skops named it → its name now, in order.
    """

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._numbers: dict[Any, int] = {}

    def renamed(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.renamed(item) for item in node]
        if not isinstance(node, dict):
            return node
        node = dict(node)
        if isinstance(node.get("__loader__"), str):
            _sort_set(node)
            number = node.pop("__id__", None)
            if number is not None and node["__loader__"] != "JsonNode":
                node["__id__"] = self._numbers.setdefault(number, len(self._numbers) + 1)
            file = node.get("file")
            if isinstance(file, str):
                node["file"] = self.files.setdefault(file, f"{len(self.files)}.{file.rpartition('.')[2]}")
        return {key: self.renamed(value) for key, value in node.items()}


def _sort_set(node: dict[str, Any]) -> None:
    """Bring the elements of Python's own sets into an order that follows from what they are."""
    kind = (node.get("__module__"), node.get("__class__"), node["__loader__"])
    if kind == ("builtins", "set", "SetNode"):
        node["content"] = sorted(node["content"], key=_said)
    elif kind == ("builtins", "frozenset", "ConstructorFromReduceNode"):
        (elements,) = node["content"]["content"]
        elements = {**elements, "content": sorted(elements["content"], key=_said)}
        node["content"] = {**node["content"], "content": [elements]}


def _said(node: Any) -> str:
    """A node as text, without names that differ from run to run."""

    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(item) for item in value]
        if not isinstance(value, dict):
            return value
        value = dict(value)
        if isinstance(value.get("__loader__"), str):
            _sort_set(value)
            value.pop("__id__", None)
            value.pop("file", None)
        return {key: bare(item) for key, item in value.items()}

    return json.dumps(bare(node), sort_keys=True)


def _without_gaps(member: bytes) -> bytes:
    """An array of records with zeros between its fields: a tree's nodes have whatever lay in memory there."""
    import numpy as np

    if member[:6] != b"\x93NUMPY":
        return member
    array = np.load(io.BytesIO(member), allow_pickle=False)
    if array.dtype.names is None:
        return member
    clean = np.frombuffer(bytearray(array.nbytes), array.dtype).reshape(array.shape)
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    np.save(out, clean, allow_pickle=False)
    return out.getvalue()
