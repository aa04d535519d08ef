"""The built-in detectors of whole rows and of texts: what they see, what they lean on, and columns of any kind."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.plugin_host.results import as_measurement

TABLES = ("mmd", "energy", "pca", "classifier")


def detector(name: str, **options: Any) -> Any:
    found: list[Any] = []
    importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}").register_detectors(found.append)
    (cls,) = found
    return cls(**options)


def table(rows: int, seed: int, *, rho: float = 0.9, shift: float = 0.0, labels: str = "aab") -> pa.Table:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, 2))
    c = [labels[i] for i in rng.integers(0, len(labels), rows)]
    w = np.where(rng.random(rows) < 0.05, np.nan, rng.exponential(size=rows))
    return pa.table(
        {
            "x": z[:, 0] + shift,
            "y": rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1],
            "c": pa.array(c, pa.string()).dictionary_encode(),
            "w": w,
            "one": np.full(rows, 3.0),
        }
    )


REFERENCE = table(600, 1)


@pytest.mark.parametrize("name", [*TABLES, "text_classifier"])
def test_a_built_in_imports_the_api_alone_and_nothing_heavy(name: str) -> None:
    source = inspect.getsource(importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}"))
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    allowed = {"from __future__ import annotations", "from lifecycle_tui import api", "from typing import Any"}
    assert set(imports) <= allowed


SEEN = ("mmd", "energy", "pca", pytest.param("classifier", marks=pytest.mark.slow))


@pytest.mark.parametrize("name", SEEN)
def test_a_correlation_that_breaks_is_seen(name: str) -> None:
    """No column shows it by itself."""
    same = detector(name).measure(REFERENCE, table(400, 2))
    broken = detector(name).measure(REFERENCE, table(400, 3, rho=-0.9))
    assert same.p_value > 0.001
    assert broken.p_value < 1e-6 and broken.effect > 2 * same.effect
    assert broken.lower <= broken.value <= broken.upper and broken.value > same.value
    assert broken.n == 400 and broken.definition and broken.message


@pytest.mark.parametrize("name", ["mmd", "energy", SEEN[-1]])
def test_labels_and_missing_values_count(name: str) -> None:
    found = detector(name).measure(REFERENCE, table(400, 4, labels="abb"))
    assert found.p_value < 1e-4
    gone = table(400, 5).set_column(3, "w", pa.array(np.full(400, np.nan)))
    assert detector(name).measure(REFERENCE, gone).p_value < 1e-6


@pytest.mark.slow
def test_the_classifier_says_what_it_leant_on() -> None:
    found = detector("classifier").measure(REFERENCE, table(400, 6, labels="abz"))
    assert found.detail["leaning"][0]["name"] == "c" and found.detail["leaning"][0]["by"] > 0.05
    assert "columns it leans on: c" in found.message
    assert detector("classifier").measure(REFERENCE, table(400, 2)).detail["leaning"] == []


ODD: dict[str, pa.Table] = {
    "no rows": REFERENCE.slice(0, 0),
    "one row": REFERENCE.slice(0, 1),
    "two rows": REFERENCE.slice(0, 2),
    "nothing but missing": pa.table(
        {
            "x": pa.nulls(50, pa.float64()),
            "y": np.full(50, np.nan),
            "c": pa.nulls(50, pa.string()).dictionary_encode(),
            "w": np.full(50, np.nan),
            "one": np.full(50, np.nan),
        }
    ),
    "infinite and huge": pa.table(
        {
            "x": np.tile([np.inf, -np.inf], 25),
            "y": np.tile([1.7e308, 5e-324], 25),
            "c": pa.array([f"new{i}" for i in range(50)]).dictionary_encode(),
            "w": np.zeros(50),
            "one": np.full(50, 4.0),
        }
    ),
    "no columns": pa.table({}),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("side", ["reference", "window"])
@pytest.mark.filterwarnings("error")
def test_any_rows_give_a_number_or_none(name: str, kind: str, side: str) -> None:
    usual = REFERENCE.select(ODD[kind].column_names).slice(0, 100)
    sides = (ODD[kind], usual) if side == "reference" else (usual, ODD[kind])
    found = as_measurement(detector(name).measure(*sides))
    assert found.value is not None or found.message


def test_the_reconstruction_is_nannymls() -> None:
    """Mean and mode imputed, labels by their shares, standardised, 65 % of the variance, Euclidean, mean; on the half
    of the reference that it is fitted to."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    window = table(80, 9, labels="abz")
    fit = REFERENCE.take(np.arange(0, 600, 2)).to_pandas().astype({"c": object})
    now = window.to_pandas().astype({"c": object})
    fit.loc[:4, "c"] = None
    given = pa.Table.from_pandas(fit, preserve_index=False)
    given = given.set_column(2, "c", given.column("c").dictionary_encode())
    whole = pa.concat_tables([given, given], promote_options="default").take(
        np.arange(600) // 2 + 300 * (np.arange(600) % 2)
    )
    shares = fit["c"].fillna(fit["c"].mode()[0]).value_counts(normalize=True)

    def filled(frame: Any) -> Any:
        labels = frame["c"].fillna(fit["c"].mode()[0]).map(shares).fillna(0.0)
        return frame.assign(c=labels.astype(float)).fillna(fit.drop(columns="c").mean())

    scaler = StandardScaler().fit(filled(fit))
    pca = PCA(n_components=0.65).fit(scaler.transform(filled(fit)))
    rows = scaler.transform(filled(now))
    expected = np.linalg.norm(rows - pca.inverse_transform(pca.transform(rows)), axis=1).mean()
    found = detector("pca").measure(whole, window)
    assert found.value == pytest.approx(expected, rel=1e-9)


