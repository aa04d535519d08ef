"""Results of windows: revisions, idempotence, pages, what rules and the survey read back."""

from __future__ import annotations

import dataclasses
import math
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_values import day, profile, result

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataReport, FragmentPart
from lifecycle_tui.state import feed, record, reference, windows
from lifecycle_tui.state.database import State


def put(state: State, *results, **options) -> bool:
    with state.write() as tx:
        return record.record(tx, results, **options)


def test_everything_of_a_result_comes_back(state: State):
    signal = Signal(
        "psi.loan amount",
        0.25,
        0.1,
        0.4,
        90,
        "drifted",
        "it moved",
        "loan amount",
        "psi",
        {"p_value": 0.001, "bins": [1, 2]},
    )
    said = result(
        signals={"a": signal, "auc": Signal("auc", None, state="unknown")}, profiles=(profile(), profile("b"))
    )
    assert put(state, said)
    with state.read() as conn:
        (row,) = windows.windows(conn, "bikes")
        assert (row.key, row.version, row.revision, row.current, row.position) == ("2026-01-01", "", 1, True, 0)
        assert (row.start, row.end, row.rows, row.labels) == (day(0), day(1), 100, 90)
        assert (row.mature, row.complete, row.basis, row.as_of) == (True, True, "b1", day(1))
        assert row.findings == said.report.findings
        assert windows.signals(conn, row.id) == (Signal("auc", None, state="unknown"), signal)
        assert windows.profiles(conn, row.id) == said.profiles
        assert windows.window(conn, "bikes", "2026-01-01") == row
        assert windows.window(conn, "bikes", "2026-01-02") is None
        assert windows.known_parts(conn, "bikes") == {
            "2026-01-01": tuple(sorted(said.window.parts, key=lambda p: p.fragment))
        }


def test_the_same_result_again_writes_nothing_at_all(state: State):
    said = result(profiles=(profile(),))
    put(state, said)
    with state.read() as conn:
        seq = feed.latest(conn)
    again = dataclasses.replace(
        said, as_of=day(9), signals=said.signals[::-1],
        window=dataclasses.replace(said.window, parts=said.window.parts[::-1], order=7),
    )  # fmt: skip
    assert not put(state, again)
    with state.read() as conn:
        assert feed.latest(conn) == seq
        assert len(windows.revisions(conn, "bikes", "2026-01-01")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "d1"}, {"labels": 91}, {"mature": False}, {"basis": "b2"}, {"rows": 101},
        {"signals": {"psi.income": 0.2, "rows": 100.0}}, {"report": DataReport(100)},
        {"parts": (FragmentPart("b.csv", 40, "d0"),)},
    ],
)  # fmt: skip
def test_whatever_a_result_says_differently_is_a_revision_and_the_old_one_is_kept(state: State, change: dict):
    put(state, result(profiles=(profile(),)))
    assert put(state, result(profiles=(profile(data=b"new"),), **change))
    with state.read() as conn:
        first, second = windows.revisions(conn, "bikes", "2026-01-01")
        assert (first.revision, first.current, second.revision, second.current) == (1, False, 2, True)
        assert windows.windows(conn, "bikes") == (second,)
        assert len(windows.signals(conn, first.id)) == 2
        assert windows.profiles(conn, first.id) == ()
        assert windows.profiles(conn, second.id) == (profile(data=b"new"),)


def test_signals_that_move_with_the_clock_are_updated_in_place(state: State):
    put(state, result(signals={"data.late": 10.0, "rows": 1.0}))
    assert not put(state, result(signals={"data.late": 70.0, "rows": 1.0}))
    with state.read() as conn:
        (row,) = windows.revisions(conn, "bikes", "2026-01-01")
        assert {s.name: s.value for s in windows.signals(conn, row.id)} == {"data.late": 70.0, "rows": 1.0}


def test_a_result_without_profiles_takes_over_those_of_unchanged_parts_alone(state: State):
    put(state, result(profiles=(profile(),)))
    put(state, result(labels=100))
    with state.read() as conn:
        now = windows.window(conn, "bikes", "2026-01-01")
        assert windows.profiles(conn, now.id) == (profile(),)
    put(state, result(digest="other"))
    with state.read() as conn:
        now = windows.window(conn, "bikes", "2026-01-01")
        assert windows.profiles(conn, now.id) == ()


