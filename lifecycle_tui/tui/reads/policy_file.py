"""What a workspace's files say of one model, with line numbers. Called by the policy pane, and for an unsaved edit by
the child of the policy screen.

The files are read as text, and of a file that declares many models the lines of this one alone: the program's own
reading of them, with every check, imports too much for a screen.
"""

from __future__ import annotations

import glob
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_tui.config.overlays import laid_over
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.tui.stamps import Stamp, stamp
from lifecycle_tui.tui.toml_lines import Piece, others, pieces

LARGE = 50_000
"""Characters from which on tables of other models are passed over at once: in 10,000 of them every line costs."""
SECTIONS = ("training", "rollout", "monitor")
Numbered = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Written:
    """Lines of a file that concern the model.

    Attributes:
        file: its name within the workspace; why: what these lines are to the model; path: the file itself, absolute.
    """

    file: str
    why: str
    lines: tuple[Numbered, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written, its `[defaults]` filled in.

    Attributes:
        place: file and line of it; shared: it comes from `[defaults]` alone.
    """

    name: str
    when: str
    windows: int
    severity: str
    then: tuple[str, ...]
    place: str
    shared: bool


@dataclass(frozen=True, slots=True)
class File:
    """What the files say of one model.

    Attributes:
        problem: why they could not be read, or not as TOML.
        sections: file and line of each of these, as `Rule.place`.
        training, rollout, monitor: their keys in a line; "" where the model has none.
    """

    written: tuple[Written, ...]
    rules: tuple[Rule, ...]
    training: str
    rollout: str
    problem: str = ""
    monitor: str = ""
    sections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Text:
    """One file's lines, and the pieces of it that concern the model, under its whole path."""

    name: str
    path: Path
    lines: list[str]
    pieces: list[Piece]

    def under(self, *path: str) -> list[Piece]:
        """The pieces about this path."""
        return [p for p in self.pieces if p.path[: len(path)] == path]

    def numbered(self, found: Iterable[Piece]) -> tuple[Numbered, ...]:
        """The lines of these pieces."""
        return tuple((n, self.lines[n - 1].rstrip("\r")) for p in found for n in range(p.first, p.last + 1))


class Files:
    """The files of a workspace for one model, read again when they have changed.

    Args:
        over: what an edit that is not saved makes of files, by absolute path.

    Attributes:
        own, defaults: the values that the model's own tables have, and those of `[defaults]`.
    """

    def __init__(self, root: Path, model: str, over: Mapping[Path, bytes] | None = None) -> None:
        self._main, self._model = Path(os.path.normpath(Path(root).absolute())) / FILE, model
        self._over = over or {}
        self.own: Mapping[str, Any] = {}
        self.defaults: Mapping[str, Any] = {}
        self._seen: dict[Path, Stamp] = {}
        self._found = File((), (), "", "", "they were not read yet")

    @property
    def stamps(self) -> Mapping[Path, Stamp]:
        """Of the files that were read, from before that."""
        return dict(self._seen)

    def moved(self) -> bool:
        """Whether one of them has changed since it was read. It costs a few microseconds."""
        return any(stamp(path) != found for path, found in self._seen.items())

    def read(self) -> File:
        """What they say now."""
        if self._found.problem or self.moved():
            self._seen = {}
            self._found = self._read()
        return self._found

    def _text(self, path: Path, base: tuple[str, ...] = ()) -> _Text:
        self._seen[path] = stamp(path)
        found = self._over[path] if path in self._over else path.read_bytes()
        text = found.decode("utf-8-sig", "replace")
        lines = text.split("\n")
        skip = others(self._model) if len(text) > LARGE and not base else None
        name = os.path.relpath(path, self._main.parent)
        return _Text(name, path, lines, list(pieces(lines, base, text, skip)))

    def _read(self) -> File:
        try:
            main = self._text(self._main)
            mine = main.under("models", self._model)
            own = None if mine else self._included(main)
            over = self._environment()
        except ConfigError as exc:
            return File((), (), "", "", exc.message)
        except OSError as exc:
            return File((), (), "", "", f"{exc.filename or FILE} cannot be read: {exc.strerror}")
        written = [
            Written(FILE, f"what it says of {self._model}", main.numbered(mine), self._main),
            Written(FILE, "what holds for every model", main.numbered(main.under("defaults")), self._main),
            Written(FILE, "who is told", main.numbered(main.under("notifiers")), self._main),
        ]
        if own is not None:
            written.insert(0, Written(own.name, "the model's own file", tuple(enumerate(own.lines, 1)), own.path))
        if over is not None:
            for path, why in ((("models", self._model), "the model"), (("defaults",), "every model")):
                lines = over.numbered(over.under(*path))
                written.insert(0, Written(over.name, f"what the environment says of {why}", lines, over.path))
            if not mine and own is None and over.under("models", self._model):
                own = over
        shown = tuple(w for w in written if w.lines)
        if not mine and own is None:
            return File(shown, (), "", "", f"{FILE} declares no model {self._model}")
        try:
            if own is None or own is over:
                table = _values(main, "models", self._model)
            else:
                table = tomllib.loads("\n".join(own.lines))
            defaults = _values(main, "defaults")
            if over is not None:
                table = laid_over(table, _values(over, "models", self._model))
                defaults = laid_over(defaults, _values(over, "defaults"))
        except tomllib.TOMLDecodeError as exc:
            return File(shown, (), "", "", f"these lines are no TOML: {str(exc).partition(' (at ')[0]}")
        self.own, self.defaults = table, defaults
        return File(
            shown, tuple(_rules(self._model, table, defaults, own or main, main, over)),
            _section(table, defaults, "training"), _section(table, defaults, "rollout"), "",
            _section(table, defaults, "monitor"), tuple(self._sections(table, own or main, main)),
        )  # fmt: skip

    def _sections(self, table: Mapping[str, Any], own: _Text, main: _Text) -> Iterator[tuple[str, str]]:
        for name in SECTIONS:
            if name in table:
                yield name, _place(own, ("models", self._model, name))
            elif name in self.defaults:
                yield name, _place(main, ("defaults", name))

    def _environment(self) -> _Text | None:
        """The file of the environment; None where there is none.

        Raises:
            ConfigError: the environment has no proper name. OSError: its file cannot be read.
        """
        name = environment.current()
        return None if name is None else self._text(environment.overlay(self._main, name))

    def _included(self, main: _Text) -> _Text | None:
        """The included file that declares the model: the one of its name."""
        try:
            patterns = _read(main.lines, main.under("include")).get("include", [])
        except tomllib.TOMLDecodeError:
            return None
        for pattern in patterns if isinstance(patterns, list) else []:
            where = os.path.join(glob.escape(str(self._main.parent)), os.path.expanduser(str(pattern)))
            for path in (Path(os.path.normpath(found)) for found in glob.iglob(where, recursive=True)):
                if path.stem == self._model and path.is_file():
                    return self._text(path, ("models", self._model))
        return None


def _rules(
    model: str, table: Mapping[str, Any], defaults: Mapping[str, Any], own: _Text, main: _Text, over: _Text | None
) -> Iterator[Rule]:
    """The rules that count: the model's own, filled from those of the same name in `[defaults]`, and the rest there."""
    ours, theirs = _table(table, "rules"), _table(defaults, "rules")
    for name in dict.fromkeys((*theirs, *ours)):
        filled = {**_table(theirs, name), **_table(ours, name)}
        if filled.get("enabled", True) is False:
            continue
        path = ("models", model, "rules", name) if name in ours else ("defaults", "rules", name)
        text = own if name in ours else main
        # A rule that the environment only changes is the lower file's.
        place = _place(over if over is not None and not text.under(*path) and over.under(*path) else text, path)
        yield _rule(name, filled, place, name not in ours)


def _values(text: _Text, *base: str) -> dict[str, Any]:
    """The values under a path.

    Raises:
        tomllib.TOMLDecodeError: its lines are no TOML.
    """
    found = text.under(*base)
    value: Any = _read(text.lines, [p for p in found if p.table])
    for piece in found:
        if not piece.table:
            said = _read(text.lines, [piece])
            for name in reversed(piece.path[: piece.given]):
                said = {name: said}
            _merge(value, said)
    for name in base:
        value = value.get(name, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}


def _read(lines: Sequence[str], found: Iterable[Piece]) -> dict[str, Any]:
    text = "\n".join(lines[n - 1] for p in found for n in range(p.start, p.last + 1))
    return tomllib.loads(text.replace("\r", ""))


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


def _table(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def _merged(table: Mapping[str, Any], defaults: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section with what `[defaults]` adds to it; nothing where neither has it."""
    return {**_table(defaults, name), **_table(table, name)}


def _section(table: Mapping[str, Any], defaults: Mapping[str, Any], name: str) -> str:
    """A section in a line; an empty one is there all the same: `[models.x.training]` alone has the model trained."""
    said = _in_a_line(_merged(table, defaults, name))
    return said or ("all as by default" if name in table or name in defaults else "")


def _rule(name: str, said: Mapping[str, Any], place: str, shared: bool) -> Rule:
    windows, then = said.get("for", 1), said.get("then", ["notify"])
    return Rule(
        name, str(said.get("when", "")), windows if isinstance(windows, int) else 1,
        str(said.get("severity", "warning")), tuple(map(str, then)) if isinstance(then, list) else (str(then),),
        place, shared,
    )  # fmt: skip


def _place(text: _Text, path: tuple[str, ...]) -> str:
    """File and line of the piece that says it: the one whose path is its own, else the longest that leads there."""
    leading = [p for p in text.pieces if p.path == path[: len(p.path)] or p.path[: len(path)] == path]
    if not leading:
        return ""
    return f"{text.name}:{max(leading, key=lambda p: min(len(p.path), len(path))).start}"


def _in_a_line(found: Mapping[str, Any]) -> str:
    return " · ".join(f"{name} {_said(value)}" for name, value in found.items())


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
