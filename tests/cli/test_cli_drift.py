"""`lifecycle drift`: what a person reads, what a script reads, exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from lifecycle_tui import plots
from lifecycle_tui.cli import text
from lifecycle_tui.cli.main import main

N = 4000


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`lifecycle drift …` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["lifecycle", "drift", *words])
        code = main()
        return Ran(code, *capsys.readouterr())

    return call


def sides(seed: int = 0, shift: float = 0.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reference and current; with a shift, `income` and `shop` move and the rest stays."""
    random = np.random.default_rng(seed)

    def side(by: float) -> dict[str, Any]:
        p = 0.3 + 0.3 * (by > 0)
        return {
            "income": random.normal(3000 + 600 * by, 600, N),
            "age": random.integers(18, 90, N),
            "shop": random.choice(["town", "web"], N, p=[1 - p, p]),
            "rate": random.random(N),
            "size": random.gamma(2, 3, N),
        }

    return side(0.0), side(shift)


def save(path: Path, data: Mapping[str, Any]) -> None:
    table = pa.table(dict(data))
    if path.suffix == ".csv":
        pc.write_csv(table, path)
    else:
        pq.write_table(table, path)


def files(
    folder: Path, reference: Mapping[str, Any], current: Mapping[str, Any], suffix: str = ".parquet"
) -> list[str]:
    save(folder / f"a{suffix}", reference)
    save(folder / f"b{suffix}", current)
    return [f"a{suffix}", f"b{suffix}"]


# --- verdicts and exit codes -------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_two_columns_of_five(run: Run, tmp_path: Path, suffix: str) -> None:
    done = run(*files(tmp_path, *sides(1, 1.0), suffix))
    lines = done.out.splitlines()
    assert lines[0] == "2 of 5 columns drifted, fewer than 50 %: the data set as a whole has not"
    assert "4,000 rows against 4,000 of the reference" in lines[1]
    assert (done.code, done.err) == (0, "")
    assert [line.split()[1] for line in lines if line.startswith("! ")] == ["income", "shop"]
    assert "find out what changed income" in lines[-1]
    (steady,) = [line for line in lines if "steady" in line]
    assert steady.endswith("age, rate, size")


@pytest.mark.parametrize(("share", "code"), [("0", 1), ("0.4", 1), ("0.41", 0), ("1", 0)])
def test_share_decides_the_exit_code(run: Run, tmp_path: Path, share: str, code: int) -> None:
    assert run(*files(tmp_path, *sides(1, 1.0)), "--share", share).code == code


def test_drift_of_the_whole(run: Run, tmp_path: Path) -> None:
    done = run(*files(tmp_path, *sides(1, 1.0)), "--columns", "income,shop,age")
    assert done.code == 1
    assert done.out.startswith("2 of 3 columns drifted: the data set has drifted\n")


def test_nothing_but_errors_is_no_all_clear(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(map(str, range(50))) + "\n", "utf-8")
    (tmp_path / "b.csv").write_text("y\n" + "\n".join(map(str, range(50))) + "\n", "utf-8")
    assert run("a.csv", "b.csv").code == 3


def test_no_drift(run: Run, tmp_path: Path) -> None:
    done = run(*files(tmp_path, *sides(2)), "--share", "0")
    assert done.code == 0
    assert done.out.startswith("no drift: none of 5 columns has drifted\n")
    assert "nothing to do; a KS distance of 0.0" in done.out.splitlines()[-1]


def test_the_same_file_twice(run: Run, tmp_path: Path) -> None:
    name = files(tmp_path, *sides(3))[0]
    assert run(name, name, "--share", "0").code == 0


def test_columns_that_could_not_be_judged_are_not_called_free_of_drift(run: Run, tmp_path: Path) -> None:
    sides_ = {"x": [1.0, None, None] * 20, "y": [1.0, 2.0, 3.0] * 20}
    done = run(*files(tmp_path, sides_, sides_))
    assert done.out.startswith("no drift: none of 1 column that could be judged has drifted\n")


