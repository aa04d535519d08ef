"""Signals of a window's log lines against the reference's: errors, latencies, patterns, by segment too. Pure.

Lines of logs come in bursts, so chance is not that of independent lines: where the reference's own period has at least
`FEWEST_BINS` windows, the variation between them is measured and every test is widened by it. Called by
`agent.work.logs`; docs/statistics.md has the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.logs import BAD, ERROR, OK, UNKNOWN
from lifecycle_tui.domain.signals import Signal, SignalState
from lifecycle_tui.monitoring.log_templates import Template
from lifecycle_tui.stats.intervals import wilson
from lifecycle_tui.stats.student import student_sf
from lifecycle_tui.stats.two_sample import two_proportions

if TYPE_CHECKING:
    import numpy as np

FEWEST_BINS = 5
"""Windows of the reference's period from which on their variation counts."""

FEWEST = 30
"""Fewer lines than this cannot tell."""

LEVEL = 0.01
"""Chance of a false verdict that the log of one window takes at most; its six tests share it."""

TESTS = 6

FLOOR_ERRORS = 0.002
"""Differences of the error share below it are no verdict."""

FLOOR_LATENCY = 1.05
"""Nor are latencies that differ by less than this factor."""

GROWTH = 1.5
"""A pattern is growing from this factor of its share on."""

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
MOST_VALUES = 20
"""Values of a segment column that have signals of their own, the most frequent ones."""

MOST_PATTERNS = 20


@dataclass(frozen=True)
class Lines:
    """Lines of a log, aligned, in any order.

    Attributes:
        time: (n,) int64 microseconds since 1970 UTC.
        state: (n,) int8 as `data.logs` has it.
        template: (n,) int32 ids; -1 where the message was not mined.
        latency: (n,) float64, NaN where there is none.
        id: (n,) uint64 hashes of what lines are about, 0 where they do not say.
    """

    time: np.ndarray
    state: np.ndarray
    template: np.ndarray
    latency: np.ndarray
    id: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    def at(self, where: np.ndarray) -> Lines:
        """Those lines alone."""
        return Lines(self.time[where], self.state[where], self.template[where], self.latency[where], self.id[where])

    def between(self, start: int, end: int) -> Lines:
        """The lines of a half-open stretch of time."""
        return self.at((self.time >= start) & (self.time < end))


@dataclass(frozen=True)
class Group:
    """The rows of a window by one column, to be joined to lines by id.

    Attributes:
        ids: (r,) uint64 hashes of the rows' ids, ascending.
        values: (r,) object, aligned.
    """

    column: str
    protected: bool
    ids: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Base:
    """The reference's period: its lines, and the bounds of its windows (ascending, microseconds)."""

    lines: Lines
    bounds: tuple[int, ...] = ()
    _bins: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def spread(self, name: str, hits: np.ndarray, of: np.ndarray) -> tuple[float, int]:
        """(how many times more a count varies between windows than independent lines would, windows): Pearson's
        statistic of homogeneity over its degrees of freedom, at least 1. 1 and 0 with too few windows."""
        import numpy as np

        if name in self._bins:
            found: tuple[float, int] = self._bins[name]
            return found
        found = (1.0, 0)
        if len(self.bounds) > FEWEST_BINS:
            n = np.histogram(self.lines.time[of], bins=self.bounds)[0]
            x = np.histogram(self.lines.time[of & hits], bins=self.bounds)[0]
            used = n > 0
            n, x, k = n[used], x[used], int(used.sum())
            p = float(x.sum()) / max(1, int(n.sum()))
            if k >= FEWEST_BINS and 0 < p < 1:
                pearson = float(((x - n * p) ** 2 / (n * p * (1 - p))).sum())
                found = (max(1.0, pearson / (k - 1)), k)
            elif k >= FEWEST_BINS:
                found = (1.0, k)
        self._bins[name] = found
        return found


def log_signals(
    window: Lines, base: Base, templates: Mapping[int, Template], groups: Sequence[Group], level: float, *,
    mined: str = "",
) -> list[Signal]:  # fmt: skip
    """All signals of a window's log.

    Args:
        level: chance of a false alarm that the window may spend; the log takes at most `LEVEL` of its own.
        mined: why messages were not mined; "" if they were.
    """
    share = min(LEVEL, level) / TESTS
    readable = window.at(window.state != BAD)
    before = base.lines.at(base.lines.state != BAD)
    rest = Base(before, base.bounds)
    found = [
        Signal("log.lines", float(len(readable)), n=len(window)),
        Signal("log.bad_lines", float((window.state == BAD).sum()), n=len(window)),
        _errors(readable, rest, share),
        *(_latency(readable, rest, name, q, share) for name, q in QUANTILES),
    ]
    if mined:
        found += [Signal(f"log.patterns.{n}", None, state="error", message=mined) for n in ("new", "growing")]
    else:
        found += _patterns(readable, before, rest, templates, share)
    known = readable.at(readable.id != 0)
    for group in groups:
        found += _by_value(group, known) if len(known) and len(group.ids) else []
    return found