def texts(rows: int, seed: int, *more: str) -> pa.ChunkedArray:
    rng = np.random.default_rng(seed)
    words = ["invoice", "late", "card", "login", "refund", "parcel", "please", "thanks", "order", *more]
    return pa.chunked_array([pa.array([" ".join(rng.choice(words, 6)) for _ in range(rows)])])


def test_new_words_are_seen_and_named() -> None:
    same = detector("text_classifier").measure(texts(300, 1), texts(150, 2))
    found = detector("text_classifier").measure(texts(300, 1), texts(150, 3, "outage", "Ausfall"))
    assert same.p_value > 0.001 and same.detail["leaning"] == []
    assert found.p_value < 1e-9 and found.effect > 0.3
    leaning = {one["name"]: one["by"] for one in found.detail["leaning"]}
    assert leaning["outage"] > 0.3 and leaning["ausfall"] > 0.3
    assert "words it leans on" in found.message


@pytest.mark.slow
@pytest.mark.parametrize("odd", [[], ["a"], [None] * 20, [""] * 20, ["x" * 5000, "\x1b[31m"] * 10, ["🙂"] * 20])
@pytest.mark.filterwarnings("error")
def test_any_texts_give_a_number_or_none(odd: list[str | None]) -> None:
    column = pa.chunked_array([pa.array(odd, pa.string())])
    for sides in ((texts(60, 1), column), (column, texts(60, 1)), (column, column)):
        found = as_measurement(detector("text_classifier").measure(*sides))
        assert found.value is not None or found.message


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mmd", {"block": 10}), ("mmd", {"width": 0.0}), ("energy", {"block": 1}), ("pca", {"variance": 1.0}),
        ("classifier", {"trees": 0}), ("classifier", {"columns_told": -1}), ("text_classifier", {"words_told": -1}),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        detector(name, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pca", "classifier"])
def test_false_alarms_are_kept(name: str) -> None:
    """Heavy tails, labels, missing values; a window of 60 rows."""
    found = []
    for i in range(400 if name == "pca" else 60):
        sides = (table(300, 1000 + i), table(60, 5000 + i))
        found.append(detector(name, **({"trees": 10} if name == "classifier" else {})).measure(*sides).p_value)
    share = (np.array(found) <= 0.05).mean()
    assert share < (0.08 if name == "pca" else 0.15), share
    assert share > 0.005
