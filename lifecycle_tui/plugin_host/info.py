"""What the index knows about a plugin, as frozen values that are read without importing it.

Made by `introspect` (in a child for team plugins), stored as JSON by `index`, handed out by `catalog`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lifecycle_tui.domain.errors import FAULT_HINTS, PluginFault

Origin = Literal["builtin", "entry-point", "drop-in"]
"""Where a plugin comes from: shipped with the program, an installed distribution, or the plugins folder."""

DEADLY = frozenset({"timeout", "died", "exited", "memory"})
"""Kinds of fault that cost the plugin's process, or may have left it unfit for the next call."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file, or an entry point, that may register plugins.

    Attributes:
        name: the file's stem, the package's folder, or the entry point's name.
        path: absolute file to load (`__init__.py` of a package); "" for an entry point, known once it is imported.
        module: import path, or the private name a drop-in is loaded under.
        distribution: "NAME VERSION" that brings the entry point.
    """

    origin: Origin
    name: str
    path: str
    module: str
    distribution: str = ""

    @property
    def key(self) -> str:
        """Its identity in the cached index."""
        return self.path or f"{self.module} ({self.distribution})"


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option: a keyword-only parameter of the plugin's constructor.

    Attributes:
        type: "str", "int", "float", "bool", or "list[str]" … "list[bool]".
        nullable: None is legal too.
        default: JSON value; meaningless where `required`.
        choices: the only legal values (from a `Literal` annotation); empty where anything of the type goes.
        about: what the plugin's docstring says of it, on one line; "" where it says nothing.
    """

    name: str
    type: str
    default: Any = None
    required: bool = False
    nullable: bool = False
    choices: tuple[Any, ...] = ()
    about: str = ""

    @property
    def shown_type(self) -> str:
        """The type as people read it, e.g. `list[int] or none`."""
        base = " | ".join(repr(c) for c in self.choices) if self.choices else self.type
        return f"{base} or none" if self.nullable else base


@dataclass(frozen=True, slots=True)
class FaultInfo:
    """Something that is wrong with a plugin, found when it was indexed.

    Attributes:
        kind: as in `PluginFault`: "syntax", "import", "raised", "exited", "died", "timeout", "memory", "duplicate",
            "unknown-hook", "options"; also "empty" (registers nothing), "class" (the class cannot serve as its kind),
            "api" (made for another version of the plugin API), "disabled", and as warnings "prints" and "doc".
        file, line: where to look.
        level: a plugin with an "error" is not used; a "warning" is only shown.
    """

    kind: str
    message: str
    file: str | None = None
    line: int | None = None
    level: Literal["error", "warning"] = "error"
    hint: str | None = None

    @property
    def advice(self) -> str | None:
        """What to do about it: its own hint, or that of its kind."""
        return self.hint or FAULT_HINTS.get(self.kind)

    def error(self, plugin: str) -> PluginFault:
        """The same as an exception, charged to `plugin`; a hint of its own is part of the message."""
        text = f"{self.message}; {self.hint}" if self.hint else self.message
        return PluginFault(plugin, self.kind, text, file=self.file, line=self.line, hint="" if self.hint else None)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One registration, or one file that could not be indexed (then `kind` is "").

    Attributes:
        kind: "detector", "metric", "source", "notifier", …; "event" for a file's event hooks; "" where it is broken.
        name: registered name; the file's stem (or the entry point's name) for event hooks and where the file is broken.
        origin: see `Origin`.
        file: absolute path of the file that defines the class.
        line: line of the class statement, 1-based.
        home: file of the plugin as discovered (`__init__.py` of a package); it is what the child loads.
        module: import path of built-ins and entry points; the private name under which a drop-in is loaded.
        qualname: the class's name.
        doc: first line of its docstring. about: the rest of it, without what it says of options; "" for none.
        options: in the constructor's order.
        kinds, takes, scope, sample: of detectors. tasks, needs, greater_is_better, range: of metrics.
        suffixes: of sources.
        tasks: of explainers too, and of panels, where () is all.
        windows: of commands and panels, how many of the newest they are shown.
        hooks: of a file's event hooks: those that it implements.
        distribution: name and version of the installed distribution, for entry points.
        import_ms: how long the file's import took when it was indexed; None for built-ins.
        problems: faults and warnings, errors first.
        disabled: named in `.lifecycle/disabled-plugins.json`.
    """

    kind: str
    name: str
    origin: Origin
    file: str
    line: int | None = None
    home: str = ""
    module: str = ""
    qualname: str = ""
    doc: str = ""
    options: tuple[OptionInfo, ...] = ()
    kinds: tuple[str, ...] = ()
    takes: str = ""
    tasks: tuple[str, ...] = ()
    needs: str = ""
    greater_is_better: bool | None = None
    range: tuple[float | None, float | None] = (None, None)
    suffixes: tuple[str, ...] = ()
    api_version: int = 1
    distribution: str = ""
    import_ms: float | None = None
    problems: tuple[FaultInfo, ...] = ()
    disabled: bool = False
    about: str = ""
    windows: int = 0
    hooks: tuple[str, ...] = ()
    scope: str = ""
    sample: int | None = None

    @property
    def key(self) -> str:
        """`kind:name`, unique among usable plugins; what the disable list and the journal write."""
        return f"{self.kind}:{self.name}"

    @property
    def place(self) -> str:
        """`file:line`, or the file where the line is not known."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def fault(self) -> FaultInfo | None:
        """The error that keeps it from being used; None where it is fit."""
        return next((p for p in self.problems if p.level == "error"), None)

    @property
    def usable(self) -> bool:
        """Registered, without error, not disabled."""
        return bool(self.kind) and not self.disabled and self.fault is None

    def option(self, name: str) -> OptionInfo | None:
        """The option of that name."""
        return next((o for o in self.options if o.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """JSON-able form; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> PluginInfo:
        """The row that `to_json` wrote.

        Raises:
            KeyError, TypeError: if it is something else.
        """
        data = dict(row)
        data["options"] = tuple(OptionInfo(**{**o, "choices": tuple(o["choices"])}) for o in data["options"])
        data["problems"] = tuple(FaultInfo(**p) for p in data["problems"])
        for name in ("kinds", "tasks", "suffixes", "range", "hooks"):
            data[name] = tuple(data[name])
        return cls(**data)
