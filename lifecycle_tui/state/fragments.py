"""What is known about files that were looked at, so that an unchanged one is not read again.

Given to `data/` as its fragment cache. A cache: losing it costs time, never truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lifecycle_tui.state.database import State
from lifecycle_tui.state.text import dumps, instant, loads

_PAGE = 500


class FragmentCache:
    """Facts by (source, fragment, stamp). A source's rows are read at once, and writes are kept until `flush`.

    Use it in one thread. As a context manager it flushes at the end.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[str, dict[str, tuple[str, str]]] = {}
        self._fresh: dict[tuple[str, str], tuple[str, str]] = {}

    def get(self, source: str, fragment: str, stamp: str) -> Any | None:
        """The facts that were put for this fragment with this stamp; None if it is unknown or has changed since."""
        found = self._load(source).get(fragment)
        return loads(found[1]) if found is not None and found[0] == stamp else None

    def _load(self, source: str) -> dict[str, tuple[str, str]]:
        if source not in self._known:
            with self._state.read() as conn:
                rows = conn.execute(
                    "SELECT fragment, stamp, facts FROM fragments WHERE source = ?", (source,)
                ).fetchall()
            self._known[source] = {name: (stamp, facts) for name, stamp, facts in rows}
        return self._known[source]

    def put(self, source: str, fragment: str, stamp: str, facts: Mapping[str, Any]) -> None:
        """Remember JSON values about a fragment, in place of what was known of it."""
        entry = (stamp, dumps(dict(facts)))
        known = self._load(source)
        if known.get(fragment) != entry:
            known[fragment] = entry
            self._fresh[source, fragment] = entry
        if len(self._fresh) >= _PAGE:
            self.flush()

    def flush(self) -> None:
        """Write what was put. Without waiting for the disk: it can be found out again."""
        if not self._fresh:
            return
        at = instant(datetime.now(UTC))
        with self._state.write(durable=False) as tx:
            tx.executemany(
                "INSERT OR REPLACE INTO fragments (source, fragment, stamp, facts, seen_at) VALUES (?, ?, ?, ?, ?)",
                [(*key, *entry, at) for key, entry in self._fresh.items()],
            )
        self._fresh.clear()

    def forget(self, source: str) -> None:
        """Drop everything known about a source."""
        self._known.pop(source, None)
        self._fresh = {key: entry for key, entry in self._fresh.items() if key[0] != source}
        with self._state.write(durable=False) as tx:
            tx.execute("DELETE FROM fragments WHERE source = ?", (source,))

    def __enter__(self) -> FragmentCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()
