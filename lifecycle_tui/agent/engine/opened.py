"""Tables that a worker has open: a few a thread, so that the windows of one file cost one read there too.

A worker reads a table through the same built-in source as the workspace would, from the fragments as they were listed
there. That it sees the same files is checked before each share: one that is not there is an error that says so, never a
hole in the numbers.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.work.sources import open_tables
from lifecycle_tui.data.facts import set_stamp
from lifecycle_tui.data.labels import LabelTable
from lifecycle_tui.data.plan import PortableLabels, PortableTable
from lifecycle_tui.data.rows import Table
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.specs import DataSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.runner import Runner

MEMORY = 64 << 20
"""Bytes of rows that a thread keeps of each table."""

MOST = 4
"""Tables that a thread keeps open."""

_open = threading.local()
_labels: OrderedDict[tuple[Any, ...], LabelTable] = OrderedDict()
_lock = threading.Lock()


class NotReachable(DataError):
    """A worker does not see the data of the model."""


def table(run: str, root: str, data: DataSpec, of: PortableTable) -> Table:
    """This thread's table.

    Args:
        run: names the job: another one opens the table anew, with the secrets of its time.

    Raises:
        DataError: no source opens it here.
    """
    kept: OrderedDict[tuple[Any, ...], Table] = _open.__dict__.setdefault("tables", OrderedDict())
    key = (run, root, repr(data), of.role, of.timestamp, of.timezone)
    if key not in kept:
        kept[key] = _opened(root, data, of, MEMORY)
        while len(kept) > MOST:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]


def labels(run: str, root: str, data: DataSpec, of: PortableLabels) -> LabelTable:
    """This process' table of labels, read once as long as its files are the same."""
    key = (run, root, repr(data), repr((of.key, of.target, of.kind, of.spec)), set_stamp(of.table.fragments))
    with _lock:
        if key not in _labels:
            check(of.table.fragments)
            table = _opened(root, data, of.table, 0)
            found = LabelTable(table, of.key, of.target, of.kind, of.spec)
            found.load()
            _labels[key] = found
            while len(_labels) > 1:
                _labels.popitem(last=False)
        return _labels[key]


def check(fragments: Iterable[Fragment]) -> None:
    """Whether this machine sees the same files.

    Raises:
        NotReachable: one is not there, or another one is.
    """
    for fragment in fragments:
        if not os.path.isabs(fragment.path):
            continue  # no file: what cannot be read of it is a finding, which has the window read again elsewhere
        path = fragment.path.partition("#")[0] if not os.path.exists(fragment.path) else fragment.path
        try:
            size = os.stat(path).st_size
        except OSError as exc:
            raise _unseen(fragment, exc.strerror or str(exc)) from None
        if path == fragment.path and os.path.isfile(path) and size != fragment.size:
            raise _unseen(fragment, f"{size:,} bytes there, {fragment.size:,} when the workspace listed it")


def _unseen(fragment: Fragment, why: str) -> NotReachable:
    return NotReachable(
        f"a worker on {os.uname().nodename} does not see {fragment.path}: {why}",
        hint="put the data where every worker sees it at this path, or read it here: engine = \"local\"",
    )  # fmt: skip


def _opened(root: str, data: DataSpec, of: PortableTable, memory: int) -> Table:
    catalog = PluginCatalog.open(Path(root), enabled=False)
    check(of.fragments)
    source = open_tables(data, catalog, _no_runner)[of.role]
    return Table(of.role, source, of.timestamp, of.timezone, memory, None, of.fragments)


def _no_runner() -> Runner:
    raise DataError("a team's plugins are not on the workers")
