"""Files as they were read: text, parsed values, and places in them. Made by `loading`, used by every check.

Places are worked out late. A rule carries its place so that `policy` can point at its expression, but most are never
shown; `LaterPlace` is a `Place` that scans its file when first asked for a line.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from lifecycle_tui.config.inside import offsets
from lifecycle_tui.config.overlays import laid_over
from lifecycle_tui.config.scanner import KeyPath, Scan, Span, scan
from lifecycle_tui.domain.problems import Place

Part = Literal["key", "value", "header"]
"""What to point at: the key, its value, or the header of the table."""

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def dotted(path: KeyPath) -> str:
    """A key path as TOML would write it: `models.churn.rollout.steps[0].weight`, quoted where it must be."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        name = part if _BARE.match(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text += f".{name}" if text else name
    return text


def shown(path: Path) -> str:
    """A path as messages show it: relative to the current folder where it lies inside it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # another drive, or the current folder is gone
        return str(path)
    return str(path) if relative.startswith("..") else relative


class Source:
    """One TOML file: where it is, its text with plain newlines, and its values.

    Attributes:
        values: what tomllib made of it; empty where it could not be read.
        prefix: key path of the file's top in the workspace: `("models", NAME)` for an included file.
    """

    def __init__(self, path: Path, text: str, values: dict[str, Any], prefix: KeyPath = ()) -> None:
        self.path = path
        self.name = shown(path)
        self.text = text
        self.values = values
        self.prefix = prefix
        self._scan: Scan | None = None
        self._lines: list[int] = []

    @property
    def scan(self) -> Scan:
        """Where everything is; scanned once, when first needed."""
        if self._scan is None:
            self._scan = scan(self.text)
        return self._scan

    def at(self, span: Span) -> Place:
        """The place of a span; what runs over several lines is underlined on its first."""
        if not self._lines:
            self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, span.start)
        start = self._lines[line - 1]
        end = self._lines[line] - 1 if line < len(self._lines) else len(self.text)
        return Place(self.name, line, span.start - start + 1, max(1, min(span.end, end) - span.start))

    def place(self, path: KeyPath, part: Part = "value") -> Place:
        """Where a key path is written, or the nearest thing above it that is."""
        entries = self.scan.entries
        while path:
            if entry := entries.get(path):
                wanted = {"key": entry.key, "value": entry.value, "header": entry.header}[part]
                span = wanted or entry.header or entry.value or entry.key
                if span is not None:
                    return self.at(span)
            path, part = path[:-1], "header"
        return Place(self.name, 1, 1)

    def writer(self, path: KeyPath) -> tuple[Source, KeyPath]:
        """The file that wrote what stands at a path, and the path there."""
        return self, path

    def inside(self, path: KeyPath, column: int, width: int) -> Place:
        """The place of some characters of the text at a path, from its 1-based `column` on."""
        entries = self.scan.entries
        entry = entries.get(path) or (entries.get(path[:-1]) if path and isinstance(path[-1], int) else None)
        if entry is None or entry.value is None or self.text[entry.value.start] not in "\"'":
            return self.place(path)
        found = offsets(self.text[entry.value.start : entry.value.end])
        first = min(column - 1, len(found) - 1)
        after = min(first + max(1, width), len(found) - 1)
        start, end = (entry.value.start + found[at] for at in (first, after))
        return self.at(Span(start, max(start + 1, end)))


class Overlaid(Source):
    """A file with the values of an environment's file laid over its own; each place is in the file that wrote it.

    Args:
        lower: the file below.
        upper: the environment's file.
        over: what of that file's table at `at` counts here.
        at: key path in `upper` of what stands at `lower`'s top.
    """

    def __init__(self, lower: Source, upper: Source, over: Mapping[str, Any], at: KeyPath = ()) -> None:
        super().__init__(lower.path, lower.text, laid_over(lower.values, over), lower.prefix)
        self.lower, self.upper, self.over, self.at_path = lower, upper, over, at

    def writer(self, path: KeyPath) -> tuple[Source, KeyPath]:
        """The file that wrote what counts at a path, or the most of it, and the path there.

        A table that both have is the lower one's: the environment's only changes it.
        """
        if not self.lower.values:
            return self.upper, (*self.at_path, *path)
        for length in range(len(path), -1, -1):
            below, above = _found(self.lower.values, path[:length]), _found(self.over, path[:length])
            if above is not _MISSING and not (isinstance(above, dict) and isinstance(below, dict)):
                return self.upper, (*self.at_path, *path)
            if below is not _MISSING:
                break
        return self.lower, path

    def place(self, path: KeyPath, part: Part = "value") -> Place:
        source, path = self.writer(path)
        return source.place(path, part)

    def inside(self, path: KeyPath, column: int, width: int) -> Place:
        source, path = self.writer(path)
        return source.inside(path, column, width)


_MISSING = object()


def _found(values: Any, path: KeyPath) -> Any:
    """What stands at a path of parsed values, else `_MISSING`."""
    for part in path:
        if isinstance(values, dict):
            values = values.get(part, _MISSING)
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            return _MISSING
    return values


_SLOTS = ("file", "line", "column", "width")


class LaterPlace(Place):
    """A `Place` that finds its line when first asked. It equals, hashes and pickles as the plain one."""

    __slots__ = ("_find", "_inside")
    _find: Callable[[], Place]
    _inside: Callable[[int, int], Place] | None

    @classmethod
    def of(
        cls, find: Callable[[], Place], inside: Callable[[int, int], Place] | None = None, *, file: str | None = None
    ) -> LaterPlace:
        """The place that `find` will give; it is called once, when first needed.

        Args:
            inside: gives the place of (column, width) of the text that stands there.
            file: the place's file, where that is known already: it is then no reason to call `find`.
        """
        self = cls.__new__(cls)
        if file is not None:
            object.__setattr__(self, "file", file)
        object.__setattr__(self, "_find", find)
        object.__setattr__(self, "_inside", inside)
        return self

    def inside(self, column: int, width: int) -> Place:
        return self._plain().inside(column, width) if self._inside is None else self._inside(column, width)

    def __getattr__(self, name: str) -> Any:
        # Reached only while a slot is empty.
        if name not in _SLOTS:
            raise AttributeError(name)
        found = self._find()
        for slot in _SLOTS:
            object.__setattr__(self, slot, getattr(found, slot))
        return getattr(self, name)

    def _plain(self) -> Place:
        return Place(self.file, self.line, self.column, self.width)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LaterPlace):
            other = other._plain()
        return self._plain() == other

    def __hash__(self) -> int:
        return hash(self._plain())

    def __reduce__(self) -> tuple[type[Place], tuple[str, int, int, int]]:
        return Place, (self.file, self.line, self.column, self.width)


def holds(values: Any, path: KeyPath) -> bool:
    """Whether parsed values have something at a key path."""
    for part in path:
        if isinstance(part, int) and isinstance(values, list):
            if part >= len(values):
                return False
        elif not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True
