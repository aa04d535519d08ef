"""The benchmark of label-free estimates, small: intervals cover under covariate shift, concept drift is warned of."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "estimates.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_estimates", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_intervals_cover_under_covariate_shift(benchmark: ModuleType) -> None:
    found = benchmark.coverage(references=20, windows=16, seed=5)["all"]
    for name in benchmark.METRICS:
        hits, total = found[name]
        assert total >= 300
        # 99 % of 320: fewer than 307 would come once in about 100,000 runs.
        assert hits / total >= 0.96, name
    hits, total = found["weighted"]
    assert 0.1 < hits / total < 0.6


@pytest.mark.slow
def test_concept_drift_is_warned_of_and_nothing_else(benchmark: ModuleType) -> None:
    when = benchmark.concept(references=8, seed=6)
    assert all(1 <= windows <= 4 for windows in when if windows > 0)
    assert sum(windows <= 0 for windows in when) <= 1
