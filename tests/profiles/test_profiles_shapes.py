"""What screens are told of a column's two sides: small, exact where profiles are, and never in the way."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.profiles.profiler import Profile, Profiler
from lifecycle_tui.profiles.shapes import FULL, POINTS, QUANTILES, density, shape


def profiles(reference: object, window: object, kind: str = "numeric") -> tuple[Profile, Profile]:
    """Both sides' profiles on the reference's grid."""
    first = Profiler(kind)  # type: ignore[arg-type]
    first.update(pa.array(reference))
    base = first.result()
    second = Profiler(kind, getattr(base, "grid", None))  # type: ignore[arg-type]
    second.update(pa.array(window))
    return base, second.result()


def test_numbers_are_those_of_numpy() -> None:
    rng = np.random.default_rng(5)
    values = [rng.gamma(2.0, size=n).round(3) for n in (4_000, 500)]
    found = shape(*profiles(*values))
    for side, mine in zip((found.reference, found.window), values, strict=True):
        wanted = np.percentile(mine, QUANTILES, method="inverted_cdf")
        assert np.allclose(np.array(side.quantiles, float), wanted, rtol=2e-3)
        assert side.mean == pytest.approx(mine.mean(), rel=1e-5)
        assert side.std == pytest.approx(mine.std(), rel=1e-5)
        assert (side.minimum, side.maximum) == (mine.min(), mine.max())
    assert len(json.dumps(found.as_json())) < 1_100


def test_a_density_is_that_of_its_kernel() -> None:
    """Against the sum over rows that it stands for, at its own bandwidth."""
    rng = np.random.default_rng(6)
    base, now = rng.normal(size=3_000), rng.normal(1.0, 0.5, size=400)
    found = density(*profiles(base, now))  # type: ignore[arg-type]
    assert found is not None and len(found.reference) == len(found.window) == POINTS
    at = np.linspace(found.low, found.high, POINTS)
    spreads = [min(v.std(), np.subtract(*np.percentile(v, (75, 25))) / 1.34) * len(v) ** -0.2 for v in (base, now)]
    wide = max(at[1] - at[0], 0.9 * max(spreads))
    exact = [np.exp(-0.5 * ((at[:, None] - v) / wide) ** 2).mean(axis=1) for v in (base, now)]
    most = max(map(np.max, exact))
    assert np.abs(np.array(found.reference) / FULL - exact[0] / most).max() < 0.03
    assert np.abs(np.array(found.window) / FULL - exact[1] / most).max() < 0.03
    assert max(max(found.reference), max(found.window)) == FULL


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        ([1.0] * 50, [1.0] * 5),
        ([1.0, 2.0, 3.0] * 20, [2.0]),
        (list(range(200)), [None, None]),
        (list(range(200)), []),
        ([float(n) for n in range(200)], [math.inf, -math.inf, math.nan]),
        ([1e15 + n / 8 for n in range(200)], [1e15] * 3),
        ([(n - 100) * 1e306 for n in range(200)], [1.7e308, -1.7e308, 0.0]),
        ([], [1.0]),
    ],
)
def test_odd_columns_have_what_can_be_said_and_are_json(reference: list, window: list) -> None:
    kinds = [pa.array(side, pa.float64()) for side in (reference, window)]
    found = shape(*profiles(*kinds))
    text = json.dumps(found.as_json(), allow_nan=False)
    assert json.loads(text)["reference"]["rows"] == len(reference)
    assert found.window.rows == len(window)
    if found.density is not None:
        assert all(0 <= v <= FULL for v in (*found.density.reference, *found.density.window))


def test_a_column_of_few_values_has_no_density() -> None:
    assert shape(*profiles([0.0, 1.0, 2.0] * 30, [1.0] * 9)).density is None


def test_labels_are_counted() -> None:
    found = shape(*profiles(["a", "b", None, "a"], ["c", "c"], "categorical"))
    assert found.as_json() == {
        "kind": "categorical",
        "reference": {"rows": 4, "missing": 1, "distinct": 2},
        "window": {"rows": 2, "missing": 0, "distinct": 1},
    }
