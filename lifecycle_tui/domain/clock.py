"""Time as a value that is passed in, so that the loop runs on any clock (DESIGN §3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the loop what time it is. All instants are timezone-aware UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved: for tests, replay and the demo."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def advance(self, by: timedelta) -> datetime:
        """Move forward and return the new instant.

        Raises:
            ValueError: if `by` is negative.
        """
        if by < timedelta(0):
            raise ValueError("a clock does not run backwards")
        self.instant += by
        return self.instant
