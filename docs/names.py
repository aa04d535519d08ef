"""Makes `plugin-api.md`: every name that a plugin may import, with signature and meaning, from the code.

    python docs/names.py

Run by whoever has changed `lifecycle_tui.api` or what it offers; a test compares.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lifecycle_tui import api

PAGE = Path(__file__).resolve().parent / "plugin-api.md"
VALUES = "hooks/values.md"
HOOKS = "hooks/register_{}.md"
PROTOCOLS = {
    "Detector": "detectors",
    "Metric": "metrics",
    "Source": "sources",
    "Notifier": "notifiers",
    "Strategy": "strategies",
    "Deployer": "deployers",
    "Explainer": "explainers",
    "Command": "commands",
    "Panel": "panels",
}
"""Protocol → the end of its hook's name."""
PARTS: Mapping[str, tuple[str, str]] = {
    "domain": ("Hooks and errors", ""),
    "profiles": (
        "Profiles",
        'What a detector with `takes = "profile"` is given, and how the built-in ones compare two of them.',
    ),
    "stats": ("Numbers with intervals", "What the built-in metrics and detectors compute with."),
    "data": ("Reading tables", "What the built-in sources are made of."),
    "training": ("Fitting", "What strategies are made of."),
}
"""Room of the code → its title here, and a sentence."""
TOP = """\
# What a plugin can import

Everything in `lifecycle_tui.api`, and nothing else, stays as it is while `api.API_VERSION` does. The built-in plugins
import nothing else of the program: each is a file to copy and edit (`lifecycle plugins show psi` says where it lies).
Made from the code: `python docs/names.py`. Hooks and their classes are on [pages of their own](hooks/index.md), what
crosses to a plugin and back under [values](hooks/values.md).
"""


def page() -> str:
    """The whole page."""
    parts = [TOP]
    for room, (title, said) in PARTS.items():
        names = [name for name in api.__all__ if _room(name) == room]
        parts.append(f"## {title}\n" + (f"\n{said}\n" if said else ""))
        lines = [_line(name, getattr(api, name)) for name in names if not _told(getattr(api, name))]
        parts += ["".join(lines)] if lines else []
        parts += [_entry(name, getattr(api, name)) for name in names if _told(getattr(api, name))]
    return "\n".join(parts)


def _room(name: str) -> str:
    return api._HOMES[name].partition(".")[0]


def _told(thing: Any) -> bool:
    """Whether it is described here, and not on another page or in a line."""
    if inspect.isclass(thing):
        of_values = dataclasses.is_dataclass(thing) and thing.__module__.startswith("lifecycle_tui.domain.")
        return not of_values and thing.__name__ not in PROTOCOLS
    return inspect.isfunction(thing)


def _line(name: str, thing: Any) -> str:
    if name in PROTOCOLS:
        return f"- `{name}`: see [register_{PROTOCOLS[name]}]({HOOKS.format(PROTOCOLS[name])})\n"
    if name in SAID:
        return f"- `{name}`: {SAID[name]}\n"
    if inspect.isclass(thing):
        return f"- `{name}`: see [values]({VALUES}#{name.lower()})\n"
    return f"- `{name}`: see [words]({VALUES}#words)\n"


def _entry(name: str, thing: Any) -> str:
    return f"### `{name}`\n\n{_class(thing) if inspect.isclass(thing) else _function(name, thing)}"


SAID = {
    "API_VERSION": f"version of the plugin API, now {api.API_VERSION}",
    "hookimpl": "marks a function as a hook",
    "Register": "type of `register`: it is called with classes",
    "NO_LABEL": "the text that stands for a label that there is none of",
    "NO_NUMBER": "the texts that stand for a number that there is none of",
}
"""Names that are neither a class nor a function, in words."""


def _class(cls: type) -> str:
    parts = [_prose(cls.__doc__)]
    if issubclass(cls, BaseException):
        return f"{parts[0]}\n"
    if issubclass(cls, tuple):
        parts.append("Fields, in order: " + ", ".join(f"`{field}`" for field in cls._fields) + ".\n")  # type: ignore[attr-defined]
    members = list(_members(cls))
    rows = [f"| `{_short(n, m)}` | {_first(m)} |\n" for n, m in members]
    if rows:
        parts.append("| of it | is |\n| --- | --- |\n" + "".join(rows))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    for name, member in vars(cls).items():
        if name.startswith("_") or (issubclass(cls, tuple) and name in cls._fields):  # type: ignore[attr-defined]
            continue
        if isinstance(member, property | classmethod | staticmethod) or inspect.isfunction(member):
            yield name, member


def _short(name: str, member: Any) -> str:
    if isinstance(member, property):
        return f".{name}".replace("|", "\\|")
    function = getattr(member, "__func__", member)
    return _signature(name, function, 10_000).removeprefix("def ").removesuffix(": ...").replace("|", "\\|")


def _first(member: Any) -> str:
    """The first sentence of a docstring."""
    text = " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split())
    return text.replace("|", "\\|")


def _function(name: str, function: Any) -> str:
    return f"```python\n{_signature(name, function)}\n```\n\n{_prose(function.__doc__)}\n"


def _quoted(annotation: Any) -> str:
    """As the code writes it: Python's own text of an annotation has single quotes."""
    return str(annotation).replace("'", '"')


def _signature(name: str, function: Any, width: int = 110) -> str:
    found = inspect.signature(function)
    parameters: list[str] = []
    for parameter in found.parameters.values():
        text = parameter.name
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        if parameter.annotation is not parameter.empty:
            text += f": {_quoted(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            default = parameter.default
            text += f' = "{default}"' if isinstance(default, str) else f" = {default!r}"
        parameters.append(text)
    returns = "" if found.return_annotation is found.empty else f" -> {_quoted(found.return_annotation)}"
    line = f"def {name}({', '.join(parameters)}){returns}: ..."
    if len(line) <= width:
        return line
    return f"def {name}(\n" + "".join(f"    {text},\n" for text in parameters) + f"){returns}: ..."


def _prose(doc: str | None) -> str:
    """A docstring as Markdown: its sections become lists."""
    found = []
    for block in inspect.cleandoc(doc or "").split("\n\n"):
        head, _, rest = block.partition("\n")
        items = re.findall(r"^ {4}([\w, *]+): (.*(?:\n {8}.*)*)", rest, re.M)
        if re.fullmatch(r"(Args|Attributes|Returns|Raises|Yields):", head):
            lines = [f"- `{name}`: {' '.join(text.split())}" for name, text in items] or [" ".join(rest.split())]
            found.append(f"{head}\n\n" + "\n".join(lines))
        else:
            found.append(" ".join(block.split()))
    return "\n\n".join(found)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
