"""The fleet's list: models in pages, and above each group, where they are grouped, a line that folds it away.

Used by the fleet screen alone, which reads its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lifecycle_tui.state.fleet import HEALTH_ORDER
from lifecycle_tui.state.fleet_groups import By
from lifecycle_tui.tui import fleet_columns, marks
from lifecycle_tui.tui.cells import Column
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.paged import PagedGrid
from lifecycle_tui.tui.reads import fleet_page
from lifecycle_tui.tui.reads.fleet import FleetLine
from lifecycle_tui.tui.reads.fleet_page import GroupLine, Shape
from lifecycle_tui.tui.text import cut, safe

FOLLOWING: dict[By | None, By | None] = {None: "owner", "owner": "tag", "tag": None}
"""What the fleet is grouped by, and what after that."""


class FleetGrid(PagedGrid[fleet_page.Line]):
    """Models and groups of them.

    Args:
        wants_group: called to have the marks of all models in the group under the cursor set, or taken away.
    """

    def __init__(
        self, *, wants: Callable[[], None], wants_all: Callable[[], None], wants_group: Callable[[], None]
    ) -> None:
        super().__init__(
            cast("Sequence[Column[fleet_page.Line]]", fleet_columns.COLUMNS),
            key=fleet_page.key,
            mark=fleet_page.mark,
            wants=wants,
            wants_all=wants_all,
            id="fleet",
        )
        self._wants_group = wants_group
        self.order = self.order._replace(more=Shape())

    @property
    def shape(self) -> Shape:
        """What decides, besides filter and sorting, which lines there are."""
        assert isinstance(self.order.more, Shape)
        return self.order.more

    @property
    def model(self) -> FleetLine | None:
        """The model under the cursor; None on a group's line."""
        return self.row if isinstance(self.row, FleetLine) else None

    @property
    def group(self) -> GroupLine | None:
        """The group whose line the cursor stands on."""
        return self.row if isinstance(self.row, GroupLine) else None

    def group_next(self) -> None:
        """Group by owner, then by tag, then not at all. What was folded away is not, any more."""
        self.reorder(Shape(self.shape.retired, FOLLOWING[self.shape.by]))

    def fold(self, *, away: bool | None = None) -> None:
        """Fold the group under the cursor away, or show its models again; None: the other of the two."""
        group = self.group
        if group is not None and away is not group.folded:
            self.reorder(self.shape._replace(folded=self.shape.folded ^ {group.group.value}))

    def action_side(self, cells: int) -> None:
        """On a group's line fold it away or open it; else scroll sideways."""
        if self.group is not None:
            self.fold(away=cells < 0)
        else:
            super().action_side(cells)

    def action_mark(self) -> None:
        """On a group's line mark all its models, or none."""
        if self.group is not None:
            self._wants_group()
        else:
            super().action_mark()

    def _drawn(self, row: fleet_page.Line, signs: Sequence[tuple[str, Style]], look: Style) -> Strip:
        if isinstance(row, FleetLine):
            return super()._drawn(row, signs, look)
        segments = [Segment(sign, style) for sign, style in signs]
        segments += [Segment(text, STYLES[tone] + look) for text, tone in group_words(row)]
        return Strip(segments).extend_cell_length(max(1, self.virtual_size.width), look)


def group_words(line: GroupLine) -> list[tuple[str, str]]:
    """(text, tone) of a group's line: a sign, its name, how many models in which state."""
    sign = (("+", "-") if marks.plain_glyphs() else ("▸", "▾"))[not line.folded]
    named = line.group.value
    found = [(f"{sign} ", ""), (cut(safe(named), 40) if named is not None else f"no {line.by}", "bold"), ("  ", "")]
    for health, count in zip(HEALTH_ORDER, line.group.healths, strict=True):
        if count:
            mark = marks.health(health)
            found.append((f" {mark.sign()} {count:,} {mark.word}", mark.tone))
    return found
