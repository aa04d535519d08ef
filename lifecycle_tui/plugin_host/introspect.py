"""Describes the classes a plugin registers as index rows. Runs where the plugin was imported: in the index child, and
for the built-ins when their index is made."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from lifecycle_tui.domain.hookspecs import API_VERSION, EVENTS
from lifecycle_tui.domain.protocols import Scope, Takes
from lifecycle_tui.domain.showing import MOST_WINDOWS, WINDOWS
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.plugin_host import api_version, blame, docstrings, hooks, load, options
from lifecycle_tui.plugin_host.info import Candidate, FaultInfo, PluginInfo

TASKS = ("binary", "multiclass", "regression", "ranking")
METHODS: dict[str, tuple[str, ...]] = {
    "detector": ("measure",),
    "metric": ("measure",),
    "source": ("fragments", "schema", "read"),
    "notifier": ("send",),
    "strategy": ("fit",),
    "deployer": ("deploy", "serving"),
    "explainer": ("probe", "explain"),
    "command": ("run",),
    "panel": ("draw",),
}
"""Kind → methods the host calls."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_HYPHENATED = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NAMES = {
    "detector": (_IDENTIFIER, "letters, digits and _, so that rules can write it"),
    "metric": (_DOTTED, "letters, digits, _ and dots between, so that rules can write it"),
}
MOST_SAMPLED = 1_000_000
"""Rows of each side that a detector may be handed as a sample: they stand in memory."""
LONGEST_NAME = 100
"""Characters of a name: it is part of signals' names, and of columns on screens."""
TAKEN = frozenset({"format", "fmt", "help", "h", "model"})
"""Options of `lifecycle plugins run` itself, which no command may have."""
RESERVED = frozenset({"drift", "data", "rows", "labels"})
"""First words of the program's own signals, which no detector or metric may take."""


class Unfit(Exception):
    """The class cannot serve as its kind; the message says why."""


def describe(candidate: Candidate, module: Any) -> tuple[PluginInfo, ...]:
    """One row for each registration of an imported plugin, and one for its event hooks together.

    Raises:
        BadHook: see `hooks.managed`; also whatever a hook raises.
    """
    home = candidate.path or _file(module)
    base = PluginInfo(
        "", candidate.name, candidate.origin, home, 1, home, candidate.module, distribution=candidate.distribution
    )
    if (fault := api_version.unfit(getattr(module, api_version.NAME, API_VERSION), home, 1)) is not None:
        return (replace(base, problems=(fault,)),)
    found = load.registrations(module)
    heard = {hook: calls for hook, calls in hooks.managed(module).items() if hook in EVENTS}
    if not found and not heard:
        fault = FaultInfo(
            "empty", "registers nothing", home, 1, hint="call register(YourClass) in a @hookimpl function"
        )
        return (replace(base, problems=(fault,)),)
    rows = [_row(base, one) for one in found]
    if heard:
        rows.append(_listener(base, module, {hook: calls[0] for hook, calls in heard.items()}))
    return tuple(_once(rows))


def _listener(base: PluginInfo, module: Any, heard: dict[str, Any]) -> PluginInfo:
    """The row of a file's event hooks; the file's own docstring says what they are for, else the first hook's."""
    file, line = hooks.place(next(iter(heard.values())))
    docs = [getattr(of, "__doc__", None) for of in (module, *heard.values())]
    doc = next((d for d in docs if isinstance(d, str) and d.strip()), "")
    about = docstrings.summary(doc)
    row = replace(base, kind="event", file=file or base.file, line=line, hooks=tuple(heard))
    return replace(row, doc=about.head, about=about.rest)


def _file(module: Any) -> str:
    named = sys.modules.get(getattr(module, "__module__", "")) or module
    return getattr(named, "__file__", None) or ""


def _once(rows: list[PluginInfo]) -> list[PluginInfo]:
    """A name registered twice by one file is an error of the second."""
    seen: dict[str, PluginInfo] = {}
    for index, row in enumerate(rows):
        first = seen.setdefault(row.key, row)
        if first is not row and row.fault is None:
            message = f"{row.kind} {row.name!r} is registered twice: {first.place} and {row.place}"
            rows[index] = replace(row, problems=(FaultInfo("duplicate", message, row.file, row.line), *row.problems))
    return rows


