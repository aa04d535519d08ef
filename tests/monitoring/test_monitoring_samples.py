"""Sampled rows: which ones, whatever the order, the batches and the files; and who is handed what of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.monitoring.columns import NO_ROWS, ColumnData, Judging, measure_columns
from lifecycle_tui.monitoring.instruments import Instrument, Instruments
from lifecycle_tui.monitoring.samples import Sample, Sampler, Samples
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.profiler import Profiler

RNG = np.random.default_rng(5)


def sampled(
    rows: int,
    order: Any = None,
    cuts: tuple[int, ...] = (),
    *,
    size: int = 40,
    distinct: int | None = None,
    timed: bool = True,
    most: int = 1 << 22,
) -> Sample | None:
    rng = np.random.default_rng(rows)
    number = rng.normal(size=rows) if distinct is None else rng.integers(0, distinct, rows).astype(float)
    number[: rows // 20] = np.nan
    label = np.array(["a", "b", "c"], object)[rng.integers(0, 3, rows)]
    if distinct is not None:
        label[:] = "a"
    time = np.arange(rows, dtype=np.int64) * 1000
    order = np.arange(rows) if order is None else order
    number, label, time = number[order], label[order], time[order]
    sampler = Sampler(size, most_different=most)
    for part in np.split(np.arange(rows), list(cuts)):
        columns = {"x": pa.array(number[part]), "c": pa.array(label[part].tolist(), pa.string()).dictionary_encode()}
        sampler.add(columns, len(part), time[part] if timed else None)
    return sampler.result()


def same(one: Sample | None, two: Sample | None) -> bool:
    assert one is not None and two is not None
    cells = [[repr(v) for v in side.table.column(n).to_pylist()] for side in (one, two) for n in ("x", "c")]
    return cells[0] == cells[2] and cells[1] == cells[3] and one.keys.tolist() == two.keys.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 1, 3, 50]))
def test_order_and_batches_change_nothing(rows: int, random: Any, timed: bool, distinct: int | None) -> None:
    order = list(range(rows))
    random.shuffle(order)
    cuts = tuple(sorted(random.randrange(rows + 1) for _ in range(3)))
    whole = sampled(rows, timed=timed, distinct=distinct)
    assert same(whole, sampled(rows, np.array(order), cuts, timed=timed, distinct=distinct))
    assert whole is not None and len(whole) == min(40, rows) and whole.rows == rows


def test_rows_come_in_order_of_time() -> None:
    found = sampled(500, np.random.default_rng(0).permutation(500))
    assert found is not None and found.time is not None
    assert (np.diff(found.time) > 0).all()
    assert pa.types.is_dictionary(found.table.column("c").type)


def test_equal_rows_are_taken_as_often_as_they_come() -> None:
    """Ten different rows of unequal frequency, 20,000 in all: a sample by content alone would hold one or two."""
    rng = np.random.default_rng(1)
    values = rng.choice(10, 20_000, p=np.arange(1, 11) / 55).astype(float)
    sampler = Sampler(2000)
    for part in np.split(values, 7 * [0] + [5000, 12_000]):
        sampler.add({"x": pa.array(part)}, len(part), None)
    found = sampler.result()
    assert found is not None and len(found) == 2000
    taken = Counter(found.table.column("x").to_pylist())
    for value, share in enumerate(np.arange(1, 11) / 55):
        assert abs(taken[float(value)] - 2000 * share) < 5 * np.sqrt(2000 * share)


def test_too_many_different_rows_are_each_taken_once_in_any_order() -> None:
    """Beyond the bound nobody can count repetitions; every order comes to that."""
    one = sampled(300, distinct=60, timed=False, most=20)
    two = sampled(300, np.arange(300)[::-1], (10, 200), distinct=60, timed=False, most=20)
    assert same(one, two)
    assert one is not None and len(set(map(repr, one.table.column("x").to_pylist()))) == len(one) == 40


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    large, small = sampled(900, size=200), sampled(900, size=50)
    assert large is not None and same(large.first(50), small)


def test_the_rest_without_a_window_is_a_sample_of_the_rest() -> None:
    """Against brute force: the rows of the whole's sample that are not of the window's rows."""
    rng = np.random.default_rng(2)
    x, time = rng.normal(size=3000), np.arange(3000)

    def of(part: np.ndarray) -> Sample:
        sampler = Sampler(300)
        sampler.add({"x": pa.array(x[part])}, len(part), time[part])
        found = sampler.result()
        assert found is not None
        return found

    part = np.arange(1000, 2500)
    rest = of(np.arange(3000)).without(of(part))
    times = set(rest.time.tolist())  # type: ignore[union-attr]
    assert not times & set(part.tolist())
    assert times == set(of(np.arange(3000)).time.tolist()) - set(part.tolist())  # type: ignore[union-attr]
    assert rest.rows == 1500
    small = of(np.arange(3000)).first(100).without(of(part))
    assert len(small) > 30 and not set(small.time.tolist()) & set(part.tolist())  # type: ignore[union-attr]


def test_no_row_is_no_sample() -> None:
    sampler = Sampler(10)
    sampler.add({"x": pa.array([], pa.float64())}, 0, None)
    assert sampler.result() is None


class Seen:
    """A detector that remembers what it was handed."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, Any]] = []

    def measure(self, reference: Any, window: Any) -> Measurement:
        self.seen.append((reference, window))
        return Measurement(0.4, p_value=1e-9, effect=0.3)


