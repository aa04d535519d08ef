"""Collects problems, and shows the builders one table with the defaults behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypedDict, Unpack

from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import LaterPlace, Part, Source, dotted, holds
from lifecycle_tui.domain.problems import Level, Place, Problem


class Broken(set[KeyPath]):
    """Key paths that were wrong; it only grows.

    Attributes:
        above: they, and every path above one of them: whether something below a path was wrong is asked once and again
            for each model, and must not cost a look at each of the others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.above: set[KeyPath] = set()

    def add(self, path: KeyPath, /) -> None:
        super().add(path)
        self.above.update(path[:n] for n in range(len(path) + 1))

    def update(self, *paths: Iterable[KeyPath]) -> None:
        for some in paths:
            for path in some:
                self.add(path)


@dataclass(slots=True)
class Report:
    """All problems so far, and the key paths that were wrong, so that nothing is reported twice.

    Attributes:
        broken: full key paths whose value was left out; what rests on them is not judged.
    """

    problems: list[Problem] = field(default_factory=list)
    broken: Broken = field(default_factory=Broken)

    def add(self, problem: Problem) -> None:
        self.problems.append(problem)

    @property
    def failed(self) -> bool:
        """Whether there is an error, not only warnings."""
        return any(problem.level == "error" for problem in self.problems)

    def is_broken(self, path: KeyPath) -> bool:
        """Whether something at a path, or above it, was wrong."""
        return bool(self.broken) and any(path[:n] in self.broken for n in range(len(path) + 1))

    def is_touched(self, path: KeyPath) -> bool:
        """Whether something at a path, above it or below it, was wrong."""
        return bool(self.broken) and (path in self.broken.above or self.is_broken(path))


class More(TypedDict, total=False):
    """What may be said of a problem besides code, path and message.

    Attributes:
        part: what to point at, the value unless it says otherwise.
        hint: what to do.
        related: other paths below the table that have to do with it.
        level: an error unless it says otherwise.
        inside: (1-based column, width) within the text at the path.
        beside: further places that have to do with it.
    """

    part: Part
    hint: str | None
    related: Sequence[KeyPath]
    level: Level
    inside: tuple[int, int] | None
    beside: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Layer:
    """A table in a file: the file, and the table's key path there."""

    source: Source
    base: KeyPath = ()


@dataclass(frozen=True, slots=True)
class View:
    """One table of the workspace: its full key path, and the layers that it is made of, its own first."""

    key: KeyPath
    layers: tuple[Layer, ...]
    report: Report

    def below(self, *parts: str | int) -> View:
        """The table at `parts` below this one."""
        layers = tuple([Layer(layer.source, (*layer.base, *parts)) for layer in self.layers])
        return View((*self.key, *parts), layers, self.report)

    def layer(self, path: KeyPath) -> Layer:
        """The layer that has a path, or the most of it."""
        for length in range(len(path), -1, -1):
            for layer in self.layers:
                if holds(layer.source.values, (*layer.base, *path[:length])):
                    return layer
        return self.layers[0]

    def own(self, *path: str | int) -> bool:
        """Whether the table itself has something there, not only the defaults."""
        layer = self.layers[0]
        return holds(layer.source.values, (*layer.base, *path))

    def written(self, *path: str | int) -> bool:
        """Whether the table or the defaults have something there."""
        return any(holds(layer.source.values, (*layer.base, *path)) for layer in self.layers)

    def behind(self, *path: str | int) -> bool:
        """Whether what lies behind the table itself has something there."""
        return any(holds(layer.source.values, (*layer.base, *path)) for layer in self.layers[1:])

    def value(self, *path: str | int) -> Any:
        """What is written there, as TOML gave it; None where nothing is."""
        layer = self.layer(path)
        found: Any = layer.source.values
        for part in (*layer.base, *path):
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def place(self, *path: str | int, part: Part = "value") -> Place:
        """Where something is written: in the table itself, else in the defaults, else the nearest thing above."""
        layer = self.layer(path)
        return layer.source.place((*layer.base, *path), part)

    def later(self, *path: str | int, part: Part = "value") -> Place:
        """As `place`, worked out when it is looked at."""
        return LaterPlace.of(
            lambda: self.place(*path, part=part), lambda column, width: self.inside(path, column, width)
        )

    def inside(self, path: KeyPath, column: int, width: int) -> Place:
        """Where some characters of the text at a path are written, from its 1-based `column` on."""
        layer = self.layer(path)
        return layer.source.inside((*layer.base, *path), column, width)

    def broken(self, *path: str | int) -> bool:
        """Whether something there was wrong already, in the table itself or in the defaults."""
        return bool(self.report.broken) and any(map(self.report.is_broken, self._keys(path)))

    def unsure(self, *path: str | int) -> bool:
        """Whether something there or below was wrong already: what rests on all of it is not judged."""
        return bool(self.report.broken) and any(map(self.report.is_touched, self._keys(path)))

    def _keys(self, path: KeyPath) -> list[KeyPath]:
        """The full key paths that a path below this table may have in the report."""
        found = [(*layer.source.prefix, *layer.base, *path) for layer in self.layers]
        return [(*self.key, *path), *found]

    def problem(self, code: str, path: KeyPath, message: str, **more: Unpack[More]) -> None:
        """Report something about `path` below this table."""
        self.report.add(self.row(code, path, message, **more))

    def row(self, code: str, path: KeyPath, message: str, **more: Unpack[More]) -> Problem:
        """The same as a problem that is not reported yet."""
        layer = self.layer(path)
        key = self.key if layer is self.layers[0] else layer.base
        # Places are looked for when they are shown: a fleet with a warning in each file is opened no later.
        inside, part = more.get("inside"), more.get("part", "value")
        place = self._noted(
            path, lambda: self.place(*path, part=part) if inside is None else self.inside(path, *inside)
        )
        others = (*(self._noted(other, partial(self.place, *other)) for other in more.get("related", ())),
                  *more.get("beside", ()))  # fmt: skip
        return Problem(
            code, message, dotted((*key, *path)), place, more.get("hint"), others, more.get("level", "error")
        )

    def _noted(self, path: KeyPath, find: Callable[[], Place]) -> Place:
        layer = self.layer(path)
        return LaterPlace.of(find, file=layer.source.writer((*layer.base, *path))[0].name)

    def missing(self, key: str, message: str | None = None, hint: str | None = None) -> None:
        """Report a key that is needed, at the table's header; silent where it is there but wrong."""
        if not self.broken(key):
            self.problem("missing-key", (key,), message or f'"{key}" is missing', part="header", hint=hint)
            self.report.broken.add((*self.key, key))