def _row(base: PluginInfo, one: load.Registration) -> PluginInfo:
    cls = one.cls
    row = replace(base, kind=one.kind, name=_named(cls, one.kind))
    if not inspect.isclass(cls):
        return _bad(row, "class", f"register takes a class, not {type(cls).__name__}")
    file, line = _source(cls, base.home)
    about = docstrings.summary(cls.__doc__ if isinstance(cls.__doc__, str) else "")
    row = replace(row, file=file, line=line, qualname=cls.__qualname__, doc=about.head, about=about.rest)
    try:
        row = _attributes(row, cls)
        row = replace(row, options=options.declared(cls, positional=1 if row.kind == "source" else 0))
        if taken := [o.name for o in row.options if row.kind == "command" and o.name in TAKEN]:
            raise options.BadOption(f"{taken[0]!r} is an option, or the argument, that every command has")
    except Unfit as exc:
        return _bad(row, "class", str(exc))
    except options.BadOption as exc:
        return _bad(row, "options", str(exc), _line(cls.__init__) or line)
    except Exception as exc:  # a class attribute may be anything, with any behaviour
        return _bad(row, "class", f"its class attributes cannot be read: {blame.describe(exc)}")
    if (fault := api_version.unfit(row.api_version, row.file, row.line)) is not None:
        return replace(row, problems=(fault,))
    if not row.doc:
        warning = FaultInfo("doc", "has no docstring: its first line is what people are shown", file, line, "warning")
        row = replace(row, problems=(warning,))
    return row


def _named(cls: Any, kind: str) -> str:
    return str(getattr(cls, "name", None) or getattr(cls, "__name__", kind))[:LONGEST_NAME]


def _bad(row: PluginInfo, kind: str, message: str, line: int | None = None) -> PluginInfo:
    return replace(row, problems=(FaultInfo(kind, blame.text(message), row.file, line or row.line),))


def _source(cls: type, home: str) -> tuple[str, int | None]:
    """File and line of the class statement; a class made otherwise is placed at its first method, or the file."""
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None) or home
    try:
        return file, inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        lines = [n for n in map(_line, vars(cls).values()) if n]
        return file, min(lines, default=1)


def _line(function: Any) -> int | None:
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code else None


def _attributes(row: PluginInfo, cls: type) -> PluginInfo:
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not name:
        raise Unfit("needs a class attribute `name`, a string")
    if len(name) > LONGEST_NAME:
        raise Unfit(f"the name has {len(name):,} characters; {LONGEST_NAME} are allowed")
    pattern, words = _NAMES.get(row.kind, (_HYPHENATED, "letters, digits, _ and -"))
    if not pattern.fullmatch(name):
        raise Unfit(f"the name {name!r} must be made of {words}")
    if row.kind in ("detector", "metric") and name.split(".")[0] in RESERVED:
        raise Unfit(f"the name {name!r} is taken by signals of the program")
    for method in METHODS.get(row.kind, ()):
        function = getattr(cls, method, None)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise Unfit(f"{method} is asynchronous: write def, not async def")
        if not callable(function) and function is not None:
            raise Unfit(f"{method} is {_a(type(function).__name__)}, not a method")
        if function is None:
            near = difflib.get_close_matches(method, [n for n in vars(cls) if not n.startswith("_")], 1, 0.6)
            raise Unfit(f"has no method {method!r}" + (f" (it has {near[0]!r})" if near else ""))
    api = getattr(cls, "api_version", API_VERSION)
    if type(api) is not int:
        raise Unfit("api_version must be a whole number")
    fill = _FILL.get(row.kind)
    row = replace(row, name=name, api_version=api)
    return fill(row, cls) if fill else row


def _a(word: str) -> str:
    return f"an {word}" if word[:1].lower() in "aeiou" else f"a {word}"


