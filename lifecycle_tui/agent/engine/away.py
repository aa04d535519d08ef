"""Reads on a Dask cluster what `ModelData` and the jobs' readers are asked for: splits it into shares, has the workers
read and add them up, and puts together here what comes back. See the package for the whole picture.

What cannot leave this process is declined, once in words in the job's log, and read here: rows that versions of this
workspace score, and tables that a team's own source reads. So is a window in which the cluster could not read a file:
whether it can be read is decided where the workspace is.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.engine import onworker
from lifecycle_tui.agent.engine.cluster import Cluster, Future
from lifecycle_tui.agent.engine.gathered import load_batches
from lifecycle_tui.agent.engine.orders import FactsOrder, FitOrder, KindsOrder, ReadOrder, dump_order, token
from lifecycle_tui.agent.engine.packing import unpack
from lifecycle_tui.agent.engine.shares import Grids, Share, dump_grids, load_grids, load_share
from lifecycle_tui.agent.engine.splitting import Group, groups, levels, rows_of
from lifecycle_tui.agent.work.reading import Reader, Settings, WindowRows
from lifecycle_tui.agent.work.rows import Batches, Within
from lifecycle_tui.data.plan import PortableTable, portable
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.domain.delivery import FitRequest, FitResult
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.profiles.pending import Pending

if TYPE_CHECKING:
    from lifecycle_tui.agent.workers.context import JobContext
    from lifecycle_tui.data.facts import FactBook
    from lifecycle_tui.data.layout import Role
    from lifecycle_tui.data.plan import ScanPlan
    from lifecycle_tui.data.rows import Table
    from lifecycle_tui.data.slices import Selector
    from lifecycle_tui.domain.protocols import Fragment
    from lifecycle_tui.domain.signals import ColumnKind
    from lifecycle_tui.domain.specs import DataSpec

AHEAD = 2
"""Windows that are begun before they are asked for, for each thread of the cluster."""


@dataclass(frozen=True)
class Begun:
    """A reading that the workers are at.

    Attributes:
        parts: the shares, with the rows that each is expected to bring.
        whole: what they add up to.
        sample: of the whole window, where one is asked for and the shares cannot give it.
        every: all of its tasks.
    """

    order: Future
    parts: tuple[Future, ...]
    rows: tuple[int, ...]
    whole: Future
    sample: Future | None
    every: tuple[Future, ...]


@dataclass
class OnCluster:
    """See `data.away.Away`.

    Args:
        foreign: role → the team's own source that reads it, which the workers lack.
    """

    job: JobContext
    cluster: Cluster
    data: DataSpec
    foreign: Mapping[Role, str]
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    _begun: dict[str, Begun] = field(default_factory=dict)
    _coming: Iterator[tuple[Reader, Scan]] = field(default_factory=lambda: iter(()))
    _grids: tuple[Any, bytes] = (None, b"")
    _held: tuple[bytes, Future] = (b"", None)
    _said: set[str] = field(default_factory=set)

    # ── windows and references ──

    def expect(self, readings: Iterator[tuple[Reader, Scan]]) -> None:
        """Have the workers begin with what will be asked for soon, a few windows ahead."""
        for left in self._begun.values():
            self.cluster.drop(left.every)
        self._begun.clear()
        self._coming = readings
        self._begin_more()

    def _begin_more(self) -> None:
        while len(self._begun) < AHEAD * self.cluster.threads:
            reader, scan = next(self._coming, (None, None))
            if reader is None or scan is None or reader.settings is None or self._declined(reader, scan.plan):
                return
            order, grids = self._order(reader, reader.settings, scan.plan, True)
            self._begun[token(order + grids)] = self._begin(order, grids, scan.plan, reader.settings.sample)

    def read(self, reader: Reader, scan: Scan, profile: bool) -> WindowRows | None:
        """What the reader makes of the scan; None where it is to be read here."""
        settings, plan = reader.settings, scan.plan
        if self._declined(reader, plan) or settings is None:
            return None
        order, grids = self._order(reader, settings, plan, profile)
        begun = self._begun.pop(token(order + grids), None)
        self._begin_more()
        if begun is None:
            begun = self._begin(order, grids, plan, settings.sample if profile else 0)
        try:
            share, made = self._finished(begun, reader, settings, plan, reader.grids is None and profile)
        finally:
            self.cluster.drop(begun.every)
        if self._doubtful(share, plan):
            self._tell(f"a file of {plan.spec.name} could not be read on the cluster, and is tried here")
            return None
        return self._taken(share, made, scan, settings)

    def _order(self, reader: Reader, settings: Settings, plan: ScanPlan, profile: bool) -> tuple[bytes, bytes]:
        order = dump_order(ReadOrder(self.run, self._root, portable(plan), settings, profile))
        if reader.grids is None:
            return order, b""
        if self._grids[0] is not reader.grids:  # of one reference they are the same for every window
            self._grids = (reader.grids, dump_grids(reader.grids))
        return order, self._grids[1]

    def _begin(self, order: bytes, grids: bytes, plan: ScanPlan, sample: int) -> Begun:
        """Submit everything that one pass takes."""
        submit, ids = self.cluster.submit, tuple(f.id for f in plan.fragments)
        held = submit(onworker.hold, order)
        if grids and self._held[0] != grids:
            self._held = (grids, submit(onworker.hold, grids))
        on = self._held[1] if grids else None
        shares = self._shares(plan, held)
        parts = tuple(
            submit(onworker.read, held, group, on, again, extra, len(shares) == 1) for group, again, extra in shares
        )
        every = [held, *parts, *(again for _, again, _ in shares[:1] if again is not None)]
        below: Sequence[Future] = parts
        for level in levels(len(parts)):
            below = [submit(onworker.add, held, on, *below[first:last]) for first, last in level]
            every += below
        taken = submit(onworker.sample, held, ids) if sample and len(shares) > 1 else None
        every += [taken] if taken is not None else []
        whole = [group for group, _, extra in shares if not extra]
        rows = (*rows_of(whole, plan.fragments, plan.expected), *([0] * (len(shares) - len(whole))))
        return Begun(held, parts, rows, below[0], taken, tuple(every))

    def _shares(self, plan: ScanPlan, order: Future) -> list[tuple[Group, Future | None, bool]]:
        """(fragments, keys that occur again, whether it is the rows with these) of each share, in order."""
        ids = tuple(f.id for f in plan.fragments)
        split = groups(plan.fragments, self.cluster.threads)
        if plan.join is not None or len(split) < 2:
            if plan.join is not None and len(split) > 1:
                self._tell(f"one worker reads each window of {plan.spec.name}: features are joined to all its rows")
            return [(ids, None, False)]
        if plan.layout.key is None or not plan.spec.columns.id:
            return [(group, None, False) for group in split]
        found = [self.cluster.submit(onworker.keys, order, group) for group in split]
        again = self.cluster.submit(onworker.repeats, *found)
        return [*((group, again, False) for group in split), (ids, again, True)]

    def _finished(
        self, begun: Begun, reader: Reader, settings: Settings, plan: ScanPlan, decide: bool
    ) -> tuple[Share, Grids]:
        """Wait for a reading; the grids are those that were made, where there were none."""

        def tick(done: int) -> None:
            reader.progress(sum(n for n, f in zip(begun.rows, begun.parts, strict=True) if f.status == "finished"))

        self.cluster.wait(begun.parts, tick)
        coding = settings.coding
        if not decide:
            share = load_share(self.cluster.result(begun.whole, tick), reader.grids or {}, coding)
            grids: dict[str, Any] = dict(reader.grids or {})
        else:
            told = self.cluster.submit(onworker.decide, begun.order, begun.whole)
            blobs = unpack(self.cluster.result(told, tick))[1]
            grids, again = load_grids(blobs["grids"]), load_grids(blobs["again"])
            share = load_share(blobs["share"], grids, coding)
            self.cluster.drop([told])
            if again:
                second = self._counted(settings, plan, again, tick)
                share = replace(share, columns={**share.columns, **second.columns})
                grids |= again
        if begun.sample is not None:
            found = load_share(self.cluster.result(begun.sample, tick), {}, coding)
            share = replace(share, sample=found.sample)
        return share, grids

    def _counted(self, settings: Settings, plan: ScanPlan, grids: Grids, tick: Callable[[int], None]) -> Share:
        """The second pass over a reference that was too large to keep: columns counted on their grids."""
        order = dump_order(ReadOrder(self.run, self._root, portable(plan), settings, True, tuple(grids)))
        begun = self._begin(order, dump_grids(grids), plan, 0)
        try:
            return load_share(self.cluster.result(begun.whole, tick), grids, settings.coding)
        finally:
            self.cluster.drop(begun.every)

    def _taken(self, share: Share, grids: Grids, scan: Scan, settings: Settings) -> WindowRows:
        """The share of a whole window as a job has it; the scan is complete."""
        scan.take_over(share.scan)
        plan = scan.plan
        if plan.record is not None:
            of = {fragment.id: fragment for fragment in plan.fragments}
            for part in share.scan.parts:
                if part.digest:
                    plan.record(of[part.fragment], plan.selector.name(part.fragment), part.rows, part.digest)
        wanted = {**settings.kinds, **settings.outputs}
        columns = {}
        for name in wanted:
            profile = share.columns.get(name)
            if profile is not None:
                assert not isinstance(profile, Pending), "grids were decided, or given"
                columns[name] = ColumnData(wanted[name], profile, share.kept.get(name))
        return WindowRows(columns, share.collector, scan, (), share.sample, share.segments)

    # ── the same split for other questions ──

    def labels(self, scan: Scan) -> set[str] | None:
        """The labels that occur in a scan."""
        found, failed = set[str](), 0
        told = self._each(scan, onworker.labels, "looking at the labels")
        for text in told or ():
            values, unreadable = json.loads(text)
            failed += unreadable
            found.update(values)
        return None if told is None or failed > scan.plan.unreadable else found

    def gather(self, scan: Scan, limits: Within, progress: Callable[[int], None]) -> Batches | None:
        """The labelled rows of a scan."""
        within = self.cluster.submit(onworker.hold, dump_order(limits))
        told = self._each(scan, onworker.gather, "", within, tick=progress)
        self.cluster.drop([within])
        found, failed = Batches(), 0
        for data in told or ():
            batches, unreadable = load_batches(data)
            failed += unreadable
            found.extend(batches)
        return None if told is None or failed > scan.plan.unreadable else found

    def _each(
        self, scan: Scan, function: Callable[..., Any], text: str, *more: Any, tick: Callable[[int], None] | None = None
    ) -> list[Any] | None:
        """What a function says of each share of a scan, in order."""
        plan = scan.plan
        if self._foreign():
            return None
        settings = Settings(plan.spec.columns, _NO_CODING, {}, {})
        order = self.cluster.submit(
            onworker.hold, dump_order(ReadOrder(self.run, self._root, portable(plan), settings, False))
        )
        parts = [
            self.cluster.submit(function, order, *more, group, again, extra)
            for group, again, extra in self._shares(plan, order)
        ]
        told = self._tick(len(parts), f"{plan.spec.name}: {text}")
        try:
            self.cluster.wait(parts, told if tick is None else lambda n: tick(plan.expected * n // len(parts)))
            return [self.cluster.result(part, lambda _: None) for part in parts]
        finally:
            self.cluster.drop([order, *parts])

    # ── facts and kinds ──

    def count(self, book: FactBook, fragments: Sequence[Fragment]) -> None:
        """Light facts of the fragments that the cache lacks."""
        lacking = [f for f in fragments if book.cache.get(book.light_key, f.id, f.stamp) is None]
        if len(lacking) < 2 or self._foreign():
            return
        order = self._facts_order(book, lacking)
        parts = [
            self.cluster.submit(onworker.count, order, group) for group in groups(lacking, self.cluster.threads)
        ]  # fmt: skip
        self._note(book, book.light_key, lacking, [order, *parts], "counting rows")

    def digest(self, book: FactBook, wanted: Mapping[str, Mapping[int, Selector]]) -> None:
        """Digests of these slots of each fragment."""
        fragments = [f for f in book.table.fragments() if f.id in wanted]
        if len(fragments) < 2 or self._foreign():
            return
        order = self._facts_order(book, fragments)
        parts = [
            self.cluster.submit(onworker.digest, order, dump_order({i: dict(wanted[i]) for i in group}))
            for group in groups(fragments, self.cluster.threads)
        ]
        self._note(book, book.full_key, fragments, [order, *parts], "fingerprints of the data")

    def _facts_order(self, book: FactBook, fragments: Sequence[Fragment]) -> Future:
        table = PortableTable.of(book.table, fragments)
        order = FactsOrder(self.run, self._root, self.data, book.name, table, book.slicer, book.need)
        return self.cluster.submit(onworker.hold, dump_order(order))

    def _note(
        self, book: FactBook, key: str, fragments: Sequence[Fragment], futures: Sequence[Future], text: str
    ) -> None:  # fmt: skip
        """Put what comes back into the cache."""
        parts, of = futures[1:], {f.id: f for f in fragments}
        try:
            self.cluster.wait(parts, self._tick(len(parts), f"{book.name.partition('/')[0]}: {text}"))
            for part in parts:
                for name, facts in json.loads(self.cluster.result(part, lambda _: None)):
                    known = book.cache.get(key, name, of[name].stamp) or {}
                    if "digests" in facts:
                        facts = {"digests": {**known.get("digests", {}), **facts["digests"]}}
                    book.cache.put(key, name, of[name].stamp, facts)
        finally:
            self.cluster.drop(futures)

    def kinds(
        self, table: Table, fragments: Sequence[Fragment], selector: Selector, names: Sequence[str]
    ) -> dict[str, ColumnKind] | None:
        """Kinds of columns, by one worker that looks at all these rows."""
        if self._foreign():
            return None
        order = KindsOrder(self.run, self._root, self.data, PortableTable.of(table, fragments), selector, tuple(names))
        held = self.cluster.submit(onworker.hold, dump_order(order))
        part = self.cluster.submit(onworker.kinds, held)
        try:
            found: dict[str, ColumnKind] = json.loads(self.cluster.result(part, self._tick(1, "kinds of columns")))
        finally:
            self.cluster.drop([held, part])
        return found

    # ── training ──

    def fit(self, strategy: str, options: Mapping[str, Any], request: FitRequest) -> FitResult | None:
        """What a strategy that ships makes of the rows, on one worker; None where it is to be made here.

        Raises:
            TrainingError: the rows cannot be learned from.
        """
        info = self.job.workspace.plugins.find("strategy", strategy)
        if info.origin != "builtin":
            self._tell(f"it is fitted here: the team's own strategy {strategy} is not on the workers")
            return None
        if request.estimator is not None and ":" in request.estimator:
            self._tell(f"it is fitted here: the team's own {request.estimator} is not on the workers")
            return None
        if other := self.cluster.other_learners():
            self._tell(f"it is fitted here: {other}")
            return None
        held = self.cluster.submit(onworker.hold, dump_order(FitOrder(strategy, dict(options), request)))
        part = self.cluster.submit(onworker.fit, held)
        text = f"{request.model}: fitting on {request.table.num_rows:,} rows ({strategy}), on the cluster"
        try:
            facts, blobs = unpack(self.cluster.result(part, lambda _: self.job.progress(0, None, "", text)))
        finally:
            self.cluster.drop([held, part])
        return FitResult(blobs["artifact"], **facts)

    # ── what is read here ──

    def _declined(self, reader: Reader, plan: ScanPlan) -> bool:
        """Whether this is to be read here, said once in the job's log."""
        if reader.settings is None:
            self._tell(f"rows of {plan.spec.name} are read here: versions that this workspace holds score them")
            return True
        return self._foreign() or not plan.fragments

    def _foreign(self) -> bool:
        for role, source in self.foreign.items():
            self._tell(f"its {role} is read here: the team's own source {source} is not on the workers")
        return bool(self.foreign)

    def _doubtful(self, share: Share, plan: ScanPlan) -> bool:
        """Whether the workers could not read what can perhaps be read here. That it cannot is known of some files."""
        failed = sum(count for code, count, *_ in share.scan.findings if code == "unreadable-file")
        return bool(share.scan.labels_table) or failed > plan.unreadable

    def _tell(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.job.log("info", text)

    def _tick(self, total: int, text: str) -> Callable[[int], None]:
        return lambda done: self.job.progress(done, total, "shares", text)

    @property
    def _root(self) -> str:
        return str(self.job.workspace.spec.root)


_NO_CODING = Coding("regression")
