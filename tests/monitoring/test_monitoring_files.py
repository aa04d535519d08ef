"""`compare_files`: verdicts, awkward files, isolation of bad columns, and what it must not import."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import scipy.stats as st

from lifecycle_tui.domain.errors import DataError, UsageError
from lifecycle_tui.monitoring.files import as_json, compare_files

RNG = np.random.default_rng(5)


def write(path, columns):
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    (pyarrow.parquet.write_table if path.suffix == ".parquet" else pyarrow.csv.write_csv)(table, path)
    return path


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    """Each test draws from the start of the sequence, whatever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(5).bit_generator.state


@pytest.fixture
def compare(tmp_path):
    def run(before, after, suffix=".parquet", **options):
        return compare_files(write(tmp_path / f"a{suffix}", before), write(tmp_path / f"b{suffix}", after), **options)

    return run


def column(drift, name):
    return next(c for c in drift.columns if c.name == name)


def sample(n, shift=0.0, gaps=0.05):
    values = RNG.normal(shift, 1, n)
    return {
        "x": pa.array(values, mask=RNG.random(n) < gaps),
        "k": pa.array(RNG.poisson(4 + shift, n)),
        "flag": pa.array(RNG.random(n) < 0.3 + shift / 4),
        "city": pa.array(RNG.choice(["Oslo", "Rom", "Bern"], n, p=[0.5 - shift / 4, 0.3, 0.2 + shift / 4])),
        "when": pa.array(np.arange(n), pa.timestamp("s")),
    }


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_drift_is_found_and_its_absence_too(compare, suffix):
    before = sample(4_000)
    same = compare(before, sample(3_000), suffix)
    assert [c.state for c in same.columns] == ["ok"] * 5
    assert (same.count, same.share, same.drifted) == (0, 0.0, False)
    moved = compare(before, sample(3_000, shift=0.5, gaps=0.2), suffix)
    states = {c.name: c.state for c in moved.columns}
    assert states == {"x": "drifted", "k": "drifted", "flag": "drifted", "city": "drifted", "when": "ok"}
    assert (moved.count, moved.share, moved.drifted) == (4, 0.8, True)
    assert "KS distance" in column(moved, "x").message
    assert "missing" in column(moved, "x").message
    kinds = {c.name: c.kind for c in moved.columns}
    assert kinds == {"x": "numeric", "k": "numeric", "flag": "categorical", "city": "categorical", "when": "time"}


def test_the_numbers_are_scipys(compare):
    before, after = sample(3_000), sample(2_000, 0.1)
    drift = compare(before, after)
    for name in ("x", "k"):
        x, y = (np.array(side[name].drop_null()) for side in (before, after))
        found = column(drift, name).signals["ks"]
        truth = st.ks_2samp(x, y, method="asymp")
        assert found.value == pytest.approx(truth.statistic, abs=1e-12)
        assert found.p_value == pytest.approx(truth.pvalue, abs=5e-3)
    names = ["Bern", "Oslo", "Rom"]
    table = [[side["city"].to_pylist().count(name) for name in names] for side in (before, after)]
    assert column(drift, "city").signals["chi2"].value == pytest.approx(st.chi2_contingency(table).statistic, rel=1e-9)


def test_large_continuous_columns_are_exact_or_certified(compare):
    x, y = RNG.standard_t(2, 90_000), RNG.standard_t(2, 80_000) * 1.02
    truth = st.ks_2samp(x, y, method="asymp").statistic
    exact = column(compare({"t": x}, {"t": y}), "t").signals["ks"]
    rough = column(compare({"t": x}, {"t": y}, exact=False), "t").signals["ks"]
    assert exact.value == pytest.approx(truth, abs=1e-12)
    assert rough.lower <= truth <= rough.upper
    assert rough.lower < rough.upper


