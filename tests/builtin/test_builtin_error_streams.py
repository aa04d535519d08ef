"""The metrics `errors_*`: errors in time order, gone on from the reference's; their history, kept and handed on."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.monitoring.error_history import KEPT, ErrorHistory, facts_of, history, history_from
from lifecycle_tui.plugin_host import wire
from lifecycle_tui.stats.error_stream import errors, thinned

NAMES = tuple(f"errors_{n}" for n in ("adwin", "ddm", "eddm", "hddm_a", "hddm_w", "kswin", "page_hinkley"))


def metric(name: str, **options: Any) -> Any:
    found: list[Any] = []
    importlib.import_module(f"lifecycle_tui.builtin.metrics.{name}").register_metrics(found.append)
    (cls,) = found
    return cls(**options)


def binary(errors: np.ndarray, order: np.ndarray | None = None, before: np.ndarray | None = None) -> Outcomes:
    order = np.arange(len(errors)) if order is None else order
    target = np.zeros(len(errors), np.int8)
    time = np.arange(len(errors), dtype=np.int64) * 1_000_000
    return Outcomes(target[order], errors.astype(np.int8)[order], classes=("n", "p"), time=time[order], before=before)


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is(name: str) -> None:
    cls = type(metric(name))
    assert cls.name == name and cls.__doc__ and cls.greater_is_better is None and cls.needs == "prediction"


def test_errors_of_labels_and_of_numbers() -> None:
    assert errors(np.array(["a", "b"]), np.array(["a", "c"])).tolist() == [0, 1]
    assert errors(np.array([1, 0], np.int8), np.array([0, 0], np.int8)).tolist() == [1, 0]
    assert errors(np.array([1.0, -2.0]), np.array([3.0, -2.5])).tolist() == [2.0, 0.5]


def test_long_windows_are_thinned_evenly() -> None:
    kept, step = thinned(np.arange(25), 10)
    assert (kept.tolist(), step) == (list(range(0, 25, 3)), 3)
    assert thinned(np.arange(10), 10)[1] == 1 and len(thinned(np.arange(0))[0]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_without_times_or_predictions_there_is_no_number(name: str) -> None:
    whole = binary(np.zeros(40))
    assert "no order" in metric(name).measure(replace(whole, time=None)).message
    assert metric(name).measure(replace(whole, prediction=None)).value is None


@pytest.mark.parametrize("name", NAMES)
def test_options_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="warm"):
        metric(name, warm=-1)
    option = {"adwin": "delta", "page_hinkley": "threshold", "kswin": "alpha", "ddm": "threshold", "eddm": "beta"}
    with pytest.raises(ValueError, match=option.get(name[7:], "confidence")):
        metric(name, **{option.get(name[7:], "confidence"): -1.0})


def test_the_history_is_the_newest_in_order_of_time() -> None:
    rng = np.random.default_rng(0)
    wrong = (rng.random(KEPT + 500) < 0.3).astype(float)
    found = history(binary(wrong, rng.permutation(len(wrong))))
    assert found is not None and found.error.tolist() == wrong[-KEPT:].tolist()
    assert (np.diff(found.time) > 0).all()
    again = history_from(facts_of(found))
    assert again is not None and again.error.tolist() == found.error.tolist()
    assert history_from(None) is None and facts_of(None) is None
    assert history(None) is None and history(replace(binary(wrong), time=None)) is None


def test_a_window_of_the_reference_is_taken_out_of_it() -> None:
    found = ErrorHistory(np.array([1, 2, 3, 4]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert found.outside(2, 4).tolist() == [0.0, 1.0]


def test_time_and_history_cross_to_a_plugins_process() -> None:
    given = binary(np.array([0.0, 1.0]), before=np.array([0.0, 1.0, 1.0]))
    packer = wire.Packer()
    back = wire.unpack(packer.pack(given), packer.parts)
    assert back.time.tolist() == given.time.tolist() and back.before.tolist() == [0.0, 1.0, 1.0]  # type: ignore[union-attr]
    packer = wire.Packer()
    assert wire.unpack(packer.pack(replace(given, before=None, time=None)), packer.parts).before is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["errors_adwin", "errors_ddm", "errors_hddm_a", "errors_page_hinkley"])
def test_a_rise_at_the_windows_beginning_is_seen_against_the_reference(name: str) -> None:
    rng = np.random.default_rng(3)
    before, now = (rng.random(800) < 0.1).astype(float), (rng.random(600) < 0.45).astype(float)
    found = metric(name).measure(binary(now, before=before))
    assert found.value >= 1 and found.detail["changes"][0]["direction"] == "up" and found.detail["warm"] == 500
    alone = metric(name).measure(binary(now))
    assert alone.value == 0 and alone.detail["warm"] == 0
    shuffled = metric(name).measure(binary(now, rng.permutation(600), before=before))
    assert shuffled == found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_errors_of_numbers_need_no_scale(name: str) -> None:
    rng = np.random.default_rng(4)
    target, wrong = rng.normal(size=700), rng.normal(size=700)
    wrong[300:] *= 6
    time = np.arange(700)
    found = [
        metric(name).measure(Outcomes(target * k, (target + wrong) * k, time=time, before=np.abs(wrong[:300]) * k))
        for k in (1.0, 1024.0)
    ]
    assert found[0] == found[1]
    if name != "errors_page_hinkley":
        assert found[0].value >= 1
