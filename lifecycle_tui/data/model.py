"""One model's tables as monitoring sees them: windows, and batches of aligned rows.

The caller opens a source for each table that `layout.tables(spec)` names (see `opening`); this room never looks for
plugins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from lifecycle_tui.data.away import Away
from lifecycle_tui.data.cache import FragmentCache, MemoryCache
from lifecycle_tui.data.changes import labels_may_differ, touched_by_features
from lifecycle_tui.data.facts import FactBook, fingerprint, set_stamp
from lifecycle_tui.data.findings import Findings
from lifecycle_tui.data.layout import Role as Role
from lifecycle_tui.data.plan import ScanPlan
from lifecycle_tui.data.reference_cut import ReferencePart, cut
from lifecycle_tui.data.resolved import Resolved
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.data.slices import FragmentSlicer, Selector
from lifecycle_tui.data.survey import LABELS, Known, Survey
from lifecycle_tui.data.surveying import Surveyor
from lifecycle_tui.data.zones import to_micros
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Source
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import Window

_ORPHAN_LIMIT = 1_000_000
"""Up to so many rows a survey also looks for labels that belong to no row."""


class ModelData:
    """Reads what `spec.data` declares through `sources`, one for each declared table.

    Files are listed once in the life of an object: make a new one for the next run.

    Args:
        cache: remembers facts about unchanged files; without it every object reads them anew.
        memory: bytes of rows to keep between passes, for each table.
        scratch: folder for anonymous temporary files, which large files are unpacked into; None: the system's.
        away: who reads on other machines; None: all is read here.

    Raises:
        DataError: from any method, if the tables as a whole cannot serve: nothing there, no column of that name.
    """

    def __init__(
        self,
        spec: ModelSpec,
        sources: Mapping[Role, Source],
        *,
        cache: FragmentCache | None = None,
        memory: int = 128 << 20,
        scratch: str | None = None,
        away: Away | None = None,
    ) -> None:
        self.spec, self.away = spec, away
        self._of = Resolved(spec, sources, cache if cache is not None else MemoryCache(), memory, scratch, away)

    @property
    def features(self) -> tuple[str, ...]:
        """Feature columns of the reference: no role, not ignored; sorted by name."""
        return self._of.layout.features

    @property
    def columns(self) -> frozenset[str]:
        """Every column that some file of some table has."""
        return frozenset(name for table in self._of.tables.values() for name in table.names())

    def kinds(self) -> Mapping[str, ColumnKind]:
        """The kind of every feature: as declared, else inferred from the whole reference (and remembered)."""
        return self._of.kinds

    def survey(self, known: Known, as_of: datetime) -> Survey:
        """Which windows there are, and what happened to them since `known` (key → parts stored with its result)."""
        findings = Findings()
        for name in self._of.layout.extra:
            findings.add("extra-column", 1, name)
        survey = self._survey(known, as_of, findings)
        orphans = self._orphans(survey, as_of)
        if orphans:
            findings.add("orphan-label", orphans, self.spec.columns.target)
            survey = replace(survey, findings=findings.items)
        return survey

    def _survey(self, known: Known, as_of: datetime, findings: Findings) -> Survey:
        of = self._of
        own, book = of.tables.get("reference"), None
        if own is not None:
            everything = FragmentSlicer(Selector(), None, (), {})
            book = FactBook(f"{self.spec.name}/reference", own, everything, of.need("reference"), of.cache, self.away)
        sides = of.layout.joined | of.layout.beside
        surveyor = Surveyor(
            window=self.spec.data.window,
            timezone=self.spec.data.timezone,
            fragments=of.base.fragments(),
            book=of.book,
            reference=book,
            touched=(lambda asked: touched_by_features(of, asked, known)) if sides else None,
            shares_id=of.shares_id if self.spec.columns.id else None,
        )
        return surveyor.survey(known, as_of, findings)

    def scan(
        self,
        window: Window,
        as_of: datetime,
        *,
        columns: Sequence[str] | None = None,
        fragments: Sequence[str] | None = None,
        groups: bool = False,
        part: ReferencePart | None = None,
    ) -> Scan:
        """The rows of `window`, or of `survey.reference`; see `plan`."""
        plan = self.plan(window, as_of, columns=columns, fragments=fragments, groups=groups, part=part)
        return Scan(plan, away=self.away)

    def plan(
        self,
        window: Window,
        as_of: datetime,
        *,
        columns: Sequence[str] | None = None,
        fragments: Sequence[str] | None = None,
        groups: bool = False,
        part: ReferencePart | None = None,
    ) -> ScanPlan:
        """What a scan of `window`, or of `survey.reference`, has to read.

        Args:
            as_of: labels that arrive later are not seen.
            columns: features to read; None: all (only then are there digests); `()`: roles alone.
            fragments: only these fragments of the base (a grown window's `added`).
            groups: also give the values of the protected, segment and query columns, whatever `columns` says.
            part: only this part of the reference.
        """
        of, layout = self._of, self._of.layout
        asked = self.features if columns is None else tuple(columns)
        for name in asked:
            if name not in of.kinds:
                raise DataError(f"model {self.spec.name} has no feature {name!r}")
        own = of.has_own_reference(window)
        role: Role = "reference" if own else of.role
        selector = Selector() if own else of.selector(window)
        if part is not None:
            selector = part.selector
        chosen = tuple(
            f for f in of.fragments_of(window) if (fragments is None or f.id in fragments) and selector.takes(f.id)
        )
        if own:
            target: Literal["base"] | None = "base" if layout.target else None
            layout = replace(layout, base="reference", joined=frozenset(), beside=frozenset(), target=target)
        whole = set(asked) == set(self.features)
        wanted = layout.groups if groups else ()
        sides = layout.joined | layout.beside
        joined = [name for name in dict.fromkeys((*asked, *wanted)) if name in sides]
        return ScanPlan(
            spec=self.spec,
            layout=layout,
            base=of.tables[role],
            fragments=chosen,
            selector=selector,
            need=of.need(role, None if whole else asked, groups),
            columns=asked,
            as_of=as_of,
            labels=of.labels if layout.target == "labels" else None,
            join=of.join(joined, chosen, whole) if joined else None,
            known_names=of.known_names,
            record=None if own or part is not None else of.book.note,
            labels_set=of.labels_set(chosen),
            groups=wanted,
            expected=(window if part is None else part.window).rows,
            unreadable=0 if own else len({f.id for f in of.unreadable} & {f.id for f in chosen}),
        )

    def reference_parts(self, reference: Window) -> tuple[ReferencePart, ...]:
        """`survey.reference` cut into whole windows of the model's own kind, in window order; see `reference_cut`."""
        of = self._of
        role: Role = "reference" if of.has_own_reference(reference) else of.role
        selector = Selector() if role == "reference" else of.selector(reference)
        fragments = tuple(f for f in of.fragments_of(reference) if selector.takes(f.id))
        return cut(self.spec.data, of.tables[role], fragments, selector, of.declared[role].partition)

    def touched_by_labels(self, known: Known, measured: Mapping[str, datetime], as_of: datetime) -> tuple[str, ...]:
        """Keys of the stored windows whose known labels are not those that their result was measured with: labels
        arrived, were corrected or withdrawn, or a delay passed. In window order ("reference" first, if it is stored).

        `measured`: window key → the `as_of` of its result. Reads ids, times, labels and other roles only, and those
        only for windows where something can have changed.
        """
        if self._of.layout.target is None:
            return ()
        found = []
        survey = self._survey(known, as_of, Findings())
        for window in (survey.reference, *(state.window for state in survey.windows)):
            parts = {p.fragment: p for p in known.get(window.key, ())}
            if window.key not in measured or LABELS not in parts:
                continue
            if labels_may_differ(self._of, window, parts, measured[window.key], as_of):
                now = {p.fragment: p for p in self.scan(window, as_of, columns=()).run().parts}
                if (now[LABELS].rows, now[LABELS].digest) != (parts[LABELS].rows, parts[LABELS].digest):
                    found.append(window.key)
        return tuple(found)

    def _orphans(self, survey: Survey, as_of: datetime) -> int:
        """Labels that belong to no row, where the rows are few enough to look."""
        of = self._of
        total = survey.reference.rows + sum(state.window.rows for state in survey.windows)
        if of.layout.target != "labels" or of.labels is None or total > _ORPHAN_LIMIT:
            return 0
        labels, base = of.labels.table.fragments(), of.base.fragments()
        key, stamp = f"{self.spec.name}/orphans", fingerprint(set_stamp(base), set_stamp(labels), of.layout.labels_key)
        stored = of.cache.get(key, "", stamp)
        if stored is None:
            arrivals = of.labels.orphans(of.ids(Selector(), base))
            stored = {"arrivals": arrivals}
            of.cache.put(key, "", stamp, stored)
        return bisect_right(stored["arrivals"], to_micros(as_of))