def test_a_share_that_is_no_number_is_refused(run: Run, tmp_path: Path) -> None:
    name = files(tmp_path, *sides(3))[0]
    done = run(name, name, "--share", "nan")
    assert done.code == 2
    assert "from 0 to 1, not nan" in done.err


def test_too_few_rows_cannot_be_told(run: Run, tmp_path: Path) -> None:
    few = {"x": [1.0, 2.0, 3.0]}
    done = run(*files(tmp_path, few, few))
    assert done.code == 0
    assert done.out.startswith("no column could be judged\n")
    assert "? cannot tell: x: 3 values on a side, 30 are needed" in done.out
    assert "come back with more rows" in done.out


def test_columns_that_come_and_go(run: Run, tmp_path: Path) -> None:
    reference, current = sides(4)
    current["fresh"] = current.pop("rate")
    done = run(*files(tmp_path, reference, current))
    assert "error: rate: b.parquet has no such column" in done.out
    assert "new in b.parquet: fresh" in done.out


# --- what is shown -----------------------------------------------------------------------------------------


def test_a_histogram_of_each_side(run: Run, tmp_path: Path) -> None:
    before, after = {"x": np.repeat([1, 2, 3, 4], [80, 10, 0, 10])}, {"x": np.repeat([1, 2, 3, 4], [0, 10, 80, 10])}
    lines = run(*files(tmp_path, before, after)).out.splitlines()
    (above,) = [line.split("│")[1] for line in lines if line.startswith("    reference")]
    (below,) = [line.split("│")[1] for line in lines if line.startswith("    current")]
    assert len(above) == len(below)
    assert above[0] == "█" and below[0] == " "
    assert above.count("█") == below.count("█") == 1


def test_only_the_strongest_are_drawn(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    before = {f"c{i}": random.normal(size=1000) for i in range(9)}
    after = {f"c{i}": random.normal(0.3 + 0.2 * i, size=1000) for i in range(9)}
    words = files(tmp_path, before, after)
    short, whole = run(*words).out, run(*words, "--all").out
    assert [line.split()[1] for line in short.splitlines() if line.startswith("! ")] == ["c8", "c7", "c6", "c5", "c4"]
    assert "drifted, too: c3, c2, c1, c0  (--all shows them)" in short
    assert whole.count("    reference") == 9


def test_names_cannot_move_the_cursor(run: Run, tmp_path: Path) -> None:
    before, after = sides(1, 1.0)
    evil = "in\x1b[2Jcome\n"
    done = run(*files(tmp_path, {**before, evil: before["income"]}, {**after, evil: after["income"]}))
    assert "\x1b" not in done.out
    assert r"in\x1b[2Jcome\x0a" in done.out


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", "█"), ("ascii", "#"), ("latin-1", "#")])
def test_ascii_where_blocks_cannot_be_shown(tmp_path: Path, encoding: str, character: str) -> None:
    words = files(tmp_path, *sides(1, 1.0))
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "lifecycle_tui", "drift", *words, "--share", "0"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=300, check=False)
    assert done.returncode == 1
    shown = done.stdout.decode(encoding)
    assert character in shown
    assert encoding == "utf-8" or (shown.isascii() and "\\u" not in shown and "\\x" not in shown)


# --- json --------------------------------------------------------------------------------------------------


def test_json_has_the_documented_shape(run: Run, tmp_path: Path) -> None:
    reference, current = sides(1, 1.0)
    done = run(*files(tmp_path, reference, current), "--format", "json")
    found = json.loads(done.out)
    assert {"share": 0.4, "count": 2, "drifted": False}.items() <= found["dataset"].items()
    assert list(found["columns"]) == list(reference)
    income, shop = found["columns"]["income"], found["columns"]["shop"]
    assert (income["kind"], income["state"]) == ("numeric", "drifted")
    assert (shop["kind"], shop["state"]) == ("categorical", "drifted")
    assert found["columns"]["age"]["state"] == "ok"
    assert income["signals"]["ks"]["value"] == pytest.approx(
        ks_2samp(reference["income"], current["income"]).statistic, abs=1e-12
    )
    assert {"value", "p_value"} <= set(income["signals"]["ks"])
    assert {"value", "definition"} <= set(income["signals"]["psi"])
    assert "chi2" in shop["signals"]


