"""Checks what a team's source says about its table. Used in its process and again by the host."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.plugin_host.results import BadResult


def as_fragments(value: Any) -> tuple[Fragment, ...]:
    """Checked fragments, sorted by id.

    Raises:
        BadResult: for anything but fragments with distinct ids and sizes that are numbers.
    """
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        raise BadResult(f"must be a sequence of Fragment, not {type(value).__name__}")
    fragments = tuple(value)
    for fragment in fragments:
        if not isinstance(fragment, Fragment):
            raise BadResult(f"must hold Fragment values, not {type(fragment).__name__}")
        if not all(isinstance(part, str) for part in (fragment.id, fragment.path, fragment.version)):
            raise BadResult("a fragment's id, path and version must be text")
        if not all(type(n) is int and n >= 0 for n in (fragment.size, fragment.modified, fragment.rows or 0)):
            raise BadResult(f"size, modified and rows of fragment {fragment.id!r} must be whole numbers")
    ordered = tuple(sorted(fragments, key=lambda f: f.id))
    for one, two in pairwise(ordered):
        if one.id == two.id:
            raise BadResult(f"two fragments have the id {one.id!r}")
    return ordered


def as_schema(value: Any) -> Any:
    """A mapping of column → Arrow type as an Arrow schema.

    Raises:
        BadResult: for anything else.
    """
    import pyarrow as pa

    if isinstance(value, pa.Schema):
        return value
    if not isinstance(value, Mapping):
        raise BadResult(f"must be a mapping of column to Arrow type, not {type(value).__name__}")
    for name, kind in value.items():
        if not isinstance(name, str) or not isinstance(kind, pa.DataType):
            raise BadResult(f"must map column names to Arrow types; {name!r:.60} has a {type(kind).__name__}")
    return pa.schema(list(value.items()))
