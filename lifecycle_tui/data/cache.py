"""What is remembered about fragments between runs, so that an unchanged file is not read again.

`ModelData` asks and fills it; `state` persists it; tests and one-off commands use `MemoryCache`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class FragmentCache(Protocol):
    """Facts (JSON values) about one version of one fragment. Losing an entry costs time, never a result.

    `source` names what was computed and how (it changes with the declaration), `fragment` is the fragment's id,
    `stamp` changes with the file. A `put` replaces the entry; entries with other stamps may be forgotten.
    """

    def get(self, source: str, fragment: str, stamp: str) -> Mapping[str, Any] | None: ...

    def put(self, source: str, fragment: str, stamp: str, facts: Mapping[str, Any]) -> None: ...


class MemoryCache:
    """A cache that lives as long as the process."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], tuple[str, Mapping[str, Any]]] = {}

    def get(self, source: str, fragment: str, stamp: str) -> Mapping[str, Any] | None:
        found = self._entries.get((source, fragment))
        return found[1] if found is not None and found[0] == stamp else None

    def put(self, source: str, fragment: str, stamp: str, facts: Mapping[str, Any]) -> None:
        self._entries[(source, fragment)] = (stamp, facts)


class WriteThrough:
    """A cache in front of another: what was put or found once is there until the end, whatever the other forgets."""

    def __init__(self, behind: FragmentCache) -> None:
        self._near, self._behind = MemoryCache(), behind

    def get(self, source: str, fragment: str, stamp: str) -> Mapping[str, Any] | None:
        found = self._near.get(source, fragment, stamp)
        if found is None:
            found = self._behind.get(source, fragment, stamp)
            if found is not None:
                self._near.put(source, fragment, stamp, found)
        return found

    def put(self, source: str, fragment: str, stamp: str, facts: Mapping[str, Any]) -> None:
        self._near.put(source, fragment, stamp, facts)
        self._behind.put(source, fragment, stamp, facts)
