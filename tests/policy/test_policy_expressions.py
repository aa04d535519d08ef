"""Expressions: Python's meaning where all is known, Kleene's where not, and refusals with a place."""

import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.domain.problems import Place
from lifecycle_tui.policy.expressions import Expression, ExpressionError, SignalRef, compile_expression

NAMES = ("a", "b.x", "c")


def table(values):
    """A lookup over `name` or `name.part`."""

    def find(ref: SignalRef):
        return values.get(ref.name if ref.part == "value" else f"{ref.name}.{ref.part}")

    return find


numbers = st.recursive(
    st.sampled_from(("A", "B", "C"))
    | st.floats(0, 1e6, allow_nan=False).map(lambda x: repr(round(x, 3)))
    | st.integers(0, 10**6).map(str),
    lambda inner: (
        st.tuples(inner, st.sampled_from(("+", "-", "*", "/")), inner).map(lambda t: f"({' '.join(t)})")
        | inner.map(lambda x: f"-{x}")
        | inner.map(lambda x: f"abs({x})")
        | st.tuples(st.sampled_from(("min", "max")), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})")
    ),
    max_leaves=6,
)
signs = st.sampled_from(("<", "<=", ">", ">=", "==", "!="))
comparisons = st.tuples(numbers, signs, numbers).map(" ".join) | st.tuples(numbers, signs, numbers, signs, numbers).map(
    " ".join
)
conditions = st.recursive(
    comparisons | st.sampled_from(("True", "False")),
    lambda inner: (
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda t: f"({' '.join(t)})")
        | st.tuples(inner, st.sampled_from(("and", "or")), inner).map(" ".join)
        | inner.map(lambda x: f"not ({x})")
    ),
    max_leaves=6,
)
finite = st.floats(-1e6, 1e6, allow_nan=False)


def ours(python: str) -> str:
    for short, name in zip("ABC", NAMES, strict=True):
        python = python.replace(short, name)
    return python


@given(conditions, finite, finite, finite)
def test_known_numbers_mean_what_python_says(python, a, b, c):
    expression = compile_expression(ours(python))
    try:
        expected = eval(python, {"__builtins__": {}, "abs": abs, "min": min, "max": max, "A": a, "B": b, "C": c})
    except ZeroDivisionError:
        return  # Python stops where we say unknown
    found = expression.evaluate(table(dict(zip(NAMES, (a, b, c), strict=True))))
    assert found is expected


@given(conditions, st.tuples(*[st.none() | st.just(math.nan) | finite] * 3))
def test_unknown_only_gets_known_and_never_turns(python, values):
    """Whatever an unknown signal turns out to be, what was decided without it stays decided."""
    expression = compile_expression(ours(python))
    before = expression.evaluate(table(dict(zip(NAMES, values, strict=True))))
    if before is None:
        return
    for filled in (0.0, -7.5, 1e6):
        known = [filled if v is None or math.isnan(v) else v for v in values]
        after = expression.evaluate(table(dict(zip(NAMES, known, strict=True))))
        assert after in (before, None)  # None: the number found divides by zero


T, F, U = "a > 0", "a < 0", "missing > 0"
KLEENE = [
    (T, "and", T, True), (T, "and", F, False), (T, "and", U, None),
    (F, "and", T, False), (F, "and", F, False), (F, "and", U, False),
    (U, "and", T, None), (U, "and", F, False), (U, "and", U, None),
    (T, "or", T, True), (T, "or", F, True), (T, "or", U, True),
    (F, "or", T, True), (F, "or", F, False), (F, "or", U, None),
    (U, "or", T, True), (U, "or", F, None), (U, "or", U, None),
]  # fmt: skip


@pytest.mark.parametrize("left, word, right, expected", KLEENE)
def test_kleene_tables(left, word, right, expected):
    assert compile_expression(f"{left} {word} {right}").evaluate(table({"a": 1.0})) is expected
    flipped = None if expected is None else not expected
    assert compile_expression(f"not ({left} {word} {right})").evaluate(table({"a": 1.0})) is flipped


@pytest.mark.parametrize(
    "text",
    ["a > 1 / 0", "a / b > 1", "missing + a > 0", "nan > 0", "abs(nan) >= 0", "min(a, missing) < 9", "inf - inf > 0",
     "a < missing < 9", "nan != nan"],
)  # fmt: skip
def test_unknown(text):
    assert compile_expression(text).evaluate(table({"a": 1.0, "b": 0.0, "nan": math.nan, "inf": math.inf})) is None


def test_a_chain_is_decided_by_its_known_half():
    assert compile_expression("5 < a < missing").evaluate(table({"a": 1.0})) is False


