"""Random draws for the demo's data, made from `Random.random` alone: its sequence is the only one that Python promises.

Called by the generators of the four models.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random

Row = tuple[str, ...]
"""Cells of a line, as they are written."""


def stream(seed: int, name: str) -> Random:
    """Random numbers of their own for each table, so that a change of one leaves the others as they were."""
    return Random(f"{seed}/{name}")


def normal(random: Random, mean: float = 0.0, deviation: float = 1.0) -> float:
    """A draw from the normal distribution (Box and Muller, 1958)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - random.random()))
    return mean + deviation * radius * math.cos(2.0 * math.pi * random.random())


def pick(random: Random, among: Sequence[str]) -> str:
    """One of them, all as likely."""
    return among[int(random.random() * len(among))]


def chance(logit: float) -> float:
    """The probability that has these log-odds."""
    return 1.0 / (1.0 + math.exp(-logit))


def days(first: date, last: date) -> Iterator[date]:
    """Every day from `first` through the one before `last`."""
    for number in range((last - first).days):
        yield first + timedelta(days=number)


def moments(random: Random, count: int) -> list[int]:
    """So many minutes of a day, in order."""
    return sorted(int(random.random() * 1440) for _ in range(count))


def stamp(day: date, minute: int) -> str:
    """A minute of a day as it is written: `2026-02-01 09:14`."""
    return f"{day} {minute // 60:02}:{minute % 60:02}"


def share(day: date, first: date, last: date) -> float:
    """How far a change from `first` to `last` has come: 0 before, 1 after, in a straight line between."""
    return min(1.0, max(0.0, (day - first).days / (last - first).days))
