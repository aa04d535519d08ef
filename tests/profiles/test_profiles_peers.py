"""Scores of Evidently and NannyML: the numbers that they publish, and their rules in plain NumPy and SciPy."""

import math

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats as st
from scipy.spatial.distance import jensenshannon

from lifecycle_tui.profiles.peers import EVIDENTLY, NANNYML, evidently, evidently_score, nannyml, nannyml_score


def repeated(*counts):
    return pa.array([str(i) for i, count in enumerate(counts, 1) for _ in range(count)])


def legacy(*draws):
    """The peers' own tests draw from NumPy's legacy generator with seed 1."""
    state = np.random.RandomState(1)
    return [pa.array(draw(state)) for draw in draws]


def normal(mean, n):
    return lambda s: s.normal(mean, 1, n)


def choice(values, n):
    return lambda s: s.choice(values, n)


# ---- published numbers


@pytest.mark.parametrize("times", [1, 2])
def test_evidentlys_published_numbers(times):
    reference = repeated(*[times * c for c in (16, 18, 16, 14, 12, 12)])
    window = repeated(16, 16, 16, 16, 16, 8)
    assert evidently(reference, window, "chi2").value == pytest.approx(0.67309, abs=1e-5)
    assert evidently(reference, window, "hellinger").value == pytest.approx(0.06812, abs=1e-5)


def test_evidently_leaves_missing_values_out():
    side = pa.array(["a", "b", None] * 10)
    assert evidently(side, side, "chi2").value == pytest.approx(1.0)
    assert evidently(side, side, "hellinger").value == pytest.approx(0.0)
    assert evidently(pa.array(["a", "b"] * 10), pa.array(["a", "b"] * 10), "z").value == 1.0
    numbers = pa.array([38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0, math.nan])
    assert evidently(numbers, numbers, "hellinger").value == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("method", "draws", "published"),
    [
        ("js", (normal(0, 10_000), normal(0, 1_000)), 0.05),
        ("js", (choice(np.linspace(0, 2, 6), 10_000), choice(np.linspace(0, 2, 3), 1_000)), 0.73),
        ("js", (choice(["a", "b", "c", "d"], 10_000), choice(["a", "b", "c", "e"], 1_000)), 0.5),
        ("wasserstein", (normal(0, 10_000), normal(1, 1_000)), 1.01),
        ("wasserstein", (normal(0, 100_000), normal(-4, 1_000)), 3.99),
        ("hellinger", (normal(0, 10_000), normal(7, 10_000)), 1.0),
        ("hellinger", (normal(0, 10_000), normal(-2, 10_000)), 0.63),
        ("hellinger", (choice(np.linspace(0, 2, 6), 10_000), choice(np.linspace(0, 2, 3), 1_000)), 0.72),
        ("hellinger", (choice(["a", "b", "c", "d"], 10_000), choice(["a", "b", "c", "e"], 1_000)), 0.5),
    ],
)
def test_nannymls_published_numbers(method, draws, published):
    assert round(nannyml(*legacy(*draws), method).value, 2) == published


@pytest.mark.parametrize(("window", "published"), [("aabbccd", 0.14), ("aabbcc", 0.0), ("bbbbb", 0.67)])
def test_nannymls_published_l_infinity(window, published):
    assert round(nannyml(pa.array(list("aabbcc")), pa.array(list(window)), "linf").value, 2) == published


# ---- their rules again, by other means


def columns(seed, n, m, discrete=False):
    random = np.random.default_rng(seed)
    if discrete:
        return random.integers(0, 9, n).astype(float), random.integers(1, 11, m).astype(float)
    return random.lognormal(0, 1, n), random.lognormal(0.2, 1.3, m)


def sturges_shares(x, y, empty):
    if len(set(x)) > 20:
        both = np.concatenate([x, y])
        edges = np.linspace(both.min(), both.max(), math.ceil(math.log2(len(both)) + 1) + 1)
        a, b = (np.histogram(side, edges)[0] / len(side) for side in (x, y))
    else:
        a, b = (np.array([np.mean(side == v) for v in sorted(set(x) | set(y))]) for side in (x, y))
    if empty:
        a, b = (np.where(s == 0, 1e-4 if s[s > 0].min() > 1e-4 else s[s > 0].min() / 1e6, s) for s in (a, b))
    return a, b


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize(("n", "m"), [(500, 200), (3_000, 20_001)])
def test_evidentlys_rules(n, m, discrete):
    x, y = columns(n, n, m, discrete)
    given = pa.array(x), pa.array(y)
    p, q = sturges_shares(x, y, True)
    assert evidently(*given, "psi").value == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert evidently(*given, "js").value == pytest.approx(jensenshannon(*sturges_shares(x, y, False)))
    assert evidently(*given, "wasserstein").value == pytest.approx(st.wasserstein_distance(x, y) / max(x.std(), 0.001))
    assert evidently(*given, "ks").value == pytest.approx(st.ks_2samp(x, y).pvalue, rel=1e-3, abs=1e-9)
    distinct = np.unique(np.concatenate([x, y]))
    edges = np.linspace(distinct[0], distinct[-1], math.ceil(math.log2(len(distinct)) + 1) + 1)
    a, b = (np.histogram(side, edges)[0] / len(side) for side in (x, y))
    assert evidently(*given, "hellinger").value == pytest.approx(math.sqrt(max(0, 1 - np.sqrt(a * b).sum())), abs=1e-7)