def test_versions_that_score_at_once_are_kept_apart_and_one_that_left_is_withdrawn(state: State):
    put(state, result(), result(version="1"), result(version="2"), whole=True)
    put(state, result(version="2", labels=95))
    with state.read() as conn:
        assert [w.version for w in windows.windows(conn, "bikes")] == ["2", "1", ""]
    assert put(state, result(), result(version="2", labels=95), whole=True)
    with state.read() as conn:
        assert [w.version for w in windows.windows(conn, "bikes")] == ["2", ""]
        (gone,) = windows.revisions(conn, "bikes", "2026-01-01", "1")
        assert not gone.current and "scored" in gone.withdrawn
    put(state, result(), result(version="1"), result(version="2", labels=95), whole=True)
    with state.read() as conn:
        assert [w.revision for w in windows.revisions(conn, "bikes", "2026-01-01", "1")] == [1, 2]


def test_windows_of_another_declaration_can_be_withdrawn(state: State):
    put(state, result(n=0), result(n=1))
    with state.write() as tx:
        assert record.withdraw(tx, "bikes", ["2026-01-01"], "windows were 1d") == 1
    with state.read() as conn:
        assert [w.key for w in windows.windows(conn, "bikes")] == ["2026-01-02"]
        assert set(windows.known_windows(conn, "bikes")) == {"2026-01-02"}


def test_pages_count_windows_not_versions(state: State):
    for n in range(7):
        put(state, result(n=n), result(n=n, version="1"))
    with state.read() as conn:
        first = windows.windows(conn, "bikes", 3)
        assert [w.key[-2:] for w in first] == ["07", "07", "06", "06", "05", "05"]
        second = windows.windows(conn, "bikes", 3, before=first[-1].key)
        assert [w.key[-2:] for w in second] == ["04", "04", "03", "03", "02", "02"]
        assert [w.key[-2:] for w in windows.windows(conn, "bikes", 9, second[-1].key)] == ["01", "01"]
        assert [w.key[-2:] for w in windows.windows(conn, "bikes", 2, version="1")] == ["07", "06"]


def test_history_is_in_window_order_with_signals_by_name_even_when_earlier_data_arrives_last(state: State):
    for n in (3, 1, 2, 0):
        put(state, result(n=n, signals={f"s{i}": float(i + n) for i in range(1200)}))
    with state.read() as conn:
        entries = windows.history(conn, "bikes", ["s0", "s7", "absent"], 3)
        assert [(e.window.key[-2:], {k: v.value for k, v in e.signals.items()}) for e in entries] == [
            ("02", {"s0": 1.0, "s7": 8.0}), ("03", {"s0": 2.0, "s7": 9.0}), ("04", {"s0": 3.0, "s7": 10.0}),
        ]  # fmt: skip
        assert len(windows.history(conn, "bikes", [f"s{i}" for i in range(1200)], 1)[0].signals) == 1200
        assert len(windows.history(conn, "bikes", None, 1)[0].signals) == 1200
        assert windows.history(conn, "bikes", [], 1)[0].signals == {}
        points = windows.signal_history(conn, "bikes", "s1", 2)
        assert [(w.key[-2:], s.value) for w, s in points] == [("03", 3.0), ("04", 4.0)]


def test_the_champions_result_is_shown_else_of_who_scored_most(state: State):
    put(state, result(), result(version="1", labels=60), result(version="2", labels=30))
    put(state, result(n=1))
    with state.read() as conn:
        first, second = ([e for e in windows.history(conn, "bikes", None, 9) if e.window.key == key]
                         for key in ("2026-01-01", "2026-01-02"))  # fmt: skip
    assert [windows.scored_by(first, champion).window.version for champion in ("1", "2", "3", "")] == [
        "1",
        "2",
        "1",
        "1",
    ]
    assert windows.scored_by(second, "1").window.version == ""


def test_column_history_reads_one_columns_signals(state: State):
    for n in range(3):
        put(state, result(n=n, signals={"psi.income": 0.1 * n, "ks.income": 0.2, "psi.age": 0.3}))
    with state.read() as conn:
        entries = windows.column_history(conn, "bikes", "income", 2)
        assert [sorted(e.signals) for e in entries] == [["ks.income", "psi.income"]] * 2
        assert windows.column_history(conn, "bikes", "absent") == ()