def test_json_and_text_agree_on_the_exit_code(run: Run, tmp_path: Path) -> None:
    words = [*files(tmp_path, *sides(1, 1.0)), "--share", "0"]
    assert run(*words).code == run(*words, "--format", "json").code == 1


def test_detectors_are_chosen(run: Run, tmp_path: Path) -> None:
    done = run(*files(tmp_path, *sides(1, 1.0)), "--detectors", "ks", "--format", "json")
    signals = set(json.loads(done.out)["columns"]["income"]["signals"])
    assert "ks" in signals
    assert not signals & {"psi", "chi2"}


def test_fast_gives_an_interval_that_holds_the_exact_value(run: Run, tmp_path: Path) -> None:
    words = [*files(tmp_path, *sides(1, 1.0)), "--format", "json"]
    exact = json.loads(run(*words).out)["columns"]["size"]["signals"]["ks"]
    fast = json.loads(run(*words, "--fast").out)["columns"]["size"]["signals"]["ks"]
    low, high = (fast[key] if fast[key] is not None else fast["value"] for key in ("lower", "upper"))
    assert low - 1e-12 <= exact["value"] <= high + 1e-12


@pytest.mark.parametrize("threads", ["1", "3"])
def test_threads_change_nothing(run: Run, tmp_path: Path, threads: str) -> None:
    words = files(tmp_path, *sides(1, 1.0))
    assert run(*words, "--threads", threads).out == run(*words).out


# --- what people have, and what they type ------------------------------------------------------------------


def test_semicolons_and_decimal_commas(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, at in (("a.csv", 0.0), ("b.csv", 1.0)):
        rows = "".join(f"{v:.3f};x\n".replace(".", ",") for v in random.normal(at, 1, 500))
        (tmp_path / name).write_text("value;tag\n" + rows)
    found = json.loads(run("a.csv", "b.csv", "--format", "json").out)["columns"]["value"]
    assert (found["kind"], found["state"]) == ("numeric", "drifted")


def test_a_column_with_a_comma_in_its_name(run: Run, tmp_path: Path) -> None:
    before, after = sides(5)
    words = files(tmp_path, {**before, "a,b": before["rate"]}, {**after, "a,b": after["rate"]})
    found = json.loads(run(*words, "--columns", '"a,b",age', "--columns", "rate", "--format", "json").out)
    assert list(found["columns"]) == ["a,b", "age", "rate"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["a.parquet"], 2, "Missing argument"),
        (["a.parquet", "nowhere.csv"], 2, "nowhere.csv"),
        (["a.parquet", "b.parquet", "--columns", "incme"], 2, "incme"),
        (["a.parquet", "b.parquet", "--detectors", "magic"], 2, "magic"),
        (["a.parquet", "b.parquet", "--alpha", "2"], 2, "alpha"),
        (["a.parquet", "b.parquet", "--share", "2"], 2, "share"),
        (["a.parquet", "b.parquet", "--threads", "0"], 2, "threads"),
        (["a.parquet", "broken.parquet"], 3, "broken.parquet"),
    ],
)
def test_what_cannot_be(run: Run, tmp_path: Path, words: list[str], code: int, says: str) -> None:
    files(tmp_path, *sides())
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    done = run(*words)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "should not have happened" not in done.err