def instrument(**more: Any) -> Instrument:
    given = {"kinds": ("numeric",), "takes": "arrow", "scope": "table", **more}
    return Instrument(PluginInfo("detector", "whole", "builtin", "whole.py", **given), {"": Seen()})


GRID = choose_grid(np.random.default_rng(0).normal(size=500))


def data(rows: int, *, values: bool = True) -> dict[str, ColumnData]:
    found = {}
    for name in ("x", "y", "score"):
        column = pa.array(np.random.default_rng(rows).normal(size=rows))
        profiler = Profiler("numeric", GRID)
        profiler.update(column)
        found[name] = ColumnData("numeric", profiler.result(), pa.chunked_array([column]) if values else None)
    return found


def sample(rows: int) -> Sample:
    table = pa.table({n: pa.array(np.zeros(rows)) for n in ("x", "y", "score")})
    return Sample(table, np.arange(rows, dtype=np.uint64), None, rows)


def measured(tool: Instrument, samples: Samples, **more: Any) -> Any:
    instruments = Instruments((tool,), ())
    return measure_columns(data(80, **more), data(50, **more), instruments, Judging(0.05), samples)


def test_a_table_is_measured_once_with_the_features_alone() -> None:
    tool = instrument(sample=30)
    result = measured(tool, Samples(sample(60), sample(40), {"x", "y"}), values=False)
    signal = next(s for s in result.signals if s.source == "whole")
    assert (signal.name, signal.column, signal.value, signal.n) == ("whole", None, 0.4, 30)
    ((reference, window),) = tool.objects[""].seen
    assert reference.column_names == window.column_names == ["x", "y"]
    assert (len(reference), len(window)) == (30, 30)


def test_a_table_has_a_verdict_like_a_column() -> None:
    result = measured(instrument(sample=60), Samples(sample(60), sample(60)))
    signal = next(s for s in result.signals if s.name == "whole")
    assert signal.state == "drifted" and "verdict" in signal.detail
    assert "*" in result.verdicts


@pytest.mark.parametrize(("takes", "kind"), [("arrow", pa.Table), ("pandas", "DataFrame"), ("profile", dict)], ids=str)
def test_a_table_is_what_takes_names(takes: str, kind: Any) -> None:
    tool = instrument(takes=takes)
    measured(tool, Samples(features={"x", "y"}))
    ((reference, window),) = tool.objects[""].seen
    for side in (reference, window):
        assert type(side).__name__ == kind if isinstance(kind, str) else isinstance(side, kind)
        assert list(side if takes != "arrow" else side.column_names) == ["x", "y"]


def test_a_column_of_a_sample() -> None:
    tool = instrument(scope="column", sample=20)
    result = measured(tool, Samples(sample(60), sample(40), {"x", "y"}), values=False)
    assert [s.name for s in result.signals if s.source == "whole"] == ["whole.score", "whole.x", "whole.y"]
    assert {(len(a), len(b)) for a, b in tool.objects[""].seen} == {(20, 20)}


@pytest.mark.parametrize("scope", ["table", "column"])
def test_without_rows_there_is_no_value(scope: str) -> None:
    result = measured(instrument(scope=scope, sample=20), Samples(None, sample(40)))
    found = [s for s in result.signals if s.source == "whole"]
    assert found and all(s.value is None and s.message == NO_ROWS and s.state == "unknown" for s in found)


def test_a_table_that_fails_costs_its_one_signal() -> None:
    tool = instrument(sample=20)
    tool.objects[""].measure = lambda reference, window: 1 / 0
    result = measured(tool, Samples(sample(60), sample(40)))
    signal = next(s for s in result.signals if s.source == "whole")
    assert (signal.name, signal.state) == ("whole", "error") and "ZeroDivisionError" in str(signal.message)


def test_what_instruments_ask_for() -> None:
    both = Instruments((instrument(sample=20), instrument(sample=300), instrument(takes="profile")), ())
    assert both.sample == 300 and not both.needs_rows
    assert Instruments((instrument(),), ()).needs_rows and Instruments((), ()).sample == 0
