"""The JSON schema of lifecycle.toml, for editors: completion, hover and red lines as one types.

Made from the tables that validate the file and from the options that the installed plugins declare, so that neither can
say something else. Written in what draft-04 and draft-07 have in common, which is what Taplo ("Even Better TOML") and
Tombi read. Called by `config schema`, `init`, and the agent when it accepts a file.
"""

from __future__ import annotations

import json
import os
import types
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator, PlainValidator
from pydantic.fields import FieldInfo

from lifecycle_tui.config import describe
from lifecycle_tui.config.bindings import bound
from lifecycle_tui.config.extensions import Option, Plugin, Plugins
from lifecycle_tui.config.key_names import spoken
from lifecycle_tui.config.schema import FileTable, NotifierTable
from lifecycle_tui.config.schema_data import DataTable, LabelsTable, ReferenceFile
from lifecycle_tui.config.schema_model import DetectorTable, MetricTable, ModelTable, MonitorSection
from lifecycle_tui.config.schema_training import PluginTable, RolloutTable, TrainingTable
from lifecycle_tui.config.shape import fields
from lifecycle_tui.config.toml_text import EditError, parsed
from lifecycle_tui.config.values import Table, Words
from lifecycle_tui.domain.delivery import ESTIMATORS
from lifecycle_tui.domain.estimable import NAMES

Schema = dict[str, Any]

DIRECTIVE = "#:schema .lifecycle/schema.json"
"""The line that tells editors where the schema lies; `init` writes it first."""
Kind = Literal["file", "model", "overlay"]
"""The main file; an included one, which holds a model; an environment's, in which no key is needed."""

FILES: dict[Kind, str] = {"file": "schema.json", "model": "schema-model.json", "overlay": "schema-overlay.json"}
"""Their schemas' names within `.lifecycle/`."""

