"""What pydantic found wrong, as problems in plain words with a place and a hint. Called by `loading`.

`validate` goes on after an error: it takes out what is wrong and validates the rest, so that checks across fields
still see everything that is sound, and all problems come out in one run.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from lifecycle_tui.config.report import Report
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.shape import choices_of, field_at, homes, keys_at, shapes_at, words_for
from lifecycle_tui.config.sources import Source, dotted, holds
from lifecycle_tui.config.values import Table
from lifecycle_tui.domain.nearest import nearest
from lifecycle_tui.domain.problems import Problem

T = TypeVar("T", bound=Table)

_ROUNDS = 100
_OTHER_NAMES: dict[str, str] = {
    "label": "target",
    "outcome": "target",
    "time": "timestamp",
    "datetime": "timestamp",
    "date": "timestamp",
    "probability": "score",
    "threshold": "cutoff when",
    "condition": "when",
    "expression": "when",
    "expr": "when",
    "if": "when",
    "windows": "for",
    "level": "severity",
    "actions": "then",
    "action": "then",
    "do": "then",
    "type": "use",
    "kind": "use",
    "plugin": "use",
    "file": "path",
    "location": "path",
    "source": "path",
    "start": "from",
    "end": "until",
    "to": "until",
    "tz": "timezone",
    "key": "on",
    "join": "on",
    "tests": "detectors",
    "budget": "false_alarms",
}
"""What people who know other tools write → our word, offered where that is valid."""


def near(word: str, choices: Iterable[str]) -> str | None:
    """The choice that was probably meant, if there is one."""
    choices = tuple(choices)
    if found := nearest(word, choices):
        return found
    other = nearest(word, _OTHER_NAMES, 0.8)
    return next((ours for ours in _OTHER_NAMES[other].split() if ours in choices), None) if other else None


def did_you_mean(word: str, choices: Iterable[str]) -> str | None:
    """The hint for a misspelt word."""
    meant = near(word, choices)
    return f'did you mean "{meant}"?' if meant else None


def validate(source: Source, root: type[T], report: Report) -> T:
    """A file's values as a table; what is wrong goes to the report, and is left out of the table."""
    values: Any = source.values
    for _ in range(_ROUNDS):
        try:
            return root.model_validate(values)
        except ValidationError as exc:
            reader = _Reader(source, values, root, report)
            # Unknown keys first: what one of them was meant to be is then not missing as well.
            errors = sorted(exc.errors(include_url=False), key=lambda error: error["type"] == "missing")
            wrong = [reader.problem(error) for error in errors]
            values = _without(values, wrong)
    raise AssertionError("taking out what is wrong leaves something wrong")  # each round takes out at least one key


def _without(values: Any, paths: Sequence[KeyPath]) -> Any:
    """A copy of the values without these paths. Of lists the whole goes: positions must keep their places."""
    values = copy.deepcopy(values)
    for path in paths:
        cut = next((i for i, part in enumerate(path) if isinstance(part, int)), len(path))
        parent = values
        for part in path[: cut - 1]:
            parent = parent.get(part, {}) if isinstance(parent, dict) else {}
        if isinstance(parent, dict):
            parent.pop(path[cut - 1], None)
    return values


