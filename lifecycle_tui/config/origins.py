"""Every key with the value that counts, and where it comes from: a line of a file, the program, or a plugin.

`config show` prints it; the reading is `loading.examine`'s.

Plugins that a file names in a list or as text are shown as the tables that they stand for, so that their options have
a place: `detectors = ["psi"]` is `[…detectors.psi]` with its defaults. Secrets are never shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from lifecycle_tui.config import describe, redact
from lifecycle_tui.config.extensions import Plugin, Plugins, slot_of
from lifecycle_tui.config.merge import values_with_defaults
from lifecycle_tui.config.reading import Reading
from lifecycle_tui.config.report import View
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.schema_model import ModelTable
from lifecycle_tui.config.shape import fields, members, tables
from lifecycle_tui.config.sources import Overlaid
from lifecycle_tui.config.toml_text import EditError, literal, parsed
from lifecycle_tui.config.values import Anything, OpenTable, Table
from lifecycle_tui.domain.problems import Place

Layer = Literal["file", "include", "defaults", "environment", "program", "plugin"]
"""What wrote a value: the main file, an included one, a `[defaults]`, the environment's file; or nobody, and it is the
program's or a plugin's default."""

_ALWAYS = ("data", "columns", "monitor", "workspace")
"""Tables that are there even if nobody writes them: their keys have defaults."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One key as it counts.

    Attributes:
        value: as TOML gives it, secrets blotted out; None where the default can only be said in words.
        text: the value as TOML, or the words.
        layer: what wrote it.
        place: where, for what a file wrote. plugin: `file:line`, for a plugin's default.
        table: it is a table of which nothing but its being there counts (a detector without options).
    """

    path: KeyPath
    value: Any
    text: str
    layer: Layer
    place: Place | None = None
    plugin: str = ""
    table: bool = False

    @property
    def origin(self) -> str:
        """In a word: `lifecycle.toml:12:3`, `lifecycle.toml:12:3 [defaults]`, `psi.py:8`, `default`."""
        if self.place is not None:
            return f"{self.place} [defaults]" if self.layer == "defaults" else str(self.place)
        return self.plugin or "default"


def resolved(reading: Reading, plugins: Plugins) -> Iterator[Resolved]:
    """Every key of a workspace that has no errors, in the order of the reference page; models last, by name."""
    top = reading.top
    values = {key: value for key, value in _table(top, ()).items() if key not in ("defaults", "models")}
    yield from _Walk(top, plugins).table(FileTable, values, ())
    for view in reading.models.values():
        own, defaults = (_at(layer.source.values, layer.base) for layer in view.layers)
        yield from _Walk(view, plugins).table(ModelTable, values_with_defaults(own, defaults), ())


def _table(view: View, path: KeyPath) -> Mapping[str, Any]:
    return _at(view.layers[0].source.values, (*view.layers[0].base, *path))


def _at(values: Any, path: KeyPath) -> Mapping[str, Any]:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


@dataclass(frozen=True, slots=True)
class _Walk:
    """Along the tables of the schema and the values in them; paths are below the view's."""

    view: View
    plugins: Plugins

    def table(self, table: type[Table], values: Mapping[str, Any], path: KeyPath) -> Iterator[Resolved]:
        """Every key of one table."""
        for key, info in fields(table).items():
            if not path and key in ("defaults", "models"):
                continue
            here = (*path, key)
            if key in values:
                yield from self.value(info.annotation, values[key], here)
            elif key in _ALWAYS and tables(info.annotation):
                yield from self.table(tables(info.annotation)[0], {}, here)
            else:
                yield from self.default(info, here)
        if issubclass(table, OpenTable):
            yield from self.options(path, {k: v for k, v in values.items() if k not in fields(table)}, values)

    def value(self, annotation: Any, value: Any, path: KeyPath, layer: Layer | None = None) -> Iterator[Resolved]:
        """One value, or what is in it where it is a table."""
        if path[-2:] in (("monitor", "detectors"), ("monitor", "metrics")) and isinstance(value, list):
            for index, name in enumerate(value):
                yield self._set(path, {}, (*path, index), name=str(name), table=True)
                yield from self.options((*path, str(name)), {}, {})
        elif isinstance(value, str) and self._plugin_of(path, value):
            yield self._set((*path, "use"), value, path, layer=layer)
            yield from self.options(path, {}, {"use": value})
        elif isinstance(value, dict) and (inner := _entries(annotation)) is not None:
            for name, item in value.items():
                yield self._set((*path, name), {}, (*path, name), table=True)
                yield from self.table(inner, item, (*path, name))
        elif isinstance(value, dict) and (table := _fitting(annotation, value)) is not None:
            yield from self.table(table, value, path)
        else:
            yield self._set(path, value, path, layer=layer)

    def default(self, info: FieldInfo, path: KeyPath) -> Iterator[Resolved]:
        """A key that nobody has written."""
        if self._plugin_of(path, info.default):
            yield from self.value(info.annotation, info.default, path, "program")
            return
        words = describe.default_of(info)
        try:
            value = parsed(words)
        except EditError:
            value = None
        yield Resolved((*self.view.key, *path), value, words, "program")

    def options(self, path: KeyPath, given: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Resolved]:
        """Options of a plugin: those that are set, and the defaults of the others."""
        for name, value in given.items():
            web = self.view.key[:1] == ("notifiers",) or path[:1] == ("notifiers",)
            yield self._set((*path, name), redact.shown(value, name, web=web), (*path, name))
        plugin = self._plugin_of(path, values.get("use"))
        for option in plugin.options if plugin else ():
            if option.name not in given:
                assert plugin is not None
                text = describe.option_default(option)
                found = None if text in ("needed", "none") else option.default
                yield Resolved((*self.view.key, *path, option.name), found, text, "plugin", plugin=_short(plugin.place))

    def _plugin_of(self, path: KeyPath, use: Any) -> Plugin | None:
        """The plugin that a table of options belongs to: its own path names it, or its `use`."""
        slot = slot_of((*self.view.key, *path, "?"))
        if slot is None or slot.rest != ("?",):
            return None
        name = slot.name if slot.name is not None else use
        return self.plugins.get(slot.kind, name) if isinstance(name, str) else None

    def _set(
        self, path: KeyPath, value: Any, written: KeyPath, *, name: str = "", table: bool = False,
        layer: Layer | None = None,
    ) -> Resolved:  # fmt: skip
        full = (*self.view.key, *path, name) if name else (*self.view.key, *path)
        text = literal(value)
        if layer is not None:
            return Resolved(full, value, text, layer, table=table)
        found, place = self._written(written, "key" if table and not name else "value")
        return Resolved(full, value, text, found, place, table=table)

    def _written(self, path: KeyPath, part: Literal["key", "value"]) -> tuple[Layer, Place]:
        """Who wrote what counts at a path, and where."""
        layer = self.view.layer(path)
        source, base = layer.source, (*layer.base, *path)
        place = source.place(base, part)
        if isinstance(source, Overlaid) and source.writer(base)[0] is source.upper:
            return "environment", place
        if layer is not self.view.layers[0]:
            return "defaults", place
        return ("include" if source.prefix else "file"), place


def _entries(annotation: Any) -> type[Table] | None:
    """Of a table from names to tables, what those are; None where it is none."""
    for member in members(annotation):
        if get_origin(member) is dict and member != Anything:
            for inner in tables(get_args(member)[1]):
                return inner
    return None


def _fitting(annotation: Any, value: Mapping[str, Any]) -> type[Table] | None:
    """Of the tables that may stand there, the one that has the most of these keys."""
    found = tables(annotation)
    return max(found, key=lambda table: sum(key in fields(table) for key in value), default=None)


def _short(place: str) -> str:
    """A plugin's place without its folders."""
    return place.rsplit("/", 1)[-1]
