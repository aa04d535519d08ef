"""The search for the segment that explains a fall: it finds what was put in, and seldom what was not."""

import numpy as np
import pytest

from lifecycle_tui.stats.worst_segment import LEAST, Column, Rows, worst_segment

COLUMNS = [Column(0, 6), Column(1, 4), Column(2, 4), Column(3, 3), Column(4, 5), Column(4, 2), Column(5, 8)]


def drawn(rng, n):
    codes = np.column_stack([rng.integers(0, column.levels, n) for column in COLUMNS])
    codes[:, 0] = rng.choice(6, n, p=[0.35, 0.25, 0.15, 0.1, 0.1, 0.05])
    codes[:, 5] = codes[:, 4] // 3
    hard = 0.1 + 0.1 * (codes[:, 1] == 2)  # some rows are harder than others, then as now
    return Rows(codes, (rng.random(n) < hard).astype(float), rng.random(n) < 0.5)


def broken(rows, rng, at, more=0.35):
    loss = np.where(at & (rng.random(len(at)) < more), 1.0, rows.loss)
    return Rows(rows.codes, loss, rows.half)


@pytest.mark.slow
@pytest.mark.parametrize("pair", [((0, 1), (1, 3)), ((0,), (2,)), ((2, 6), (1, 5))])
def test_a_fault_that_was_put_in_is_found(pair):
    places, levels = pair
    hits = surely = first = 0
    for run in range(30):
        rng = np.random.default_rng(run)
        reference, window = drawn(rng, 6000), drawn(rng, 5000)
        at = np.logical_and.reduce([window.codes[:, c] == v for c, v in zip(places, levels, strict=True)])
        found = worst_segment(COLUMNS, broken(window, rng, at), reference)
        hits += (found.found.columns, found.found.levels) == (places, levels)
        surely += found.p_value < 0.01
        first += (found.ranked[0].columns, found.ranked[0].levels) == (places, levels)
        if hits == 1 and run == 0:
            assert found.found.rows == at.sum()
            assert found.found.explained == pytest.approx(found.fall, rel=0.6)
    assert min(hits, surely, first) >= 27


@pytest.mark.slow
def test_where_nothing_happened_a_fault_is_seldom_found():
    alarms = 0
    for run in range(60):
        rng = np.random.default_rng(1000 + run)
        found = worst_segment(COLUMNS, drawn(rng, 1500), drawn(rng, 1500))
        alarms += found is not None and found.p_value < 0.05
    assert alarms <= 7


@pytest.mark.slow
def test_a_fall_of_all_rows_alike_is_no_segments():
    alarms = 0
    for run in range(30):
        rng = np.random.default_rng(run)
        window = drawn(rng, 3000)
        found = worst_segment(COLUMNS, broken(window, rng, np.ones(3000, bool), 0.1), drawn(rng, 3000))
        alarms += found.p_value < 0.05
    assert alarms <= 4


def test_the_planted_segment_stands_first():
    rng = np.random.default_rng(0)
    reference, window = drawn(rng, 4000), drawn(rng, 4000)
    at = (window.codes[:, 0] == 1) & (window.codes[:, 1] == 3)
    found = worst_segment(COLUMNS, broken(window, rng, at), reference)
    assert (found.found.columns, found.found.levels) == ((0, 1), (1, 3)) and found.p_value < 0.001
    assert found.ranked[0] == found.found


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(1)
    reference, window = drawn(rng, 2000), drawn(rng, 2000)
    again = rng.permutation(2000)
    mixed = Rows(window.codes[again], window.loss[again], window.half[again])
    one, two = worst_segment(COLUMNS, window, reference), worst_segment(COLUMNS, mixed, reference)
    assert one == two  # of zeros and ones every sum is exact


def test_few_rows_and_rows_that_are_all_alike():
    rng = np.random.default_rng(2)
    reference = drawn(rng, 500)
    assert worst_segment(COLUMNS, drawn(rng, 2 * LEAST), reference) is None
    assert worst_segment(COLUMNS, drawn(rng, 500), drawn(rng, 3)) is None
    window = drawn(rng, 500)
    same = Rows(window.codes, np.zeros(500), window.half)
    assert worst_segment(COLUMNS, same, Rows(reference.codes, np.zeros(500), reference.half)) is None
    assert worst_segment([], window, reference) is None


def test_a_few_huge_losses_are_not_a_segment():
    found = []
    for run in range(20):
        rng = np.random.default_rng(run)
        reference, window = drawn(rng, 2000), drawn(rng, 2000)
        heavy = [Rows(r.codes, np.exp(2 * rng.normal(size=2000)), r.half) for r in (window, reference)]
        heavy[0].loss[rng.integers(0, 2000, 3)] = 1e9
        found.append(worst_segment(COLUMNS, *heavy))
    assert sum(f is not None and f.p_value < 0.05 for f in found) <= 3
