"""Two versions side by side on the rows that judge them: who answers, for which rows, and why not.

Called by `judging`; `answering` makes the sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lifecycle_tui.agent.work.rows import Gathered
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.monitoring.side_by_side import Said, SideBySide, side_by_side

Answer = Callable[[Gathered, Coding], Said]
"""What a version says of gathered rows, read in a coding; raises LifecycleError where it cannot say anything."""

INCUMBENT = "what serves now"
"""Name of the champion where the data brings predictions that name no version."""


@dataclass(frozen=True)
class Side:
    """One of the two: its number (None for predictions of the data that no version is named for), label and answers."""

    number: int | None
    label: str
    answer: Answer


@dataclass(frozen=True)
class Pair:
    """The two versions on these rows.

    Attributes:
        own: the challenger on all that it answers for; None where it cannot, `mute` says why.
        both: both on the rows that both answer for; None without a champion, or where one of them cannot, `silent`
            says why.
    """

    own: SideBySide | None
    both: SideBySide | None
    mute: str = ""
    silent: str = ""

    @classmethod
    def of(cls, code: Coding, rows: Gathered, challenger: Side, champion: Side | None) -> Pair:
        target, day, groups = rows.rows.target, rows.day, rows.groups
        said, mute = _asked(challenger, rows, code)
        own = None if said is None else side_by_side(code, target, [said], day, groups)
        if champion is None:
            return cls(own, None, mute)
        other, silent = _asked(champion, rows, code)
        if said is None or other is None:
            return cls(own, None, mute, silent or mute)
        return cls(own, side_by_side(code, target, [said, other], day, groups))

    @property
    def outcomes(self) -> tuple[Outcomes, ...]:
        """Of the rows that are judged on: of both versions, else of the one that answers."""
        found = self.both if self.both is not None else self.own
        return found.outcomes if found is not None and len(found) else ()

    @property
    def rows(self) -> int:
        found = self.both if self.both is not None else self.own
        return 0 if found is None else len(found)

    def alone(self, position: int) -> SideBySide | None:
        """Where one version's own numbers are measured: on the same rows for both, if there are such."""
        if position == 0 and (self.both is None or not len(self.both)):
            return self.own
        return self.both

    def notes(self, rows: Gathered, code: Coding) -> list[str]:
        """What a person has to know of the rows that are not among those judged on."""
        found = []
        if self.own is not None and self.own.strange:
            says = " nor ".join(code.classes)
            found.append(f"{self.own.strange:,} rows left out: their label is neither {says}")
        if rows.unlabelled:
            found.append(f"{rows.unlabelled:,} rows of that time were never labelled")
        return found


def _asked(side: Side, rows: Gathered, code: Coding) -> tuple[Said | None, str]:
    """What a version says of the rows, or why it says nothing."""
    try:
        return side.answer(rows, code), ""
    except LifecycleError as exc:
        return None, f"{side.label} cannot answer for these rows: {exc.message}"