def test_known_windows_say_what_the_survey_compares(state: State):
    put(state, result(n=0), result(n=0, version="1"), result(n=1, version="1", basis="b2", mature=False))
    with state.read() as conn:
        known = windows.known_windows(conn, "bikes")
        assert (known["2026-01-01"].basis, known["2026-01-01"].mature) == ("b1", True)
        assert (known["2026-01-02"].basis, known["2026-01-02"].mature) == ("b2", False)
        assert set(windows.known_parts(conn, "bikes", "b1")) == {"2026-01-01"}


def test_numpy_scalars_nan_and_infinities_are_stored_as_numbers(state: State):
    odd = Signal(
        "a", np.float64(0.5), np.float64("nan"), math.inf, np.int64(7), detail={"x": math.nan, "y": np.float64(2)}
    )
    said = dataclasses.replace(result(), signals=(odd,), labels=np.int64(5), mature=np.bool_(True))
    assert put(state, said)
    assert not put(state, said)
    with state.read() as conn:
        (row,) = windows.windows(conn, "bikes")
        assert (row.labels, row.mature) == (5, True)
        (signal,) = windows.signals(conn, row.id)
        assert (signal.value, signal.lower, signal.upper, signal.n) == (0.5, None, math.inf, 7)
        assert signal.detail == {"x": None, "y": 2.0}
        assert conn.execute("SELECT typeof(n), typeof(value) FROM signals").fetchone() == ("integer", "real")


JSON_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@settings(max_examples=40, deadline=None)
@given(
    name=st.text(min_size=1, max_size=20).filter(lambda s: s.isprintable()),
    value=st.none() | st.floats(allow_nan=False),
    detail=st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4),
)  # fmt: skip
def test_any_signal_round_trips(empty_root, tmp_path_factory, name: str, value: float | None, detail: dict):
    conn = sqlite3.connect(empty_root / ".lifecycle" / "state.db", isolation_level=None)
    conn.execute("BEGIN IMMEDIATE")
    try:
        said = dataclasses.replace(result(), signals=(Signal(name, value, detail=detail),))
        assert record.record(conn, [said]) and not record.record(conn, [said])
        (row,) = windows.windows(conn, "bikes")
        assert windows.signals(conn, row.id) == (Signal(name, value, detail=detail),)
    finally:
        conn.execute("ROLLBACK")
        conn.close()


def test_reference_and_grids_come_back_by_digest_and_grids_are_numbered(state: State):
    with state.write() as tx:
        for digest, rows in (("r1", 10), ("r2", 20), ("r1", 11)):
            reference.put_reference(
                tx, "bikes", digest, rows, {"kinds": {"a": "numeric"}}, [profile(), profile("b")], day(0)
            )
        versions = [
            reference.put_grid(tx, "bikes", "a", g, g.encode(), day(n)) for n, g in enumerate(["g1", "g2", "g1"])
        ]
        assert versions == [1, 2, 1]
        reference.put_grid(tx, "bikes", "b", "g1", b"x", day(0))
    with state.read() as conn:
        found = reference.get_reference(conn, "bikes", "r1")
        assert (found.rows, found.facts, found.created_at) == (11, {"kinds": {"a": "numeric"}}, day(0))
        assert found.profiles == (profile(), profile("b"))
        assert reference.get_reference(conn, "bikes").digest == "r1"
        assert reference.get_reference(conn, "bikes", "r2", profiles=False).profiles == ()
        assert reference.get_reference(conn, "bikes", "r3") is None
        assert reference.get_grid(conn, "bikes", "a").grid == "g2"
        assert reference.get_grid(conn, "bikes", "a", "g1").data == b"g1"
        assert reference.get_grid(conn, "bikes", "c") is None
        assert {c: g.version for c, g in reference.newest_grids(conn, "bikes").items()} == {"a": 2, "b": 1}
        assert conn.execute("SELECT count(*) FROM reference_profiles").fetchone()[0] == 4


def test_the_table_itself_refuses_two_current_results_of_one_window(state: State):
    put(state, result(), result(labels=1))
    with pytest.raises(sqlite3.IntegrityError), state.write() as tx:
        tx.execute("UPDATE windows SET current = 1")
