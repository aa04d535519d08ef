"""The functions that run on a cluster's workers. Bytes in, bytes out; each can be run again on another worker.

Submitted by `away`. They write nothing: what a killed worker had done is done once more elsewhere.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from lifecycle_tui.agent.engine import opened
from lifecycle_tui.agent.engine.gathered import dump_batches
from lifecycle_tui.agent.engine.orders import FactsOrder, FitOrder, KindsOrder, ReadOrder, load_order
from lifecycle_tui.agent.engine.packing import dump_array, load_array, pack
from lifecycle_tui.agent.engine.shares import (
    Grids,
    Share,
    add_shares,
    decided,
    dump_grids,
    dump_share,
    load_grids,
    load_share,
    share_of,
)
from lifecycle_tui.agent.work.rows import Batches, Within
from lifecycle_tui.data.cache import MemoryCache
from lifecycle_tui.data.facts import FactBook
from lifecycle_tui.data.findings import Findings
from lifecycle_tui.data.inferring import infer_reference_kinds
from lifecycle_tui.data.plan import rebuilt
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.data.shares import ScanShare, repeated
from lifecycle_tui.data.slices import Selector
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.monitoring.performance import Collector
from lifecycle_tui.profiles.numeric import NumericProfile

if TYPE_CHECKING:
    import numpy as np


LEARNERS = ("scikit-learn", "skops")
"""What artefacts are made with."""


def learners() -> dict[str, str]:
    """Releases of the libraries that artefacts are made with."""
    return {package: importlib.metadata.version(package) for package in LEARNERS}


def hold(data: bytes) -> bytes:
    """The same: so that many tasks share one copy, which the scheduler can make anew."""
    return data


@functools.lru_cache(maxsize=16)
def _order(data: bytes) -> Any:
    return load_order(data)


@functools.lru_cache(maxsize=8)
def _grids(data: bytes | None) -> Grids:
    return {} if data is None else load_grids(data)


def _scan(order: ReadOrder, ids: Sequence[str], share: tuple[np.ndarray, bool] | None) -> Scan:
    """A scan of these fragments of the order's window."""
    plan, data = order.plan, order.plan.spec.data
    wanted = set(ids)
    fragments = [fragment for fragment in plan.base.fragments if fragment.id in wanted]
    opened.check(fragments)
    base = opened.table(order.run, order.root, data, replace(plan.base, fragments=tuple(fragments)))
    labels = None if plan.labels is None else opened.labels(order.run, order.root, data, plan.labels)
    side = None
    if plan.join is not None:
        opened.check(plan.join.table.fragments)
        side = opened.table(order.run, order.root, data, plan.join.table)
    return Scan(rebuilt(plan, base, labels, side, fragments), share)


def keys(order: bytes, ids: Sequence[str]) -> bytes:
    """The keys of the rows of some fragments."""
    scan = _scan(_order(order), ids, None)
    return dump_array(_sorted([scan.keys(fragment) for fragment in scan.plan.fragments]))


def _sorted(found: Sequence[np.ndarray]) -> np.ndarray:
    import numpy as np

    return np.concatenate(found)


def repeats(*found: bytes) -> bytes:
    """The keys that occur more than once among all."""
    return dump_array(repeated(load_array(one) for one in found))


def _share(again: bytes | None, held: bool) -> tuple[np.ndarray, bool] | None:
    return None if again is None else (load_array(again), held)


def read(order: bytes, ids: Sequence[str], grids: bytes | None, again: bytes | None, held: bool, whole: bool) -> bytes:
    """A share: some fragments, profiled.

    Args:
        again: keys that occur again in the whole window; None where the share is the whole, or no id is declared.
        held: the rows with these keys alone.
        whole: whether it is the whole window, so that a sample can be taken.
    """
    told = cast(ReadOrder, _order(order))
    settings = told.settings if whole else replace(told.settings, sample=0)
    if told.only is not None:
        settings = replace(
            settings, sample=0, keep_rows=False,
            kinds={n: k for n, k in settings.kinds.items() if n in told.only},
            outputs={n: k for n, k in settings.outputs.items() if n in told.only},
        )  # fmt: skip
    scan = _scan(told, ids, _share(again, held))
    passed = settings.reader(_grids(grids)).pass_over(scan, told.profile)
    return dump_share(share_of(passed, scan.share()))


