"""The same rows give the same bits: whatever the file's format, however it is cut into parts, in whatever order.

Profiles are compared as bytes, signals as `repr`s of floats. Every format that a built-in source reads takes part by
its suffix; a new one is a line in `WRITERS`.
"""

import json
import sqlite3
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui import api
from lifecycle_tui.monitoring import file_sides
from lifecycle_tui.monitoring.files import as_json, compare_files
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.profiles import choose, kolmogorov, profiler
from lifecycle_tui.profiles.codec import dump, dump_grid
from lifecycle_tui.profiles.profiler import Profiler, profile_column

KINDS = {"x": "numeric", "tail": "numeric", "tied": "numeric", "k": "numeric", "label": "categorical"}


def rows(n, seed):
    """Columns of every shape that a grid is chosen by, with gaps."""
    random = np.random.default_rng(seed)
    return pa.table(
        {
            "x": pa.array(random.normal(size=n), mask=random.random(n) < 0.1),
            "tail": np.exp(random.standard_t(1.5, n).clip(-300, 300)),
            "tied": np.where(random.random(n) < 0.4, 0.1, random.normal(size=n).round(3)) + 0.0,
            "k": pa.array(random.poisson(9, n), mask=random.random(n) < 0.02),
            "label": pa.array(random.choice(["a", "b b", "ß", "7"], n), mask=random.random(n) < 0.1),
        }
    )


def parquet(table, path, cut):
    pq.write_table(table, path, row_group_size=max(1, cut), use_dictionary=bool(cut % 2), data_page_size=1 + 100 * cut)


def csv(table, path, cut):
    pyarrow.csv.write_csv(table, path)


def jsonl(table, path, cut):
    path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()), encoding="utf-8")


def sqlite(table, path, cut):
    with sqlite3.connect(path) as base:
        base.execute("create table t (x real, tail real, tied real, k integer, label text)")
        base.executemany("insert into t values (?, ?, ?, ?, ?)", [tuple(row.values()) for row in table.to_pylist()])
    base.close()


WRITERS = {".parquet": parquet, ".csv": csv, ".jsonl": jsonl, ".sqlite": sqlite}


def read(path):
    """The batches of a file through the built-in source for it."""
    catalog = PluginCatalog.open(None, enabled=False)
    for info in catalog.all("source"):
        source = catalog.load_builtin(info)
        if path.suffix in source.suffixes:
            opened = source(str(path))
            for fragment in opened.fragments():
                yield from (batch.data for batch in opened.read(fragment, list(KINDS), KINDS))
            return
    pytest.skip(f"no source reads {path.suffix}")


def profiled(batches, grids=None):
    """Bytes of each column's grid and profile."""
    found = {}
    for name, kind in KINDS.items():
        profile = profile_column(kind, lambda name=name: [b.column(name) for b in batches], (grids or {}).get(name))
        grid = getattr(profile, "grid", None)
        found[name] = (b"" if grid is None else dump_grid(grid), dump(profile))
    return found


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_same_profiles(tmp_path, suffix):
    table = rows(700, 1)
    WRITERS[suffix](table, tmp_path / f"t{suffix}", 137)
    assert profiled(list(read(tmp_path / f"t{suffix}"))) == profiled([table])


@given(seed=st.integers(0, 99), cuts=st.lists(st.integers(0, 300), max_size=6), most=st.sampled_from([40, 10_000]))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_and_order_gives_the_same_profiles(monkeypatch, seed, cuts, most):
    """Also where a reference is too large to hold and is read in two passes, and where parts are merged."""
    for module in (choose, profiler):
        monkeypatch.setattr(module, "MOST_KEPT", most)
    monkeypatch.setattr(profiler, "_TOGETHER", 1 + most // 2)
    table = rows(300, seed)
    order = np.random.default_rng(seed + 1).permutation(300)
    ends = [0, *sorted(cuts), 300]
    parts = [table.take(order[a:b]) for a, b in pairwise(ends)]
    assert profiled(parts) == profiled([table])
    for name, kind in KINDS.items():
        whole = profile_column(kind, lambda name=name: [table.column(name)])
        merged = None
        for part in parts[::-1]:
            one = Profiler(kind, getattr(whole, "grid", None))
            one.update(part.column(name))
            merged = one.result() if merged is None else merged + one.result()
        assert dump(merged) == dump(whole)


@pytest.fixture
def small(monkeypatch):
    """Every limit so low that a few thousand rows are many: surveys, second passes, looks, divided cells."""
    monkeypatch.setattr(file_sides, "HELD", 500)
    monkeypatch.setattr(kolmogorov, "MOST_GATHERED", 50)


def found(before, after, **options):
    drift = as_json(compare_files(before, after, **options))
    return json.dumps(drift, sort_keys=True)


@pytest.mark.parametrize("cut", [1_000, 90, 7])
@pytest.mark.parametrize("threads", [1, 3])
def test_any_row_groups_give_the_same_drift(tmp_path, small, cut, threads, monkeypatch):
    monkeypatch.setattr("lifecycle_tui.monitoring.file_tables._WHOLE", 60)
    monkeypatch.setattr("lifecycle_tui.monitoring.file_tables._PART", 40)
    before, after = rows(1_500, 5), rows(1_200, 6)
    parquet(before, tmp_path / "a.parquet", 100_000)
    parquet(after, tmp_path / "b.parquet", 100_000)
    parquet(before, tmp_path / "c.parquet", cut)
    parquet(after.take(np.random.default_rng(1).permutation(1_200)), tmp_path / "d.parquet", cut)
    expected = found(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert found(tmp_path / "c.parquet", tmp_path / "d.parquet", threads=threads) == expected


@pytest.mark.parametrize("suffix", [".csv"])
def test_another_format_gives_the_same_drift(tmp_path, suffix):
    before, after = rows(800, 5), rows(900, 6)
    for name, table in (("a", before), ("b", after)):
        parquet(table, tmp_path / f"{name}.parquet", 100)
        WRITERS[suffix](table, tmp_path / f"{name}{suffix}", 100)
    expected = found(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert found(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}") == expected


def test_large_files_give_the_distance_of_small_ones(tmp_path, small, monkeypatch):
    """In parts, with looks and divided cells: SciPy's distance of all the values, on every column of numbers."""
    from scipy.stats import ks_2samp

    before, after = rows(3_000, 5), rows(2_500, 6)
    parquet(before, tmp_path / "a.parquet", 100)
    parquet(after, tmp_path / "b.parquet", 100)
    drift = compare_files(tmp_path / "a.parquet", tmp_path / "b.parquet")
    for column in drift.columns:
        if column.kind == "numeric":
            x, y = (t.column(column.name).drop_null().to_numpy() for t in (before, after))
            assert column.signals["ks"].value == ks_2samp(x, y, method="asymp").statistic
            assert "exact" in column.signals["ks"].definition


def test_sources_hand_out_what_a_detector_reads(tmp_path):
    """A signal, not only a profile: PSI and KS of the same rows from two formats are the same floats."""
    before, after = rows(800, 5), rows(900, 6)
    parquet(after, tmp_path / "b.parquet", 77)
    csv(after, tmp_path / "b.csv", 0)
    for name in ("x", "tail", "tied", "k"):
        reference = profile_column("numeric", lambda name=name: [before.column(name)])
        values = []
        for suffix in (".parquet", ".csv"):
            window = profile_column(
                "numeric",
                lambda name=name, s=suffix: [b.column(name) for b in read(tmp_path / f"b{s}")],
                reference.grid,
            )
            values.append((repr(api.ks(reference, window)), repr(api.psi(reference, window))))
        assert values[0] == values[1]
