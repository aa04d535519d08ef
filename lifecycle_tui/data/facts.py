"""What is counted about fragments and remembered in the cache: rows by window, and digests. Used by `surveying`.

Light facts need the times alone; digests need all used columns and are only made where a comparison asks for them
(or a scan came by them anyway).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lifecycle_tui.data.away import Away
from lifecycle_tui.data.cache import FragmentCache
from lifecycle_tui.data.chunks import Need
from lifecycle_tui.data.findings import Findings
from lifecycle_tui.data.hashing import digest
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.slices import NONE, Selector, Slicer
from lifecycle_tui.data.zones import MISSING
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment

LIGHT = Need(hashed=False, whole=False)
"""Times alone."""


def fingerprint(*parts: Any) -> str:
    """A short name for a way of counting; another declaration gives another."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def set_stamp(fragments: Sequence[Fragment]) -> str:
    """Names the state of a set of fragments: changes when one comes, goes or is written."""
    return fingerprint(*((f.id, f.stamp) for f in fragments))


@dataclass(frozen=True)
class Share:
    """What a fragment holds of one slot: rows, and the first and last time (None without timestamps)."""

    rows: int
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Facts:
    """Light facts of a fragment. `bad`: rows without a time; `error`: why it could not be read (then nothing else)."""

    rows: int = 0
    bad: int = 0
    example: str = ""
    slots: Mapping[int, Share] = field(default_factory=dict)
    error: str = ""


class FactBook:
    """Facts by fragment, from the cache where the fragment has not changed.

    Args:
        name: of the model and table, for the cache's keys.
        need: what a digest is made over.
        away: who can count on other machines; asked once for all fragments of the table, when the first is wanted.
    """

    def __init__(
        self, name: str, table: Table, slicer: Slicer, need: Need, cache: FragmentCache, away: Away | None = None
    ) -> None:  # fmt: skip
        self.name, self.table, self.slicer, self.need, self.cache, self.away = name, table, slicer, need, cache, away
        self._asked = False
        self._light: dict[str, Facts] = {}
        form = (table.timestamp, table.timezone)
        self.light_key = f"{name}/light:{fingerprint(form, slicer.fingerprint)}"
        self.full_key = f"{name}/full:{fingerprint(form, need.key())}"

    def light(self, fragment: Fragment) -> Facts:
        """Rows by slot."""
        known = self._light.get(fragment.id)
        if self.away is not None and not self._asked:
            self._asked = True
            self.away.count(self, self.table.fragments())
        if known is None:
            known = self._light[fragment.id] = self._fresh(fragment)
        return known

    def _fresh(self, fragment: Fragment) -> Facts:
        stored = self.cache.get(self.light_key, fragment.id, fragment.stamp)
        if stored is not None:
            slots = {int(slot): Share(*share) for slot, share in stored["slots"]}
            return Facts(stored["rows"], stored["bad"], stored["example"], slots)
        try:
            facts = self._count(fragment)
        except DataError as exc:
            return Facts(error=exc.message)
        except Exception as exc:  # a source is a plugin: whatever it raises concerns its file, not the run
            return Facts(error=f"{fragment.path}: {type(exc).__name__}: {exc}")
        rows = [[slot, [s.rows, s.low, s.high]] for slot, s in sorted(facts.slots.items())]
        self.cache.put(
            self.light_key,
            fragment.id,
            fragment.stamp,
            {"rows": facts.rows, "bad": facts.bad, "example": facts.example, "slots": rows},
        )
        return facts

    def _count(self, fragment: Fragment) -> Facts:
        import numpy as np

        rows = bad = 0
        example = ""
        shares: dict[int, Share] = {}
        for chunk in self.table.chunks(fragment, LIGHT):
            rows += chunk.rows
            slots = self.slicer.assign(fragment.id, chunk.first_row, chunk.rows, chunk.time)
            for flaw in chunk.flaws:
                if flaw.code == "bad-timestamp":
                    example = example or flaw.example
            for slot, share in _shares(slots, chunk.time).items():
                old = shares.get(slot)
                shares[slot] = share if old is None else _together(old, share)
            if chunk.time is not None:
                bad += int(np.count_nonzero(chunk.time == MISSING))
        shares.pop(NONE, None)
        return Facts(rows, bad, example, shares)

    def digests(self, fragment: Fragment) -> Mapping[str, tuple[int, str]]:
        """Share names (`Selector.name`) → (rows, digest), as far as they are known for the fragment as it is now."""
        stored = self.cache.get(self.full_key, fragment.id, fragment.stamp)
        return {} if stored is None else {name: (rows, text) for name, (rows, text) in stored["digests"].items()}

    def note(self, fragment: Fragment, name: str, rows: int, text: str) -> None:
        """Remember the digest of one share of a fragment."""
        known = {k: list(v) for k, v in self.digests(fragment).items()}
        known[name] = [rows, text]
        self.cache.put(self.full_key, fragment.id, fragment.stamp, {"digests": known})

    def digest_all(self, fragment: Fragment, slots: Sequence[int], selector_of: Any, findings: Findings) -> None:
        """Read the fragment once and remember the digests of all its slots."""
        import numpy as np

        hashes: dict[int, list[Any]] = {slot: [] for slot in slots}
        try:
            for chunk in self.table.chunks(fragment, self.need):
                assigned = self.slicer.assign(fragment.id, chunk.first_row, chunk.rows, chunk.time)
                assert chunk.row_hash is not None
                order = np.argsort(assigned, kind="stable")
                ordered = assigned[order]
                starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
                for a, b in zip(starts, [*starts[1:], len(ordered)], strict=True):
                    if int(ordered[a]) in hashes:
                        hashes[int(ordered[a])].append(digest_pair(chunk.row_hash[order[a:b]]))
        except Exception as exc:
            message = exc.message if isinstance(exc, DataError) else f"{fragment.path}: {type(exc).__name__}: {exc}"
            findings.add("unreadable-file", 1, None, message)
            return
        from lifecycle_tui.data.hashing import add_digests

        known = {k: list(v) for k, v in self.digests(fragment).items()}
        for slot, pairs in hashes.items():
            selector: Selector = selector_of(slot)
            known[selector.name(fragment.id)] = [sum(n for n, _ in pairs), add_digests(d for _, d in pairs)]
        self.cache.put(self.full_key, fragment.id, fragment.stamp, {"digests": known})


def digest_pair(hashes: Any) -> tuple[int, str]:
    """Rows and digest."""
    return len(hashes), digest(hashes)


def _shares(slots: Any, time: Any) -> dict[int, Share]:
    import numpy as np

    if not len(slots):
        return {}
    if int(slots.min()) == int(slots.max()):
        low, high = (int(time.min()), int(time.max())) if time is not None else (None, None)
        return {int(slots[0]): Share(len(slots), low, high)}
    order = np.argsort(slots, kind="stable")
    ordered = slots[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(starts[1:], len(ordered))
    if time is None:
        return {int(ordered[a]): Share(int(b - a), None, None) for a, b in zip(starts, ends, strict=True)}
    times = time[order]
    lows, highs = np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts)
    return {
        int(ordered[a]): Share(int(b - a), int(lo), int(hi))
        for a, b, lo, hi in zip(starts, ends, lows, highs, strict=True)
    }


def _together(one: Share, other: Share) -> Share:
    if one.low is None or other.low is None or one.high is None or other.high is None:
        return Share(one.rows + other.rows, None, None)
    return Share(one.rows + other.rows, min(one.low, other.low), max(one.high, other.high))
