"""A slice that is read in shares, each by itself, so that together they are what one `Scan` of the whole would give.

What crosses fragments is an id that occurs in several: the keys that occur again are found first, from the ids alone;
then every fragment is read without the rows that have one, and one further share has those rows of all fragments and
keeps the last of each. What a share has found (`ScanShare`) adds up in any grouping, in order of fragments. Used by
`scan` (a whole slice is one share) and by `agent.engine`, whose workers read shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle_tui.data.findings import Counted, Findings
from lifecycle_tui.data.hashing import add_digests
from lifecycle_tui.domain.windows import DataFinding, DataReport, FragmentPart

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Scanned:
    """What a finished scan has learned; see `Scan`, which has the same attributes."""

    report: DataReport
    parts: tuple[FragmentPart, ...]
    rows: int
    labels: int
    mature: bool


@dataclass(frozen=True)
class ScanShare:
    """What the scan of one share has learned.

    Attributes:
        parts: contributions of base fragments, with digests.
        beside: parts of a joined features table.
        label_digest: of the labels seen.
        waiting: whether some row may still get its label.
        findings: what is odd, in order of fragments.
        labels_table: findings about the labels table as a whole, which every share sees alike.
    """

    rows: int = 0
    labels: int = 0
    waiting: bool = False
    parts: tuple[FragmentPart, ...] = ()
    beside: tuple[FragmentPart, ...] = ()
    label_digest: str = ""
    findings: tuple[Counted, ...] = ()
    labels_table: tuple[DataFinding, ...] = ()

    def __add__(self, other: ScanShare) -> ScanShare:
        """Both together; `other` is of later fragments."""
        findings = Findings()
        for one in (*self.findings, *other.findings):
            findings.add(*one)
        return ScanShare(
            self.rows + other.rows,
            self.labels + other.labels,
            self.waiting or other.waiting,
            (*self.parts, *other.parts),
            (*self.beside, *other.beside),
            add_digests(d for d in (self.label_digest, other.label_digest) if d),
            findings.counted,
            self.labels_table or other.labels_table,
        )

    def finished(self, labelled: bool, labels_set: str) -> Scanned:
        """The facts of the whole slice.

        Args:
            labelled: whether the model declares a target.
            labels_set: names the state of the files that labels come from.
        """
        parts = [*sorted(self.parts, key=lambda part: part.fragment), *self.beside]
        findings = Findings()
        for one in self.findings:
            findings.add(*one)
        if labelled:
            parts.append(FragmentPart("labels:", self.labels, add_digests([self.label_digest or f"{0:032x}"])))
            parts.append(FragmentPart("labels:set", 0, labels_set))
            for finding in self.labels_table:
                findings.put(finding)
        return Scanned(
            DataReport(self.rows, findings.items), tuple(parts), self.rows, self.labels, not self.waiting
        )  # fmt: skip


def together(shares: Sequence[ScanShare]) -> ScanShare:
    """All of them, in order of fragments."""
    found = ScanShare()
    for share in shares:
        found = found + share
    return found


def repeated(keys: Iterator[np.ndarray]) -> np.ndarray:
    """(n,) uint64, sorted: the keys that occur more than once in all these arrays together."""
    import numpy as np

    found = list(keys)
    every = np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)
    return np.unique(every[1:][every[1:] == every[:-1]])