class _Reader:
    """Turns the errors of one validation into problems; gives the path of each, to be taken out."""

    def __init__(self, source: Source, values: Any, root: type[Table], report: Report) -> None:
        self.source = source
        self.values = values
        self.root = root
        self.report = report

    def problem(self, error: Any) -> KeyPath:
        path = _real(error["loc"], self.values)
        kind = error["type"]
        if kind == "extra_forbidden":
            self._unknown(path)
            return path
        if kind == "missing":
            return self._missing(path)
        code, message, hint = self._wrong(path, error)
        part = "key" if kind == "shape" and not holds(self.values, path) else "value"
        self._add(code, path, message, part, hint)
        return path

    def _add(self, code: str, path: KeyPath, message: str, part: Any, hint: str | None) -> None:
        full = (*self.source.prefix, *path)
        self.report.add(Problem(code, message, dotted(full), self.source.place(path, part), hint))
        self.report.broken.add(full)

    def _unknown(self, path: KeyPath) -> None:
        key, above = str(path[-1]), path[:-1]
        keys = keys_at(self.root, above)
        taken = _get(self.values, above)
        free = [k for k in keys if k not in taken] or keys
        elsewhere = self._elsewhere(key, above)
        # A key of another table, spelt as it is there, was hardly meant to be one of these.
        meant = (nearest(key, free, 1) or nearest(key, keys, 1)) if elsewhere else (near(key, free) or near(key, keys))
        if meant:
            hint: str | None = f'did you mean "{meant}"?'
            # What was meant is then not missing as well.
            self.report.broken.add((*self.source.prefix, *above, meant))
        else:
            hint = elsewhere or (f"keys here: {', '.join(keys)}" if keys else None)
        table = f"of [{dotted((*self.source.prefix, *above))}]" if above else "at the top of the file"
        self._add("unknown-key", path, f'"{key}" is not a key {table}', "key", hint)

    def _elsewhere(self, key: str, above: KeyPath) -> str | None:
        """Where a key would be valid, if it is valid elsewhere."""
        if self.source.prefix and not above and key in FileTable.model_fields:
            return "an included file holds one model: its keys stand at the top, without [models.NAME]"
        found = [place for place in homes(FileTable).get(key, ()) if not place.startswith("defaults")]
        if not found:
            return None
        full = (*self.source.prefix, *above)
        own = full[:1] in (("models",), ("defaults",))
        place = next((place for place in found if own and place.startswith("models.NAME")), found[0])
        if len(full) > 1 and full[0] == "models":
            place = place.replace("models.NAME", dotted(full[:2]), 1)
        return f"it belongs in [{place}]" if place else "it belongs at the file's top"

    def _missing(self, path: KeyPath) -> KeyPath:
        key, table = str(path[-1]), path[:-1]
        keys, taken = keys_at(self.root, table), _get(self.values, table)
        meant = near(key, [k for k in taken if k not in keys])
        info = field_at(self.root, path)
        if not self.report.is_touched((*self.source.prefix, *path)) and not self._undecided(table):
            if meant and near(meant, keys) == key:
                where = f"[{dotted((*self.source.prefix, *table))}]"
                hint = f'did you mean "{key}"?'
                self._add("unknown-key", (*table, meant), f'"{meant}" is not a key of {where}', "key", hint)
            else:
                self._add("missing-key", path, f'"{key}" is missing', "header", _example(key, info))
        self.report.broken.add((*self.source.prefix, *table))
        return table

    def _undecided(self, table: KeyPath) -> bool:
        """Whether a key that was wrong may have been the one that tells which kind of table this is."""
        full = (*self.source.prefix, *table)
        return shapes_at(self.root, table) > 1 and full in self.report.broken.above

    def _wrong(self, path: KeyPath, error: Any) -> tuple[str, str, str | None]:
        """Code, message and hint for a value that is wrong."""
        kind, value, context = error["type"], error["input"], error.get("ctx") or {}
        info = field_at(self.root, path)
        example = _example(next((p for p in reversed(path) if isinstance(p, str)), ""), info)
        if kind == "value":
            message = context["message"]
            if message.startswith("must be"):
                message += f"; it is {shown_value(value)}"
            return "value", message, context["hint"] or example
        if kind == "shape":
            return "type", f"{error['msg']}; it is {shown_value(value)}", example
        if kind == "literal_error":
            choices = choices_of(info) if info else ()
            hint = did_you_mean(value, choices) if isinstance(value, str) else None
            return "value", f"must be {_either(choices)}; it is {shown_value(value)}", hint or example
        if kind in _BOUNDS:
            name, words = _BOUNDS[kind]
            return "value", f"must be {words} {context[name]:g}; it is {shown_value(value)}", example
        if kind in _FIXED:
            return "value", _FIXED[kind], example
        in_list = bool(path) and isinstance(path[-1], int)
        words = _TYPES.get(kind) or (words_for(info) if info and not in_list else "something else")
        return "type", f"must be {_article(words)}; it is {shown_value(value)}", example


_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_FIXED = {"too_short": "must not be empty", "finite_number": "must be a finite number"}
_TYPES = {
    "model_type": "table",
    "dict_type": "table",
    "int_type": "whole number",
    "float_type": "number",
    "bool_type": "true or false",
}


def _example(key: str, info: FieldInfo | None) -> str | None:
    return f"for example {key} = {info.examples[0]}" if info and info.examples else None


def _article(words: str) -> str:
    if words.startswith(("text", '"', "true", "something")):
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _either(choices: Sequence[str]) -> str:
    quoted = [f'"{choice}"' for choice in choices]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)


def shown_value(value: Any) -> str:
    """A value as a message shows it: short, and as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}…"'
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value) if len(str(value)) <= 40 else "a very long number"


def _get(values: Any, path: KeyPath) -> Mapping[str, Any]:
    for part in path:
        values = values[part]
    return values if isinstance(values, Mapping) else {}


def _real(loc: Sequence[str | int], values: Any) -> KeyPath:
    """pydantic's key path without the tags of unions, which the file does not have."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(part, str) and part[:1] == "<" and not (isinstance(values, Mapping) and part in values):
            continue
        if isinstance(part, int) and not isinstance(values, list):
            continue  # one text that stood for a list of it
        path.append(part)
        if isinstance(part, int):
            values = values[part] if part < len(values) else None
        else:
            values = values.get(part) if isinstance(values, Mapping) else None
    return tuple(path)