def test_evidentlys_chi_square_takes_the_reference_as_exact():
    a, b = np.array([400, 350, 250]), np.array([45, 30, 25])
    names = ["x", "y", "z"]
    given = pa.array(np.repeat(names, a)), pa.array(np.repeat(names, b))
    assert evidently(*given, "chi2").value == pytest.approx(st.chisquare(b, a * (100 / 1_000)).pvalue)
    assert evidently(given[0], pa.array(["x", "new"]), "chi2").value == 0.0
    pooled = (400 + 45) / 1_100
    two = pa.array(["x"] * 400 + ["y"] * 600), pa.array(["x"] * 45 + ["y"] * 55)
    z = (0.4 - 0.45) / math.sqrt(pooled * (1 - pooled) * (1 / 1_000 + 1 / 100))
    assert evidently(*two, "z").value == pytest.approx(2 * st.norm.sf(abs(z)))
    assert evidently(*given, "z").value is None


@pytest.mark.parametrize(
    ("reference", "window", "method"),
    [
        (np.arange(1_000.0), np.arange(50.0), "ks"),
        (np.arange(1_001.0), np.arange(50.0), "wasserstein"),
        (np.repeat([1.0, 2.0, 3.0], 100), np.array([1.0, 4.0]), "chi2"),
        (np.repeat([1.0, 2.0, 3.0], 400), np.array([1.0, 4.0]), "js"),
        (np.repeat([0.0, 1.0], 100), np.array([1.0]), "z"),
        (np.repeat(["a", "b"], 100), np.array(["a"]), "z"),
        (np.repeat(["a", "b"], 100), np.array(["c"]), "chi2"),
        (np.repeat(["a", "b"], 600), np.array(["c"]), "js"),
    ],
)
def test_evidently_chooses_by_the_references_size_and_distinct_values(reference, window, method):
    found = evidently(pa.array(reference), pa.array(window))
    assert found.detail["method"] == method
    assert found == evidently(pa.array(reference), pa.array(window), method)
    assert found.p_value is None and found.effect is None  # no verdict of ours rests on it
    assert f"Evidently's {method}" in found.definition


def doane(x):
    n = len(x)
    skew = np.mean(((x - x.mean()) / x.std()) ** 3)
    sg = math.sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
    width = np.ptp(x) / (1 + math.log2(n) + math.log2(1 + abs(skew) / sg))
    return np.linspace(x.min(), x.max(), math.ceil(np.ptp(x) / width) + 1)


@pytest.mark.parametrize(("n", "m"), [(900, 300), (12_000, 2_000)])
def test_nannymls_rules(n, m):
    x, y = columns(n + 1, n, m)
    given = pa.array(x), pa.array(y)
    edges = doane(x)
    p = np.append(np.histogram(x, edges)[0] / n, 0)
    q = np.histogram(y, edges)[0] / m
    q = np.append(q, 1 - q.sum())
    assert nannyml(*given, "js").value == pytest.approx(jensenshannon(p, q, base=2), abs=1e-7)
    assert nannyml(*given, "hellinger").value == pytest.approx(math.sqrt(1 - np.sqrt(p * q).sum()))
    if n < 10_000:
        assert nannyml(*given, "ks").value == pytest.approx(st.ks_2samp(x, y).statistic)
        assert nannyml(*given, "wasserstein").value == pytest.approx(st.wasserstein_distance(x, y))
        return
    edges = np.linspace(x.min(), x.max(), 10_001)
    f, g = ((side[None, :] <= edges[1:-1:50, None]).mean(axis=1) for side in (x, y))
    found = nannyml(*given, "ks").value
    assert np.abs(f - g).max() - 1e-9 <= found <= st.ks_2samp(x, y).statistic + 1e-9
    width = np.ptp(x) / 10_000  # on bins, and one phantom row below the range
    assert nannyml(*given, "wasserstein").value == pytest.approx(
        st.wasserstein_distance(x, y), abs=np.ptp(x) / m + width
    )


