"""A key's default, unit and example in words, from the field that reads it. For the reference page, `explain` and the
JSON schema, so that all three say the same."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo

from lifecycle_tui.config.draft import value as toml
from lifecycle_tui.config.extensions import Option
from lifecycle_tui.config.shape import choices_of, words_for
from lifecycle_tui.config.words import shown_value

_UNITS = {
    "duration": 'a span of time with its unit: "90s", "10m", "2h", "30d", "1w"',
    "duration or date": "a span of time with its unit, or a date without quotes",
    "share": "a share: 0.2 is a fifth",
    "rate": "so many per span of time",
    "window": "a span of time, or a number of rows",
    "time zone": "a name of the IANA time zone database",
    "cron schedule": "minute, hour, day of month, month, day of week",
    "date or date with time": "a date without quotes",
}
_OPTION_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "list[str]": "list of texts",
    "list[int]": "list of whole numbers",
    "list[float]": "list of numbers",
    "list[bool]": "list of true or false",
}
_OPTION_EXAMPLES = {
    "str": '"text"',
    "int": "10",
    "float": "0.5",
    "bool": "true",
    "list[str]": '["a", "b"]',
    "list[int]": "[1, 2]",
    "list[float]": "[0.5, 1.0]",
    "list[bool]": "[true, false]",
}


def extra(info: FieldInfo, name: str) -> str:
    """What the schema's table adds to a field by that name; "" where it adds nothing."""
    found: Any = info.json_schema_extra
    return str(found[name]) if isinstance(found, dict) and name in found else ""


def default_of(info: FieldInfo) -> str:
    """The default as TOML writes it, in words where the schema has words, `needed` where there is none."""
    if words := extra(info, "default"):
        return words
    if info.is_required():
        return "needed"
    if info.default_factory is not None or info.default is None:
        return "none"
    return shown_value(info.default)


def unit_of(info: FieldInfo) -> str:
    """What a value is counted in; "" where it is no quantity."""
    return extra(info, "unit") or _UNITS.get(words_for(info), "")


def choices_in(info: FieldInfo) -> tuple[str, ...]:
    """The texts that a field allows, where it allows only some."""
    return choices_of(info)


def option_type(option: Option) -> str:
    """An option's type in the words of the reference page."""
    if option.choices:
        return " | ".join(toml(choice) for choice in option.choices)
    return _OPTION_TYPES.get(option.type, option.type)


def option_default(option: Option) -> str:
    """An option's default as TOML writes it."""
    if option.required:
        return "needed"
    if option.default is None or option.default in ((), []):
        return "none"
    return toml(option.default)


def option_example(option: Option) -> str:
    """A value that the option takes."""
    other = [choice for choice in option.choices if choice != option.default]
    if other:
        return toml(other[0])
    if option.default is None or option.required or option.default in ((), [], ""):
        return _OPTION_EXAMPLES.get(option.type, '"text"')
    return toml(option.default)
