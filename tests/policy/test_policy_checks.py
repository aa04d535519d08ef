"""What is wrong with an expression before it runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.domain.problems import Place
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, SignalInfo, model_catalog
from lifecycle_tui.policy.checks import check_expression, spell
from lifecycle_tui.policy.expressions import compile_expression

CATALOG = model_catalog(
    {"income": "numeric", "loan amount": "numeric", "country": "categorical", "n": "numeric", "loan-term": "numeric"},
    [DetectorInfo("psi", ("numeric", "categorical")), DetectorInfo("ks", ("numeric",)),
     DetectorInfo("chi2", ("categorical",)), DetectorInfo("shift", ("numeric",), columns=("income",))],
    [MetricInfo("auc", (0.0, 1.0)), MetricInfo("rmse", (0.0, None)), MetricInfo("r2", (None, 1.0)),
     MetricInfo("ctr", (0.0, 1.0), directed=False)],
    [SignalInfo("estimated.auc", (0.0, 1.0))],
)  # fmt: skip


def check(text, gates=False):
    catalog = CATALOG.for_gates() if gates else CATALOG
    return check_expression(compile_expression(text), catalog, gates=gates)


@pytest.mark.parametrize(
    "text",
    [
        "auc.upper < 0.92", "psi.income > 0.2 and ks.income.n > 100", 'psi["loan amount"] > 0.1', "data.late > 2h",
        "drift.share > 20%", "drift.max >= 0.05", "rows < 100", 'psi["n"] > 0.1', "psi.n > 100 or chi2.country > 10",
        "estimated.auc - auc > 0.05", "abs(shift.income) > 3", "labels.share < 50%", "auc >= 1", "auc <= 0",
        "2h < data.late", "auc / rmse > 0", "r2 < -5", "psi.country.lower > 0.1",
    ],
)  # fmt: skip
def test_nothing_wrong(text):
    # `psi.n` asks for the n of a signal psi, which there is not; all else is fine.
    found = check(text)
    if text.startswith("psi.n"):
        assert [problem.code for problem in found] == ["unknown-signal"]
        assert found[0].hint == "a column named 'n' is written psi[\"n\"]"
    else:
        assert found == ()


@pytest.mark.parametrize(
    "text, code, column, words",
    [
        ("psi.incme > 0.2", "unknown-signal", 1, "did you mean psi.income?"),
        ("psi.Income > 0.2", "unknown-signal", 1, "did you mean psi.income?"),
        ("rows > 1 and psi.loan_amount > 0.2", "unknown-signal", 14, 'did you mean psi["loan amount"]?'),
        ("ks.country > 0.2", "unknown-signal", 1, "ks"),
        ("acu < 0.9", "unknown-signal", 1, "did you mean auc?"),
        ("psi > 0.2", "unknown-signal", 1, "it goes on: psi."),
        ("shift.loan > 0.2", "unknown-signal", 1, "shift.income"),
        ("gain(auc) > 0", "unknown-signal", 1, "write auc"),
        ("challenger.auc > 0.5", "unknown-signal", 1, None),
        ("drift.share.upper > 0.2", "unknown-signal", 1, "write drift.share"),
        ("auc > 1", "never-true", 1, "auc lies between 0 and 1"),
        ("rows > 1 and auc.upper < 0", "never-true", 14, "auc.upper lies between 0 and 1"),
        ("psi.income < 0", "never-true", 1, "psi.income is 0 or more"),
        ("r2 > 1", "never-true", 1, "r2 is 1 or less"),
        ("auc == 2", "never-true", 1, ""),
        ("auc + 1 < 0.5", "never-true", 1, ""),
        ("1 > 2", "never-true", 1, "fixed numbers"),
        ("abs(r2) < 0", "never-true", 1, ""),
        ("min(auc, 3) > 1", "never-true", 1, ""),
        ("auc.n < 0", "never-true", 1, ""),
        ("auc > 0.9 and auc < 0.8", "never-true", 1, "can never be true"),
        ("auc > 0.9 and auc <= 0.9", "never-true", 1, "can never be true"),
        ("auc == 0.5 and 0.6 <= auc", "never-true", 1, "can never be true"),
        ("not (auc <= 1)", "never-true", 1, "can never be true"),
        ("data.late > 5%", "unit", 1, "is a duration"),
        ("auc < 2h", "unit", 1, "is not a duration"),
    ],
)
def test_errors(text, code, column, words):
    found = [problem for problem in check(text) if problem.level == "error"]
    assert [(problem.code, problem.column) for problem in found] == [(code, column)]
    if words is not None:
        assert words in f"{found[0].message} {found[0].hint}"


@pytest.mark.parametrize("text, levels", [("auc <= 1", ["error", "warning"]), ("auc >= 0 and rows > 5", ["warning"])])
def test_always_true(text, levels):
    found = check(text)
    assert {problem.code for problem in found} == {"always-true"}
    assert sorted(problem.level for problem in found) == levels


def test_a_column_with_a_dash_reads_as_a_difference():
    found = check("psi.loan-term > 0.2")
    assert found[0].hint == 'it goes on: psi["loan amount"], psi["loan-term"]'


@pytest.mark.parametrize(
    "text, codes",
    [
        ("gain(auc) > 0", []),
        ("gain(auc) > 1.5", ["never-true"]),
        ("gain(rmse) > 100", []),
        ("gain(psi.income) > 0", ["unknown-signal"]),
        ("challenger.auc >= champion.auc - 0.01", []),
        ("challenger.auc > 2", ["never-true"]),
        ("challenger.acu > 0.2", ["unknown-signal"]),
        ("gain(ctr) > 0", ["no-direction"]),
        ("challenger.ctr > champion.ctr and drift.share < 30%", []),
    ],
)
def test_gates(text, codes):
    assert [problem.code for problem in check(text, gates=True)] == codes


def test_all_problems_of_one_expression_at_once():
    assert [problem.column for problem in check("psi.x1 > 1 and psi.x2 > 1 and psi.x3 > 1")] == [1, 16, 31]


def test_spelling_reads_back():
    for info in CATALOG.signals.values():
        (ref,) = compile_expression(f"{spell(info)} > 0").signals
        assert (ref.name, ref.part) == (info.name, "value")


def test_as_problem():
    problem = check("rows > 1 and acu < 1")[0].as_problem(Place("f.toml", 3, 8), "k")
    assert (problem.code, problem.place.column, problem.place.width) == ("unknown-signal", 22, 3)


terms = st.sampled_from(["auc", "rmse", "r2", "0.5", "2", "-3", "0"])
arithmetic = st.recursive(
    terms,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({' '.join(t)})")
        | inner.map(lambda x: f"abs({x})")
        | st.tuples(inner, inner).map(lambda t: f"min({t[0]}, {t[1]})")
    ),
    max_leaves=4,
)
comparison = st.tuples(arithmetic, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), arithmetic).map(" ".join)
condition = st.tuples(comparison, st.sampled_from(["and", "or", "and not", "or not"]), comparison).map(
    lambda t: f"{t[0]} {t[1]} ({t[2]})"
)


@settings(max_examples=300)
@given(comparison | condition, st.floats(0, 1), st.floats(0, 1e9), st.floats(-1e9, 1))
def test_what_is_called_impossible_never_happens(text, auc, rmse, r2):
    expression = compile_expression(text)
    value = expression.evaluate(lambda ref: {"auc": auc, "rmse": rmse, "r2": r2}[ref.name])
    whole = [p.code for p in check(text) if p.level == "error" and p.width == len(text)]
    if "never-true" in whole:
        assert value is not True
    if "always-true" in whole:
        assert value is not False


SEGMENTED = model_catalog(
    {"income": "numeric"},
    [DetectorInfo("psi", ("numeric",))],
    [MetricInfo("auc", (0.0, 1.0))],
    segments=["country", "age.band"],
)


@pytest.mark.parametrize(
    "text",
    [
        'auc["country=FR"] < 0.7',
        'auc["country=(other)"].lower < 0.7',
        'auc["age.band=18-25"].n > 30',
        'drift.max["country=FR"] > 0.1 and drift.share["age.band=x=y"] > 0.5',
        'rows["country=FR"] < 100',
        "segments.worst > 0.02",
    ],
)
def test_segments_of_declared_columns_are_known_whatever_their_value(text):
    assert check_expression(compile_expression(text), SEGMENTED) == ()


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ('auc["contry=FR"] < 0.7', "unknown-signal", "the segments of this model are by country and age.band"),
        ('psi["country=FR"] > 1', "unknown-signal", "there are segments of auc, drift.count"),
        ('auc["country="] < 0.7', "unknown-signal", "by country"),
        ('auc["country=FR"] > 2', "never-true", None),
        ('rows["country=FR"].upper > 2', "unknown-signal", 'rows["country=FR"]'),
        ('drift.max["country=FR"] > 1.5', "never-true", None),
    ],
)
def test_what_is_wrong_with_a_segment(text, code, hint):
    (problem,) = check_expression(compile_expression(text), SEGMENTED)
    assert problem.code == code and (hint is None or hint in problem.hint)


def test_segments_need_a_declared_column_and_are_not_for_gates():
    plain = model_catalog({}, metrics=[MetricInfo("auc", (0.0, 1.0))])
    (problem,) = check_expression(compile_expression('auc["country=FR"] < 0.7'), plain)
    assert "segments = " in problem.hint
    gate = check_expression(compile_expression('challenger.auc["country=FR"] > 0.7'), SEGMENTED.for_gates(), gates=True)
    assert [p.code for p in gate] == ["unknown-signal"]
    assert SEGMENTED.get("auc.country=FR").performance and not SEGMENTED.get("rows.country=FR").performance
