"""What the generators say of their data is so: each story with a small statistic, for the default seed and another."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from statistics import fmean

import pytest

from lifecycle_tui.demo import SEED, fraud, houses, loans, shop
from lifecycle_tui.demo.drawing import Row, chance, normal, pick, share, stream

SEEDS = [SEED, 1]
Table = list[dict[str, str]]


def table(header: Row, rows: list[Row]) -> Table:
    assert all(len(row) == len(header) for row in rows)
    return [dict(zip(header, row, strict=True)) for row in rows]


def between(rows: Table, column: str, first: date, end: date) -> Table:
    return [row for row in rows if str(first) <= row[column] < str(end)]


def auc(scored: list[tuple[float, bool]]) -> float:
    """How often a positive scores above a negative, ties half."""
    positive, negative = ([s for s, hit in scored if hit is wanted] for wanted in (True, False))
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


@pytest.mark.parametrize("rows", [houses.rows, shop.rows, loans.rows, lambda seed: fraud.tables(seed)[0]])
def test_the_same_seed_gives_the_same_rows(rows: Callable) -> None:
    assert list(rows(3)) == list(rows(3)) != list(rows(4))


@pytest.mark.parametrize("module", [houses, shop, fraud, loans])
def test_rows_come_in_order_of_time_and_every_day(module) -> None:
    rows = module.tables(SEED)[0] if module is fraud else module.rows(SEED)
    at = 1 if module is fraud else 0
    times = [row[at] for row in rows]
    assert times == sorted(times)
    days = {text[:10] for text in times}
    assert len(days) == (module.LAST - module.FIRST).days
    assert len(times) == len(days) * module.PER_DAY


@pytest.mark.parametrize("seed", SEEDS)
def test_the_law_moves_rents_and_not_prices(seed: int) -> None:
    rows = table(houses.HEADER, list(houses.rows(seed)))
    before = between(rows, "sold_on", houses.FIRST, houses.LAW)
    after = between(rows, "sold_on", houses.LAW, houses.RATES)
    assert fmean(float(r["rent_index"]) for r in before) == pytest.approx(100, abs=1)
    assert max(float(r["rent_index"]) for r in after) < 90
    metre = [[float(r["price"]) / float(r["area"]) for r in part] for part in (before, after)]
    assert fmean(metre[1]) == pytest.approx(fmean(metre[0]), rel=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_fall_when_rates_rise_and_no_input_moves(seed: int) -> None:
    rows = table(houses.HEADER, list(houses.rows(seed)))
    before = between(rows, "sold_on", houses.LAW, houses.RATES)
    after = between(rows, "sold_on", houses.SETTLED, houses.LAST)
    metre = [fmean(float(r["price"]) / float(r["area"]) for r in part) for part in (before, after)]
    assert metre[1] / metre[0] == pytest.approx(1 - houses.FALL, abs=0.06)
    for column in ("area", "rooms", "rent_index"):
        means = [fmean(float(r[column]) for r in part) for part in (before, after)]
        assert means[1] == pytest.approx(means[0], rel=0.05), column


def clicks(rows: Table) -> float:
    return fmean(int(r["clicked"]) for r in rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_clicks_decay_with_what_affinity_says_until_the_new_season(seed: int) -> None:
    rows = table(shop.HEADER, list(shop.rows(seed)))
    young = between(rows, "shown_at", shop.FIRST, shop.FADES)
    old = between(rows, "shown_at", shop.FADED, shop.SEASON)
    season = between(rows, "shown_at", shop.SEASON, shop.SALES[0][0])
    assert clicks(old) < 0.75 * clicks(young)
    assert clicks(season) > 0.85 * clicks(young)
    by = {
        column: [auc([(float(r[column]), r["clicked"] == "1") for r in part[-1000:]]) for part in (young, old)]
        for column in ("affinity", "trend")
    }
    assert by["affinity"][0] > 0.75 and by["affinity"][1] == pytest.approx(0.5, abs=0.07)
    assert by["trend"][1] > 0.75 and by["trend"][0] == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sale", shop.SALES)
def test_a_discount_sells_in_a_sale_and_deters_after_it(seed: int, sale: tuple[date, date]) -> None:
    rows = table(shop.HEADER, list(shop.rows(seed)))
    first, end = sale
    during = between(rows, "shown_at", first, end)
    after = between(rows, "shown_at", end, end + timedelta(days=shop.LEFTOVERS))
    says = [auc([(float(r["discount"]), r["clicked"] == "1") for r in part]) for part in (during, after)]
    assert says[0] > 0.7 and says[1] < 0.4
    assert clicks(during) > 0.45 > 0.3 > clicks(after)
    assert shop.in_sale(first) and not shop.in_sale(end) and shop.has_leftovers(end)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pattern_of_fraud_changes_and_is_known_within_two_weeks(seed: int) -> None:
    payments, chargebacks = fraud.tables(seed)
    booked = dict(re.findall(r'payment_id=(\S+) .* booked_at="(.+)"', line)[0] for line in chargebacks)
    rows = table(fraud.HEADER, payments)
    delays = [
        (date.fromisoformat(booked[r["payment_id"]][:10]) - date.fromisoformat(r["paid_at"][:10])).days
        for r in rows
        if r["payment_id"] in booked
    ]
    assert len(delays) == len(booked) and min(delays) >= 0 and max(delays) <= 14
    old = between(rows, "paid_at", fraud.FIRST, fraud.NIGHT)
    night = between(rows, "paid_at", fraud.NIGHT, fraud.TESTING)
    testing = between(rows, "paid_at", fraud.TESTING, fraud.LAST)
    for part in (old, night, testing):
        assert 0.02 < fmean(r["payment_id"] in booked for r in part) < 0.15
    sizes = [auc([(float(r["amount"]), r["payment_id"] in booked) for r in part[:2500]]) for part in (old, night)]
    assert sizes[0] > 0.75 and sizes[1] < 0.3
    small = [fmean(float(r["amount"]) < 5 for r in part) for part in (night, testing)]
    assert small[0] < 0.05 < 0.12 < small[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_version_proposes_fewer_loans_to_the_young(seed: int) -> None:
    rows = table(loans.HEADER, list(loans.rows(seed)))
    gaps, granted = {}, {}
    for version in ("v3", "v4", "v5"):
        part = [r for r in rows if r["version"] == version]
        young, old = ([r for r in part if (r["age_group"] == "under 30") is is_young] for is_young in (True, False))
        gaps[version] = fmean(float(r["p_grant"]) >= 0.5 for r in old) - fmean(
            float(r["p_grant"]) >= 0.5 for r in young
        )
        granted[version] = fmean(int(r["granted"]) for r in old) - fmean(int(r["granted"]) for r in young)
    assert gaps["v4"] > 0.2 and abs(gaps["v3"]) < 0.04 and abs(gaps["v5"]) < 0.06
    assert all(abs(gap) < 0.06 for gap in granted.values()), "officers treat everybody alike"
    assert {r["version"] for r in between(rows, "applied_at", loans.TIGHTER, loans.MENDED)} == {"v4"}


def test_draws_have_the_distribution_that_they_say() -> None:
    random = stream(1, "test")
    draws = [normal(random, 10, 2) for _ in range(20_000)]
    assert fmean(draws) == pytest.approx(10, abs=0.06)
    assert fmean((x - 10) ** 2 for x in draws) == pytest.approx(4, rel=0.04)
    picked = [pick(random, ("a", "b", "c", "d")) for _ in range(20_000)]
    assert all(picked.count(name) == pytest.approx(5000, rel=0.06) for name in "abcd")
    assert chance(0) == 0.5 and chance(40) > 0.999
    first, last = date(2026, 1, 1), date(2026, 1, 11)
    days = (first - timedelta(days=9), first, date(2026, 1, 6), last, last + timedelta(days=9))
    assert [share(day, first, last) for day in days] == [0, 0, 0.5, 1, 1]
    assert stream(1, "a").random() != stream(1, "b").random() != stream(2, "b").random()