@pytest.mark.parametrize(
    "text, name, part",
    [
        ("psi.income > 0", "psi.income", "value"),
        ("auc.upper > 0", "auc", "upper"),
        ("auc.lower > 0", "auc", "lower"),
        ("auc.n > 0", "auc", "n"),
        ('psi["loan amount"] > 0', "psi.loan amount", "value"),
        ("psi['loan amount'].upper > 0", "psi.loan amount", "upper"),
        ('psi["upper"] > 0', "psi.upper", "value"),
        (r'psi["a\"b\\c"] > 0', 'psi.a"b\\c', "value"),
        ("psi.class > 0", "psi.class", "value"),
        ("psi.True > 0", "psi.True", "value"),
        ("psi.größe > 0", "psi.größe", "value"),
        ("psi.ﬁeld > 0", "psi.ﬁeld", "value"),
        ('psi["größe"].n > 0', "psi.größe", "n"),
        ("challenger.recall > 0", "challenger.recall", "value"),
        ('challenger.psi["x y"].lower > 0', "challenger.psi.x y", "lower"),
        ("latency.p95 > 0", "latency.p95", "value"),
        ("n > 0", "n", "value"),
    ],
)
def test_names_and_parts(text, name, part):
    (ref,) = compile_expression(text).signals
    assert (ref.name, ref.part, ref.column, ref.width) == (name, part, 1, text.index(">") - 1)
    assert ref.text == text[: text.index(" >")]


def test_signals_come_in_order_with_their_places():
    text = 'größe > 1 and psi["ü x"] < drift.max.upper'
    assert [(ref.column, ref.width, ref.text) for ref in compile_expression(text).signals] == [
        (1, 5, "größe"),
        (15, 10, 'psi["ü x"]'),
        (28, 15, "drift.max.upper"),
    ]


@pytest.mark.parametrize(
    "literal, value",
    [("2h", 7200), ("30d", 30 * 86400), ("5%", 0.05), ("7%", 0.07), ("0.5%", 0.005), ("90s", 90), ("10m", 600),
     ("10min", 600), ("1w", 604800), ("250ms", 0.25), ("1_000", 1000), (".5", 0.5), ("1e-3", 0.001), ("2.", 2),
     ("1.5h", 5400)],
)  # fmt: skip
def test_units(literal, value):
    assert compile_expression(f"a == {literal}").evaluate(table({"a": value})) is True
    assert compile_expression(f"{literal} == a and true").evaluate(table({"a": value})) is True


def test_gain_asks_for_the_gain():
    expression = compile_expression("gain(auc) > -0.01 and challenger.recall >= 0.6")
    gain, recall = expression.signals
    assert (gain.name, gain.function, gain.text) == ("auc", "gain", "gain(auc)")
    assert recall.function is None
    values = {"gain": 0.0, None: 0.7}
    assert expression.evaluate(lambda ref: values[ref.function]) is True


@pytest.mark.parametrize(
    "text, shown",
    [
        ("auc.upper < 0.92", "auc.upper 0.89 < 0.92"),
        ("auc.upper < 0.92 and rows > 10", "auc.upper 0.89 < 0.92 and rows 1234 > 10"),
        ("auc.upper < 0.92 or rows > 9999", "auc.upper 0.89 < 0.92"),
        ("rows > 9999 and auc.upper < 0.92", "rows 1234 > 9999"),
        ("data.late > 2h", "data.late unknown > 2h"),
        ("rows - 2 * rows < 5%", "rows 1234 - (2 * rows 1234) < 5%"),
        ("not auc.upper < 0.5", "not (auc.upper 0.89 < 0.5)"),
    ],
)
def test_explanations_carry_the_numbers(text, shown):
    assert compile_expression(text).explain(table({"auc.upper": 0.89, "rows": 1234})) == shown


def test_numbers_lists_each_signal_once():
    seen = compile_expression("a > 1 or a > missing or a.n > 3").numbers(table({"a": 2.0, "a.n": 5}))
    assert [(item.text, item.value) for item in seen] == [("a", 2.0), ("missing", None), ("a.n", 5.0)]


