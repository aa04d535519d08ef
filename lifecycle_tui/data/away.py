"""What `ModelData` asks of somebody who reads on other machines: `agent.engine` on a Dask cluster, else nobody.

Each question may be declined (False, or None): then this process reads by itself, and gets the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from lifecycle_tui.data.slices import Selector
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.signals import ColumnKind

if TYPE_CHECKING:
    from lifecycle_tui.data.facts import FactBook
    from lifecycle_tui.data.rows import Table
    from lifecycle_tui.data.scan import Scan


class Away(Protocol):
    """Reads what it is asked for where there is more room than here."""

    def read(self, reader: Any, scan: Scan, profile: bool) -> Any:
        """What a job's reader makes of a scan, which is complete afterwards; None if it is to be read here."""
        ...

    def expect(self, readings: Iterator[tuple[Any, Scan]]) -> None:
        """What `read` will be asked for, in this order: begin with it where that saves time."""
        ...

    def labels(self, scan: Scan) -> set[str] | None:
        """The labels that occur in a scan."""
        ...

    def gather(self, scan: Scan, limits: Any, progress: Callable[[int], None]) -> Any:
        """The labelled rows of a scan, as a job gathers them."""
        ...

    def count(self, book: FactBook, fragments: Sequence[Fragment]) -> None:
        """Put the light facts of these fragments into the book's cache, as far as they are not there."""
        ...

    def digest(self, book: FactBook, wanted: Mapping[str, Mapping[int, Selector]]) -> None:
        """The same of digests: by fragment, the selectors of its slots."""
        ...

    def kinds(
        self, table: Table, fragments: Sequence[Fragment], selector: Selector, names: Sequence[str]
    ) -> dict[str, ColumnKind] | None:
        """The kinds of columns by all these rows."""
        ...
