"""What starting costs: the first text, the first full paint, its bytes and its memory, beside a blank app's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from terminal_line import Failed, Line, Moment, memory
from terminal_programs import blank, counts, lifecycle, painted
from terminal_seed import Shape, kept
from terminal_table import Value, middle

QUIET = 1.3
"""Seconds without a byte after which a start has settled: what follows the first paint comes within a second."""
BLANK, FEW, MANY = 0, 1_000, 10_000


@dataclass(frozen=True, slots=True)
class Start:
    """One start: its first visible text, its full paint, bytes until it settled, memory then in MiB."""

    text: Moment
    full: Moment
    bytes: int
    memory: float


def starts(folder: Path, rounds: int, models: int, most: int) -> Iterator[Value]:
    """The budgets of the start, from as many starts of each program, in turns; ratios are medians of rounds' ratios."""
    roots = {FEW: kept(Shape(models, 8)), MANY: kept(Shape(most, 8))}
    found: dict[int, list[Start]] = {BLANK: [], FEW: [], MANY: []}
    for turn in range(rounds + 1):
        for size in (BLANK, FEW, MANY) if turn % 2 else (MANY, FEW, BLANK):
            home = folder / f"start-{size}-{turn}"
            home.mkdir()
            one = _once(home, roots.get(size))
            if turn:  # the first round fills the machine's caches
                found[size].append(one)
    base = found[BLANK]
    told = f"blank {_ms(s.full.cpu for s in base)} ms cpu"
    for size, few in ((FEW, models), (MANY, most)):
        yield Value(f"first full paint, {few:,} models: CPU", _ratio(found[size], base, "cpu"), "x", 1.5,
                    f"{_ms(s.full.cpu for s in found[size])} ms; {told}")  # fmt: skip
        yield Value("  the same, time", _ratio(found[size], base, "adjusted"), "x", None,
                    f"{_time([s.full for s in found[size]])}; blank {_time([s.full for s in base])}")  # fmt: skip
    growth = middle(b.full.cpu / a.full.cpu for a, b in zip(found[FEW], found[MANY], strict=True))
    yield Value(f"  growth from {models:,} to {most:,}: CPU", growth, "x", 1.1)
    first = [s.text for s in found[FEW]]
    yield Value("first visible text: CPU", _early(found[FEW], base, "cpu"), "x", 0.2, f"{_ms(m.cpu for m in first)} ms")
    yield Value("first visible text: time", _early(found[FEW], base, "adjusted"), "x", 0.2,
                _time(first))  # fmt: skip
    for size, few in ((FEW, models), (MANY, most)):
        yield Value(f"bytes until settled, {few:,} models", max(s.bytes for s in found[size]), "B", 10_000,
                    f"blank {middle(s.bytes for s in base):,.0f}")  # fmt: skip
    for size, few in ((FEW, models), (MANY, most)):
        ratio = middle(a.memory / b.memory for a, b in zip(found[size], base, strict=True))
        more = f"{middle(s.memory for s in found[size]):.1f} MiB; blank {middle(s.memory for s in base):.1f}"
        yield Value(f"memory, {few:,} models", ratio, "x", 1.5, more)


def _once(home: Path, root: Path | None) -> Start:
    with _line(home, root) as line:
        ready = counts if root is None else painted
        found = line.listen(QUIET, 60, begun=line.begun, wait=30, true=ready)
        if found.changed is None or found.seen is None:
            raise Failed(f"it was not painted within a minute; the screen shows:\n{line.text}")
        return Start(found.changed, found.seen, found.bytes, memory(line.pid))


def _line(home: Path, root: Path | None) -> Line:
    return blank(home) if root is None else lifecycle(root, home=home)


def _ratio(some: list[Start], base: list[Start], what: str) -> float:
    return middle(getattr(a.full, what) / getattr(b.full, what) for a, b in zip(some, base, strict=True))


def _early(some: list[Start], base: list[Start], what: str) -> float:
    """The first text over the blank app's full paint, which is the first thing that it shows."""
    return middle(getattr(a.text, what) / getattr(b.full, what) for a, b in zip(some, base, strict=True))


def _time(moments: Sequence[Moment]) -> str:
    return f"{_ms(m.adjusted for m in moments)} ms ({_ms(m.at for m in moments)} with waits)"


def _ms(values: Iterable[float]) -> str:
    return f"{1e3 * middle(values):.0f}"