REFUSED = [
    ("", 1, "empty"),
    ("   ", 1, "empty"),
    ("auc", 1, "a condition is needed"),
    ("auc > 1 and psi.x", 13, "a condition is needed"),
    ("1", 1, "a condition is needed"),
    ("a >", 3, "too early"),
    ("a > (1", 5, "not closed"),
    ("a > 1)", 6, "not opened"),
    (")(", 1, "not opened"),
    ("(a > 1]", 7, "not opened"),
    ("psi.loan amount > 1", 10, "cannot follow"),
    ("a = 1", 3, "unexpected '='"),
    ("a <> 1", 3, "unexpected '<>'"),
    ("a && b", 3, "unexpected '&'"),
    ("a > 1 # no", 7, "unexpected '#'"),
    ('psi["x > 1', 5, "not closed"),
    ("a ** 9 ** 9 ** 9 > 1", 1, "powers"),
    ("a // 2 > 1", 1, "only + - * /"),
    ("a % 2 > 1", 3, "unexpected '%'"),
    ("a > 3x", 6, "unknown unit"),
    ("a > 0x10", 6, "unknown unit"),
    ("a > 1e999", 5, "too large"),
    ("a > 1__0", 5, "not a number"),
    ("__import__('os').system('x') > 1", 1, "no function"),
    ("open() > 1", 1, "no function"),
    ("print(a) > 1", 1, "no function"),
    ("a.b() > 1", 1, "no function"),
    ("abs() > 1", 1, "abs takes one"),
    ("min(a) > 1", 1, "min takes 2"),
    ("min(*a) > 1", 1, "plain arguments"),
    ("gain(1) > 0", 1, "one signal"),
    ("gain(auc.upper) > 0", 6, "not its .upper"),
    ("abs > 1", 1, "is a function"),
    ("lambda x: 1", 9, "unexpected ':'"),
    ("(a := 1) > 0", 4, "unexpected ':'"),
    ('f"{a}" > 1', 2, "cannot follow"),
    ("a if b else c", 1, '"if"'),
    ("[a for a in b] > 1", 1, "not allowed"),
    ("a in b", 1, "compare"),
    ("a is b", 1, "compare"),
    ("(a > 1) == (b > 1)", 2, "number is needed"),
    ("not a > 1 + (b > 2)", 14, "number is needed"),
    ("true > 0", 1, "number is needed"),
    ("a > 1, b > 1", 1, "one condition"),
    ("psi[x] > 1", 5, "quotation marks"),
    ("psi[1] > 1", 5, "quotation marks"),
    ('psi[""] > 1', 5, "empty"),
    ('psi["x"]["y"] > 1', 1, "begins with a word"),
    ('"x" > 1', 1, "text is no number"),
    ("(1).real > 1", 1, "begins with a word"),
    ("a > 1\x00", 6, "unexpected"),
    ("(" * 60 + "a" + ")" * 60 + " > 1", 51, "nested"),
    ("not " * 200 + "a > 1", None, "nested"),
    ("- " * 200 + "a > 1", None, "nested"),
    (" + ".join(["a"] * 300) + " > 1", None, "parts"),
    (" + ".join(["a"] * 200) + " > 1", None, "nested"),
    ("a" * 3000 + " > 1", 1, "characters"),
]  # fmt: skip


@pytest.mark.parametrize("text, column, words", REFUSED, ids=[text[:24] for text, _, _ in REFUSED])
def test_refused_with_a_place(text, column, words):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    error = caught.value
    assert words in error.message
    assert column is None or error.column == column
    assert 1 <= error.column <= max(1, len(text))
    assert error.width >= 1
    assert error.exit_code == 2


def test_a_problem_has_the_place_in_the_file():
    with pytest.raises(ExpressionError) as caught:
        compile_expression("auc < < 1")
    problem = caught.value.as_problem(Place("lifecycle.toml", 42, 8), "models.m.rules.r.when")
    assert (problem.place.line, problem.place.column) == (42, 8 + 1 + 6)
    assert problem.key == "models.m.rules.r.when"


PIECES = (
    *("a", "psi", ".", "[", "]", '"x"', "(", ")", "and", "or", "not", "if", "else", "lambda", "in", "is", "for"),
    *("<", ">", "==", "=", "**", "*", "/", "//", "+", "-", "%", "2h", "5%", "1e9", "abs", "gain", ",", " ", "\n"),
    *("\\", "ü", "²", "①", "\x00", "'", "#", "{", "}", ":", ":=", "async", "await", "yield", "True", "None", "@"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60))
def test_no_input_fails_otherwise(text):
    try:
        expression = compile_expression(text)
    except ExpressionError as error:
        assert 1 <= error.column <= max(1, len(text))
        return
    assert isinstance(expression, Expression)
    assert expression.evaluate(lambda ref: None) in (None, True, False)
    assert expression.evaluate(lambda ref: 0.0) in (None, True, False)
    expression.explain(lambda ref: 1.0)
    for ref in expression.signals:
        assert text[ref.column - 1 : ref.column - 1 + ref.width] == ref.text


def test_every_comparison_sign_is_ours():
    for sign, function in {"<": operator.lt, ">=": operator.ge, "!=": operator.ne}.items():
        for a in (0.0, 1.0, 2.0):
            assert compile_expression(f"a {sign} 1").evaluate(table({"a": a})) is function(a, 1)
