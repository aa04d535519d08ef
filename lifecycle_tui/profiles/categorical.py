"""The profile of a categorical column in one window: counts by label, bounded, and exactly mergeable.

Up to `MOST_LABELS` distinct labels all are counted. Beyond that (ids taken for categories), the labels with the
smallest hashes are: which labels these are depends on the set of labels alone, so merging stays exact in any order, and
two profiles can still be compared label by label below the lower of their two horizons.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping

MOST_LABELS = 65_536


class CategoricalProfile:
    """Counts of one column's labels in one window.

    Attributes:
        rows: rows of the window.
        counts: rows by label, sorted by label.
        other: rows whose labels are not counted one by one (0 unless there are more than `MOST_LABELS`).
        horizon: None, or the hash from which on labels are not counted one by one.
        missing: rows without a label.
    """

    kind = "categorical"

    def __init__(self, rows: int, counts: Mapping[str, int], *, other: int = 0, horizon: int | None = None) -> None:
        kept, more, horizon = _bounded(counts, horizon)
        self.rows = int(rows)
        self.counts = dict(sorted((label, count) for label, count in kept.items() if count))
        self.other = other + more
        self.horizon = horizon
        self.n = sum(self.counts.values()) + self.other
        self.missing = self.rows - self.n

    @property
    def missing_share(self) -> float:
        """Share of rows without a label; NaN without rows."""
        return self.missing / self.rows if self.rows else math.nan

    @property
    def distinct(self) -> int:
        """Number of distinct labels; an estimate (about 0.4 % off) beyond `MOST_LABELS`."""
        if self.horizon is None:
            return len(self.counts)
        return round(len(self.counts) / (self.horizon / 2**64))

    def share(self, label: str) -> float:
        """Share of the rows with a label that have this one; NaN without such rows, or if it was not counted."""
        if not self.n or (self.horizon is not None and label_hash(label) >= self.horizon):
            return math.nan
        return self.counts.get(label, 0) / self.n

    def top(self, k: int = 10) -> list[tuple[str, int]]:
        """The k most frequent labels with their counts; ties by label."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:k]

    def below(self, horizon: int | None) -> tuple[dict[str, int], int]:
        """(counts of labels below the horizon, rows of all the others)."""
        if horizon is None or horizon == self.horizon:
            return self.counts, self.other
        kept = {label: count for label, count in self.counts.items() if label_hash(label) < horizon}
        return kept, self.n - sum(kept.values())

    def __add__(self, other: CategoricalProfile) -> CategoricalProfile:
        """The profile of both windows' rows together."""
        horizon = lower_horizon(self, other)
        (first, rest), (second, more) = self.below(horizon), other.below(horizon)
        counts = dict(first)
        for label, count in second.items():
            counts[label] = counts.get(label, 0) + count
        return CategoricalProfile(self.rows + other.rows, counts, other=rest + more, horizon=horizon)

    def compact(self) -> CategoricalProfile:
        """Itself: it holds no values."""
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CategoricalProfile):
            return NotImplemented
        return (self.rows, self.counts, self.other, self.horizon) == (
            other.rows, other.counts, other.other, other.horizon,
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"CategoricalProfile({self.distinct} labels, {self.n} of {self.rows} rows)"


def lower_horizon(*profiles: CategoricalProfile) -> int | None:
    """Below this hash every one of the profiles counts each label."""
    return min((p.horizon for p in profiles if p.horizon is not None), default=None)


def label_hash(label: str) -> int:
    """A 64-bit hash that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(label.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _bounded(counts: Mapping[str, int], horizon: int | None) -> tuple[Mapping[str, int], int, int | None]:
    """(labels that stay, rows of those that go, new horizon)."""
    if len(counts) <= MOST_LABELS:
        return counts, 0, horizon
    hashes = sorted((label_hash(label), label) for label in _nonzero(counts))
    if len(hashes) <= MOST_LABELS:
        return counts, 0, horizon
    kept = {label: counts[label] for _, label in hashes[:MOST_LABELS]}
    return kept, sum(counts.values()) - sum(kept.values()), hashes[MOST_LABELS][0]


def _nonzero(counts: Mapping[str, int]) -> Iterable[str]:
    return (label for label, count in counts.items() if count)
