"""What must be expected while nothing is wrong: rules on the reference, alerts a year, pages of the whole file."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.domain.specs import NotifierSpec, RuleSpec
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, model_catalog
from lifecycle_tui.policy.facts import SignalFact, WindowFacts
from lifecycle_tui.policy.firing import Stretch, expect, needs_verdict
from lifecycle_tui.policy.pages import ModelPages, expect_pages, told
from lifecycle_tui.policy.rules import compile_rule

CATALOG = model_catalog({"income": "numeric"}, [DetectorInfo("psi", ("numeric",))], [MetricInfo("auc", (0.0, 1.0))])
START = datetime(2025, 1, 1, tzinfo=UTC)


def rule(when="psi.income > 0.2", name="r", **more):
    return compile_rule("m", RuleSpec(name, when, **more), CATALOG)


def stretch(values, signal="psi.income", a_year=52.0, **more):
    """Windows in which the signal is 1 (T), 0 (F) or unknown (U)."""
    windows = tuple(
        WindowFacts(f"w{i:03}", i, signals={} if v == "U" else {signal: SignalFact(float(v == "T"))})
        for i, v in enumerate(values)
    )
    ends = {w.key: START + timedelta(weeks=w.order + 1) for w in windows}
    return Stretch(windows, a_year, ends, **more)


@pytest.mark.parametrize(
    ("values", "length", "counts"),
    [
        ("FFFFFFFFFFFF", 1, (12, 0, 0)),
        ("FTFFTTFFFFFT", 1, (12, 4, 3)),
        ("FTFFTTFFFFFT", 2, (12, 4, 1)),
        ("TUTFUUTUTT", 2, (6, 5, 2)),
        ("TTTT", 1, (4, 4, 1)),
        ("UUUU", 1, (0, 0, None)),
        ("TT", 3, (2, 2, None)),
    ],
)
def test_a_rule_is_counted_as_it_would_have_been_decided(values, length, counts):
    (found,) = expect([rule(for_windows=length)], stretch(values), None, None)
    assert (found.judged, found.held, found.fired) == counts
    assert (found.a_year is None) == (counts[2] is None)


def test_nothing_in_twelve_weeks_is_at_most_sixteen_a_year():
    (found,) = expect([rule()], stretch("F" * 12), None, None)
    assert found.a_year.value == 0 and found.a_year.lower == 0
    assert found.a_year.upper == pytest.approx(3.689 * 52 / 12, rel=1e-3)
    assert found.basis == "reference" and not found.often
    (twice,) = expect([rule(for_windows=2)], stretch("F" * 20), None, None)
    assert twice.a_year.upper == pytest.approx(3.689 * 52 / 19, rel=1e-3), "the first window can open none"
    (few,) = expect([rule(for_windows=2)], stretch("F" * 4), None, None)
    assert few.a_year.upper == 52 / 3, "an alert takes two windows, and one more to resolve"


@pytest.mark.parametrize(
    ("when", "values", "why"),
    [
        ("psi.income > 0.2", None, "the reference is shorter than a window"),
        ("psi.income > 0.2", "", "the reference holds no whole window"),
        ("auc.upper < 0.9", "FFFF", "no window of the reference has auc.upper"),
        ("psi.income > 0.2 and data.late > 2h", "TTT", "no window of the reference has data.late"),
    ],
)
def test_what_cannot_be_known_says_why(when, values, why):
    given = None if values is None else stretch(values)
    (found,) = expect([rule(when)], given, 0.001, 52.0, why)
    assert (found.a_year, found.fired, found.basis, found.message) == (None, None, "unknown", why)


def test_a_rule_on_labels_reads_windows_that_have_them_all():
    windows = tuple(WindowFacts(f"w{i}", i, mature=i < 3, signals={"auc": SignalFact(0.5)}) for i in range(6))
    (found,) = expect([rule("auc < 0.7")], Stretch(windows, 52.0), None, None)
    assert (found.windows, found.judged, found.held) == (6, 3, 3)


@pytest.mark.parametrize(
    ("when", "verdict"),
    [
        ("drift.max >= 0.05", True), ("drift.share > 0.3 and rows > 100", True), ("drift.max < 0.01", False),
        ("drift.max > 0.1 or psi.income > 0.2", False), ("drift.count >= 1 and psi.income > 0.2", True),
        ("psi.income > 0.2", False), ("drift.max.n > 10", False),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_hold_without_a_verdict_keeps_to_the_budget(when, verdict):
    assert needs_verdict(rule(when)) is verdict


def test_the_budgets_own_number_is_expected_and_the_reference_is_the_check():
    drift = rule("drift.max >= 0.05", for_windows=2)
    calm, alone, stirred = (
        expect([drift], given, 0.01, 52.0, "too short")[0]
        for given in (stretch("F" * 40, "drift.max"), None, stretch("TTF" * 4, "drift.max"))
    )
    assert (calm.basis, calm.a_year) == ("budget", (0.26, 0.0, 0.26))
    assert alone.basis == "budget" and alone.a_year == calm.a_year and alone.fired is None
    assert alone.message == "by the alarm budget alone: too short"
    assert stirred.basis == "reference" and stirred.often
    assert stirred.message.startswith("drift in 8 of 12 windows of the reference, where chance would bring 0.12:")
    (blind,) = expect([drift], None, None, 52.0, "too short")
    assert blind.a_year is None and blind.message == "too short"


@pytest.mark.parametrize(
    ("values", "a_year", "often"),
    [("F" * 12, 52, False), ("TFFFF", 365, False), ("TFFFTFFFFF", 365, True), ("TTTF", 12, True), ("TTT", 12, False)],
)
def test_only_what_the_reference_shows_twice_or_mostly_is_often(values, a_year, often):
    (found,) = expect([rule()], stretch(values, a_year=float(a_year)), None, None)
    assert found.often is often


# ---- pages

PAGER = NotifierSpec("pager", "webhook", match={"severity": "critical"})
LOG = NotifierSpec("log", "log")
OWNERS = NotifierSpec("owners", "webhook", match={"owner": "risk-*", "rule": ("a", "b")})


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, ("log",)),
        ({"severity": "critical"}, ("pager", "log")),
        ({"name": "a"}, ("log", "owners")),
        ({"then": ("retrain",)}, ()),
        ({"then": ("notify:pager",)}, ()),
        ({"then": ("notify:pager", "notify"), "severity": "critical"}, ("pager", "log")),
    ],
)
def test_who_is_told(more, names):
    assert told(rule(**more), "risk-ml", [PAGER, LOG, OWNERS]) == names


def model(rows, given, *, name="m", pages=("log",)):
    from dataclasses import replace

    return ModelPages(name, tuple(replace(row, model=name, pages=pages) for row in rows), "o", ("t.csv",), given)


def test_rules_that_tell_nobody_do_not_count_and_unknown_ones_are_named():
    given = stretch("TFTF")
    found = expect([rule(name="a"), rule("auc < 0.5", name="b")], given, None, None)
    pages = expect_pages([model(found, given), model(found, given, name="n", pages=())], [LOG])
    assert (pages.rules, pages.silent, [row.rule for row in pages.unknown]) == (4, 2, ["b"])
    assert pages.a_year.value == pytest.approx(2 * 52 / 4)
    nobody = expect_pages([model(found, given, pages=())], [])
    assert nobody.a_year == (0, 0, 0) and nobody.silent == 2


def test_what_opens_together_is_one_message_with_a_group_and_several_without():
    given = stretch("FTFFFTFF")
    found = expect([rule(name=n) for n in "abc"], given, None, None)
    apart = expect_pages([model(found, given)], [LOG])
    merged = expect_pages([model(found, given)], [NotifierSpec("log", "log", group=timedelta(hours=1))])
    long = expect_pages([model(found, given)], [NotifierSpec("log", "log", group=timedelta(weeks=5))])
    assert apart.a_year.value == pytest.approx(6 * 52 / 8)
    assert merged.a_year.value == pytest.approx(2 * 52 / 8)
    assert long.a_year.value == pytest.approx(1 * 52 / 8)
    assert apart.a_year.upper > merged.a_year.upper > long.a_year.upper


def test_two_notifiers_are_two_pages():
    given = stretch("FTFFFTFF")
    found = expect([rule()], given, None, None)
    pages = expect_pages([model(found, given, pages=("log", "pager"))], [LOG, PAGER])
    assert [n.a_year.value for n in pages.notifiers] == [13, 13] and pages.a_year.value == 26


def test_budgets_add_up_but_within_a_group_only_the_largest_counts():
    rules = [rule("drift.max >= 0.05", name="a"), rule("drift.share > 0.5", name="b")]
    found = expect(rules, stretch("F" * 20, "drift.max"), 0.01, None)
    assert [row.basis for row in found] == ["budget", "budget"]
    assert expect_pages([model(found, None)], [LOG]).a_year == pytest.approx((1.04, 0, 1.04))
    grouped = NotifierSpec("log", "log", group=timedelta(minutes=10))
    assert expect_pages([model(found, None)], [grouped]).a_year == pytest.approx((0.52, 0, 0.52))


def test_a_thousand_quiet_models_are_not_a_thousand_times_the_doubt_of_one():
    given = stretch("F" * 52)
    found = expect([rule()], given, None, None)
    one = expect_pages([model(found, given)], [LOG]).a_year
    many = expect_pages([model(found, given, name=f"m{i}") for i in range(1000)], [LOG]).a_year
    assert many.upper == pytest.approx(one.upper) and one.upper == pytest.approx(3.689, rel=1e-3)


@pytest.mark.parametrize(("share", "length"), [(0.05, 1), (0.2, 1), (0.3, 2)])
def test_a_year_of_production_sends_what_was_expected(share, length):
    """Calm windows, each of which a rule calls wrong by chance: over many worlds the expectation is what is sent, and
    the interval holds the true number."""
    rng, worlds, true = random.Random(5), 400, 52 * share**length * (1 - share)
    values, inside, sent = 0.0, 0, 0
    for _ in range(worlds):
        given = stretch("".join("FT"[rng.random() < share] for _ in range(52)))
        (found,) = expect([rule(for_windows=length)], given, None, None)
        values += found.a_year.value
        inside += found.a_year.lower <= true <= found.a_year.upper
        year = stretch("".join("FT"[rng.random() < share] for _ in range(52)))
        sent += expect([rule(for_windows=length)], year, None, None)[0].fired
    assert values / worlds == pytest.approx(sent / worlds, rel=0.12)
    assert inside >= 0.94 * worlds
