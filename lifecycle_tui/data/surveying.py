"""Which windows there are and what happened to them: the work behind `ModelData.survey`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lifecycle_tui.data import calendar
from lifecycle_tui.data.facts import FactBook, Facts, Share
from lifecycle_tui.data.findings import Findings, make
from lifecycle_tui.data.hashing import add_digests
from lifecycle_tui.data.slices import HISTORY, REF, CalendarSlicer, Selector, Slicer
from lifecycle_tui.data.survey import FEATURES, LABELS, REFERENCE, Change, Known, Survey, WindowState
from lifecycle_tui.data.zones import from_micros, to_micros
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.windows import CountWindow, DataFinding, FragmentPart, TimeWindow, Window, WindowSpec

TouchedByFeatures = Callable[[Sequence[tuple[str, Selector, tuple[Fragment, ...]]]], frozenset[str]]
"""Of these windows (key, selector, fragments), those whose joined features are not what their result was made from."""

SharesId = Callable[[Selector, Sequence[Fragment], Sequence[Fragment]], bool]
"""Whether an id of the slice occurs both in the first fragments and in the second."""


@dataclass(frozen=True)
class Surveyor:
    """Everything a survey needs.

    Attributes:
        book: facts of the base table; `reference` is the reference's own table if it has one.
        touched, shares_id: questions that need more than facts; None where there is no join, or no id.
    """

    window: WindowSpec
    timezone: str
    fragments: tuple[Fragment, ...]
    book: FactBook
    reference: FactBook | None
    touched: TouchedByFeatures | None
    shares_id: SharesId | None

    def survey(self, known: Known, as_of: datetime, findings: Findings) -> Survey:
        """All windows outside the reference that have begun by `as_of`."""
        slicer, by_id = self.book.slicer, {f.id: f for f in self.fragments}
        facts = {f.id: self.book.light(f) for f in self.fragments}
        found = _by_slot(facts)
        now = to_micros(as_of)
        self._note(facts, found, findings)
        slots = []
        for slot in sorted(s for s in found if s not in (REF, HISTORY)):
            if _low(found[slot]) is not None and _begin(slicer, slot, found[slot]) > now:
                findings.add("future-row", sum(s.rows for s in found[slot].values()), None, slicer.key(slot))
            else:
                slots.append(slot)
        self._make_digests(slots, found, by_id, known, findings)
        reference = self._reference(found.get(REF, {}), by_id, findings)
        windows = [
            self._window(order, slot, found[slot], by_id, as_of, last=slot == slots[-1])
            for order, slot in enumerate(slots)
        ]
        touched = self._touched(windows, slots, by_id, known)
        states = []
        previous = self._before_first(slots)
        for slot, window in zip(slots, windows, strict=True):
            notes = self._gap(previous, slot)
            previous = slot
            states.append(self._state(window, slot, known, by_id, window.key in touched, notes))
        keys = {w.key for w in windows}
        highs = [s.high for shares in found.values() for s in shares.values() if s.high is not None]
        newest = max((high for high in highs if high <= now), default=None)
        return Survey(
            reference=reference,
            reference_digest=add_digests(p.digest for p in reference.parts if p.digest),
            windows=tuple(states),
            gone=tuple(sorted(key for key in known if key not in keys and key != REFERENCE)),
            newest=None if newest is None else from_micros(newest),
            findings=findings.items,
        )

    def _note(self, facts: Mapping[str, Facts], found: Mapping[int, Mapping[str, Share]], findings: Findings) -> None:
        for name, fact in facts.items():
            if fact.error:
                findings.add("unreadable-file", 1, None, fact.error)
            findings.add("bad-timestamp", fact.bad, None, f"{name}: {fact.example or 'empty'}")
        findings.add("before-reference", sum(share.rows for share in found.get(HISTORY, {}).values()))

    def _make_digests(
        self,
        slots: Sequence[int],
        found: Mapping[int, Mapping[str, Share]],
        by_id: Mapping[str, Fragment],
        known: Known,
        findings: Findings,
    ) -> None:
        """Read in full the fragments whose content decides a comparison: those of the reference, and those of windows
        with a result to which they belonged already, or of which a fragment is gone."""
        slicer, wanted = self.book.slicer, dict[str, bool]()
        for fragment in found.get(REF, {}):
            wanted[fragment] = True
        for slot in slots:
            stored = _inputs(known.get(slicer.key(slot), ()))
            if not stored:
                continue
            gone = set(stored) - set(found[slot])
            for fragment in found[slot]:
                if gone or fragment in stored:
                    wanted[fragment] = True
        lacking = {}
        for name in wanted:
            here = [slot for slot in found if name in found[slot] and slot != HISTORY]
            have = self.book.digests(by_id[name])
            if any(self._select(slot).name(name) not in have for slot in here):
                lacking[name] = {slot: self._select(slot) for slot in here}
        if lacking and self.book.away is not None:
            self.book.away.digest(self.book, lacking)
        for name, selectors in lacking.items():
            have = self.book.digests(by_id[name])
            if any(selector.name(name) not in have for selector in selectors.values()):
                self.book.digest_all(by_id[name], list(selectors), self._select, findings)

    def _select(self, slot: int) -> Selector:
        slicer = self.book.slicer
        if slot == REF:
            assert slicer.reference is not None
            return slicer.reference
        return slicer.select(slot)

    def _parts(self, slot: int, shares: Mapping[str, Share], by_id: Mapping[str, Fragment]) -> tuple[FragmentPart, ...]:
        selector = self._select(slot)
        parts = []
        for name in sorted(shares):
            digest = self.book.digests(by_id[name]).get(selector.name(name), (0, ""))[1]
            parts.append(FragmentPart(name, shares[name].rows, digest))
        return tuple(parts)

    def _reference(self, shares: Mapping[str, Share], by_id: Mapping[str, Fragment], findings: Findings) -> Window:
        if self.reference is None:
            parts = self._parts(REF, shares, by_id) if shares else ()
            return _window_of(REFERENCE, -1, parts, shares)
        book, shares, parts = self.reference, {}, ()
        everything = Selector()
        for fragment in book.table.fragments():
            fact = book.light(fragment)
            if fact.error:
                findings.add("unreadable-file", 1, None, fact.error)
                continue
            if "all" not in book.digests(fragment):
                book.digest_all(fragment, [REF], lambda _: everything, findings)
            rows, digest = book.digests(fragment).get("all", (0, ""))
            parts = (*parts, FragmentPart(fragment.id, rows, digest))
            shares[fragment.id] = fact.slots.get(REF, Share(rows, None, None))
        return _window_of(REFERENCE, -1, parts, shares)

    def _window(
        self,
        order: int,
        slot: int,
        shares: Mapping[str, Share],
        by_id: Mapping[str, Fragment],
        as_of: datetime,
        *,
        last: bool,
    ) -> Window:
        slicer = self.book.slicer
        window = _window_of(slicer.key(slot), order, self._parts(slot, shares, by_id), shares)
        bounds = slicer.bounds(slot)
        if bounds is not None and isinstance(self.window, TimeWindow):
            complete = bounds[1] + self.window.grace <= as_of
            return Window(window.key, order, bounds[0], bounds[1], window.rows, window.parts, complete)
        if isinstance(self.window, CountWindow):
            return _completed(window, not last or window.rows >= self.window.rows)
        return _completed(window, not last or self._is_over(window, as_of))

    def _is_over(self, window: Window, as_of: datetime) -> bool:
        """Whether the newest partition or file is closed: one named for a day is when that day is past; others are as
        soon as they are there."""
        try:
            day = date.fromisoformat(window.key)
        except ValueError:
            return True
        slot = (day - date(1970, 1, 1)).days
        return calendar.start_of(slot + 1, 1, "day", self.timezone) <= as_of

    def _touched(
        self, windows: Sequence[Window], slots: Sequence[int], by_id: Mapping[str, Fragment], known: Known
    ) -> frozenset[str]:
        if self.touched is None:
            return frozenset()
        asked = [
            (w.key, self._select(slot), tuple(by_id[p.fragment] for p in w.parts))
            for w, slot in zip(windows, slots, strict=True)
            if w.key in known
        ]
        return self.touched(asked)

    def _state(
        self, window: Window, slot: int, known: Known, by_id: Mapping[str, Fragment], touched: bool,
        notes: tuple[DataFinding, ...],
    ) -> WindowState:  # fmt: skip
        if window.key not in known:
            return WindowState(window, "new", findings=notes)
        stored = _inputs(known[window.key])
        change, added = _compare(window.parts, stored)
        if touched:
            change, added = "changed", ()
        if change == "grown" and self.touched is not None:
            change, added = "changed", ()  # parts of joined features cannot be told apart by the base's fragments
        if change == "grown" and self.shares_id is not None:
            # The same id on both sides: which row counts is decided over all of them, so nothing can be merged.
            old = [by_id[p.fragment] for p in window.parts if p.fragment not in added]
            if self.shares_id(self._select(slot), old, [by_id[name] for name in added]):
                change, added = "changed", ()
        more = window.rows - sum(part.rows for part in stored.values())
        if change in ("grown", "changed") and more > 0 and stored:
            notes = (*notes, make("late-row", more))
        return WindowState(window, change, added, notes)

    def _before_first(self, slots: Sequence[int]) -> int | None:
        """The window that the reference ends in, so that a gap right after it is seen."""
        slicer = self.book.slicer
        r = slicer.reference
        if not slots or not isinstance(slicer, CalendarSlicer) or r is None or not r.timed or abs(r.high) >= 2**62:
            return None
        w = slicer.window
        return calendar.slot_of(from_micros(r.high - 1), w.count, w.unit, slicer.timezone)

    def _gap(self, previous: int | None, slot: int) -> tuple[DataFinding, ...]:
        slicer = self.book.slicer
        if previous is None or not isinstance(slicer, CalendarSlicer) or slot - previous < 2:
            return ()
        first, last = slicer.key(previous + 1), slicer.key(slot - 1)
        return (make("gap", slot - previous - 1, None, first if first == last else f"{first} to {last}"),)


def _inputs(parts: Sequence[FragmentPart]) -> dict[str, FragmentPart]:
    """Stored parts of the base table."""
    return {p.fragment: p for p in parts if not p.fragment.startswith((LABELS, FEATURES))}


def _by_slot(facts: Mapping[str, Facts]) -> dict[int, dict[str, Share]]:
    found: dict[int, dict[str, Share]] = {}
    for name, fact in facts.items():
        for slot, share in fact.slots.items():
            found.setdefault(slot, {})[name] = share
    return found


def _low(shares: Mapping[str, Share]) -> int | None:
    return min((s.low for s in shares.values() if s.low is not None), default=None)


def _begin(slicer: Slicer, slot: int, shares: Mapping[str, Share]) -> int:
    bounds = slicer.bounds(slot)
    low = _low(shares)
    assert low is not None
    return to_micros(bounds[0]) if bounds else low


def _window_of(key: str, order: int, parts: tuple[FragmentPart, ...], shares: Mapping[str, Share]) -> Window:
    lows = [s.low for s in shares.values() if s.low is not None]
    highs = [s.high for s in shares.values() if s.high is not None]
    start = from_micros(min(lows)) if lows else None
    end = from_micros(max(highs) + 1) if highs else None
    return Window(key, order, start, end, sum(s.rows for s in shares.values()), parts)


def _completed(window: Window, complete: bool) -> Window:
    return Window(window.key, window.order, window.start, window.end, window.rows, window.parts, complete)


def _compare(parts: Sequence[FragmentPart], stored: Mapping[str, FragmentPart]) -> tuple[Change, tuple[str, ...]]:
    """What happened between the stored parts and the present ones. Files may be renamed, split or merged without
    anything having changed: then the sum of the digests is the same."""
    now = {p.fragment: p for p in parts}
    same = [name for name in now if name in stored and now[name].digest and now[name].digest == stored[name].digest]
    if len(same) == len(now) == len(stored):
        return "unchanged", ()
    if len(same) == len(stored):
        return "grown", tuple(sorted(set(now) - set(stored)))
    if all(p.digest for p in parts) and all(p.digest for p in stored.values()):
        rows = sum(p.rows for p in parts), sum(p.rows for p in stored.values())
        sums = add_digests(p.digest for p in parts), add_digests(p.digest for p in stored.values())
        if rows[0] == rows[1] and sums[0] == sums[1]:
            return "unchanged", ()
    return "changed", ()