def test_nannymls_chi_square_is_the_contingency_statistic():
    for a, b in (([40, 60], [70, 30]), ([40, 60, 5], [70, 30, 0])):
        names = list("xyz")[: len(a)]
        given = pa.array(np.repeat(names, a)), pa.array(np.repeat(names, b))
        assert nannyml(*given, "chi2").value == pytest.approx(st.chi2_contingency([a, b]).statistic)
    assert nannyml(pa.array(["x"] * 3), pa.array(["x"]), "chi2").value == 0.0


# ---- how they are asked for


def test_the_method_goes_by_the_kind_of_column():
    numbers, words = pa.array([1.0, 2.0, 5.0]), pa.array(["a", "b", "a"]).dictionary_encode()
    assert evidently_score(numbers, numbers, numeric="psi", categorical="js").detail["method"] == "psi"
    assert evidently_score(words, words, numeric="psi", categorical="js").detail["method"] == "js"
    assert nannyml_score(numbers, numbers, numeric="ks", categorical="linf").detail["method"] == "ks"
    assert nannyml_score(words, words, numeric="ks", categorical="linf").detail["method"] == "linf"


def test_unknown_methods_and_those_of_the_other_kind_are_refused():
    numbers, words = pa.array([1.0, 2.0, 5.0]), pa.array(["a", "b", "a"])
    for call in (
        lambda: evidently(numbers, numbers, "mmd"),
        lambda: nannyml(numbers, numbers, "psi"),
        lambda: evidently(words, words, "wasserstein"),
        lambda: evidently(words, words, "ks"),
        lambda: nannyml(words, words, "wasserstein"),
        lambda: nannyml(numbers, numbers, "linf"),
        lambda: nannyml(numbers, numbers, "chi2"),
    ):
        with pytest.raises(ValueError, match=r"has |is for "):
            call()


@pytest.mark.parametrize("call", [evidently_score, nannyml_score])
def test_edges(call):
    numbers, none = pa.array([1.0, 2.0, 5.0]), pa.array([], pa.float64())
    assert call(none, numbers).message == "the reference has no rows"
    assert call(numbers, none).message == "the window has no rows"
    assert call(numbers, pa.array([None, math.nan], pa.float64())).message == "the window has no values"
    assert "infinite" in call(numbers, pa.array([1e200])).message
    one = call(pa.array([1.0]), pa.array([2.0]))
    assert one.value is not None
    same = call(pa.array([3.0] * 4), pa.array([3.0] * 5))
    assert same.value in (0.0, 1.0)  # a distance of 0, or a p-value of 1


def test_infinite_values_are_missing_there_and_no_number_here():
    x = pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, math.inf])
    assert evidently(x, x, "ks").value == 1.0
    assert nannyml(x, x, "ks").value is None


def test_every_method_gives_a_number():
    x, y = columns(1, 300, 200)
    words = pa.array(list("abcab") * 9), pa.array(list("abcc") * 9)
    for method in EVIDENTLY:
        given = words if method in ("chi2", "z") else (pa.array(x), pa.array(y))
        assert (evidently(*given, method).value is None) == (method == "z")
    for method in NANNYML:
        given = words if method in ("chi2", "linf") else (pa.array(x), pa.array(y))
        assert nannyml(*given, method).value >= 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "labels", "n", "m", "rate"),
    [
        ("auto", 0, 1_001, 100, 0.74),
        ("auto", 0, 1_001, 200, 0.41),
        ("auto", 0, 1_001, 500, 0.11),
        ("psi", 0, 1_000, 200, 0.24),
        ("auto", 2, 500, 500, 0.07),
        ("auto", 4, 500, 500, 0.26),
        ("auto", 10, 500, 500, 0.52),
        ("auto", 10, 1_001, 100, 0.64),
        ("auto", 20, 5_000, 200, 0.73),
        ("auto", 50, 5_000, 500, 0.93),
        ("psi", 50, 5_000, 500, 0.68),
    ],
)
def test_false_alarms_are_those_measured_with_evidently_itself(method, labels, n, m, rate):
    """Version 0.7.23 at its own thresholds, 1,000 samples without drift a line; ours are 300."""
    random = np.random.default_rng(n + m + labels)
    alarms = 0
    for _ in range(300):
        x, y = (random.integers(0, labels, k).astype(str) if labels else random.normal(size=k) for k in (n, m))
        found = evidently(pa.array(x), pa.array(y), method)
        alarms += found.value < 0.05 if found.detail["method"] in ("chi2", "z", "ks") else found.value >= 0.1
    assert alarms / 300 == pytest.approx(rate, abs=4 * math.sqrt(rate * (1 - rate) * (1 / 300 + 1 / 1_000)))
