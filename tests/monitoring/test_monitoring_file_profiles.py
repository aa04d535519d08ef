"""Stored profiles of files: comparing with one is comparing with its file; and nothing else is taken for one."""

import dataclasses
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.domain.errors import DataError, UsageError
from lifecycle_tui.monitoring import file_profiles
from lifecycle_tui.monitoring.file_profiles import MAGIC, open_profile, profile_table, save
from lifecycle_tui.monitoring.file_tables import open_table
from lifecycle_tui.monitoring.files import as_json, compare_files, open_reference

RNG = np.random.default_rng(31)


def table(n, shift=0.0):
    return pa.table(
        {
            "x": pa.array(RNG.normal(shift, 1, n), mask=RNG.random(n) < 0.1),
            "k": RNG.poisson(4, n),
            "flag": RNG.random(n) < 0.3 + shift / 4,
            "city": RNG.choice(["Oslo", "Rom", "Bern", "ok\x1b[31m"], n),
            "words": [f"w{'x' * int(i)}{j}" for j, i in enumerate(RNG.poisson(9 + 5 * shift, n))],
            "when": pa.array(np.arange(n), pa.timestamp("s")),
            "nested": [[1]] * n,
            "gone": pa.nulls(n),
        }
    )


@pytest.fixture
def files(tmp_path):
    reference, current, stored = (tmp_path / name for name in ("a.parquet", "b.parquet", "a.profile"))
    pq.write_table(table(2_500), reference)
    pq.write_table(table(2_000, 0.3), current)
    save(profile_table(open_table(reference)), stored)
    return reference, current, stored


def test_a_profile_stands_for_its_file(files):
    reference, current, stored = files
    for_file, for_profile = (as_json(compare_files(side, current, exact=False)) for side in (reference, stored))
    assert for_profile == for_file
    assert {name: found["state"] for name, found in for_file["columns"].items()} == {
        "x": "drifted", "k": "ok", "flag": "drifted", "city": "ok", "words": "drifted", "when": "ok",
        "nested": "error", "gone": "cannot-tell",
    }  # fmt: skip


def test_distances_that_the_grid_leaves_open_are_certified(tmp_path):
    for name in "ab":
        pq.write_table(pa.table({"x": RNG.normal(size=120_000)}), tmp_path / f"{name}.parquet")
    save(profile_table(open_table(tmp_path / "a.parquet")), tmp_path / "a.profile")
    exact, stored = (
        compare_files(tmp_path / name, tmp_path / "b.parquet").columns[0].signals["ks"]
        for name in ("a.parquet", "a.profile")
    )
    assert stored.lower <= exact.value <= stored.upper < stored.lower + 5e-4
    assert "certified interval" in stored.definition
    assert "exact" in exact.definition


def test_equal_files_give_equal_bytes(files, tmp_path):
    reference, _, stored = files
    again = tmp_path / "again.profile"
    pq.write_table(pq.read_table(reference), tmp_path / "other.parquet", row_group_size=100, use_dictionary=False)
    save(profile_table(open_table(tmp_path / "other.parquet"), threads=1), again)
    assert again.read_bytes() == stored.read_bytes()
    copy = tmp_path / "copy.profile"
    save(open_profile(stored), copy)
    assert copy.read_bytes() == stored.read_bytes()


def test_columns_can_be_chosen(files):
    reference = files[0]
    found = profile_table(open_table(reference), ["city", "x"])
    assert found.names == ("city", "x")
    with pytest.raises(UsageError, match="no column 'nope'"):
        profile_table(open_table(reference), ["nope"])


def test_a_kind_that_was_not_profiled_is_an_error_of_the_column(files):
    _, current, stored = files
    found = compare_files(stored, current, columns=["k"], kinds={"k": "categorical"})
    assert found.columns[0].state == "error"
    assert "as numeric, not as categorical" in found.columns[0].message


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[: len(MAGIC) + 5], "cut short"),
        (lambda data: data[:-10], "cut short: "),
        (lambda data: data + b"x", "too long"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "not those that were written"),
        (lambda data: data[: len(MAGIC)] + struct.pack("<I", 7) + data[len(MAGIC) + 4 :], "of format 7"),
        (lambda data: data.replace(b'"columns"', b'"colums?"'), "not those that were written"),
    ],
)
def test_a_damaged_profile_is_refused_in_words(files, change, why):
    _, current, stored = files
    stored.write_bytes(change(stored.read_bytes()))
    with pytest.raises(DataError, match=why) as found:
        compare_files(stored, current)
    assert "lifecycle profile" in found.value.hint


def test_bytes_that_are_whole_but_mean_nothing_are_refused(files, monkeypatch):
    stored = files[2]
    monkeypatch.setattr(file_profiles, "dump", lambda profile: b"nonsense")
    save(profile_table(open_table(files[0]), ["k"]), stored)
    with pytest.raises(DataError, match="cannot be understood"):
        open_reference(stored)


def test_a_file_that_cannot_be_written_leaves_the_old_one(files, tmp_path, monkeypatch):
    _, _, stored = files
    before = stored.read_bytes()
    monkeypatch.setattr(file_profiles.os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        save(dataclasses.replace(open_profile(stored), rows=1), stored)
    assert stored.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if ".part" in p.name] == []


def test_a_profile_is_no_current_file(files):
    reference, _, stored = files
    with pytest.raises(DataError):
        compare_files(reference, stored)


def test_headers_are_plain_json(files):
    data = files[2].read_bytes()
    begin = len(MAGIC) + 12 + 16
    (length,) = struct.unpack_from("<I", data, begin)
    header = json.loads(data[begin + 4 : begin + 4 + length])
    assert header["rows"] == 2_500
    assert [c[0] for c in header["columns"]] == ["x", "k", "flag", "city", "words", "when", "nested", "gone"]
