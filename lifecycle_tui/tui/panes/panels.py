"""Panels of plugins: what they returned after the newest evaluation, drawn as the program's own panes are."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.domain.showing import Row, Series
from lifecycle_tui.plots.chart import Level, Point
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.panes.performance_rows import level_text
from lifecycle_tui.tui.pictures import history
from lifecycle_tui.tui.reads import panels
from lifecycle_tui.tui.reads.panels import Drawn
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span, cut, fold, safe, width
from lifecycle_tui.tui.widgets.pager import Pager

HIGH = 9
"""Rows of a chart with its axis."""
NAMES = 36
"""Cells that the names of rows have at most."""
NONE = (
    " No plugin draws a panel for this model.",
    "",
    " A panel is a class in plugins/ that is given the model's windows and returns rows and series;",
    " docs/hooks/register_panels.md has one of twenty lines. It is drawn after the next evaluation.",
)


class PanelsPane(Pane):
    """Every panel, one below the other."""

    NAME = "panels"
    TITLE = "panels"
    ACTIONS = ()

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._drawn: tuple[Drawn, ...] | None = None
        self.pager = Pager(self._lines, id="panels-text")

    def compose(self) -> ComposeResult:
        yield self.pager

    async def load(self) -> None:
        found = await self.source.ask(panels.of, self.model)
        if found != self._drawn:
            self._drawn = found
            self.pager.renew()

    def _lines(self, cells: int) -> list[Line]:
        if not self._drawn:
            return [(Span(cut(text, cells), "dim"),) for text in NONE]
        return [line for panel in self._drawn for line in _panel(panel, f"{self.source.root.absolute()}/", cells)]

    def about(self) -> Line:
        if not self._drawn:
            return ()
        newest = max(panel.at for panel in self._drawn)
        failed = sum(panel.error is not None for panel in self._drawn)
        said = f" {len(self._drawn)} panels of plugins" if len(self._drawn) > 1 else " one panel of a plugin"
        bad = Span(f"  {failed} failed", "error") if failed else Span("")
        return (Span(f"{said}, drawn {ages.ago(newest, self.source.now())}", "dim"), bad)

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [Pager]

    def first_focus(self) -> Widget:
        return self.pager


def _panel(panel: Drawn, root: str, cells: int) -> list[Line]:
    """Its name, its error as a badge, its rows and charts."""
    lines: list[Line] = [(), (Span(f" {cut(safe(panel.name), cells - 2)} ", "head"),)]
    if panel.error is not None:
        mark = marks.signal("error")
        kept = " What follows is from before." if panel.items else ""
        said = panel.error.replace(root, "") + kept
        lines += [
            (Span(f" {mark.sign() if not at else ' '} {line}", mark.tone),)
            for at, line in enumerate(fold(said, max(10, cells - 4), most=6))
        ]
    names = max((width(safe(item.name)) for item in panel.items if isinstance(item, Row)), default=0)
    for item in panel.items:
        lines += [_row(item, min(names, NAMES), cells)] if isinstance(item, Row) else _series(item, cells)
    return lines


def _row(row: Row, names: int, cells: int) -> Line:
    """`  name  value  note`, the value in its tone."""
    name = cut(safe(row.name), names)
    mark = {"warning": marks.signal("drifted"), "critical": marks.severity("critical")}.get(row.tone)
    tone = {"unknown": "dim", "ok": "ok"}.get(row.tone, mark.tone if mark else "")
    value = f"{mark.sign()} {_text(row)}" if mark else _text(row)
    room = max(1, cells - names - 6)
    value = cut(value, room)
    note = cut(safe(row.note), room - width(value) - 2)
    return (Span(f"   {name}{' ' * (names - width(name))}  ", "dim"), Span(value, tone), Span(f"  {note}", "dim"))


def _text(row: Row) -> str:
    value = row.value
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else safe(value)


def _series(series: Series, cells: int) -> list[Line]:
    low, high = series.low or [None] * len(series.values), series.high or [None] * len(series.values)
    points = [Point(v, a, b) for v, a, b in zip(series.values, low, high, strict=True)]
    keys = list(series.labels) or [str(n) for n in range(1, len(points) + 1)]
    levels = [] if series.threshold is None else [Level(series.threshold, "warning")]
    caption = [Span(f"   {cut(safe(series.name), cells - 6)}", "bold")]
    if series.unit:
        caption.append(Span(f"  {cut(safe(series.unit), 20)}", "dim"))
    if series.threshold is not None:
        rule = "-" if marks.plain_glyphs() else "─"
        caption.append(Span(f"  {rule} {level_text(series.threshold)}", "warning"))
    drawn, _ = history(keys, points, cells - 2, HIGH, levels=levels, write=level_text) if points else ([], None)
    if not drawn:
        return [(), tuple(caption), (Span("   no number in it", "dim"),)]
    return [(), tuple(caption), *((Span("  "), *line) for line in drawn)]
