"""Checks of detectors: columns as production brings them, and what makes a number trustworthy. No heavy imports."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed
from lifecycle_tui.plugin_host.conformance.columns import MANY, ODD, ROWS, column, ordinary
from lifecycle_tui.plugin_host.info import PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

NONE_HINT = "return Measurement(None, message=…) where the data gives no number"
Values = Sequence[Any]
Case = Callable[[str], tuple[Values, Values] | None]
"""A kind of column → (reference, window); None where it does not apply to that kind."""


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a detector, in order."""
    yield from common.checks(info)
    yield Check("measures", "gives a finite number for an ordinary column of each of its kinds", measures, "made")
    for name, says, case in CASES:
        if any(case(kind) is not None for kind in info.kinds):
            yield Check(name, f"gives a finite number or None for {says}", partial(survives, case), "measures")
    yield Check("same-twice", "gives the same number for the same columns, whatever the seeds", same_twice, "measures")
    yield Check("keeps-nothing", "is not moved by what it measured before", keeps_nothing, "same-twice")
    yield Check("input-unchanged", "leaves its input as it was", unchanged, "measures")
    if info.takes == "profile":
        yield Check("mergeable", "gives for merged profiles what it gives for the whole", mergeable, "same-twice")
    else:
        yield Check("chunks", "gives the same however the column is cut into chunks", chunked, "same-twice")
    yield Check("fast", "measures 100,000 rows within 2 s of processor time", fast, "measures")


def _usual(kind: str, *, shifted: bool = False) -> Values:
    return ordinary(kind, shifted=shifted)


def _blank(kind: str) -> Values:
    return [None] * ROWS


def _constant(kind: str) -> Values:
    value = next(v for v in ordinary(kind) if v is not None)
    return [value] * ROWS


CASES: tuple[tuple[str, str, Case], ...] = (
    ("empty-window", "a window without rows", lambda kind: (_usual(kind), [])),
    ("empty-reference", "a reference without rows", lambda kind: ([], _usual(kind))),
    ("both-empty", "neither side having rows", lambda kind: ([], [])),
    ("all-missing", "a window of nothing but missing values", lambda kind: (_usual(kind), _blank(kind))),
    ("missing-reference", "a reference of nothing but missing values", lambda kind: (_blank(kind), _usual(kind))),
    ("one-row", "a window of one row", lambda kind: (_usual(kind), list(_usual(kind))[:1])),
    ("single-rows", "one row on both sides", lambda kind: (list(_usual(kind))[:1], list(_usual(kind))[:1])),
    ("constant", "a column with one value on both sides", lambda kind: (_constant(kind), _constant(kind))),
    ("constant-reference", "a reference with one value", lambda kind: (_constant(kind), _usual(kind, shifted=True))),
    ("unchanged", "a window equal to the reference", lambda kind: (_usual(kind), _usual(kind))),
    (
        "not-a-number",
        "NaN among the values",
        lambda kind: (
            ([math.nan, *_usual(kind)], [*_usual(kind, shifted=True), math.nan]) if kind == "numeric" else None
        ),
    ),
    (
        "infinite",
        "infinite values",
        lambda kind: ([math.inf, -math.inf, *_usual(kind)], [*_usual(kind), math.inf]) if kind == "numeric" else None,
    ),
    (
        "huge-numbers",
        "the largest and smallest numbers there are",
        lambda kind: (
            ([1.7e308, -1.7e308, 5e-324, *_usual(kind)], [1.7e308, 0.0, -5e-324]) if kind == "numeric" else None
        ),
    ),
    (
        "odd-names",
        "empty, foreign, very long and control-character labels",
        lambda kind: (list(ODD), [*ODD[3:], "", "neu"]) if kind in ("categorical", "text") else None,
    ),
    (
        "many-labels",
        "a label of its own in each row",
        lambda kind: (
            ([f"a{i}" for i in range(3_000)], [f"b{i}" for i in range(3_000)])
            if kind in ("categorical", "text")
            else None
        ),
    ),
)
"""Name → what the window or the reference is like, and the columns."""


# -- measuring --------------------------------------------------------------------------------------------------------


def inputs(bench: Bench, kind: str, reference: Any, window: Any, *, parts: int = 1) -> tuple[Any, ...]:
    """Both sides as the detector takes them; the window of rows in that many chunks, a table of the one column."""
    return tuple(_handed(bench, kind, side) for side in _columns(bench, kind, reference, window, parts))


def _handed(bench: Bench, kind: str, side: Any) -> Any:
    """The column; where the detector takes tables, one of it alone, called as its kind."""
    if bench.info.scope != "table":
        return side
    if bench.info.takes == "profile":
        return {kind: side}
    if bench.info.takes == "pandas":
        return side.to_frame(kind)
    import pyarrow as pa

    return pa.table({kind: side})