# ── errors ──


def _errors(window: Lines, base: Base, level: float) -> Signal:
    said, before = window.state != UNKNOWN, base.lines.state != UNKNOWN
    n, hits = int(said.sum()), int((window.state == ERROR).sum())
    name = "log.errors.share"
    if not n:
        says = "no line has a level or a status" if len(window) else "no line"
        return Signal(name, None, n=0, state="unknown", message=says)
    lower, upper = wilson(hits / n, n)
    m, errors = int(before.sum()), int((base.lines.state == ERROR).sum())
    told = f"{hits:,} of {n:,} lines are errors"
    if not m:
        return Signal(name, hits / n, lower, upper, n, message=f"{told}; the reference's period has no lines")
    spread = base.spread("errors", base.lines.state == ERROR, before)
    p = _p(hits, n, errors, m, spread)
    state: SignalState = "ok"
    if min(n, m) < FEWEST:
        state = "cannot-tell"
    elif p <= level and abs(hits / n - errors / m) >= FLOOR_ERRORS:
        state = "drifted"
    detail = {"reference": errors / m, "p_value": p, "level": level, **_variation(spread)}
    return Signal(name, hits / n, lower, upper, n, state, f"{told}; reference {errors / m:.2%}", detail=detail)


def _p(k: int, n: int, k0: int, n0: int, spread: tuple[float, int]) -> float:
    """Two-sided p that both shares are one: Fisher's or the pooled z by `two_proportions`, and no less than Student's
    at z / sqrt(spread) with (windows - 1) degrees, where the spread is known (quasi-binomial: McCullagh and Nelder
    1989, section 4.5)."""
    p = two_proportions(k, n, k0, n0).value
    factor, bins = spread
    if bins < FEWEST_BINS or p >= 1:
        return p
    pooled = (k + k0) / (n + n0)
    z = abs(k / n - k0 / n0) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n0) * factor)
    return max(p, 2 * student_sf(z, bins - 1))


def _variation(spread: tuple[float, int]) -> dict[str, Any]:
    return {"variation": spread[0], "windows": spread[1]}


# ── latencies ──


def _latency(window: Lines, base: Base, name: str, q: float, level: float) -> Signal:
    """A percentile, its distribution-free interval by order statistics, and whether more lines than the reference's
    share lie beyond the reference's percentile."""
    import numpy as np

    now, signal = np.sort(window.latency[~np.isnan(window.latency)]), f"log.latency.{name}"
    if not len(now):
        return Signal(signal, None, n=0, state="unknown", message="no line has a latency")
    value, lower, upper = percentile(now, q)
    has = ~np.isnan(base.lines.latency)
    before = np.sort(base.lines.latency[has])
    if not len(before):
        return Signal(signal, value, lower, upper, len(now), message="the reference's period has no latencies")
    normal = percentile(before, q)[0]
    beyond, beyond_then = int((now > normal).sum()), int((before > normal).sum())
    with np.errstate(invalid="ignore"):
        spread = base.spread(name, base.lines.latency > normal, has)
    p = _p(beyond, len(now), beyond_then, len(before), spread)
    ratio = value / normal if normal > 0 and value > 0 else (1.0 if value == normal else math.inf)
    state: SignalState = "ok"
    if min(len(now), len(before)) < FEWEST:
        state = "cannot-tell"
    elif p <= level and max(ratio, 1 / ratio if ratio > 0 else math.inf) >= FLOOR_LATENCY:
        state = "drifted"
    detail = {"reference": normal, "p_value": p, "level": level, **_variation(spread)}
    says = f"{value:.4g}; in the reference {normal:.4g}"
    return Signal(signal, value, lower, upper, len(now), state, says, detail=detail)


def percentile(ordered: np.ndarray, q: float) -> tuple[float, float, float]:
    """(the percentile, 95 % interval) of ascending values: order statistics at the ranks n q ± 1.96 sqrt(n q (1 - q))
    (David and Nagaraja 2003, Order Statistics, section 7.1)."""
    n = len(ordered)
    half = 1.959963984540054 * math.sqrt(n * q * (1 - q))
    at = min(n - 1, max(0, math.ceil(n * q) - 1))
    low, high = max(0, math.floor(n * q - half) - 1), min(n - 1, math.ceil(n * q + half))
    return float(ordered[at]), float(ordered[low]), float(ordered[high])


