"""A new plugin and its test from a template, for `lifecycle plugins new`. The templates are files that run as they are.

`plan` says what would be written and refuses names that cannot be; `write` writes it and never over something.
"""

from __future__ import annotations

import keyword
import os
import re
from dataclasses import dataclass
from pathlib import Path

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.hookspecs import KINDS
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.introspect import RESERVED

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written."""

    path: Path
    text: str


def kinds() -> tuple[str, ...]:
    """Kinds that there is a template for: the plugins' kinds in their order, then the others by name."""
    there = {path.stem for path in TEMPLATES.glob("*.py") if not path.name.startswith("test_")}
    return (*(kind for kind in KINDS if kind in there), *sorted(there - set(KINDS)))


def plan(kind: str, name: str, folder: Path, catalog: PluginCatalog, *, test: bool = True) -> tuple[NewFile, ...]:
    """The plugin's file in `folder`, and its test in the folder `tests` beside that.

    Raises:
        UsageError: the name is none, or taken; or a file is there already.
    """
    _refuse_name(kind, name, folder, catalog)
    files = [NewFile(folder / f"{name}.py", _filled(f"{kind}.py", kind, name, folder))]
    if test:
        beside = folder.parent / "tests" / f"test_{name}.py"
        files.append(NewFile(beside, _filled(f"test_{kind}.py", kind, name, folder)))
    for file in files:
        if os.path.lexists(file.path):
            raise UsageError(f"{file.path} is there already", hint="take another name: nothing is overwritten")
    return tuple(files)


def write(files: tuple[NewFile, ...]) -> None:
    """Write them, making their folders.

    Raises:
        UsageError: one appeared meanwhile, or cannot be written.
    """
    for file in files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            with open(file.path, "x", encoding="utf-8") as out:
                out.write(file.text)
        except OSError as exc:
            raise UsageError(f"{file.path} cannot be written: {exc.strerror}") from None


def class_name(name: str) -> str:
    """`odd_hours` → `OddHours`."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_")) or name


def _filled(template: str, kind: str, name: str, folder: Path) -> str:
    text = (TEMPLATES / template).read_text("utf-8")
    text = re.sub(r"\bTemplate\b", class_name(name), text)
    text = re.sub(r"\btemplate\b", name, text)
    return text.replace('/ "plugins" /', f'/ "{folder.name}" /')


def _refuse_name(kind: str, name: str, folder: Path, catalog: PluginCatalog) -> None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
        near = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_0123456789")
        hint = f"how about {near!r}?" if near and near != name and not keyword.iskeyword(near) else None
        raise UsageError(f"{name!r} is no name for a module: letters, digits and _, a letter first", hint=hint)
    if name.startswith("test_") or name in ("conftest", "setup"):
        raise UsageError(f"a file {name}.py is not looked at: that is a name of tests and of packaging")
    if class_name(name) in _IMPORTED:
        raise UsageError(f"{name!r} would be a class {class_name(name)}, which is one of the program's own")
    if kind in ("detector", "metric") and name in RESERVED:
        raise UsageError(f"the name {name!r} is taken by signals of the program")
    taken = next((row for row in catalog.rows if row.name == name and row.kind in (kind, "")), None)
    if taken is not None:
        mine = folder / f"{name}.py"
        where = "is built in" if taken.origin == "builtin" else f"is registered by {taken.place}"
        raise UsageError(f"a {kind} {name!r} {where}; {mine} would be the second of that name")


_IMPORTED = frozenset({"Any", "Batch", "Fragment", "Measurement", "Message", "Outcomes", "Path", "Register", "Release"})
"""Class names that a template imports."""
