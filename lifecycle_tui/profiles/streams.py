"""Values in time order through a change detector of river: what the built-in stream detectors share.

Called through `lifecycle_tui.api`; river is imported here alone, when a detector is first made.

Every window begins anew: the detector is first fed the newest `warm` values of the reference, in time order, and then
the window's. So a window's number depends on the reference and on itself, whichever windows were measured before it,
and a change is told again in each window until the reference is renewed; what came within the warm-up is not told.
After an alarm river forgets all before it with the next value, and goes on (`drift_detected` holds for that one value).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Literal, NamedTuple

import numpy as np

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.profiles.arrow import Column
from lifecycle_tui.profiles.points import as_floats
from lifecycle_tui.stats.error_stream import MOST, errors, in_time, thinned

Scale = Literal["rank", "none"]
"""What the detector is fed: each value's place among the reference's, 0..1, or the value itself."""

TOLD = 20
"""Changes whose places are listed."""
RECENT = 30
"""Values before an alarm whose mean says which way it went."""


class Watch(NamedTuple):
    """A detector to feed.

    Attributes:
        make: makes a new one; it has `update(value)` and `drift_detected`.
        of: what it is fed of the (n,) values. A one-sided detector is run twice: on them, and on their mirror image.
    """

    make: Callable[[], Any]
    of: Callable[[np.ndarray], np.ndarray] = lambda values: values


def river(name: str, *, binary: bool = False) -> Any:
    """A class of `river.drift`, or of `river.drift.binary`.

    Raises:
        LifecycleError: river is not installed, or has no such class.
    """
    try:
        module = import_module("river.drift.binary" if binary else "river.drift")
    except ImportError as exc:
        raise LifecycleError(
            "detectors of streams need the library river, which is not installed",
            hint='pip install "lifecycle-tui[online]"',
        ) from exc
    # Names as of river 0.22; before it they were written with an underscore.
    found = getattr(module, name, None) or getattr(module, f"{name[:-1]}_{name[-1]}", None)
    if found is None:
        raise LifecycleError(f"this version of river has no {name}", hint='pip install -U "lifecycle-tui[online]"')
    return found


def both_ways(make: Callable[[], Any]) -> list[Watch]:
    """A one-sided detector of ones and zeros, on ranks above the middle and on those at or below it."""
    return [Watch(make, lambda ranks: (ranks > 0.5).astype(int)), Watch(make, lambda ranks: (ranks <= 0.5).astype(int))]


def watched(
    reference: Column, window: Column, watches: Sequence[Watch], *, warm: int, scale: Scale, definition: str
) -> Measurement:
    """How many changes there are among a column's values in time order; missing ones are passed over.

    Args:
        reference, window: in time order.
        watches: detectors that look at the same values; changes of all are counted.
        warm: of the reference, feed so many of the newest values first.
    """
    before, now = as_floats(reference), as_floats(window)
    before, now = before[~np.isnan(before)], now[~np.isnan(now)]
    if not len(now) or not len(before):
        return Measurement(None, n=len(now), message="there are no values in the window, or none in the reference")
    if scale == "rank":
        order = np.sort(before)
        before, now = (
            (np.searchsorted(order, side, "left") + np.searchsorted(order, side, "right")) / (2 * len(order))
            for side in (before, now)
        )
    return changes(before[len(before) - min(warm, len(before)) :], now, watches, definition)


def changes(before: np.ndarray, now: np.ndarray, watches: Sequence[Watch], definition: str) -> Measurement:
    """Feed `before` (w,), then `now` (n,); the value is the number of changes within `now`."""
    both = np.concatenate([before, now])
    found: dict[int, str] = {}
    for watch in watches:
        detector, fed, since = watch.make(), watch.of(both).tolist(), 0
        for i, value in enumerate(fed):
            detector.update(value)
            if detector.drift_detected:
                if i >= len(before):
                    found.setdefault(i, _direction(both, since, i))
                since = i + 1
    places = sorted(found)
    told = [{"row": i - len(before) + 1, "direction": found[i]} for i in places[:TOLD]]
    return Measurement(
        float(len(places)), n=len(now), definition=definition, message=_said(told, len(places), len(now)),
        detail={"changes": told, "warm": len(before), "first": told[0]["row"] if told else None},
    )  # fmt: skip


def _direction(values: np.ndarray, since: int, at: int) -> str:
    """Whether the newest values lie above those before them, back to the last alarm."""
    newest = values[max(since, at + 1 - RECENT) : at + 1]
    earlier = values[since : max(since, at + 1 - RECENT)]
    if not len(earlier):
        half = max(1, len(newest) // 2)
        earlier, newest = newest[:half], newest[half:]
    gap = float(newest.mean() - earlier.mean()) if len(newest) and len(earlier) else 0.0
    return "up" if gap > 0 else "down" if gap < 0 else "changed"


def _said(told: list[dict[str, Any]], count: int, rows: int) -> str:
    if not count:
        return f"no change in {rows:,} values"
    places = ", ".join(f"{one['direction']} at {one['row']:,}" for one in told[:3])
    more = f" and {count - 3} more" if count > 3 else ""
    return f"{'1 change' if count == 1 else f'{count} changes'} in {rows:,} values: {places}{more}"


Fed = Literal["errors", "ranks", "ones"]
"""What of a version's errors a detector is fed: them; of numbers, their ranks among the usual ones, 0..1 (errors of
labels are 0 and 1 by themselves); or of numbers, whether they are above the usual median."""


def error_changes(
    outcomes: Outcomes, make: Callable[[], Any], fed: Fed, definition: str, *, warm: int, most: int = MOST
) -> Measurement:
    """How many changes there are among a version's errors, in order of time: 0 or 1 of labels, absolute of numbers.

    Args:
        warm: of the reference, feed so many of the newest errors first (`outcomes.before`).
        most: of so many rows of the window, evenly thinned.
    """
    if outcomes.prediction is None:
        return Measurement(None, message="there are no predictions")
    if outcomes.time is None:
        return Measurement(None, message="without times the errors have no order")
    values = errors(outcomes.target, outcomes.prediction)
    now, step = thinned(values[in_time(values, outcomes.time)], most)
    before = now[:0] if outcomes.before is None else outcomes.before
    before = before[len(before) - min(warm, len(before)) :]
    usual = np.sort(before if len(before) else now)

    def ranks(side: np.ndarray) -> np.ndarray:
        return (np.searchsorted(usual, side, "left") + np.searchsorted(usual, side, "right")) / (2 * len(usual))

    numbers = outcomes.target.dtype.kind == "f"
    of: Callable[[np.ndarray], np.ndarray] = ranks if numbers and fed != "errors" else lambda side: side
    if fed == "ones":
        of = (lambda side: (ranks(side) > 0.5).astype(int)) if numbers else (lambda side: side.astype(int))
    thin = f", every {step}th row" if step > 1 else ""
    what = "absolute error" if numbers else "wrong or not"
    return changes(before, now, [Watch(make, of)], f"{definition}, {what}{thin}, {len(before)} of the reference first")
