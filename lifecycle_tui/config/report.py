"""Collects problems, and shows the builders one table with the defaults behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import LaterPlace, Part, Source, dotted, holds
from lifecycle_tui.domain.problems import Level, Place, Problem


@dataclass(slots=True)
class Report:
    """All problems so far, and the key paths that were wrong, so that nothing is reported twice.

    Attributes:
        broken: full key paths whose value was left out; what rests on them is not judged.
    """

    problems: list[Problem] = field(default_factory=list)
    broken: set[KeyPath] = field(default_factory=set)

    def add(self, problem: Problem) -> None:
        self.problems.append(problem)

    @property
    def failed(self) -> bool:
        """Whether there is an error, not only warnings."""
        return any(problem.level == "error" for problem in self.problems)

    def is_broken(self, path: KeyPath) -> bool:
        """Whether something at a path, or above it, was wrong."""
        return bool(self.broken) and any(path[:n] in self.broken for n in range(1, len(path) + 1))


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

    def _layer(self, path: KeyPath) -> Layer:
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

    def place(self, *path: str | int, part: Part = "value") -> Place:
        """Where something is written: in the table itself, else in the defaults, else the nearest thing above."""
        layer = self._layer(path)
        return layer.source.place((*layer.base, *path), part)

    def later(self, *path: str | int, part: Part = "value") -> Place:
        """As `place`, worked out when it is looked at."""
        return LaterPlace.of(lambda: self.place(*path, part=part))

    def broken(self, *path: str | int) -> bool:
        """Whether something there was wrong already, in the table itself or in the defaults."""
        if self.report.is_broken((*self.key, *path)):
            return True
        return any(self.report.is_broken((*layer.source.prefix, *layer.base, *path)) for layer in self.layers)

    def problem(
        self,
        code: str,
        path: KeyPath,
        message: str,
        *,
        part: Part = "value",
        hint: str | None = None,
        related: Sequence[KeyPath] = (),
        level: Level = "error",
    ) -> None:
        """Report something about `path` below this table; `related` are other paths below it."""
        layer = self._layer(path)
        key = self.key if layer is self.layers[0] else layer.base
        self.report.add(
            Problem(
                code,
                message,
                dotted((*key, *path)),
                self.place(*path, part=part),
                hint,
                tuple(self.place(*other) for other in related),
                level,
            )
        )

    def missing(self, key: str, message: str | None = None, hint: str | None = None) -> None:
        """Report a key that is needed, at the table's header; silent where it is there but wrong."""
        if not self.broken(key):
            self.problem("missing-key", (key,), message or f'"{key}" is missing', part="header", hint=hint)
