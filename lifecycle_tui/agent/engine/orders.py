"""What a worker is told: plain values of this program, the same on both sides (the versions are compared before)."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass

from lifecycle_tui.agent.work.reading import Settings
from lifecycle_tui.data.chunks import Need
from lifecycle_tui.data.plan import PortablePlan, PortableTable
from lifecycle_tui.data.slices import Selector, Slicer
from lifecycle_tui.domain.delivery import FitRequest
from lifecycle_tui.domain.specs import DataSpec


@dataclass(frozen=True)
class ReadOrder:
    """Read shares of one scan.

    Attributes:
        run: names the job.
        root: the workspace's folder, to which files of secrets are relative.
        profile: whether columns are profiled; else predictions and labels alone.
        only: columns to profile (a second pass), nothing being collected; None: all.
    """

    run: str
    root: str
    plan: PortablePlan
    settings: Settings
    profile: bool = True
    only: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FactsOrder:
    """Count fragments of one table; see `data.facts.FactBook`."""

    run: str
    root: str
    data: DataSpec
    name: str
    table: PortableTable
    slicer: Slicer
    need: Need


@dataclass(frozen=True)
class KindsOrder:
    """Infer the kinds of columns."""

    run: str
    root: str
    data: DataSpec
    table: PortableTable
    selector: Selector
    names: tuple[str, ...]


@dataclass(frozen=True)
class FitOrder:
    """Fit a version by a strategy that ships."""

    strategy: str
    options: dict[str, object]
    request: FitRequest


Order = ReadOrder | FactsOrder | KindsOrder


def dump_order(order: object) -> bytes:
    """As bytes, for a worker that runs the same program."""
    return pickle.dumps(order, protocol=5)


def load_order(data: bytes) -> object:
    """The order of `dump_order`; workers take theirs from the scheduler, which can make them run anything anyway."""
    return pickle.loads(data)


def token(data: bytes) -> str:
    """A short name for an order."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()
