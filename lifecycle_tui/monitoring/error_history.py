"""The reference's newest errors, which the metrics of error streams go on from. Made and stored with the reference.

Called by `agent.work.reference` (makes them), `windows` and `reference_windows` (hand them on as `Outcomes.before`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.stats.error_stream import errors, in_time

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.domain.protocols import Outcomes

KEPT = 1000
"""So many are kept: an error and its time each."""


@dataclass(frozen=True)
class ErrorHistory:
    """Errors in order of time: `time` (n,) int64 microseconds since 1970 UTC, `error` (n,) float64."""

    time: np.ndarray
    error: np.ndarray

    def outside(self, start: int, end: int) -> np.ndarray:
        """The errors without those of [start, end): of a window of the reference itself."""
        return self.error[(self.time < start) | (self.time >= end)]


def history(outcomes: Outcomes | None) -> ErrorHistory | None:
    """The newest errors; None without predictions of classes or numbers, or without times."""
    if outcomes is None or outcomes.prediction is None or outcomes.time is None or outcomes.query is not None:
        return None
    values = errors(outcomes.target, outcomes.prediction)
    at = in_time(values, outcomes.time)[-KEPT:]
    return ErrorHistory(outcomes.time[at], values[at])


def facts_of(found: ErrorHistory | None) -> list[list[Any]] | None:
    """As JSON."""
    return None if found is None else [found.time.tolist(), found.error.tolist()]


def history_from(facts: Sequence[Sequence[Any]] | None) -> ErrorHistory | None:
    """The inverse of `facts_of`."""
    import numpy as np

    return None if facts is None else ErrorHistory(np.array(facts[0], np.int64), np.array(facts[1], np.float64))
