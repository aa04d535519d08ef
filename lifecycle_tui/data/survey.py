"""What a survey of a model's data found: its windows, and which of them have news. Made by `ModelData.survey`,
read by monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lifecycle_tui.domain.windows import DataFinding, FragmentPart, Window

Change = Literal["new", "unchanged", "grown", "changed"]

LABELS = "labels:"
"""Parts whose fragment begins with this describe labels; they decide nothing about inputs."""

FEATURES = "features:"
"""Prefix of parts that a joined features table contributed."""

REFERENCE = "reference"
"""Key of the reference's window."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """A window and what happened to it since its stored result.

    Attributes:
        window: as the data shows it now. Parts that have not been read in full carry an empty digest; the scan's
            `parts` have them all.
        change: "new" no stored result; "unchanged"; "grown" only fragments were added (`added`), so that a stored
            profile can be merged with theirs; "changed" anything else.
        added: ids of the fragments to scan when it has grown.
        findings: about the window as a whole: "gap" before it, "late-row" since the stored result.
    """

    window: Window
    change: Change
    added: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """All windows of a model outside its reference, in window order.

    Attributes:
        reference: the reference slice as a window with key "reference" and order -1; digests complete.
        reference_digest: of the whole slice; a stored reference profile is true while it is the same.
        gone: keys with stored results for which there is no data any more.
        newest: time of the newest row at or before `as_of`; None without timestamps or rows.
        findings: about the table as a whole: "unreadable-file", "bad-timestamp", "future-row", "extra-column",
            "before-reference".
    """

    reference: Window
    reference_digest: str
    windows: tuple[WindowState, ...]
    gone: tuple[str, ...] = ()
    newest: datetime | None = None
    findings: tuple[DataFinding, ...] = ()


Known = Mapping[str, Sequence[FragmentPart]]
"""Window key → the parts stored with its result."""