_DRAFT = "http://json-schema.org/draft-07/schema#"
_PATTERNS = {
    "duration": r"^\s*([0-9.]+\s*[A-Za-z]+\s*)+$",
    "rate": r"^[0-9.]+\s+per\s+\S",
    "window": r"^([0-9]+\s*[A-Za-z]+|partition|file)$",
    "estimator or module:function": rf"^({'|'.join(ESTIMATORS)}|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
}
_ITEMS = {"list of actions": r"^(notify(:.+)?|retrain|rollback)$"}
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_OPTION_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_SECRET = {
    "title": "a secret kept elsewhere",
    "type": "object",
    "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
_SOURCES = (DataTable, LabelsTable, ReferenceFile)
_BY_NAME: dict[str, tuple[type[Table], str]] = {
    "detectors": (DetectorTable, "detector"),
    "metrics": (MetricTable, "metric"),
}
_CHOSEN: dict[tuple[type[Table], str], str] = {
    (TrainingTable, "strategy"): "strategy",
    (RolloutTable, "deployer"): "deployer",
}


def schema(plugins: Plugins, kind: Kind = "file") -> Schema:
    """The schema of one kind of file."""
    made = _Maker(plugins, whole=kind != "overlay")
    root = ModelTable if kind == "model" else FileTable
    made.table(root)
    title = {"file": "lifecycle.toml", "model": "a model of lifecycle.toml", "overlay": "lifecycle.ENV.toml"}[kind]
    top = dict(made.definitions[root.__name__])
    if kind == "overlay":
        top["properties"] = {key: value for key, value in top["properties"].items() if key != "include"}
    return {"$schema": _DRAFT, "title": title, **top, "definitions": made.definitions}


def text(plugins: Plugins, kind: Kind = "file") -> str:
    """The same as a file's text."""
    return json.dumps(schema(plugins, kind), indent=1, ensure_ascii=False) + "\n"


def refresh(folder: Path, plugins: Plugins) -> bool:
    """Write the schemas into the workspace's `.lifecycle` where they are not what they should be.

    Returns:
        whether they are now as they should be; a folder that cannot be written to is no error.
    """
    fine = True
    for kind, name in FILES.items():
        path, content = folder / name, text(plugins, kind)
        fresh = folder / f".{name}.{os.getpid()}"
        try:
            if not path.exists() or path.read_text("utf-8") != content:
                fresh.write_text(content, "utf-8")
                os.replace(fresh, path)
        except (OSError, UnicodeDecodeError):
            fine = False
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
    return fine


@dataclass
class _Maker:
    plugins: Plugins
    whole: bool = True
    definitions: dict[str, Schema] = field(default_factory=dict)

    # -- tables ----------------------------------------------------------------------------------------------------

    def table(self, table: type[Table]) -> Schema:
        """A reference to the definition of a table, which is made the first time."""
        name = table.__name__
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self._table(table)
        return {"$ref": f"#/definitions/{name}"}

    def _table(self, table: type[Table]) -> Schema:
        about = " ".join((table.__doc__ or "").split())
        if table is NotifierTable:
            return {"description": about, "anyOf": self._chosen(table, "notifier")}
        own = self._keys(table)
        if table in _SOURCES:
            plugins = self.plugins.all("source")
            own["use"] = {**own["use"], **_enum(p.name for p in plugins)}
            own = {**_options(plugins), **own}
        return {"description": about, **self._object(own, _required(table))}

    def _keys(self, table: type[Table]) -> dict[str, Schema]:
        return {key: self._field(table, key, info) for key, info in fields(table).items()}

    def _chosen(self, table: type[Table], kind: str) -> list[Schema]:
        """A table with `use`, for each plugin that it may name: its keys are ours and that plugin's."""
        made = []
        for plugin in self.plugins.all(kind):
            own = self._keys(table)
            own["use"] = {**own["use"], **_enum([plugin.name])}
            needed = [*_required(table), *_needed(plugin)]
            made.append(
                {"title": plugin.name, "description": plugin.doc, **self._object({**_options([plugin]), **own}, needed)}
            )
        return made

    def _field(self, table: type[Table], key: str, info: FieldInfo) -> Schema:
        kind = _CHOSEN.get((table, key))
        if kind is not None:
            names = _enum(plugin.name for plugin in self.plugins.all(kind))
            made: Schema = {"anyOf": [{"type": "string", **names}, *self._chosen(PluginTable, kind)]}
        elif (table, key) == (FileTable, "keys"):
            made = self._object(_bindings(), [])
        elif table is MonitorSection and key in _BY_NAME:
            made = self._by_name(*_BY_NAME[key])
        else:
            annotation = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            made = self._of(annotation)
        if "$ref" in made:
            made = {"allOf": [made]}
        return {**made, **_said(info)}

    def _object(self, properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
        made: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
        return {**made, "required": list(required)} if required and self.whole else made

    # -- values ----------------------------------------------------------------------------------------------------

    def _of(self, annotation: Any) -> Schema:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._marked(annotation)
        if origin in (Union, types.UnionType):
            found = [self._of(one) for one in args if one is not type(None)]
            return found[0] if len(found) == 1 else {"anyOf": found}
        if origin is Literal:
            return {"type": "string", **_enum(args)}
        if origin is list:
            return {"type": "array", "items": self._of(args[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": True if args[1] is Any else self._of(args[1])}
        if isinstance(annotation, type) and issubclass(annotation, Table):
            return self.table(annotation)
        return {"type": _SCALARS[annotation]}

    def _marked(self, annotation: Any) -> Schema:
        base, *marks = get_args(annotation)
        words = next((mark.text for mark in reversed(marks) if isinstance(mark, Words)), "")
        plain = next((mark for mark in marks if isinstance(mark, PlainValidator)), None)
        made = self._of(base if plain is None else plain.json_schema_input_type)
        if words in _PATTERNS:
            made = {**made, "pattern": _PATTERNS[words]}
        if words in _ITEMS and made.get("type") == "array":
            made = {**made, "items": {"type": "string", "pattern": _ITEMS[words]}}
        for mark in marks:
            for one in mark.metadata if isinstance(mark, FieldInfo) else [mark]:
                made = _bounded(made, one)
        if any(isinstance(mark, BeforeValidator) for mark in marks) and made.get("type") == "array":
            return {"anyOf": [made["items"], made]}  # one text stands for a list of it
        return made

    def _by_name(self, table: type[Table], kind: str) -> Schema:
        """Names of plugins, or a table from them to their options."""
        entries = {}
        for plugin in self.plugins.all(kind):
            own = self._keys(table)
            if "columns" in own:
                per_column = self._object(_options([plugin]), [])
                own["columns"] = {**own["columns"], "additionalProperties": per_column}
            entries[plugin.name] = {
                "description": plugin.doc,
                **self._object({**_options([plugin]), **own}, _needed(plugin)),
            }
        if kind == "metric":
            entries |= {name: {"description": f"An estimate without labels of {name.partition('.')[2]}.",
                               **self._object({}, [])} for name in NAMES if name not in entries}  # fmt: skip
        names = {"type": "string", **_enum(entries)}
        return {"anyOf": [{"type": "array", "items": names}, self._object(entries, [])]}


def _bindings() -> dict[str, Schema]:
    """The ids of the terminal's key bindings."""
    keys: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    return {one.id: {**keys, "description": f"{one.what}.\n\nDefault: {spoken(one.keys)}."} for one in bound().values()}


def _required(table: type[Table]) -> list[str]:
    return [key for key, info in fields(table).items() if info.is_required()]


def _needed(plugin: Plugin) -> list[str]:
    return [option.name for option in plugin.options if option.required]


def _enum(values: Iterable[Any]) -> Schema:
    found = list(values)
    return {"enum": found} if found else {}


def _bounded(made: Schema, mark: Any) -> Schema:
    """Limits of a number or a list; draft-04 and draft-07 agree on those that include their end alone."""
    low = getattr(mark, "ge", getattr(mark, "gt", None))
    high = getattr(mark, "le", getattr(mark, "lt", None))
    if low is not None:
        made = {**made, "minimum": low}
    if high is not None:
        made = {**made, "maximum": high}
    least = getattr(mark, "min_length", None)
    return {**made, "minItems": least} if least and made.get("type") == "array" else made


def _said(info: FieldInfo) -> Schema:
    """What an editor shows of a key: meaning, unit, default and example; the default too, where it is a value."""
    words = describe.default_of(info)
    lines = [info.description or ""]
    if unit := describe.unit_of(info):
        lines.append(f"Unit: {unit}.")
    lines.append(f"Default: {words}.")
    if info.examples:
        lines.append(f"Example: {' or '.join(info.examples)}")
    return {"description": "\n\n".join(lines), **_default(words)}


def _default(words: str) -> Schema:
    try:
        found = parsed(words)
    except EditError:
        return {}
    return {"default": found} if isinstance(found, str | int | float | bool | list) else {}


def _options(plugins: Sequence[Plugin]) -> dict[str, Schema]:
    """The options of plugins; where several have one of the same name, each of its forms will do."""
    found: dict[str, list[Schema]] = {}
    for plugin in plugins:
        for option in plugin.options:
            made = _option(option, plugin)
            if made not in found.setdefault(option.name, []):
                found[option.name].append(made)
    return {name: forms[0] if len(forms) == 1 else {"anyOf": forms} for name, forms in found.items()}


def _option(option: Option, plugin: Plugin) -> Schema:
    if option.choices:
        made: Schema = _enum(option.choices)
    elif option.type.startswith("list["):
        made = {"type": "array", "items": {"type": _OPTION_TYPES[option.type[5:-1]]}}
    else:
        made = {"type": _OPTION_TYPES[option.type]}
    if option.type == "str" and not option.choices:
        made = {"anyOf": [made, _SECRET]}
    lines = [option.about or f"An option of the {plugin.kind} {plugin.name}."]
    lines.append(f"Default: {describe.option_default(option)}.")
    return {**made, "description": "\n\n".join(lines), **_default(describe.option_default(option))}
