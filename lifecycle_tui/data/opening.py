"""Which source reads a table: by the name it was declared with, else by suffix. Called by jobs, `init` and `drift`."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from lifecycle_tui.data import stores
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Source
from lifecycle_tui.domain.specs import TableSpec


def open_source(
    location: str, classes: Iterable[type[Any]], *, use: str | None = None, options: Mapping[str, Any] | None = None
) -> Source:
    """A source over `location`, of the class named `use`, else of the one whose suffix the files have.

    A folder or glob goes to the class that most of its files belong to. Nothing is read yet.

    Raises:
        DataError: no class of that name, none for these files, nothing there, or an option that it does not have.
    """
    known = list(classes)
    names = ", ".join(sorted(c.name for c in known)) or "none"
    if use is not None:
        chosen = next((c for c in known if c.name == use), None)
        if chosen is None:
            raise DataError(f"there is no source {use!r}", hint=f"sources: {names}")
    else:
        chosen = _by_suffix(location, known)
        if chosen is None:
            raise DataError(f"no source reads {location}", hint=f'name one with use = "…" ({names})')
    try:
        return chosen(location, **dict(options or {}))
    except TypeError as exc:
        raise DataError(f"source {chosen.name} cannot be made for {location}: {exc}") from exc


def open_table(table: TableSpec, classes: Iterable[type[Any]]) -> Source:
    """The source of a declared table."""
    return open_source(table.location, classes, use=table.use, options=table.options)


def _by_suffix(location: str, classes: list[type[Any]]) -> type[Any] | None:
    if stores.is_address(location):
        name = location.partition("?")[0]
        found = None if glob.has_magic(name) else _class_of(name, classes)
        if found is None:  # a listing costs a journey: the first file that some class reads decides
            name = stores.first_name(location, [s for c in classes for s in c.suffixes]) or ""
        return found or _class_of(name, classes)
    if os.path.isfile(location) or not (os.path.isdir(location) or glob.has_magic(location)):
        if not os.path.exists(location):
            raise DataError(f"{location} does not exist", hint="check the path")
        return _class_of(location, classes)
    counts: Counter[int] = Counter()
    for name in _some_files(location):
        found = _class_of(name, classes)
        if found is not None:
            counts[classes.index(found)] += 1
    # Equal counts: the class that was registered first, whatever order the files came in.
    return classes[max(counts, key=lambda i: (counts[i], -i))] if counts else None


def _class_of(name: str, classes: list[type[Any]]) -> type[Any] | None:
    """The class with the longest fitting suffix."""
    fitting = [(len(s), -i) for i, c in enumerate(classes) for s in c.suffixes if name.lower().endswith(s)]
    return classes[-max(fitting)[1]] if fitting else None


def _some_files(location: str, most: int = 10_000) -> list[str]:
    if not os.path.isdir(location):
        found = []
        for name in glob.iglob(location, recursive=True):
            found += _some_files(name) if os.path.isdir(name) else [name]
            if len(found) >= most:
                break
        return found
    found = []
    for parent, folders, names in os.walk(location):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        found += [os.path.join(parent, name) for name in names if not name.startswith((".", "_"))]
        if len(found) >= most:
            break
    return found