# ── patterns ──


def _patterns(
    window: Lines, before: Lines, base: Base, templates: Mapping[int, Template], level: float
) -> list[Signal]:  # fmt: skip
    n, m = len(window), len(before)
    now, then = _counts(window), _counts(before)
    if not n or not m:
        says = "no line" if not n else "the reference's period has no lines"
        return [Signal(f"log.patterns.{k}", None, n=n, state="unknown", message=says) for k in ("new", "growing")]
    new = [_pattern(t, int(c), n, 0, m, templates, base) for t, c in now.items() if t not in then]
    grown = [_pattern(t, int(c), n, int(then[t]), m, templates, base) for t, c in now.items() if t in then]
    grown = [g for g in grown if g["share"] >= GROWTH * g["reference_share"]]
    each = level / max(1, len(now))
    found = []
    for name, rows, what in (("new", new, "that the reference lacks"), ("growing", grown, "whose share grows")):
        sure = [row for row in rows if row["p_value"] <= each and row["count"] >= 3]
        counted = rows if name == "new" else sure
        shown = sorted(counted, key=lambda r: (r["p_value"], -r["count"], r["id"]))[:MOST_PATTERNS]
        state: SignalState = "drifted" if sure else ("ok" if n >= FEWEST else "cannot-tell")
        message = f"{len(counted)} patterns {what}"
        if shown:
            message += f", such as {shown[0]['template'][:80]}"
        detail = {"patterns": shown, "level": each, "certain": len(sure)}
        found.append(
            Signal(f"log.patterns.{name}", float(len(counted)), n=n, state=state, message=message, detail=detail)
        )
    return found


def _counts(lines: Lines) -> dict[int, int]:
    """Lines by template, of those that have one."""
    import numpy as np

    ids, counts = np.unique(lines.template[lines.template > 0], return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def _pattern(
    id_: int, count: int, n: int, before: int, m: int, templates: Mapping[int, Template], base: Base
) -> dict[str, Any]:  # fmt: skip
    import numpy as np

    spread = base.spread(f"pattern {id_}", base.lines.template == id_, np.ones(len(base.lines), bool))
    known = templates.get(int(id_))
    return {
        "id": int(id_),
        "template": known.text if known else "",
        "count": count,
        "share": count / n,
        "reference_share": before / m,
        "p_value": _p(count, n, before, m, spread),
        "example": known.example if known else "",
    }


# ── segments ──


def _by_value(group: Group, lines: Lines) -> list[Signal]:
    """Errors and latencies of the lines about rows of each value; against the other values' lines, for bias."""
    import numpy as np

    place = np.minimum(np.searchsorted(group.ids, lines.id), len(group.ids) - 1)
    joined = group.ids[place] == lines.id
    values = group.values[place]
    names, counts = np.unique(values[joined].astype(str), return_counts=True)
    order = np.lexsort((names, -counts))[:MOST_VALUES]
    found: list[Signal] = []
    for value in names[np.sort(order)].tolist():
        mine = joined & (values == value)
        found += _of_value(group, str(value), lines.at(mine), lines.at(joined & ~mine))
    return found


def _of_value(group: Group, value: str, lines: Lines, others: Lines) -> list[Signal]:
    import numpy as np

    small = len(lines) < FEWEST
    segment = {"column": group.column, "value": value}
    detail: dict[str, Any] = {"segment": segment, "small": small, "protected": group.protected}
    state: SignalState = "cannot-tell" if small else "ok"
    end, found = f".{group.column}={value}", []
    said = int(np.isin(lines.state, (OK, ERROR)).sum())
    if said:
        hits = int((lines.state == ERROR).sum())
        told, errors = int(np.isin(others.state, (OK, ERROR)).sum()), int((others.state == ERROR).sum())
        apart = {}
        if told:
            apart = {"others": errors / told, "p_value": two_proportions(hits, said, errors, told).value}
        lower, upper = wilson(hits / said, said)
        message = f"{hits:,} of {said:,} lines are errors" + (f"; others {errors / told:.2%}" if told else "")
        found.append(
            Signal(
                f"log.errors.share{end}", hits / said, lower, upper, said, state, message, detail={**detail, **apart}
            )
        )
    latency = np.sort(lines.latency[~np.isnan(lines.latency)])
    if len(latency):
        for name, q in QUANTILES:
            middle, lower, upper = percentile(latency, q)
            found.append(Signal(f"log.latency.{name}{end}", middle, lower, upper, len(latency), state, detail=detail))
    return found
