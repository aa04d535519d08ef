"""The types of values in `lifecycle.toml`, for the tables in `schema*`: what is accepted, and its name in words.

Each type is an annotated Python type: pydantic gets a validator that raises our own message, and the reference page
gets the words (`Words`). `words_of` describes any annotation that the tables use.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, PlainValidator, Tag
from pydantic_core import PydanticCustomError

from lifecycle_tui.config import units
from lifecycle_tui.domain.delivery import ESTIMATORS
from lifecycle_tui.domain.nearest import meant
from lifecycle_tui.domain.specs import Rate
from lifecycle_tui.domain.windows import WindowSpec


@dataclass(frozen=True, slots=True)
class Words:
    """How the reference page and the messages name a type."""

    text: str


class Table(BaseModel):
    """A TOML table as written. Types are taken as they are (no text for numbers, no booleans for numbers)."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True, defer_build=True
    )


class OpenTable(Table):
    """A table whose further keys are options of the plugin that it names; the plugin's index checks them later."""

    model_config = ConfigDict(extra="allow")

    def options(self) -> dict[str, Any]:
        """The keys that are not ours."""
        return dict(self.model_extra or {})


def bad(exc: units.BadValueError) -> PydanticCustomError:
    """Our message as an error that pydantic collects with the others."""
    return PydanticCustomError("value", "{message}", {"message": exc.message, "hint": exc.hint or ""})


def _reader(parse: Callable[[Any], Any], form: Any = str) -> PlainValidator:
    def read(value: Any) -> Any:
        try:
            return parse(value)
        except units.BadValueError as exc:
            raise bad(exc) from None

    return PlainValidator(read, json_schema_input_type=form)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise units.BadValueError("must be text in quotes")
    if not value.strip():
        raise units.BadValueError("must not be empty")
    return value


def _address(value: Any) -> str:
    """Where a Dask scheduler listens: tcp://host:port, or host:port."""
    text = _name(value).strip()
    if re.fullmatch(r"(tcp|tls|ws|wss|ucx)://[^\s/]+|[^\s/:]+:\d+", text):
        return text
    raise units.BadValueError(
        "must be the address of a Dask scheduler", 'write "tcp://HOST:8786"; its web page has another port'
    )


def _scalar(value: Any) -> str | int | float | bool:
    if isinstance(value, float) and value != value:
        raise units.BadValueError("must be a value that a column can hold, not nan")
    if isinstance(value, str | int | float | bool):
        return value
    raise units.BadValueError("must be text, a number or a boolean")


def _builder(value: Any) -> str:
    """A built-in estimator's name, or `module:function`."""
    known = f"built in are {', '.join(ESTIMATORS)}"
    hint = f'write "module:function", e.g. "fraud_model:build"; {known}'
    if isinstance(value, str) and (value in ESTIMATORS or re.match(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z", value)):
        return value
    says = "must name an estimator, or a function that builds one"
    raise units.BadValueError(says, (meant(value, ESTIMATORS) if isinstance(value, str) else None) or hint)


def _keys_of(value: Any) -> str | list[str]:
    """A key of the terminal, or some; which there are is looked at once the whole table is known."""
    if isinstance(value, dict):
        raise units.BadValueError("must be a key or a list of keys", 'an id needs quotes: "act.retrain" = "T"')
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return value
    raise units.BadValueError("must be a key or a list of keys", '"act.retrain" = "T", or ["T", "F5"], or [] for none')


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 0.9:
        raise units.BadValueError("must be a share above 0 and at most 0.9", "write 0.2 for a fifth")
    return float(value)


def _listed(value: Any) -> Any:
    """One text stands for a list of it."""
    return [value] if isinstance(value, str) else value


Name = Annotated[str, _reader(_name), Words("text")]
Address = Annotated[str, _reader(_address), Words("address")]
Column = Annotated[str, _reader(_name), Words("column name")]
Expression = Annotated[str, _reader(_name), Words("expression")]
Location = Annotated[str, _reader(_name), Words("path")]
Builder = Annotated[str, _reader(_builder), Words("estimator or module:function")]
KeysOf = Annotated[str | list[str], _reader(_keys_of, str | list[str]), Words("key or list of keys")]
Share = Annotated[float, _reader(_share, float), Words("share")]
Scalar = Annotated[str | int | float | bool, _reader(_scalar, str | int | float | bool), Words("value of a column")]
Duration = Annotated[timedelta, _reader(units.duration), Words("duration")]
Span = Annotated[timedelta, _reader(units.positive_duration), Words("duration")]
History = Annotated[timedelta | date | datetime | None, _reader(units.history), Words("duration or date")]
Window = Annotated[WindowSpec, _reader(units.window), Words("window")]
RateText = Annotated[Rate, _reader(units.rate), Words("rate")]
Moment = Annotated[date | datetime, _reader(units.moment), Words("date or date with time")]
Zone = Annotated[str, _reader(units.zone), Words("time zone")]
Cron = Annotated[str, _reader(units.cron), Words("cron schedule")]
Columns = Annotated[
    list[Column], BeforeValidator(_listed, json_schema_input_type=str | list[str]), Words("list of column names")
]
Names = Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[str]), Words("list of texts")]
Expressions = Annotated[
    list[Expression], BeforeValidator(_listed, json_schema_input_type=str | list[str]), Words("list of expressions")
]
Command = Annotated[list[Name], Words("list of texts: the program and its arguments")]
Anything = dict[str, Any]

TEXT, LIST, TABLE = "<text>", "<list>", "<table>"
_SHAPES = ((str, TEXT), (list, LIST), (dict, TABLE))


def told_apart(tell: Callable[[Any], str | None], message: str) -> Discriminator:
    """Choose the member of a union by `tell(value)`, its tag; `message` is the error where it gives None."""
    return Discriminator(tell, custom_error_type="shape", custom_error_message=message)


def _shape(value: Any) -> str | None:
    return next((tag for kind, tag in _SHAPES if isinstance(value, kind)), None)


def by_shape(message: str) -> Discriminator:
    """Tell the members of a union apart by whether the file has text, a list or a table there."""
    return told_apart(_shape, message)


AsText, AsList, AsTable = Tag(TEXT), Tag(LIST), Tag(TABLE)


def words_of(annotation: Any) -> str:
    """An annotation in the words of the reference page: `duration`, `whole number`, `text or table`."""
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        for mark in reversed(marks):
            if isinstance(mark, Words):
                return mark.text
        return words_of(kind)
    if get_origin(annotation) in (Union, types.UnionType):
        found = [words_of(member) for member in get_args(annotation) if member is not type(None)]
        return " or ".join(dict.fromkeys(found))
    if get_origin(annotation) is Literal:
        return " | ".join(f'"{choice}"' for choice in get_args(annotation))
    if get_origin(annotation) is list:
        return f"list of {words_of(get_args(annotation)[0])}s"
    if get_origin(annotation) is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "table"
    plain: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return plain.get(annotation, "value")