def _detector(row: PluginInfo, cls: type) -> PluginInfo:
    kinds = _words(cls, "kinds", get_args(ColumnKind))
    takes, scope = _word(cls, "takes", get_args(Takes), "profile"), _word(cls, "scope", get_args(Scope), "column")
    return replace(row, kinds=kinds, takes=takes, scope=scope, sample=_sample(cls, takes))


def _sample(cls: type, takes: str) -> int | None:
    sample = getattr(cls, "sample", None)
    if sample is None:
        return None
    if type(sample) is not int or not 1 <= sample <= MOST_SAMPLED:
        raise Unfit(f"sample must be a whole number of rows from 1 to {MOST_SAMPLED:,}, or None, not {sample!r:.40}")
    if takes == "profile":
        raise Unfit('sample is of rows: it needs takes = "arrow" or "pandas"')
    return sample


def _metric(row: PluginInfo, cls: type) -> PluginInfo:
    direction = getattr(cls, "greater_is_better", None)
    if direction not in (True, False, None):
        raise Unfit("greater_is_better must be True, False or None")
    ends = getattr(cls, "range", (None, None))
    if (
        not isinstance(ends, list | tuple)
        or len(ends) != 2
        or any(type(e) not in (int, float, type(None)) for e in ends)
    ):
        raise Unfit("range must be two numbers, None for an open end")
    low, high = ends
    if low is not None and high is not None and low > high:
        raise Unfit(f"range is empty: {low} > {high}")
    return replace(
        row,
        tasks=_words(cls, "tasks", TASKS),
        needs=_word(cls, "needs", ("prediction", "score", "target"), "prediction"),
        greater_is_better=direction,
        range=(_float(low), _float(high)),
    )


def _float(end: float | None) -> float | None:
    """An infinite end is an open one."""
    return None if end is None or end in (float("inf"), float("-inf")) else float(end)


def _source_row(row: PluginInfo, cls: type) -> PluginInfo:
    suffixes = getattr(cls, "suffixes", ())
    if not isinstance(suffixes, list | tuple) or not all(isinstance(s, str) for s in suffixes):
        raise Unfit('suffixes must be a tuple of strings, e.g. (".csv",)')
    return replace(row, suffixes=tuple(suffixes))


def _panel(row: PluginInfo, cls: type) -> PluginInfo:
    tasks = _words(cls, "tasks", TASKS) if getattr(cls, "tasks", ()) else ()
    return replace(_windows(row, cls), tasks=tasks)


def _explainer(row: PluginInfo, cls: type) -> PluginInfo:
    return replace(row, tasks=_words(cls, "tasks", TASKS))


def _windows(row: PluginInfo, cls: type) -> PluginInfo:
    windows = getattr(cls, "windows", WINDOWS)
    if type(windows) is not int or not 1 <= windows <= MOST_WINDOWS:
        raise Unfit(f"windows must be a whole number from 1 to {MOST_WINDOWS:,}, not {windows!r:.40}")
    return replace(row, windows=windows)


_FILL: dict[str, Callable[[PluginInfo, type], PluginInfo]] = {
    "detector": _detector,
    "metric": _metric,
    "source": _source_row,
    "explainer": _explainer,
    "command": _windows,
    "panel": _panel,
}


def _words(cls: type, attribute: str, legal: tuple[str, ...]) -> tuple[str, ...]:
    value = getattr(cls, attribute, None)
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset) or not value:
        raise Unfit(f"needs a class attribute `{attribute}`, some of {', '.join(legal)}")
    for word in value:
        _legal(attribute, word, legal)
    return tuple(w for w in legal if w in value)


def _word(cls: type, attribute: str, legal: tuple[str, ...], default: str) -> str:
    value = getattr(cls, attribute, default)
    _legal(attribute, value, legal)
    return str(value)


def _legal(attribute: str, word: Any, legal: tuple[str, ...]) -> None:
    if word not in legal:
        near = difflib.get_close_matches(str(word), legal, 1, 0.6)
        hint = f'did you mean "{near[0]}"?' if near else f"legal are {', '.join(legal)}"
        raise Unfit(f"{attribute} has {word!r}; {hint}")
