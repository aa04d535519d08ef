"""Every key binding of every screen, from the classes themselves: id, keys, what it does, and where it works.

`python -m lifecycle_tui.tui.keymap` writes the list to `config/key_table.py`, from where `config check`, `lifecycle
keys` and the terminal read it without Textual or the screens; a test says when it has to be written anew. Which list or
text has the focus on a screen cannot be seen from its class, so `FOCUS` says it; a test opens the screens and looks.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.jumping import JUMPS
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.screens.base import View

FOCUS: dict[str, tuple[str, ...]] = {
    "FleetScreen": ("FleetGrid", "MarkGrid"),
    "AlertsScreen": ("AlertList", "MarkGrid"),
    "HistoryScreen": ("HistoryList", "Grid"),
    "JobScreen": ("Log",),
    "PageScreen": ("Pager",),
    "PluginScreen": ("Pager",),
    "WorkspaceScreen": ("Pager",),
    "PolicyScreen": ("Grid", "Pager"),
    "DetailScreen": ("Pager",),
    "ActScreen": ("Pager", "Fields"),
    "PolicyDiff": ("Pager",),
    "PolicyForm": ("Fields",),
    "PaletteScreen": (),
    "ModelScreen": (),
    "DriftPane": ("Grid", "Pager", "Plot", "HeatMap"),
    "PerformancePane": ("Grid", "Pager", "Plot"),
    "OverviewPane": ("Pager",),
    "PolicyPane": ("Pager",),
    "PanelsPane": ("Pager",),
    "AlertsPane": ("AlertList", "MarkGrid"),
    "HistoryPane": ("HistoryList", "Grid"),
}
"""Screen, pane or dialog → classes of what in it may have the focus; where nothing is said, a `Grid`."""

TYPING = ("PaletteScreen", "Prompt", "MomentLine", "Form", "ExportScreen")
"""Classes whose keys work while somebody types into a line."""

NAMES = {"ActScreen": "action", "PolicyForm": "policy-form", "PolicyDiff": "policy-diff", "PaletteScreen": "palette",
         "HelpScreen": "help", "DetailScreen": "detail"}  # fmt: skip
"""Of dialogs, which have none of their own."""

HOME = Path(__file__).resolve().parent.parent / "config" / "key_table.py"
JUMP = "after g"
APP = LifecycleApp.__name__


HEAD = '''"""Every key binding of the terminal, as `python -m lifecycle_tui.tui.keymap` writes it from the classes.

BOUND: class that declares it → (id, keys, what it does). WHERE: screen, pane or dialog → the classes whose keys work
there. TYPING: classes whose keys work while somebody types into a line. Read by `bindings` alone.
"""

# fmt: off
# ruff: noqa: E501'''


def classes() -> list[type[DOMNode]]:
    """Every class of the terminal that is a node, once all its modules are imported."""
    import lifecycle_tui.tui as home

    for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
        import_module(module.name)
    found = dict.fromkeys(_below(DOMNode))  # a class may be reached by two ways
    return sorted((one for one in found if one.__module__.startswith(f"{home.__name__}.")), key=_order)


def _below(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    yield node
    for child in node.__subclasses__():
        yield from _below(child)


def _order(node: type[DOMNode]) -> tuple[bool, bool, str, str]:
    """What is everywhere first, then lists and texts, then screens."""
    return node not in (LifecycleApp, View), ".screens." in node.__module__, node.__module__, node.__name__


def where() -> dict[str, tuple[str, ...]]:
    """Screen, pane or dialog → the classes whose keys work there, nearest first; with `!` what no dialog stops."""
    known = {node.__name__: node for node in classes()}
    found: dict[str, tuple[str, ...]] = {}
    for node in known.values():
        name = _name(node)
        if name:
            near = [known[focus] for focus in FOCUS.get(node.__name__, ("Grid",)) if focus in known]
            far = [known["ModelScreen"]] if issubclass(node, Pane) else []
            owners = [one.__name__ for one in keys.whole([*near, node, *far]) if one is not LifecycleApp]
            modal = issubclass(node, ModalScreen)
            found[name] = (*owners, *(() if modal else (APP,)), f"{APP}!")
    found["filter"] = ("Prompt", f"{APP}!")
    found["options"] = ("Form", f"{APP}!")
    found[JUMP] = (JUMP,)
    reached = {owner for owners in found.values() for owner in owners}
    for node in known.values():
        # What nobody has said where it stands may stand on any screen.
        if keys.declared(node) and node.__name__ not in reached:
            found[_kebab(node)] = (*(one.__name__ for one in keys.whole([node, View])), APP, f"{APP}!")
    return dict(sorted(found.items()))


def _name(node: type[DOMNode]) -> str:
    """How the list calls a screen, a pane or a dialog; "" for anything else, and for what only others are made from."""
    if node.__name__ in NAMES:
        return NAMES[node.__name__]
    if issubclass(node, Pane):
        return f"model.{node.NAME}" if node.NAME else ""
    if issubclass(node, View):
        return node.NAME
    if issubclass(node, Screen):
        return _kebab(node)
    return ""


def _kebab(node: type) -> str:
    """`PolicyDiff` → policy-diff."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", node.__name__.removesuffix("Screen")).lower()


def rows() -> dict[str, list[tuple[str, str, str]]]:
    """Class → (id, keys, what it does) of each of its bindings."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for node in classes():
        for binding in keys.declared(node):
            owner = node.__name__ + "!" * (node is LifecycleApp and binding.priority)
            found.setdefault(owner, []).append(_row(binding))
    found[JUMP] = [_row(binding) for binding in JUMPS]
    return found


def _row(binding: Binding) -> tuple[str, str, str]:
    pressed = ",".join(keys.names(binding.key))
    return str(binding.id), pressed, binding.tooltip or binding.description


def text() -> str:
    """The module `config.key_table`."""
    reached = where()
    used = {owner for owners in reached.values() for owner in owners}
    kept = {owner: found for owner, found in rows().items() if owner in used}
    lines = [*HEAD.split("\n"), "BOUND: dict[str, tuple[tuple[str, str, str], ...]] = {"]
    for owner, found in kept.items():
        lines += [
            f"    {_quoted(owner)}: (",
            *(f"        ({', '.join(map(_quoted, row))})," for row in found),
            "    ),",
        ]
    lines += ["}", "WHERE: dict[str, tuple[str, ...]] = {"]
    for name, owners in reached.items():
        have = ", ".join(_quoted(owner) for owner in owners if owner in kept)
        lines.append(f"    {_quoted(name)}: ({have},),")
    lines += ["}", f"TYPING = ({', '.join(map(_quoted, TYPING))},)", ""]
    return "\n".join(lines)


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    HOME.write_text(text(), encoding="utf-8")