def test_row_order_row_groups_and_threads_change_nothing(tmp_path):
    table = pa.table({**sample(2_000), "t": RNG.normal(size=2_000)})
    other = pa.table({**sample(1_500, 0.2), "t": RNG.normal(size=1_500)})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    pyarrow.parquet.write_table(other, tmp_path / "b.parquet")
    first = compare_files(tmp_path / "a.parquet", tmp_path / "b.parquet")
    pyarrow.parquet.write_table(table.take(RNG.permutation(2_000)), tmp_path / "a.parquet", row_group_size=333)
    pyarrow.parquet.write_table(other.take(RNG.permutation(1_500)), tmp_path / "b.parquet", row_group_size=100)
    for threads in (1, 4):
        assert compare_files(tmp_path / "a.parquet", tmp_path / "b.parquet", threads=threads) == first


def test_csv_and_parquet_agree(tmp_path):
    sides = [pa.table(sample(n, s)).drop_columns("when") for n, s in ((3_000, 0), (2_000, 0.1))]
    drifts = []
    for suffix in (".parquet", ".csv"):
        paths = [write(tmp_path / f"{i}{suffix}", side) for i, side in enumerate(sides)]
        drifts.append(compare_files(*paths))
    plain = [dataclasses.replace(d, reference="", current="") for d in drifts]
    assert plain[0] == plain[1]


