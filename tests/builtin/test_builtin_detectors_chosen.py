"""Detectors that a model names: found through their hook, options that change results, none taken by default."""

import importlib
import inspect

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui import api
from lifecycle_tui.domain.defaults import DETECTORS
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.policy.catalog import DETECTOR_RANGES

PROFILED = ("wasserstein", "js", "hellinger", "linf", "cvm", "anderson", "range", "characters", "tokens")
ROWS = ("evidently", "nannyml")

RANDOM = np.random.default_rng(1)
VALUES = RANDOM.normal(size=200), RANDOM.normal(0.5, 1.5, size=150)
WORDS = ["red", "green", "green", "blue"] * 30, ["red", "green", "Pink!"] * 30


def detector(name):
    found = []
    importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}").register_detectors(found.append)
    assert len(found) == 1
    return found[0]


def profiles(kind, columns):
    one = api.Profiler(kind)
    one.update(columns[0])
    before = one.result()
    two = api.Profiler(kind, getattr(before, "grid", None))
    two.update(columns[1])
    return before, two.result()


def sides(kind):
    columns = [pa.array(c) for c in (VALUES if kind == "numeric" else WORDS)]
    return profiles(kind, columns)


@pytest.mark.parametrize("name", [*PROFILED, *ROWS])
def test_it_is_shipped_and_taken_only_where_it_is_named(name):
    cls = detector(name)
    info = PluginCatalog.open(None, enabled=False).find("detector", name)
    assert cls.name == name and info.usable
    assert cls.takes == ("profile" if name in PROFILED else "arrow")
    assert name not in DETECTORS and name in DETECTOR_RANGES
    assert inspect.getdoc(cls)
    parameters = list(inspect.signature(cls).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters)


@pytest.mark.parametrize("name", PROFILED)
def test_results_are_those_of_the_public_functions_and_in_range(name):
    function = getattr(api, {"range": "beyond_range"}.get(name, name))
    low, high = DETECTOR_RANGES[name]
    for kind in detector(name).kinds:
        given = sides(kind)
        found = detector(name)().measure(*given)
        assert found == function(*given)
        assert found.value is not None and found.definition and found.n == min(s.n for s in given)
        assert low <= found.value <= (np.inf if high is None else high)
        assert found.effect is None or 0 <= found.effect <= 1
        assert ("lengths" in found.definition) == (kind == "text" and len(detector(name).kinds) > 1)


@pytest.mark.parametrize("name", ["linf", "cvm", "anderson", "range", "characters", "tokens"])
def test_tests_have_a_p_value_and_an_effect_for_the_budget(name):
    found = detector(name)().measure(*sides(detector(name).kinds[0]))
    assert 0 <= found.p_value <= 1 and 0 <= found.effect <= 1


@pytest.mark.parametrize("name", ["wasserstein", "js", "hellinger"])
def test_sizes_have_no_p_value_and_say_what_chance_gives(name):
    found = detector(name)().measure(*sides("numeric"))
    assert found.p_value is None and found.detail["by_chance"] > 0


@pytest.mark.parametrize("name", ROWS)
def test_peers_scores_are_no_evidence_of_ours(name):
    low, _ = DETECTOR_RANGES[name]
    for columns in (VALUES, WORDS):
        found = detector(name)().measure(*(pa.chunked_array([pa.array(c)]) for c in columns))
        assert found.value >= low and found.p_value is None and found.effect is None


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [
        ("wasserstein", {"scale": "range"}, "numeric"),
        ("wasserstein", {"scale": "reference-std"}, "numeric"),
        ("js", {"bins": 5}, "numeric"),
        ("js", {"base": "e"}, "categorical"),
        ("js", {"form": "divergence"}, "categorical"),
        ("hellinger", {"bins": 5}, "numeric"),
    ],
)
def test_every_option_changes_the_result(name, options, kind):
    given = sides(kind)
    assert detector(name)(**options).measure(*given).value != detector(name)().measure(*given).value


@pytest.mark.parametrize("name", ROWS)
def test_every_method_of_a_peer_changes_the_result(name):
    catalog = PluginCatalog.open(None, enabled=False)
    for option, columns in (("numeric", VALUES), ("categorical", WORDS)):
        (declared,) = [o for o in catalog.find("detector", name).options if o.name == option]
        given = [pa.array(c) for c in columns]
        found = {m: detector(name)(**{option: m}).measure(*given) for m in declared.choices}
        said = {m: r.detail.get("method", m) for m, r in found.items()}
        assert len({(said[m], r.value) for m, r in found.items()}) >= len(found) - 1  # "auto" is one of the others


def test_options_out_of_range_are_refused_when_the_detector_is_made():
    for name in ("js", "hellinger"):
        with pytest.raises(ValueError, match="bins is at least 2"):
            detector(name)(bins=1)
