"""What a workspace's files say of one model, with line numbers. Called by the policy pane.

The files are read as text, and of a file that declares many models the lines of this one alone: the program's own
reading of them, with every check, imports too much for a screen.
"""

from __future__ import annotations

import glob
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.tui.toml_lines import Piece, pieces

Numbered = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Written:
    """Lines of a file that concern the model.

    Attributes:
        file: its name within the workspace; why: what these lines are to the model.
    """

    file: str
    why: str
    lines: tuple[Numbered, ...]


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
        training, rollout: their keys in a line; "" where the model has none.
    """

    written: tuple[Written, ...]
    rules: tuple[Rule, ...]
    training: str
    rollout: str
    problem: str = ""


class Files:
    """The files of a workspace for one model, read again when they have changed."""

    def __init__(self, root: Path, model: str) -> None:
        self._main, self._model = Path(root) / FILE, model
        self._seen: tuple[object, ...] = ()
        self._own: Path | None = None
        self._found = File((), (), "", "", "they were not read yet")

    def read(self) -> File:
        """What they say now."""
        seen = (_stamp(self._main), None if self._own is None else _stamp(self._own))
        if seen != self._seen or (self._own is not None and seen[1] is None):
            self._found = self._read()
            self._seen = (_stamp(self._main), None if self._own is None else _stamp(self._own))
        return self._found

    def _read(self) -> File:
        try:
            main = _lines(self._main)
            found = list(pieces(main))
            mine = [p for p in found if p.path[:2] == ("models", self._model)]
            self._own = None if mine else self._included(main, found)
            own = [] if self._own is None else _lines(self._own)
        except OSError as exc:
            return File((), (), "", "", f"{exc.filename or FILE} cannot be read: {exc.strerror}")
        shared = [p for p in found if p.path[:1] == ("defaults",)]
        told = [p for p in found if p.path[:1] == ("notifiers",)]
        written = [
            Written(FILE, f"what it says of {self._model}", _numbered(main, mine)),
            Written(FILE, "[defaults], which hold for every model", _numbered(main, shared)),
            Written(FILE, "who is told", _numbered(main, told)),
        ]
        if self._own is not None:
            name = os.path.relpath(self._own, self._main.parent)
            written.insert(0, Written(name, "the model's own file", tuple(enumerate(own, 1))))
        shown = tuple(w for w in written if w.lines)
        try:
            table = _values(main, mine, ("models", self._model)) if self._own is None else tomllib.loads("\n".join(own))
            defaults = _values(main, shared, ("defaults",))
        except tomllib.TOMLDecodeError as exc:
            return File(shown, (), "", "", f"these lines are no TOML: {exc}")
        if not mine and self._own is None:
            return File(shown, (), "", "", f"{FILE} declares no model {self._model}")
        return self._file(shown, table, defaults, main, mine, own)

    def _included(self, main: Sequence[str], found: Iterable[Piece]) -> Path | None:
        """The included file that declares the model."""
        include = [p for p in found if p.path == ("include",)]
        try:
            patterns = _values(main, include, ()).get("include", [])
        except tomllib.TOMLDecodeError:
            return None
        for pattern in patterns if isinstance(patterns, list) else []:
            where = os.path.join(glob.escape(str(self._main.parent)), os.path.expanduser(str(pattern)))
            for path in glob.iglob(where, recursive=True):
                if Path(path).stem == self._model and os.path.isfile(path):
                    return Path(path)
        return None

    def _file(
        self, written: tuple[Written, ...], table: Mapping[str, Any], defaults: Mapping[str, Any],
        main: Sequence[str], mine: Sequence[Piece], own: Sequence[str],
    ) -> File:  # fmt: skip
        base = ("models", self._model)
        here = [(FILE, p) for p in mine]
        if self._own is not None:
            here = [(os.path.relpath(self._own, self._main.parent), p) for p in pieces(own, base)]
        behind = [(FILE, p) for p in pieces(main) if p.path[:1] == ("defaults",)]
        ours, theirs = _table(table, "rules"), _table(defaults, "rules")
        rules = []
        for name in dict.fromkeys((*theirs, *ours)):
            filled = {**_table(theirs, name), **_table(ours, name)}
            if filled.get("enabled", True) is False:
                continue
            place = (
                _place(here, (*base, "rules", name)) if name in ours else _place(behind, ("defaults", "rules", name))
            )
            rules.append(_rule(name, filled, place, name not in ours))
        training = _merged(table, defaults, "training")
        rollout = _merged(table, defaults, "rollout")
        return File(written, tuple(rules), _in_a_line(training), _in_a_line(rollout))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8-sig", "replace").split("\n")


def _numbered(lines: Sequence[str], found: Iterable[Piece]) -> tuple[Numbered, ...]:
    return tuple((n, lines[n - 1].rstrip("\r")) for p in found for n in range(p.first, p.last + 1))


def _values(lines: Sequence[str], found: Sequence[Piece], base: tuple[str, ...]) -> dict[str, Any]:
    """The values of these pieces under `base`.

    Raises:
        tomllib.TOMLDecodeError: they are no TOML.
    """
    value: Any = _read(lines, [p for p in found if p.table])
    for piece in found:
        if not piece.table:
            said = _read(lines, [piece])
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


def _rule(name: str, said: Mapping[str, Any], place: str, shared: bool) -> Rule:
    windows, then = said.get("for", 1), said.get("then", ["notify"])
    return Rule(
        name, str(said.get("when", "")), windows if isinstance(windows, int) else 1,
        str(said.get("severity", "warning")), tuple(map(str, then)) if isinstance(then, list) else (str(then),),
        place, shared,
    )  # fmt: skip


def _place(found: Sequence[tuple[str, Piece]], path: tuple[str, ...]) -> str:
    """File and line of the piece that says it: the longest path that leads there."""
    leading = [(file, p) for file, p in found if p.path == path[: len(p.path)] or p.path[: len(path)] == path]
    if not leading:
        return ""
    file, piece = max(leading, key=lambda pair: min(len(pair[1].path), len(path)))
    return f"{file}:{piece.start}"


def _in_a_line(found: Mapping[str, Any]) -> str:
    return " · ".join(f"{name} {_said(value)}" for name, value in found.items())


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
