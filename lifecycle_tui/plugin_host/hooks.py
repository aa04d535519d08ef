"""The hooks that a loaded plugin implements, checked against their specifications. Called by `load` and the child.

pluggy only collects them: the host calls each implementation itself, since pluggy's multicall would stop at the first
exception (DESIGN §6).
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from lifecycle_tui.domain import hookspecs

_MARK = f"{hookspecs.PROJECT}_impl"
NAMES = (*hookspecs.KINDS.values(), *hookspecs.EVENTS)
"""Every hook there is."""
Call = Callable[[Any], Any]
"""A hook's implementation, called with the one argument that its specification has."""


class BadHook(Exception):
    """A hook implementation that the program would never call; file and line are where it is defined."""

    def __init__(self, message: str, function: Any, hint: str | None = None) -> None:
        super().__init__(message)
        self.file, self.line = place(function)
        self.hint = hint


def managed(module: Any) -> dict[str, list[Call]]:
    """Hook → its implementations in this module (or object), in the order of pluggy.

    Raises:
        BadHook: for a misspelt or unmarked hook, and for one whose parameters do not fit.
    """
    import pluggy

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    marked = list(_marked(module))
    _refuse_unmarked(module, {name for name, _, _ in marked})
    for _, hook, function in marked:
        _refuse_unfit(hook, function)
    manager.register(module, name="plugin")
    found: dict[str, list[Call]] = {}
    for hook in NAMES:
        for impl in getattr(manager.hook, hook).get_hookimpls():
            function = impl.function
            found.setdefault(hook, []).append(function if impl.argnames else _without(function))
    return found


def place(function: Any) -> tuple[str | None, int | None]:
    """File and line of a function; (None, None) for what is none."""
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else (None, None)


def _without(function: Callable[[], Any]) -> Call:
    return lambda _: function()


def _marked(module: Any) -> Iterator[tuple[str, str, Any]]:
    """(name, hook, function) of each that carries the mark."""
    for name in dir(module):
        value = getattr(module, name, None)
        options = getattr(value, _MARK, None)
        if callable(value) and isinstance(options, dict):
            yield name, options.get("specname") or name, value


def _refuse_unfit(hook: str, function: Any) -> None:
    if hook not in NAMES:
        near = difflib.get_close_matches(hook, NAMES, 1, 0.6)
        hint = f'did you mean "{near[0]}"?' if near else f"the hooks are {', '.join(NAMES)}"
        raise BadHook(f"no hook is called {hook!r}", function, hint)
    options = getattr(function, _MARK)
    if options.get("wrapper") or options.get("hookwrapper"):
        raise BadHook(f"{hook} is a wrapper around other plugins: each is called alone here", function)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise BadHook(f"{hook} is asynchronous: nobody would wait for it", function, "write def, not async def")
    if inspect.isgeneratorfunction(function):
        raise BadHook(f"{hook} is a generator: nobody would run it", function, "leave out yield")
    legal = next(iter(inspect.signature(getattr(hookspecs, hook)).parameters))
    for parameter in inspect.signature(function).parameters.values():
        bound = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if bound and parameter.default is parameter.empty and parameter.name != legal:
            near = difflib.get_close_matches(parameter.name, [legal], 1, 0.5)
            hint = f'did you mean "{legal}"?' if near else f"write def {hook}({legal}):"
            raise BadHook(
                f"{hook} must take the one parameter `{legal}`; it asks for {parameter.name!r}", function, hint
            )


def _refuse_unmarked(module: Any, marked: set[str]) -> None:
    # Forgetting the mark is silent in pluggy; a plugin that does nothing, nobody knows why, is worse than a fault.
    for name, value in vars(module).items() if isinstance(module, ModuleType) else ():
        if callable(value) and name not in marked and difflib.get_close_matches(name, NAMES, 1, 0.9):
            raise BadHook(f"{name} is not marked as a hook", value, "put @hookimpl above it")
