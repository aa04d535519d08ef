"""One plugin in full: options, documentation, what is wrong and what to do. Opened from the list of plugins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo
from lifecycle_tui.tui.reads.plugins import PluginLine
from lifecycle_tui.tui.screens import plugins
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, fold, indented
from lifecycle_tui.tui.widgets.pager import Pager

DO = {
    "broken": "It is not used until that is mended. `lifecycle plugins list` looks at its file at once.",
    "failed": "What it should have given then is missing, everything else is complete. Once it is mended, its next "
    "call settles it.",
    "disabled": "It is left alone. x offers to enable it, and so does `lifecycle plugins enable`.",
    "changed": "What stands here is what was known before. `lifecycle plugins list` reads it at once.",
}
"""What a person may do, by state."""


class PluginScreen(View):
    """All that is known of one plugin; a picture of the moment it was opened."""

    NAME = "plugin"
    ACTIONS = ("plugins disable", "plugins enable")
    BINDINGS: ClassVar = []

    def __init__(self, source: Source, plugin: PluginLine, root: str) -> None:
        super().__init__(source)
        self.plugin, self._root = plugin, root
        self.pager = Pager(lambda cells: lines(plugin, root, cells), id="text")

    def body(self) -> Iterable[Widget]:
        yield self.pager

    def heading(self) -> tuple[Line, Line]:
        info = self.plugin.info
        return (Span(f" plugin  {info.kind} {info.name}"),), (Span(f"  {plugins.badge(self.plugin)} "),)

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [type(self), Pager]

    def subject(self) -> Subject:
        return Subject(plugin=plugins.named(self.plugin))

    def first_focus(self) -> Widget:
        return self.pager


def lines(plugin: PluginLine, root: str, cells: int) -> list[Line]:
    """Everything, in lines of at most `cells` cells."""
    info, mark = plugin.info, plugins.MARKS[plugin.state]
    out: list[Line] = [(), (Span(f" {plugins.badge(plugin)}", mark.tone),)]
    out += indented(info.doc or "it has no docstring", cells)
    out += indented(info.about, cells, "dim") if info.about else []
    for said in _faults(plugin, root):
        out += indented(said, cells, mark.tone)
    if (todo := DO.get(plugin.state)) is not None:
        out += indented(todo, cells, "info")
    out += [(), _fact("from", plugins.origin(plugin, root)), _fact("class", info.qualname or "-")]
    out += _fact_folded("used by", ", ".join(plugin.used) or "nothing that the file declares", cells)
    out += [_fact(name, value) for name, value in _about(info) if value]
    out += [(), (Span(" Options", "head"),)]
    if not info.options:
        out.append((Span("   it has none", "dim"),))
    for option in info.options:
        out += indented(_option(option), cells)
        about = fold(option.about, max(10, cells - 6)) if option.about else ()
        out += [(Span(f"     {line}", "dim"),) for line in about]
    return out


def _faults(plugin: PluginLine, root: str) -> Iterable[str]:
    for fault in plugin.info.problems:
        at = plugins.place(fault.file, fault.line, root)
        said = f"{fault.level}: {fault.message}" + (f" ({at})" if at else "")
        yield said + (f"; {fault.advice}" if fault.advice else "")
    for failure in plugin.failures[:20]:
        yield plugins.failed(failure, root)
    if len(plugin.failures) > 20:
        yield f"and {len(plugin.failures) - 20} more"


def _about(info: PluginInfo) -> Iterable[tuple[str, str]]:
    """What the plugin says of itself, by its kind."""
    low, high = info.range
    span = f"{'-' if low is None else low} to {'-' if high is None else high}"
    better = {True: "greater is better", False: "less is better", None: ""}[info.greater_is_better]
    yield "columns", ", ".join(info.kinds)
    yield "takes", info.takes
    yield "tasks", ", ".join(info.tasks)
    yield "needs", info.needs
    yield "values", f"{span}; {better}" if info.kind == "metric" else ""
    yield "files", ", ".join(info.suffixes)
    yield "hooks", ", ".join(info.hooks)
    yield "windows", f"the newest {info.windows}" if info.windows else ""
    yield "import", "" if info.import_ms is None else f"took {info.import_ms:.0f} ms when it was read"


def _option(option: OptionInfo) -> str:
    default = "must be given" if option.required else f"default {option.default!r}"
    return f"{option.name}: {option.shown_type}, {default}"


def _fact(name: str, text: str) -> Line:
    return (Span(f" {name:<8} ", "dim"), Span(text))


def _fact_folded(name: str, text: str, cells: int) -> list[Line]:
    found = fold(text, max(10, cells - 11), most=8)
    return [_fact(name if not at else "", line) for at, line in enumerate(found)]
