"""The shipped detectors: found through their hook, options declared once, results those of `profiles.compare`."""

import importlib
import inspect

import numpy as np
import pytest

from lifecycle_tui import api
from lifecycle_tui.profiles import compare
from lifecycle_tui.profiles.choose import choose_grid

NAMES = ("psi", "ks", "chi2", "missing", "unseen")


def detector(name):
    found = []
    importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}").register_detectors(found.append)
    assert len(found) == 1
    return found[0]


def numbers(values, grid=None):
    values = np.asarray(values, dtype=np.float64)
    return api.NumericProfile.of(grid or choose_grid(values), values, len(values) + 1)


X = numbers([1.0, 2.0, 2.0, 5.0, 8.0])
Y = numbers([2.0, 2.0, 9.0, 0.5], X.grid)
A = api.CategoricalProfile(12, {"a": 6, "b": 5})
B = api.CategoricalProfile(9, {"a": 2, "c": 5})


@pytest.mark.parametrize("name", NAMES)
def test_each_module_registers_one_detector_of_its_name(name):
    cls = detector(name)
    assert cls.name == name
    assert cls.takes == "profile"
    assert set(cls.kinds) <= {"numeric", "categorical", "text", "time"}
    assert inspect.getdoc(cls)
    parameters = list(inspect.signature(cls).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters)


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_imports_the_api_alone(name):
    source = inspect.getsource(importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}"))
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert set(imports) == {"from __future__ import annotations", "from lifecycle_tui import api"}


@pytest.mark.parametrize(
    ("name", "options", "sides", "expected"),
    [
        ("psi", {}, (X, Y), compare.psi(X, Y)),
        (
            "psi",
            {"bins": 4, "floor": 0.01, "missing": True},
            (X, Y),
            compare.psi(X, Y, bins=4, floor=0.01, missing=True),
        ),
        ("psi", {}, (A, B), compare.psi(A, B)),
        ("ks", {}, (X, Y), compare.ks(X, Y)),
        ("ks", {"exact": False}, (X, Y), compare.ks(X, Y, exact=False)),
        ("chi2", {}, (A, B), compare.chi2(A, B)),
        ("chi2", {"correction": False}, (A, B), compare.chi2(A, B, correction=False)),
        ("missing", {}, (X, Y), compare.missing_test(X, Y)),
        ("missing", {}, (A, B), compare.missing_test(A, B)),
        ("unseen", {}, (A, B), compare.unseen(A, B)),
    ],
)
def test_results(name, options, sides, expected):
    found = detector(name)(**options).measure(*sides)
    assert found == expected
    assert found.value is not None


def test_every_option_changes_some_result():
    two = api.CategoricalProfile(40, {"a": 20, "b": 20}), api.CategoricalProfile(40, {"a": 12, "b": 28})
    rough = api.AffineGrid.over(0.0, 10.0, 3)
    sides = numbers([1, 2, 3, 4.0], rough), numbers([1.5, 2.5, 9.0], rough)
    for name, options, pair in (
        ("psi", {"bins": 3}, (X, Y)),
        ("psi", {"floor": 0.1}, (X, Y)),
        ("psi", {"missing": True}, (X, Y)),
        ("ks", {"exact": False}, sides),
        ("chi2", {"correction": False}, two),
    ):
        assert detector(name)(**options).measure(*pair) != detector(name)().measure(*pair), (name, options)


def test_options_out_of_range_are_refused_when_the_detector_is_made():
    for options in ({"bins": 1}, {"floor": 0.0}, {"floor": 0.7}):
        with pytest.raises(ValueError, match="bins is at least 2"):
            detector("psi")(**options)