def test_help_names_the_exit_codes(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    assert "0 not drifted · 1 drifted · 2 usage · 3 something broke" in done.out
    assert "lifecycle drift train.parquet today.parquet" in done.out


# --- pieces of text ----------------------------------------------------------------------------------------

COUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@given(COUNTS, st.booleans())
def test_histograms_show_what_is_there(counts: list[int], ascii_only: bool) -> None:
    drawn, _ = plots.histogram_pair(counts, counts, len(counts), ascii_only=ascii_only)
    ramp = plots.ASCII if ascii_only else plots.BLOCKS
    assert [c == " " for c in drawn] == [n == 0 for n in counts]
    heights = [-1 if c == " " else ramp.index(c) for c in drawn]
    assert all(
        heights[i] <= heights[j] for i in range(len(counts)) for j in range(len(counts)) if counts[i] <= counts[j]
    )
    assert not any(counts) or max(heights) == len(ramp) - 1


@given(COUNTS)
def test_histograms_of_two_sides_have_one_scale(counts: list[int]) -> None:
    above, below = plots.histogram_pair(counts, [3 * n for n in counts], len(counts))
    assert above == below


def test_histograms_of_different_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="2 bins against 1"):
        plots.histogram_pair([1, 2], [1], 2)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (float("inf"), "inf"),
        (0.0, "0"),
        (0.12345, "0.123"),
        (12345.678, "12,346"),
        (123456.0, "123,456"),
        (1e9, "1e+09"),
        (-0.00001, "-1e-05"),
    ],
)
def test_numbers_for_people(value: float | None, shown: str) -> None:
    assert text.number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0 %"), (0.001, "< 1 %"), (0.25, "25 %"), (0.995, "> 99 %"), (1, "100 %")]
)
def test_percents_never_round_to_nothing_or_all(share: float, shown: str) -> None:
    assert text.percent(share) == shown


@pytest.mark.parametrize(("p", "shown"), [(None, ""), (0.0, "p < 0.0001"), (0.0123, "p = 0.012"), (1.0, "p = 1")])
def test_chances(p: float | None, shown: str) -> None:
    assert text.chance(p) == shown


def test_long_lists_are_cut_and_counted() -> None:
    assert text.some([f"column{i}" for i in range(100)], 20) == "column0, column1 and 98 more"
    assert text.some(["a" * 90]) == "a" * 69 + "…"
    assert text.counted(1, "box", "boxes") == "1 box"
    assert text.counted(1234, "row") == "1,234 rows"


@pytest.mark.parametrize(("encoding", "yes"), [("UTF-8", True), ("utf8", True), ("ascii", False), ("cp1252", False)])
def test_blocks_need_utf8(encoding: str, yes: bool) -> None:
    assert text.blocks(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is yes


# --- which way, and what to do -----------------------------------------------------------------------------------


def of(reference: tuple[int, ...], window: tuple[int, ...], edges: tuple[float, ...] = ()) -> str | None:
    from lifecycle_tui.cli import drift
    from lifecycle_tui.monitoring.files import ColumnDrift
    from lifecycle_tui.profiles.bars import Bars

    names = tuple("abc"[: len(reference)])
    return drift._moved(ColumnDrift("x", "numeric", "drifted", bars=Bars(names, reference, window, edges)))


def test_it_says_which_way_a_column_went() -> None:
    edges = (0.0, 0.5, 1.0, 1.5)
    assert of((8, 1, 1), (1, 1, 8), edges) == "values are higher"
    assert of((1, 1, 8), (80, 10, 10), edges) == "values are lower"
    assert of((1, 8, 1), (5, 0, 5), edges) == "values are spread differently"
    assert of((8, 1, 1), (4, 1, 5)) == "'a' is less frequent: 40 %, before 80 %"
    assert of((10,), (7,), (0.0, 1.0)) is None, "one bin says nothing"
    assert of((0, 0), (1, 1)) is None and of((1, 1), (0, 0)) is None


def test_whole_numbers_are_named_by_the_last_that_is_there() -> None:
    assert [text.axis((), edges)[-2:] for edges in ((1.0, 2.0, 3.0), (1.0, 1.5, 2.0))] == [" 2", " 2"]
    assert text.axis((), (0.0, 1.0)) == "0" and text.axis((), (0.0, float("inf"))).endswith("inf")
    assert text.axis((), (10.0, 20.0, 30.0)).endswith("30")


def test_missing_values_are_the_feeds_matter(tmp_path: Path, run: Run) -> None:
    rows = [str(i % 7) for i in range(500)]
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{v},{v}\n" for v in rows))
    (tmp_path / "b.csv").write_text("x,y\n" + "".join(f"{'' if n % 2 else v},{v}\n" for n, v in enumerate(rows)))
    done = run(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert done.out.splitlines()[-1] == "next: fix the feed of x: values are missing"
    assert max(map(len, done.out.splitlines())) < 80