def sample(order: bytes, ids: Sequence[str]) -> bytes:
    """The sample of a whole window, in a share that holds nothing else."""
    told = cast(ReadOrder, _order(order))
    found = told.settings.reader({}).sampled(_scan(told, ids, None))
    return dump_share(Share(ScanShare(), {}, Collector(told.settings.coding), sample=found))


def add(order: bytes, grids: bytes | None, *shares: bytes) -> bytes:
    """Several shares as one."""
    coding = cast(ReadOrder, _order(order)).settings.coding
    return dump_share(add_shares([load_share(share, _grids(grids), coding) for share in shares]))


def decide(order: bytes, share: bytes) -> bytes:
    """The share of a whole reference with its grids: packed are the share, its grids, and the grids of columns that a
    second pass must count."""
    coding = cast(ReadOrder, _order(order)).settings.coding
    found, again = decided(load_share(share, {}, coding))
    grids = {name: column.grid for name, column in found.columns.items() if isinstance(column, NumericProfile)}
    blobs = {"share": dump_share(found), "grids": dump_grids(grids), "again": dump_grids(again)}
    return pack(None, blobs)


def labels(order: bytes, ids: Sequence[str], again: bytes | None, held: bool) -> str:
    """The labels that occur in a share, as JSON: those of the target and of the prediction; and how many files
    could not be read."""
    from lifecycle_tui.agent.work.reference import labels_of

    scan = _scan(cast(ReadOrder, _order(order)), ids, _share(again, held))
    found = sorted(labels_of(scan))
    return json.dumps([found, 0 if held else _unreadable(scan)])


def _unreadable(scan: Scan) -> int:
    """How many files could not be read."""
    share = scan.share()
    return len(share.labels_table) + sum(count for code, count, *_ in share.findings if code == "unreadable-file")


def gather(order: bytes, within: bytes, ids: Sequence[str], again: bytes | None, held: bool) -> bytes:
    """The labelled rows of a share, as Arrow."""
    scan = _scan(cast(ReadOrder, _order(order)), ids, _share(again, held))
    limits = cast(Within, _order(within))
    found = Batches()
    for batch in scan:
        found.add(batch, limits)
    return dump_batches(found, 0 if held else _unreadable(scan))


def count(order: bytes, ids: Sequence[str]) -> str:
    """Light facts of fragments, as the cache holds them: JSON of [id, facts] pairs; those that cannot be read are left
    out."""
    book, fragments, cache = _book(order, ids)
    for fragment in fragments:
        book.light(fragment)
    found = [[f.id, cache.get(book.light_key, f.id, f.stamp)] for f in fragments]
    return json.dumps([pair for pair in found if pair[1] is not None])


def digest(order: bytes, asked: bytes) -> str:
    """The same of digests; asked is, by fragment, the selectors of its slots."""
    wanted = cast("Mapping[str, Mapping[int, Selector]]", load_order(asked))
    book, fragments, cache = _book(order, list(wanted))
    for fragment in fragments:
        selectors = wanted[fragment.id]
        book.digest_all(fragment, list(selectors), selectors.__getitem__, Findings())
    found = [[f.id, cache.get(book.full_key, f.id, f.stamp)] for f in fragments]
    return json.dumps([pair for pair in found if pair[1] is not None])


def _book(order: bytes, ids: Sequence[str]) -> tuple[FactBook, list[Fragment], MemoryCache]:
    told = cast(FactsOrder, _order(order))
    wanted = set(ids)
    fragments = [fragment for fragment in told.table.fragments if fragment.id in wanted]
    opened.check(fragments)
    cache = MemoryCache()
    table = opened.table(told.run, told.root, told.data, replace(told.table, fragments=tuple(fragments)))
    return FactBook(told.name, table, told.slicer, told.need, cache), fragments, cache


def kinds(order: bytes) -> str:
    """Kinds of columns, by name, as JSON."""
    told = cast(KindsOrder, _order(order))
    opened.check(told.table.fragments)
    table = opened.table(told.run, told.root, told.data, told.table)
    return json.dumps(infer_reference_kinds(table, told.table.fragments, told.selector, told.names))


def fit(order: bytes) -> bytes:
    """A version, by a strategy that ships: packed are what it says and its artefact."""
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.training.strategies import fit_with

    told = cast(FitOrder, _order(order))
    catalog = PluginCatalog.open(None, enabled=False)
    made = fit_with(told.strategy, told.options, catalog, opened._no_runner, told.request)
    facts = asdict(made)
    return pack({k: v for k, v in facts.items() if k != "artifact"}, {"artifact": made.artifact})
