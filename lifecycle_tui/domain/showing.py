"""Plugins that show something: commands print rows, panels draw rows and series beside the program's own panes.

Neither prints or draws itself: they return values, and the program prints them as table, JSON or CSV, or draws them in
the terminal, with their text made safe. The values cross from a plugin's process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from lifecycle_tui.domain.views import ModelView, View

Scalar = str | int | float | bool | None
"""What a cell may hold. NaN and infinities are shown as nothing."""
Tone = Literal["", "ok", "warning", "critical", "unknown"]
"""How a row is meant; "" plain."""

MOST_ROWS = 10_000
"""Rows that a command may return."""
MOST_COLUMNS = 64
"""Columns that they may have in all."""
PANEL_ROWS = 100
"""Rows that a panel may return."""
PANEL_SERIES = 8
"""Series that a panel may return."""
PANEL_POINTS = 2_000
"""Points that one series may have."""
PANEL_SECONDS = 10.0
"""Wall time of one `draw`, unless LIFECYCLE_PLUGIN_SECONDS is less."""
WINDOWS = 30
"""Newest windows of each model that a command or panel is shown, unless its class says `windows = N`."""
MOST_WINDOWS = 1_000
"""What it may say at most."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel: `name  value  note`.

    Attributes:
        name: what it is about.
        value: a number is shown with four digits, text as it is (made safe, cut to the line).
        note: more words, in a dim colour.
        tone: colours the value; "warning" and "critical" also give it the mark that a signal of that state has.
    """

    name: str
    value: Scalar = None
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A line over windows, which the terminal draws as its own charts are drawn.

    Attributes:
        name: its title.
        values: at most 2,000 numbers in order; None leaves a gap.
        labels: one for each value, e.g. window keys; () for none.
        unit: what the numbers are, e.g. "days"; shown beside the name.
        low, high: one interval end for each value, or () for none.
        threshold: drawn as a line across; None for none.
    """

    name: str
    values: Sequence[float | None]
    labels: Sequence[str] = ()
    unit: str = ""
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    threshold: float | None = None


class Panel(Protocol):
    """A section of a model's screen.

    Class attributes:
        name: unique among panels; letters, digits, _ and -. It is the section's title.

    It may also have:
        tasks: tasks of the models that it is for; all of them without it.
        windows: how many of the newest windows it is shown, 30 without it, at most 1,000.
    """

    name: ClassVar[str]

    def draw(self, view: ModelView) -> Sequence[Row | Series]:
        """Rows and series in the order in which they are shown; an empty sequence shows nothing for this model.

        At most 100 rows and 8 series.
        """
        ...


class Command(Protocol):
    """A command of a team: `lifecycle plugins run NAME [MODEL] --option value`.

    Class attributes:
        name: unique among commands; letters, digits, _ and -.

    The docstring is its help, and the constructor's keyword-only parameters are its options. It may also have:
        windows: how many of the newest windows of each model it is shown, 30 without it, at most 1,000.
    """

    name: ClassVar[str]

    def run(self, view: View) -> Sequence[Mapping[str, Scalar]]:
        """The rows to print: column → text, number, boolean or None; the columns are printed in order of appearance.

        At most 10,000 rows and 64 columns.

        Raises:
            DataError: to tell the person who asked what is wrong; it is no fault of the plugin.
        """
        ...
