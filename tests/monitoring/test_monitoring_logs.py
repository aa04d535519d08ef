"""Signals of log lines: verdicts need evidence that holds for bursts too; patterns, percentiles, segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lifecycle_tui.data.logs import BAD, ERROR, OK, UNKNOWN
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.log_templates import Template
from lifecycle_tui.monitoring.logs import Base, Group, Lines, log_signals, percentile

DAY = 86_400_000_000
BOUNDS = tuple(range(0, 31 * DAY, DAY))
TEMPLATES = {i: Template(i, f"pattern {i}", f"example {i}", 1) for i in range(1, 9)}


def lines(
    rng: np.random.Generator, days: range, per_day: int = 400, errors: Any = 0.01, slow: float = 1.0,
    patterns: tuple[int, ...] = (1,),
) -> Lines:  # fmt: skip
    n = len(days) * per_day
    time = np.repeat(np.array(days) * DAY, per_day) + rng.integers(0, DAY, n)
    rate = np.repeat(errors(len(days)) if callable(errors) else np.full(len(days), errors), per_day)
    state = np.where(rng.random(n) < rate, ERROR, OK).astype(np.int8)
    template = np.where(state == ERROR, rng.choice(patterns, n), -1).astype(np.int32)
    return Lines(time, state, template, slow * rng.lognormal(3, 0.5, n), np.zeros(n, np.uint64))


def signals(window: Lines, base: Base, groups: tuple[Group, ...] = (), **options: Any) -> dict[str, Signal]:
    found = log_signals(window, base, TEMPLATES, groups, 0.05, **options)
    assert len({s.name for s in found}) == len(found)
    return {s.name: s for s in found}


def test_an_unchanged_log_is_quiet() -> None:
    loud = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = signals(lines(rng, range(31, 32)), Base(lines(rng, range(30)), BOUNDS))
        loud += any(s.state == "drifted" for s in found.values())
    assert loud <= 4  # of 60 at 1 % each; more with a chance of 0.03 %


def test_bursts_are_not_called_news() -> None:
    """Errors whose rate differs a lot from day to day: independent lines would call most days drifted."""

    def burst(rng: np.random.Generator) -> Any:
        return lambda days: rng.gamma(2, 0.02, days)

    loud = blind = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        before, now = lines(rng, range(30), errors=burst(rng)), lines(rng, range(31, 32), errors=burst(rng))
        loud += signals(now, Base(before, BOUNDS))["log.errors.share"].state == "drifted"
        blind += signals(now, Base(before))["log.errors.share"].state == "drifted"
    assert loud <= 4 and blind > 15


def test_what_changed_is_found() -> None:
    rng = np.random.default_rng(1)
    base = Base(lines(rng, range(30), patterns=(1, 2)), BOUNDS)
    found = signals(lines(rng, range(31, 32), errors=0.12, slow=1.3, patterns=(1, 2, 3)), base)
    errors = found["log.errors.share"]
    assert errors.state == "drifted" and errors.lower is not None and errors.value is not None
    assert errors.lower < errors.value < errors.upper  # type: ignore[operator]
    assert errors.detail["reference"] == pytest.approx(0.01, abs=0.003) and errors.detail["windows"] == 30
    assert found["log.latency.p50"].state == found["log.latency.p95"].state == "drifted"
    new, growing = found["log.patterns.new"], found["log.patterns.growing"]
    assert (new.value, new.state) == (1, "drifted") and growing.value == 2
    (row,) = new.detail["patterns"]
    assert (row["id"], row["template"], row["example"], row["reference_share"]) == (3, "pattern 3", "example 3", 0)
    assert row["share"] == row["count"] / 400


def test_one_line_of_a_new_pattern_is_counted_and_no_verdict() -> None:
    rng = np.random.default_rng(2)
    now = lines(rng, range(31, 32))
    now.template[0], now.state[0] = 5, ERROR
    new = signals(now, Base(lines(rng, range(30)), BOUNDS))["log.patterns.new"]
    assert (new.value, new.state, new.detail["certain"]) == (1, "ok", 0)


EMPTY = lines(np.random.default_rng(0), range(0))


def test_what_is_not_there_says_so() -> None:
    rng = np.random.default_rng(3)
    full = lines(rng, range(2))
    nothing = signals(EMPTY, Base(full))
    assert nothing["log.lines"].value == 0 and nothing["log.errors.share"].message == "no line"
    assert all(s.value is None for n, s in nothing.items() if n not in ("log.lines", "log.bad_lines"))
    alone = signals(full, Base(EMPTY))
    assert alone["log.errors.share"].value is not None and "no lines" in str(alone["log.errors.share"].message)
    assert alone["log.patterns.new"].state == "unknown"
    silent = Lines(full.time, np.full(len(full), UNKNOWN, np.int8), full.template, np.full(len(full), np.nan), full.id)
    said = signals(silent, Base(silent))
    assert said["log.errors.share"].message == "no line has a level or a status"
    assert said["log.latency.p95"].message == "no line has a latency"
    broken = Lines(full.time, np.full(len(full), BAD, np.int8), full.template, full.latency, full.id)
    assert signals(broken, Base(full))["log.bad_lines"].value == len(full)
    few = signals(full.at(np.arange(10)), Base(full))
    assert few["log.errors.share"].state == few["log.latency.p50"].state == "cannot-tell"


def test_without_the_miner_patterns_are_an_error_that_says_why() -> None:
    full = lines(np.random.default_rng(3), range(2))
    found = signals(full, Base(full), mined="drain3 is not installed")
    assert found["log.patterns.new"].state == found["log.patterns.growing"].state == "error"
    assert found["log.patterns.new"].message == "drain3 is not installed"
    assert found["log.errors.share"].state == "ok"


def test_percentiles_and_their_intervals_cover() -> None:
    rng = np.random.default_rng(4)
    covered = {0.5: 0, 0.95: 0}
    for _ in range(200):
        values = np.sort(rng.exponential(size=300))
        for q in covered:
            _, low, high = percentile(values, q)
            covered[q] += low <= -np.log(1 - q) <= high
    assert all(count >= 180 for count in covered.values()), covered
    assert percentile(np.array([3.0]), 0.99) == (3.0, 3.0, 3.0)
    ordered = np.arange(1.0, 101.0)
    assert percentile(ordered, 0.95)[0] == np.quantile(ordered, 0.95, method="inverted_cdf")


def test_lines_are_joined_to_segments_by_id() -> None:
    rng = np.random.default_rng(5)
    found = lines(rng, range(1), per_day=900)
    ids = np.arange(1, 901, dtype=np.uint64) * np.uint64(7919)
    city = np.where(np.arange(900) < 450, "Gent", np.where(np.arange(900) < 890, "Ulm", "")).astype(object)
    state = np.where((city == "Ulm") & (rng.random(900) < 0.3), ERROR, OK).astype(np.int8)
    window = Lines(found.time, state, found.template, np.where(city == "Ulm", 80.0, 20.0), ids)
    order = np.argsort(ids)
    group = Group("city", True, ids[order], city[order])
    said = signals(window, Base(found), (group,))
    gent, ulm, none = (said[f"log.errors.share.city={v}"] for v in ("Gent", "Ulm", ""))
    assert gent.value == 0 and ulm.value == pytest.approx(0.3, abs=0.08)
    assert ulm.detail["segment"] == {"column": "city", "value": "Ulm"} and ulm.detail["protected"]
    assert ulm.detail["p_value"] < 1e-9 and ulm.detail["others"] == 0
    assert none.detail["small"] and none.state == "cannot-tell"
    assert said["log.latency.p95.city=Ulm"].value == 80
    stranger = Group("city", False, np.array([1], np.uint64), np.array(["x"], object))
    assert not [n for n in signals(window, Base(found), (stranger,)) if "=" in n]


# ── templates ──


@pytest.mark.slow
def test_templates_go_on_as_if_never_stopped() -> None:
    import json

    from lifecycle_tui.monitoring.log_templates import Miner, masked

    rng = np.random.default_rng(6)
    shapes = (
        "timeout after {n} ms from 10.0.0.{n}", "user {n} not found in {w}", "cannot open {w}", "",
        "{w} {w} {w} {w}", "card 3f2504e0-4f89-11d3-9a0c-0305e82c3301 refused", "retry {n} of {n}: {w} is down",
    )  # fmt: skip
    words = ["alpha", "beta", "gamma", "delta", "x9", "7up"]
    messages = [
        shapes[rng.integers(len(shapes))].replace("{n}", str(rng.integers(1000))).replace("{w}", words[rng.integers(6)])
        for _ in range(600)
    ]
    straight = Miner()
    want = [straight.add(message) for message in messages]
    stopped, got = Miner(), []
    for i, message in enumerate(messages):
        if i % 37 == 0:
            stopped = Miner(json.loads(json.dumps(stopped.facts())))
        got.append(stopped.add(message))
    assert got == want and stopped.facts() == straight.facts()
    assert sum(t.lines for t in straight.templates.values()) == 600
    assert "timeout after <number> ms from <address>" in {t.text for t in straight.templates.values()}
    assert masked("id 0xFF at a@b.co") == "id <hex> at <mail>"


@pytest.mark.slow
def test_templates_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifecycle_tui.monitoring import log_templates

    monkeypatch.setattr(log_templates, "MOST", 5)
    miner = log_templates.Miner()
    ids = [miner.add(" ".join([word] * (i + 2))) for i, word in enumerate("abcdefghij")]
    assert ids == [1, 2, 3, 4, 5, 0, 0, 0, 0, 0]
    assert miner.add("a a") == 1 and len(miner.templates) == 5
