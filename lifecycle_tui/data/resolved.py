"""A model's declaration worked out against its tables: layout, kinds, slicer, and what to read for which purpose.

Everything is found out once, when it is first asked for. Used by `model` and `changes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.away import Away
from lifecycle_tui.data.cache import FragmentCache, WriteThrough
from lifecycle_tui.data.chunks import Need
from lifecycle_tui.data.cutting import make_slicer, partition_of
from lifecycle_tui.data.facts import FactBook, fingerprint, set_stamp
from lifecycle_tui.data.hashing import hash_strings
from lifecycle_tui.data.inferring import infer_reference_kinds
from lifecycle_tui.data.joining import FeatureJoin
from lifecycle_tui.data.labels import LabelTable
from lifecycle_tui.data.layout import Layout, Role, base_role, resolve, role_kinds, tables
from lifecycle_tui.data.light import is_valid
from lifecycle_tui.data.rows import Lake, Table
from lifecycle_tui.data.slices import HISTORY, REF, Selector, Slicer
from lifecycle_tui.data.survey import REFERENCE
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment, Source
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import Window

if TYPE_CHECKING:
    import numpy as np


class Resolved:
    """See the module.

    Raises:
        DataError: from any attribute, if the tables as a whole cannot serve.
    """

    def __init__(
        self,
        spec: ModelSpec,
        sources: Mapping[Role, Source],
        cache: FragmentCache,
        memory: int,
        scratch: str | None = None,
        away: Away | None = None,
    ) -> None:
        self.spec, self.cache, self.away = spec, WriteThrough(cache), away
        zone, timestamp = spec.data.timezone, spec.columns.timestamp
        self.declared = tables(spec)
        self.role = base_role(spec)
        self.tables: dict[Role, Table] = {}
        for role in self.declared:
            if role not in sources:
                raise DataError(f"model {spec.name}: no source was opened for its {role}")
            timed = timestamp if role != "labels" else None
            table = Table(role, sources[role], timed, zone, memory, scratch, lake=self._lake(role))
            # Features and a reference of its own may do without a time.
            optional = role not in (self.role, "labels") and timestamp is not None
            if optional and timestamp is not None and not set(timestamp.columns) <= set(table.names()):
                table = Table(role, sources[role], None, zone, memory, scratch)
            self.tables[role] = table

    def _lake(self, role: Role) -> Lake:
        """What a table's files need not be opened for. Only rows of the base can be history."""
        own, declared = role == self.role and "reference" not in self.declared, self.declared[role]
        name = f"{self.spec.name}/{role}:names:{fingerprint(declared.location, declared.use, dict(declared.options))}"
        return Lake(self.cache, name, self.spec.data.reference.start if own else None, declared.partition)

    # ── tables and declarations ──

    @property
    def base(self) -> Table:
        return self.tables[self.role]

    @cached_property
    def slicer(self) -> Slicer:
        timestamp = self.spec.columns.timestamp
        names = self.base.names()
        for name in timestamp.columns if timestamp else ():
            if name not in names:
                raise DataError(
                    f"{self.declared[self.role].location} has no column {name!r}, which its timestamp comes from"
                )
        return make_slicer(self.spec, self.declared[self.role], self.base, self.cache)

    @cached_property
    def light(self) -> FactBook:
        """Rows by window; usable before features and kinds are known."""
        return FactBook(f"{self.spec.name}/{self.role}", self.base, self.slicer, Need(), self.cache, self.away)

    @cached_property
    def book(self) -> FactBook:
        name = f"{self.spec.name}/{self.role}"
        return FactBook(name, self.base, self.slicer, self.need(self.role), self.cache, self.away)

    def _reference_fragments(self) -> tuple[Fragment, ...]:
        own = self.tables.get("reference")
        if own is not None:
            return own.fragments()
        found = tuple(f for f in self.base.fragments() if REF in self.light.light(f).slots)
        if not found:
            raise DataError(f"model {self.spec.name}: no row lies in its reference", hint="check data.reference")
        return found

    @cached_property
    def layout(self) -> Layout:
        table = self.tables.get("reference", self.base)
        reference = table.names(self._reference_fragments())
        return resolve(self.spec, self.tables, reference, self.base.names())

    @cached_property
    def kinds(self) -> dict[str, ColumnKind]:
        given = self.spec.columns.kinds
        layout = self.layout
        open_ones = [name for name in layout.features if name not in given]
        found: dict[str, ColumnKind] = {name: given[name] for name in layout.features if name in given}
        own = self.tables.get("reference")
        table = own if own is not None else self.base
        selector = Selector() if own is not None else self.slicer.reference
        assert selector is not None
        here = [name for name in open_ones if own is not None or name not in layout.joined]
        fragments = self._reference_fragments()
        found |= self._inferred(table, fragments, selector, here)
        there = [name for name in open_ones if name not in here]
        if there:
            side = self.tables["features"]
            found |= self._inferred(side, side.fragments(), Selector(), there)
        return {name: found[name] for name in layout.features}

    def _inferred(
        self, table: Table, fragments: Sequence[Fragment], selector: Selector, names: Sequence[str]
    ) -> Mapping[str, Any]:
        if not names:
            return {}
        key = (
            f"{self.spec.name}/kinds:{fingerprint(table.role, table.timestamp, table.timezone, selector, tuple(names))}"
        )
        stamp = set_stamp(fragments)
        stored = self.cache.get(key, "", stamp)
        if stored is None:
            found = None if self.away is None else self.away.kinds(table, fragments, selector, names)
            stored = {"kinds": found or infer_reference_kinds(table, fragments, selector, names)}
            self.cache.put(key, "", stamp, stored)
        return stored["kinds"]

    @cached_property
    def known_names(self) -> frozenset[str]:
        """Names that are no news in a file of the base."""
        layout, labels = self.layout, self.spec.data.labels
        names = {*layout.features, *self.spec.columns.roles(), *self.spec.columns.ignore, labels.arrived, layout.key}
        names |= {*layout.groups}
        for table in self.declared.values():
            names |= {table.on, table.partition}
        for fragment in self.base.fragments():
            names |= set(fragment.partitions)
        return frozenset(name for name in names if name)

    def need(self, role: Role, features: Sequence[str] | None = None, groups: bool = False) -> Need:
        """What to read of the base (or the reference's table): roles, features (None: all), target and arrival; with
        `groups` also those groups that are features and not among these. A group that is none counts as a role."""
        layout, columns = self.layout, self.spec.columns
        here = layout.features if role == "reference" else layout.own
        chosen = here if features is None else [name for name in here if name in features]
        kinds = role_kinds(self.spec)
        timed = set(columns.timestamp.columns) if columns.timestamp else set()
        in_rows = layout.target == "base" or (role == "reference" and layout.target is not None)
        others = {columns.target: kinds[columns.target]} if in_rows and columns.target else {}
        arrived = self.spec.data.labels.arrived
        if in_rows and arrived:
            others[arrived] = "time"
        skip = {columns.target, arrived} | timed
        roles: dict[str, ColumnKind] = {name: kind for name, kind in kinds.items() if name not in skip}
        if layout.key:
            roles[layout.key] = "text"
        loose = [name for name in layout.loose if role == "reference" or name not in layout.beside]
        roles |= {name: self._loose_kind(name) for name in loose if name not in roles and name not in others}
        others |= {name: self.kinds[name] for name in layout.groups if groups and name in here and name not in chosen}
        ids = frozenset(name for name in (layout.key, columns.id) if name)
        return Need(roles, {name: self.kinds[name] for name in chosen}, others, ids, whole=features is None)

    def _loose_kind(self, group: str) -> ColumnKind:
        return self.spec.columns.kinds.get(group, "categorical")

    # ── windows ──

    def selector(self, window: Window) -> Selector:
        slicer = self.slicer
        if window.key == REFERENCE:
            assert slicer.reference is not None
            return slicer.reference
        slot = self.slots.get(window.key)
        if slot is None:
            raise DataError(f"model {self.spec.name} has no window {window.key}")
        return slicer.select(slot)

    @cached_property
    def slots(self) -> dict[str, int]:
        """Window key → slot, of all windows."""
        return {self.slicer.key(slot): slot for slot in self._holders if slot > HISTORY}

    @cached_property
    def _holders(self) -> dict[int, list[Fragment]]:
        """Slot → the fragments with rows of it, in order of id."""
        found: dict[int, list[Fragment]] = {}
        for fragment in self.base.fragments():
            for slot in self.light.light(fragment).slots:
                found.setdefault(slot, []).append(fragment)
        return found

    @cached_property
    def unreadable(self) -> list[Fragment]:
        """Fragments of the base that could not be read here when their rows were counted."""
        return [f for f in self.base.fragments() if self.light.light(f).error]

    def holding(self, window: Window, selector: Selector) -> list[Fragment]:
        """Fragments with rows of the window, as far as facts can tell. One that cannot be read may have some: it is
        among them, so that each scan says so."""
        slot = REF if window.key == REFERENCE else self.slots[window.key]
        found = [*self._holders.get(slot, []), *(f for f in self.unreadable if selector.takes(f.id))]
        return sorted(found, key=lambda f: f.id)

    def has_own_reference(self, window: Window) -> bool:
        """Whether `window` is a reference with a table of its own."""
        return window.key == REFERENCE and "reference" in self.tables

    def fragments_of(self, window: Window) -> tuple[Fragment, ...]:
        """The fragments that a window's rows come from."""
        if self.has_own_reference(window):
            return self.tables["reference"].fragments()
        return tuple(self.holding(window, self.selector(window)))

    def shares_id(self, selector: Selector, old: Sequence[Fragment], new: Sequence[Fragment]) -> bool:
        import numpy as np

        return bool(np.isin(self.ids(selector, new), self.ids(selector, old)).any())

    def ids(self, selector: Selector, fragments: Sequence[Fragment]) -> np.ndarray:
        """Id hashes of a slice."""
        import numpy as np

        key = self.layout.key
        assert key is not None
        need = Need(others={key: "text"}, ids=frozenset((key,)), hashed=False, whole=False)
        found = [np.empty(0, dtype=np.uint64)]
        for fragment in fragments:
            try:
                for chunk in self.base.chunks(fragment, need):
                    mask = selector.mask(fragment.id, chunk.first_row, chunk.rows, chunk.time)
                    mask &= is_valid(chunk.columns[key])
                    found.append(hash_strings(chunk.columns[key])[mask])
            except Exception:  # counted where the file is read for its rows
                continue
        return np.concatenate(found)

    # ── features ──

    def join(self, columns: Sequence[str], base: Sequence[Fragment], whole: bool) -> FeatureJoin:
        layout = self.layout
        assert layout.features_key is not None and layout.key is not None
        side = self.tables["features"]
        need = self._side_need(columns, whole)
        fragments = self._same_partitions(side, base)
        stamp = set_stamp(side.fragments())
        return FeatureJoin(side, fragments, need, columns, layout.key, layout.features_key, stamp, layout.groups)

    def _side_need(self, columns: Sequence[str] | None, whole: bool) -> Need:
        layout = self.layout
        assert layout.features_key is not None
        chosen = sorted(layout.joined) if columns is None or whole else [n for n in columns if n in layout.joined]
        key = layout.features_key
        roles: dict[str, ColumnKind] = {name: self._loose_kind(name) for name in sorted(layout.beside)}
        return Need(roles | {key: "text"}, {n: self.kinds[n] for n in chosen}, ids=frozenset((key,)), whole=whole)

    def _same_partitions(self, side: Table, base: Sequence[Fragment]) -> tuple[Fragment, ...]:
        """Features fragments that may hold the ids of these base fragments: where both tables declare a partition, they
        are joined partition by partition."""
        mine, theirs = self.declared[self.role].partition, self.declared["features"].partition
        if not mine or not theirs:
            return side.fragments()
        values = {partition_of(f, mine) for f in base}
        return tuple(f for f in side.fragments() if partition_of(f, theirs) in values)

    # ── labels ──

    @cached_property
    def labels(self) -> LabelTable | None:
        """The joined labels table, if there is one."""
        layout, target = self.layout, self.spec.columns.target
        if layout.target != "labels" or layout.labels_key is None or target is None:
            return None
        kind = role_kinds(self.spec)[target]
        return LabelTable(self.tables["labels"], layout.labels_key, target, kind, self.spec.data.labels)

    def labels_set(self, base: Sequence[Fragment]) -> str:
        """Names the state of the files that the labels of a window come from, if its rows come from `base`."""
        return set_stamp(self.tables["labels"].fragments() if self.layout.target == "labels" else base)
