"""What is known of a reference's column before its grid is decided, so that it can be put together from shares.

The values themselves while there are few enough to keep, else a `Survey` of them: which of the two depends on how many
there are in all, as in `Profiler`, so any split of the rows, added up in any grouping, decides the same grid and gives
the same profile. Called by `agent.engine`, whose shares are read on other machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.profiles.choose import MOST_KEPT
from lifecycle_tui.profiles.grids import Grid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.profiler import Profile, Profiler
from lifecycle_tui.profiles.survey import Survey
from lifecycle_tui.profiles.text import TextCounts


@dataclass(frozen=True)
class Pending:
    """A column of numbers, text or times without a grid.

    Attributes:
        values: float64 or int64 without NaN, all of them; None where there are more than `MOST_KEPT`.
        survey: of the values, where they are not kept.
        text: characters and tokens of a text column, where they are counted.
    """

    kind: ColumnKind
    rows: int
    values: np.ndarray | None
    survey: Survey | None = None
    text: TextCounts | None = None

    @classmethod
    def of(cls, profiler: Profiler) -> Pending:
        """What a profiler without a grid has seen."""
        values, survey = profiler.awaiting()
        return cls(profiler.kind, profiler.rows, values, survey, profiler.text)

    def __add__(self, other: Pending) -> Pending:
        """Both shares' rows together."""
        return added([self, other])

    def grid(self) -> Grid | None:
        """The grid where it takes a second pass to count on it; None where `profile` can be asked for at once."""
        return None if self.survey is None else self.survey.grid()

    def profile(self) -> Profile:
        """The profile on the grid that these values give.

        Raises:
            RuntimeError: the values are not kept: a second pass must count on `grid()`.
        """
        if self.values is None:
            raise RuntimeError("this reference is too large to keep: count it on its grid")
        profiler = Profiler(self.kind, text=False)
        profiler.resume(self.values, self.rows)
        found = profiler.result()
        if isinstance(found, NumericProfile):
            found.text = self.text
        return found


def added(shares: Sequence[Pending]) -> Pending:
    """All shares of one column together.

    Raises:
        ValueError: there is none, or they are of several kinds.
    """
    kinds = {share.kind for share in shares}
    if len(kinds) != 1:
        raise ValueError(f"shares of one column are of one kind, not of {len(kinds)}")
    rows = sum(share.rows for share in shares)
    texts = [share.text for share in shares if share.text is not None]
    text = sum(texts, TextCounts.empty()) if len(texts) == len(shares) else None
    kept = [share.values for share in shares if share.values is not None]
    if len(kept) == len(shares) and sum(map(len, kept)) <= MOST_KEPT:
        filled = [values for values in kept if len(values)]
        return Pending(shares[0].kind, rows, np.concatenate(filled) if filled else np.empty(0), text=text)
    survey = Survey()
    for share in shares:
        if share.survey is not None:
            survey.add(share.survey)
        elif share.values is not None:
            survey.update(share.values)
    return Pending(shares[0].kind, rows, None, survey)