def _columns(bench: Bench, kind: str, reference: Any, window: Any, parts: int) -> tuple[Any, Any]:
    if bench.info.takes == "profile":
        base = _profile(bench, kind, reference, None)
        now = _profile(bench, kind, window, getattr(base, "grid", None))
        # A team's detector is given profiles without the values, as they are stored.
        return (base, now) if bench.info.origin == "builtin" else (base.compact(), now.compact())
    if bench.info.sample is not None:
        reference, window = reference.slice(0, bench.info.sample), window.slice(0, bench.info.sample)
    if parts > 1:
        import pyarrow as pa

        step = max(1, -(-len(window) // parts))
        window = pa.chunked_array([window.slice(i, step).chunk(0) for i in range(0, len(window), step)], window.type)
    if bench.info.takes == "pandas":
        return reference.to_pandas(), window.to_pandas()
    return reference, window


def _profile(bench: Bench, kind: str, values: Any, grid: Any) -> Any:
    profiler = bench.api.Profiler(kind, grid)
    profiler.update(values)
    return profiler.result()


def measure(bench: Bench, kind: str, reference: Values, window: Values, *, parts: int = 1, by: Any = None) -> Any:
    """A checked measurement by a new object, or by the one that is given."""
    sides = inputs(bench, kind, column(kind, reference), column(kind, window), parts=parts)
    return bench.checked((by or bench.make()).measure(*sides))


# -- the checks -------------------------------------------------------------------------------------------------------


def measures(bench: Bench) -> None:
    for kind in bench.info.kinds:
        found = measure(bench, kind, _usual(kind), _usual(kind, shifted=True))
        if found.value is None:
            said = f"none ({found.message})" if found.message else "none"
            raise Failed(f"a number for {ROWS} rows of an ordinary {kind} column", said, method="measure")


def survives(case: Case, bench: Bench) -> None:
    for kind in bench.info.kinds:
        sides = case(kind)
        if sides is not None:
            try:
                measure(bench, kind, *sides)
            except Failed as failed:
                hint = NONE_HINT
                raise Failed(
                    f"a finite number or None for a {kind} column", failed.came, hint, method="measure"
                ) from None


def same_twice(bench: Bench) -> None:
    for kind in bench.info.kinds:
        found = []
        for seed in (1, 2):
            random.seed(seed)
            _seed_numpy(seed)
            found.append(measure(bench, kind, _usual(kind), _usual(kind, shifted=True)))
        hint = "draw from random.Random(0) or numpy.random.default_rng(0), never from the shared generators"
        bench.same(found[0], found[1], "the same result for the same columns", hint)


def _seed_numpy(seed: int) -> None:
    import numpy as np

    np.random.seed(seed)


def keeps_nothing(bench: Bench) -> None:
    for kind in bench.info.kinds:
        before, after = _usual(kind), _usual(kind, shifted=True)
        used = bench.make()
        measure(bench, kind, before, after, by=used)
        hint = "keep results in local variables: one object measures many columns and windows, in any order"
        for sides in ((after, before), (before, after)):
            one, two = measure(bench, kind, *sides), measure(bench, kind, *sides, by=used)
            bench.same(one, two, "the same result after it measured another column", hint)


def unchanged(bench: Bench) -> None:
    for kind in bench.info.kinds:
        base, now = column(kind, _usual(kind)), column(kind, _usual(kind, shifted=True))
        given = inputs(bench, kind, base, now)
        kept = inputs(bench, kind, column(kind, _usual(kind)), column(kind, _usual(kind, shifted=True)))
        bench.make().measure(*given)
        for side, is_now, was in zip(("reference", "window"), given, kept, strict=True):
            if not _equal(is_now, was):
                hint = "work on a copy: the same object is given to the other detectors"
                raise Failed(f"the {side} as it was", f"another {kind} column", hint, method="measure")


def _equal(one: Any, two: Any) -> bool:
    return bool(one.equals(two)) if hasattr(one, "equals") else bool(one == two)


def mergeable(bench: Bench) -> None:
    """The whole comes with its values at hand, as while a window is scanned; what is merged is as it is stored."""
    for kind in bench.info.kinds:
        base = _profile(bench, kind, column(kind, _usual(kind)), None)
        grid = getattr(base, "grid", None)
        window = column(kind, ordinary(kind, 3 * ROWS, shifted=True))
        whole = _profile(bench, kind, window, grid)
        merged = _profile(bench, kind, window.slice(0, ROWS), grid) + _profile(bench, kind, window.slice(ROWS), grid)
        whole_sides = _handed(bench, kind, base), _handed(bench, kind, whole)
        merged_sides = _handed(bench, kind, base.compact()), _handed(bench, kind, merged)
        one, two = (bench.checked(bench.make().measure(*sides)) for sides in (whole_sides, merged_sides))
        hint = "use what profiles add up to: counts, shares, quantiles, mean, std"
        bench.same(one, two, "the same for merged profiles as for the whole", hint)


def chunked(bench: Bench) -> None:
    for kind in bench.info.kinds:
        found = [measure(bench, kind, _usual(kind), _usual(kind, shifted=True), parts=parts) for parts in (1, 3)]
        hint = "pyarrow.compute works on chunked arrays; .chunk(0) is only the first piece"
        bench.same(found[0], found[1], "the same for a column in three chunks as for one", hint)


def fast(bench: Bench) -> None:
    from lifecycle_tui.plugin_host.conformance.bench import CPU_SECONDS

    for kind in bench.info.kinds:
        sides = inputs(
            bench, kind, column(kind, _usual(kind)), column(kind, ordinary(kind, shifted=True) * (MANY // ROWS))
        )
        one = bench.make()
        begin = time.process_time()
        one.measure(*sides)
        took = time.process_time() - begin
        if took > CPU_SECONDS:
            hint = "profiles cost nothing to read; on Arrow, pyarrow.compute works on all rows at once"
            raise Failed(f"at most {CPU_SECONDS:g} s for {MANY:,} rows", f"{took:.1f} s", hint, method="measure")