def test_a_bad_column_costs_only_itself(compare):
    n = 100
    before = {
        "good": np.arange(n),
        "nested": pa.array([[1]] * n),
        "gone": np.arange(n),
        "retyped": np.arange(n, dtype=float),
        "dirty": np.arange(n, dtype=float),
    }
    after = {
        "good": np.arange(n),
        "nested": pa.array([[1]] * n),
        "retyped": pa.array(["red", "blue"] * (n // 2)),
        "dirty": pa.array(["oops", *map(str, range(n - 1))]),
        "extra": np.arange(n),
    }
    drift = compare(before, after)
    states = {c.name: (c.state, c.message) for c in drift.columns}
    assert states["good"] == ("ok", None)
    assert states["nested"][0] == "error"
    assert "list" in states["nested"][1]
    assert states["gone"] == ("error", "b.parquet has no such column")
    assert states["retyped"][0] == "error"
    assert "100 of 100 cells" in states["retyped"][1]
    assert states["dirty"] == ("ok", "1 cells of the current file are not numbers and count as missing")
    assert drift.new_columns == ("extra",)
    assert drift.missing_columns == ("gone",)
    assert drift.share == 0.0


@pytest.mark.parametrize(
    ("before", "after", "state", "message"),
    [
        (pa.array([], pa.float64()), pa.array([], pa.float64()), "cannot-tell", "0 values on a side, 30 are needed"),
        (pa.array([1.0]), pa.array([2.0]), "cannot-tell", "1 values on a side, 30 are needed"),
        (pa.nulls(50), pa.nulls(50), "cannot-tell", "0 values on a side, 30 are needed"),
        (pa.array([1.0] * 50), pa.array([1.0] * 50), "ok", None),
        (pa.array([1.0] * 50), pa.array([1.5] * 50), "drifted", "KS distance 1"),
        (pa.array([1.0] * 50), pa.array([None] * 50, pa.float64()), "drifted", "missing 0 → 1"),
        (pa.array([np.inf, 1.0] * 25), pa.array([np.inf, 1.0] * 25), "ok", None),
        (pa.array([1.0] * 50), pa.array([np.inf] * 50), "drifted", "KS distance 1"),
        (pa.array(["a"] * 50), pa.array(["a"] * 50), "ok", None),
        (pa.array(["a"] * 50), pa.array(["b"] * 50), "drifted", "total variation 1; 1 new label in 50 rows (b)"),
        (pa.array(["a", None] * 20), pa.array([None] * 40, pa.string()), "drifted", "missing 0.5 → 1"),
        (pa.array([True] * 40), pa.array(["true"] * 40), "ok", None),
        (pa.array(["7"] * 40), pa.array([7.0] * 40), "ok", None),
    ],
)
def test_edges(compare, before, after, state, message):
    found = column(compare({"c": before}, {"c": after}), "c")
    assert (found.state, found.message) == (state, message)
    json.dumps(as_json(compare({"c": before}, {"c": after})), allow_nan=False)


def test_a_small_effect_is_not_drift_however_certain(compare):
    x = RNG.normal(size=300_000)
    found = column(compare({"c": x}, {"c": x + 0.015}), "c")
    assert found.signals["ks"].p_value < 1e-3
    assert (found.state, found.effect < 0.01) == ("ok", True)
    assert column(compare({"c": x}, {"c": x + 0.015}, floor=0.0), "c").state == "drifted"


def test_one_in_twenty_is_no_drift_among_twenty_columns(compare):
    """Holm's correction: p = 0.01 counts alone, and not beside nineteen quiet columns."""
    x = np.arange(200.0)
    moved = x + 32  # D = 0.16, p about 0.01
    alone = compare({"c": x}, {"c": moved})
    assert 0.005 < column(alone, "c").signals["ks"].p_value < 0.02
    assert column(alone, "c").state == "drifted"
    quiet = {f"q{i}": x for i in range(19)}
    assert column(compare({"c": x, **quiet}, {"c": moved, **quiet}), "c").state == "ok"


def test_clean_data_rarely_alarms(compare):
    alarms = 0
    for _ in range(60):
        sides = [{f"c{i}": RNG.normal(size=60) for i in range(10)} for _ in range(2)]
        alarms += compare(*sides).count > 0
    assert alarms <= 10  # 3 expected at alpha 0.05; 11 or more happens once in ten thousand


def test_text_with_many_values_is_compared_by_length(compare):
    ids = [f"user-{i:06d}" for i in range(3_000)]
    found = column(compare({"id": ids}, {"id": [name + "x" for name in ids]}), "id")
    assert (found.kind, found.state) == ("text", "drifted")
    assert "text lengths" in found.signals["ks"].definition


def test_kinds_columns_and_detectors_can_be_chosen(compare):
    before, after = sample(500), sample(400)
    drift = compare(before, after, columns=["k", "x"], kinds={"k": "categorical"}, detectors=["chi2", "ks"])
    assert [(c.name, c.kind, sorted(c.signals)) for c in drift.columns] == [
        ("k", "categorical", ["chi2", "missing"]),
        ("x", "numeric", ["ks", "missing"]),
    ]
    for options in ({"columns": ["y"]}, {"kinds": {"y": "text"}}, {"detectors": ["mmd"]}, {"alpha": 1.0}):
        with pytest.raises(UsageError):
            compare(before, after, **options)


def test_spellings_of_missing_in_csv(tmp_path):
    for name in "ab":
        rows = "".join(
            f"{'NA' if i % 4 == 0 else i},{'NA' if i % 4 == 0 else 'nan' if i % 4 == 1 else 'z'}\n" for i in range(80)
        )
        (tmp_path / f"{name}.csv").write_text(f"x,land\n{rows}")
    drift = compare_files(tmp_path / "a.csv", tmp_path / "b.csv")
    assert column(drift, "x").kind == "numeric"
    assert column(drift, "x").signals["missing"].value == 0.25
    assert column(drift, "land").signals["missing"].value == 0.25  # "NA" is Namibia, "nan" is no label
    assert "NA" in column(drift, "land").bars.names


@pytest.mark.parametrize(
    "text", ["a;b\n1,5;2\n", "a\tb\n1\t2\n", "a,b\n1,2\n3\n", "a,a\n1,2\n", "caf\xe9,b\n1,2\n", "a,b\n\xe9,2\n"]
)
def test_files_that_are_not_plain_go_to_the_tolerant_reader(tmp_path, text):
    path = tmp_path / "odd.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="neither Parquet nor plain CSV"):
        compare_files(path, path)
    seen = []

    def reader(asked):
        seen.append(asked)
        return pa.table({"a": np.arange(40)})

    assert compare_files(path, path, reader=reader).columns[0].state == "ok"
    assert seen == [path, path]


def test_files_that_cannot_be_read_at_all(tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and then nothing of use PAR1")
    good = write(tmp_path / "good.parquet", {"a": [1]})
    for path, says in ((broken, "cannot be read"), (tmp_path / "none.csv", "no file"), (tmp_path, "is not a file")):
        with pytest.raises(DataError, match=says):
            compare_files(good, path)


def test_a_corrupt_column_chunk_is_an_error_of_that_column(tmp_path):
    table = pa.table({"a": RNG.normal(size=2_000), "b": RNG.normal(size=2_000)})
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(table, path, compression="snappy", use_dictionary=False)
    chunk = pyarrow.parquet.read_metadata(path).row_group(0).column(1)
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset : chunk.data_page_offset + 60] = b"\xff" * 60
    (tmp_path / "u.parquet").write_bytes(bytes(data))
    drift = compare_files(path, tmp_path / "u.parquet")
    assert column(drift, "a").state == "ok"
    assert column(drift, "b").state == "error"
    assert "cannot be compared" in column(drift, "b").message


def test_columns_with_awkward_names(compare):
    names = ["a.b", "a", "", "naïve €", "x" * 300]
    table = {name: np.arange(50) for name in names}
    assert [(c.name, c.state) for c in compare(table, table).columns] == [(name, "ok") for name in names]


def test_a_name_that_occurs_twice_is_an_error(tmp_path):
    table = pa.Table.from_arrays([pa.array(range(50))] * 3, names=["a", "b", "a"])
    path = write(tmp_path / "twice.parquet", table)
    drift = compare_files(path, path)
    assert {c.name: c.state for c in drift.columns} == {"a": "error", "b": "ok"}


def test_progress_is_told(compare):
    told = []
    compare(sample(50), sample(50), progress=told.append)
    assert told == [f"column {i} of 5" for i in range(1, 6)]


def test_json_has_the_promised_shape(compare):
    found = json.loads(json.dumps(as_json(compare(sample(500), sample(400, 1.0))), allow_nan=False))
    assert {"share", "count", "drifted"} <= set(found["dataset"])
    x = found["columns"]["x"]
    assert {"kind", "state", "message", "signals"} <= set(x)
    assert {"value", "definition"} <= set(x["signals"]["psi"])
    assert {"value", "p_value"} <= set(x["signals"]["ks"])
    assert {"value", "p_value"} <= set(found["columns"]["city"]["signals"]["chi2"])
    assert x["detectable"] > 0


def test_bars_count_every_row_of_both_sides(compare):
    before, after = sample(500), sample(400, 1.0)
    for found in compare(before, after).columns:
        if found.kind == "time":
            assert found.bars is None
            continue
        assert sum(found.bars.reference) == 500 - before[found.name].null_count
        assert sum(found.bars.window) == 400 - after[found.name].null_count
        assert len(found.bars.names) == len(found.bars.reference) == len(found.bars.window) <= 16


@pytest.mark.parametrize(
    ("x", "bins"),
    [
        (np.zeros(10), 1), (np.array([0.0, 1, 1, 2] * 9), 3), (np.array([np.inf, 1.0, 2.0]), 2), (np.array([0.5]), 3),
        (RNG.normal(size=90_000), 16), (RNG.lognormal(0, 3, 90_000), 16),
    ],
)  # fmt: skip
def test_bars_of_awkward_columns(compare, x, bins):
    bars = column(compare({"c": x}, {"c": x[::2]}), "c").bars
    assert len(bars.names) == bins
    assert sum(bars.reference) == len(x)
    assert sum(bars.window) == len(x[::2])
    assert list(bars.edges) == sorted(bars.edges)


def test_nothing_heavy_is_imported_for_parquet(tmp_path):
    write(tmp_path / "a.parquet", sample(2_000))
    write(tmp_path / "b.parquet", sample(2_000, 0.5))
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.monitoring.files import compare_files;"
        f"compare_files(Path({str(tmp_path / 'a.parquet')!r}), Path({str(tmp_path / 'b.parquet')!r}));"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('scipy', 'pandas', 'sklearn', 'textual', 'pydantic', 'pluggy', 'sqlite3') "
        "or m in ('pyarrow.compute', 'pyarrow.dataset')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
