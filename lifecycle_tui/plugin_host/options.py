"""Options of a plugin: read from its constructor once, then checked as data without importing anything.

`declared` runs where the class is at hand (the index child, the built-in index); `check` and `complete` run in the
program, against the index.
"""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lifecycle_tui.domain.nearest import meant
from lifecycle_tui.plugin_host import docstrings
from lifecycle_tui.plugin_host.info import OptionInfo

SCALARS: dict[type, str] = {str: "str", int: "int", float: "float", bool: "bool"}
LEGAL = "str, int, float, bool, a list or tuple of one of them, Literal choices, each also with | None"
LONGEST = 4_000
"""Characters that an option's default, or its choices, may take: every command reads them."""


class BadOption(Exception):
    """A constructor parameter that cannot be an option; the message says why."""


@dataclass(frozen=True, slots=True)
class OptionProblem:
    """One thing that is wrong with the options given to a plugin.

    Attributes:
        option: its name as written.
        code: "unknown-option", "type", "choice" or "missing-option".
        item: which of a list it is.
    """

    option: str
    code: str
    message: str
    hint: str | None = None
    item: int | None = None


def declared(cls: type, *, positional: int = 0) -> tuple[OptionInfo, ...]:
    """The options of a plugin class, in the order of its constructor's parameters.

    Args:
        positional: how many leading parameters belong to the program (a source's location).

    Raises:
        BadOption: for the first parameter that is not an option, naming it.
    """
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        if positional:
            raise BadOption("the constructor must take the location as its first parameter")
        return ()
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    if len(parameters) < positional:
        raise BadOption("the constructor must take the location as its first parameter")
    try:
        hints = typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    except Exception as exc:
        raise BadOption(f"the constructor's annotations cannot be resolved: {exc}") from None
    found = [_option(p, hints.get(p.name, inspect.Parameter.empty)) for p in parameters[positional:]]
    about = docstrings.meanings(cls)
    return tuple(replace(option, about=about.get(option.name, "")) for option in found)


def _option(parameter: inspect.Parameter, hint: Any) -> OptionInfo:
    name = parameter.name
    if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        raise BadOption(f"{parameter} cannot be checked or shown: declare each option by name")
    if parameter.kind is not parameter.KEYWORD_ONLY:
        raise BadOption(f"{name!r} must be keyword-only: put a `*` before it")
    required = parameter.default is parameter.empty
    if hint is inspect.Parameter.empty:
        if required or parameter.default is None:
            raise BadOption(f"{name!r} needs an annotation ({LEGAL})")
        hint = _type_of(parameter.default, name)
    kind, nullable, choices = _type(hint, name)
    option = OptionInfo(name, kind, None, required, nullable, choices)
    if required:
        return option
    default, problem = _fit(option, parameter.default)
    if problem:
        raise BadOption(f"the default of {name!r} {problem.message}")
    if len(repr(default)) > LONGEST or len(repr(choices)) > LONGEST:
        raise BadOption(f"the default or the choices of {name!r} take more than {LONGEST:,} characters")
    return OptionInfo(name, kind, default, False, nullable, choices)


def _type_of(default: Any, name: str) -> Any:
    if type(default) in SCALARS:
        return type(default)
    if isinstance(default, list | tuple) and default and type(default[0]) in SCALARS:
        return types.GenericAlias(list, (type(default[0]),))
    raise BadOption(f"{name!r} needs an annotation ({LEGAL})")


def _type(hint: Any, name: str) -> tuple[str, bool, tuple[Any, ...]]:
    """(type name, nullable, choices) of an annotation."""
    nullable = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [a for a in typing.get_args(hint) if a is not type(None)]
        nullable = len(members) < len(typing.get_args(hint))
        if set(members) == {int, float}:
            members = [float]
        if len(members) != 1:
            raise BadOption(f"{name!r} has the type {_shown(hint)}; legal are {LEGAL}")
        hint = members[0]
    if hint in SCALARS:
        return SCALARS[hint], nullable, ()
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal and len({type(a) for a in args}) == 1 and type(args[0]) in SCALARS:
        return SCALARS[type(args[0])], nullable, args
    items = args[:1] if origin is tuple and len(args) == 2 and args[1] is Ellipsis else args
    if origin in (list, tuple, Sequence) and len(items) == 1 and items[0] in SCALARS:
        return f"list[{SCALARS[items[0]]}]", nullable, ()
    raise BadOption(f"{name!r} has the type {_shown(hint)}; legal are {LEGAL}")


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")


def _fit(option: OptionInfo, value: Any) -> tuple[Any, OptionProblem | None]:
    """The value as the constructor gets it (lists as tuples), or what is wrong with it."""
    if value is None:
        if option.nullable:
            return None, None
        return None, OptionProblem(option.name, "type", f"must be {option.shown_type}, not nothing")
    if option.type.startswith("list["):
        if not isinstance(value, list | tuple):
            return None, _wrong(option, value)
        fitted = [_scalar(option.type[5:-1], v) for v in value]
        if None in fitted:
            return None, _wrong(option, value[fitted.index(None)], fitted.index(None))
        return tuple(fitted), None
    scalar = _scalar(option.type, value)
    if scalar is None:
        return None, _wrong(option, value)
    if option.choices and scalar not in option.choices:
        near = meant(str(scalar), [str(c) for c in option.choices])
        message = f"must be one of {', '.join(map(repr, option.choices))}, not {scalar!r}"
        return None, OptionProblem(option.name, "choice", message, near)
    return scalar, None


def _scalar(kind: str, value: Any) -> Any:
    """`value` as the type `kind`, None where it is not one. A whole number serves as a float; a boolean never does."""
    if kind == "float" and type(value) is int:
        return float(value)
    if SCALARS.get(type(value)) != kind or (kind == "float" and not math.isfinite(value)):
        return None
    return value


def _wrong(option: OptionInfo, value: Any, item: int | None = None) -> OptionProblem:
    text = repr(value)
    said = f"must be {option.shown_type}, not {text if len(text) < 60 else text[:57] + '...'}"
    return OptionProblem(option.name, "type", said, item=item)


def check(options: Sequence[OptionInfo], given: Mapping[str, Any]) -> tuple[OptionProblem, ...]:
    """All that is wrong with `given` against what a plugin declares; empty where nothing is."""
    by_name = {o.name: o for o in options}
    problems = []
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            hint = meant(name, list(by_name)) or (f"it has {', '.join(by_name)}" if by_name else "it has none")
            problems.append(OptionProblem(name, "unknown-option", f"no option {name!r}", hint))
            continue
        problem = _fit(option, value)[1]
        if problem:
            problems.append(problem)
    for option in options:
        if option.required and option.name not in given:
            message = f"option {option.name!r} ({option.shown_type}) is required"
            problems.append(OptionProblem(option.name, "missing-option", message))
    return tuple(problems)


def complete(options: Sequence[OptionInfo], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, which `check` has passed, with values as the constructor gets them. Defaults stay with the class."""
    by_name = {o.name: o for o in options}
    return {name: _fit(by_name[name], value)[0] for name, value in given.items()}
