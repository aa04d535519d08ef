"""What looking again costs."""

from __future__ import annotations

import pytest
from scipy import stats

from lifecycle_tui.stats.looks import level, widening


def test_the_chances_of_all_looks_add_up_to_five_in_a_hundred():
    assert [level(k) for k in range(4)] == [0.95, 0.975, 0.9875, 0.99375]
    assert sum((1 - level(k)) / 2 for k in range(200)) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("looks", [0, 1, 3, 9])
@pytest.mark.parametrize("units", [10, 20, 100])
def test_intervals_widen_as_students_quantiles(looks: int, units: int):
    exact = stats.t.ppf((1 + level(looks)) / 2, units - 1) / stats.t.ppf(0.975, units - 1)
    assert widening(looks, units) == pytest.approx(exact, rel=0.03 if looks < 9 else 0.12)
    assert widening(0, units) == 1
