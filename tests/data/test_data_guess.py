"""What `lifecycle init` believes about tables: roles, time, windows, reference, kinds, several tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.data.guess import Wishes, guess_model
from lifecycle_tui.data.guess_roles import facts_of, guess_target, guess_task, label_of, named_like_id
from lifecycle_tui.data.guess_tables import Looked, look
from lifecycle_tui.domain.errors import DataError, UsageError
from lifecycle_tui.domain.guesses import ModelGuess
from lifecycle_tui.domain.protocols import Batch, Fragment
from lifecycle_tui.domain.specs import TimestampSpec


class Memory:
    """A source over tables in memory, one fragment each."""

    name, suffixes = "memory", ()

    def __init__(self, *pieces: pa.Table, partitions: Sequence[Mapping[str, str]] = (), known: bool = True) -> None:
        self.pieces, self.partitions, self.known = pieces, partitions, known

    def fragments(self) -> Sequence[Fragment]:
        return [
            Fragment(
                f"{i:03}",
                f"/data/{i:03}",
                1,
                1,
                rows=piece.num_rows if self.known else None,
                partitions=self.partitions[i] if self.partitions else {},
            )
            for i, piece in enumerate(self.pieces)
        ]

    def schema(self) -> Mapping[str, pa.DataType]:
        return {f.name: f.type for piece in self.pieces for f in piece.schema}

    def read(
        self, fragment: Fragment, columns: Sequence[str] | None = None, kinds: Any = None, time: Any = None
    ) -> Iterator[Batch]:
        piece = self.pieces[int(fragment.id)]
        for name, value in fragment.partitions.items():
            piece = piece.append_column(name, pa.array([value] * piece.num_rows))
        row = 0
        for batch in (piece if columns is None else piece.select(list(columns))).to_batches(max_chunksize=1000):
            yield Batch(batch, row)
            row += batch.num_rows


def looked(data: Mapping[str, Any], location: str = "/data/table.csv") -> Looked:
    return look(Memory(pa.table(dict(data))), location)


def guess(data: Mapping[str, Any], **wishes: Any) -> ModelGuess:
    return guess_model([looked(data)], Wishes(**wishes))


def hourly(days: int, start: datetime = datetime(2011, 1, 1)) -> list[datetime]:
    return [start + timedelta(hours=i) for i in range(24 * days)]


def bikes(days: int = 731) -> dict[str, Any]:
    """A lookalike of the bike-sharing table: dates in American form, an hour beside them, a target that is a sum."""
    random = np.random.default_rng(3)
    hours = hourly(days)
    n = len(hours)
    temp = random.random(n).round(2)
    casual = random.poisson(5 + 30 * temp)
    registered = random.poisson(60 + 90 * temp)
    return {
        "instant": np.arange(1, n + 1),
        "dteday": [f"{h.month}/{h.day}/{h.year}" for h in hours],
        "season": [1 + (h.month % 12) // 3 for h in hours],
        "yr": [h.year - 2011 for h in hours],
        "mnth": [h.month for h in hours],
        "hr": [h.hour for h in hours],
        "weekday": [(h.weekday() + 1) % 7 for h in hours],
        "temp": temp,
        "windspeed": random.gamma(2, 0.1, n),
        "casual": casual,
        "registered": registered,
        "cnt": casual + registered,
    }


def loans(n: int = 1000) -> dict[str, Any]:
    """A lookalike of the German credit table: codes as text, classes 1 and 2, no time."""
    random = np.random.default_rng(4)
    return {
        "status": random.choice(["A11", "A12", "A13"], n),
        "month": random.integers(4, 72, n),
        "credit_amount": random.integers(250, 18_000, n),
        "age": random.integers(19, 75, n),
        "credit": random.choice([1, 1, 1, 2], n),
    }


# --- whole tables ------------------------------------------------------------------------------------------


def test_the_bikes() -> None:
    found = guess(bikes())
    c = found.columns
    assert found.task == "regression"
    assert c.target == "cnt"
    assert c.timestamp == TimestampSpec(("dteday", "hr"), "%m/%d/%Y %H")
    assert c.ignore == ("instant", "casual", "registered", "yr")
    assert c.kinds["mnth"] == c.kinds["weekday"] == c.kinds["season"] == "categorical"
    assert c.kinds["temp"] == c.kinds["windspeed"] == c.kinds["hr"] == "numeric"
    assert set(c.kinds) == {"season", "mnth", "weekday", "temp", "windspeed", "hr"}
    assert found.window == "1 month"
    assert found.reference.until == date(2011, 12, 31)
    assert found.rows == 731 * 24
    reasons = {group.columns: group.reason for group in found.ignored}
    assert reasons["casual", "registered"].startswith("casual + registered = cnt in all 17,544 rows")
    assert reasons[("instant",)] == "numbers the rows from 1 to 17,544"
    assert any("mnth" in doubt for doubt in found.doubts)


def test_the_loans() -> None:
    found = guess(loans())
    assert (found.task, found.columns.target, found.columns.positive) == ("binary", "credit", 2)
    assert found.columns.timestamp is None
    assert (found.window, found.reference.rows) == ("100 rows", 500)
    assert found.columns.ignore == ()
    assert "rarer" in found.reasons["positive"]


def test_every_guess_has_a_reason() -> None:
    found = guess(bikes(60))
    assert {"task", "timestamp", "target", "window", "reference"} <= set(found.reasons)
    assert all(found.reasons.values())


def test_the_order_of_rows_changes_no_role() -> None:
    table = pa.table(bikes(400))
    order = np.random.default_rng(0).permutation(table.num_rows)
    straight = guess_model([look(Memory(table), "/t")], Wishes())
    mixed = guess_model([look(Memory(table.take(order)), "/t")], Wishes())
    assert (mixed.columns, mixed.window, mixed.reference) == (straight.columns, straight.window, straight.reference)


def test_existing_predictions() -> None:
    n = 2000
    random = np.random.default_rng(1)
    found = guess(
        {
            "request_id": [f"r{i}" for i in range(n)],
            "ts": [datetime(2026, 1, 1) + timedelta(minutes=20 * i) for i in range(n)],
            "model_version": random.choice(["v1", "v2"], n),
            "amount": random.gamma(2, 30, n),
            "is_new": random.integers(0, 2, n),
            "p_fraud": random.random(n),
            "is_fraud": random.integers(0, 2, n),
        }
    )
    c = found.columns
    assert (c.id, c.version, c.score, c.target, c.positive) == ("request_id", "model_version", "p_fraud", "is_fraud", 1)
    assert c.timestamp == TimestampSpec(("ts",))
    assert found.task == "binary"
    assert c.ignore == ()


def test_a_prediction_may_equal_its_target() -> None:
    y = np.random.default_rng(1).gamma(2, 30, 500).round(1)
    x = y + np.random.default_rng(2).normal(0, 30, 500)
    found = guess({"x": x, "prediction": y, "price": y})
    assert found.columns.prediction == "prediction"
    assert found.columns.target == "price"
    assert found.columns.ignore == ()


def test_a_score_for_each_class() -> None:
    random = np.random.default_rng(1)
    scores = {f"proba_{k}": random.random(500) for k in ("cat", "dog", "eel")}
    found = guess({"w": random.random(500), **scores, "label": random.choice(["cat", "dog", "eel"], 500)})
    assert found.task == "multiclass"
    assert found.columns.score == {"cat": "proba_cat", "dog": "proba_dog", "eel": "proba_eel"}
    assert found.columns.prediction is None
    assert set(found.columns.kinds) == {"w"}


def test_a_credit_score_is_a_feature() -> None:
    random = np.random.default_rng(1)
    found = guess({"credit_score": random.integers(300, 850, 500), "default": random.integers(0, 2, 500)})
    assert found.columns.score is None
    assert found.columns.kinds == {"credit_score": "numeric"}


def test_what_is_said_is_taken() -> None:
    found = guess(bikes(400), target="registered", window="1 week", until=date(2011, 6, 30), task="regression")
    assert (found.columns.target, found.window, found.reference.until) == ("registered", "1 week", date(2011, 6, 30))
    assert {found.reasons[k] for k in ("target", "window", "reference", "task")} == {"you said so"}


def test_time_may_be_named() -> None:
    data = {
        "booked_at": ["2026-01-01", "2026-01-02"] * 100,
        "day": ["2025-03-01", "2025-03-09"] * 100,
        "y": [1.5, 2] * 100,
    }
    assert guess(data).columns.timestamp == TimestampSpec(("day",))
    named = guess(data, time=("booked_at",))
    assert named.columns.timestamp == TimestampSpec(("booked_at",))
    assert "day" in named.columns.ignore


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"target": "cont"}, 'did you mean "cnt"'),
        ({"time": ("dtday",)}, 'did you mean "dteday"'),
        ({"time": ("temp",)}, "cannot read temp as times"),
    ],
)
def test_wishes_that_cannot_be(wishes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        guess(bikes(30), **wishes)
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_a_reference_by_date_needs_times() -> None:
    with pytest.raises(UsageError, match="needs a time column"):
        guess(loans(), until=date(2020, 1, 1))


def test_hardly_anything() -> None:
    found = guess({"x": [1.0, 2.0, 3.0]})
    assert (found.columns.target, found.task) == (None, "regression")
    assert found.reasons["task"].startswith("nothing says what is predicted")


def test_a_target_alone_leaves_no_feature() -> None:
    found = guess({"x": np.random.default_rng(0).random(99)})
    assert found.columns.target == "x"
    assert any("no feature is left" in doubt for doubt in found.doubts)


def test_columns_that_hold_nothing_or_no_values() -> None:
    found = guess(
        {"a": np.arange(100) % 7 * 1.5, "none": pa.nulls(100), "list": [[1]] * 100, "y": np.arange(100) % 9 * 0.7}
    )
    reasons = {group.columns[0]: group.reason for group in found.ignored}
    assert reasons == {"none": "holds nothing", "list": "holds lists or records"}


def test_names_of_people_and_things_are_no_features() -> None:
    n = 400
    data = {
        "customer_id": [f"c{i % 300}" for i in range(n)],
        "city": ["x", "y"] * 200,
        "y": np.random.default_rng(0).random(n),
    }
    found = guess(data)
    assert found.columns.ignore == ("customer_id",)
    assert found.columns.id is None


# --- targets and tasks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "target", "sure"),
    [
        (["a", "b", "target"], "target", True),
        (["a", "y", "b"], "y", True),
        (["is_weekend", "is_new", "is_fraud"], "is_fraud", True),
        (["is_weekend", "amount"], "is_weekend", False),
        (["label", "a", "target"], "target", True),
        (["a", "b", "zz"], "zz", False),
        (["IsChurn", "TargetValue", "a"], "TargetValue", True),
    ],
)
def test_targets_by_name(names: list[str], target: str, sure: bool) -> None:
    table = pa.table({name: [0, 1, 2] * 10 for name in names})
    choice = guess_target(list(facts_of(table).values()))
    assert choice is not None
    assert (choice.column, choice.sure) == (target, sure)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([True, False] * 50, "binary"),
        (["yes", "no"] * 50, "binary"),
        ([0.0, 1.0] * 50, "binary"),
        (["a", "b", "c", "d"] * 25, "multiclass"),
        ([1, 2, 3, 4, 5] * 40, "multiclass"),
        ([1.5, 2.5, 3.5] * 40, "regression"),
        (list(range(100)), "regression"),
    ],
)
def test_tasks(values: list[Any], task: str) -> None:
    facts = facts_of(pa.table({"y": values}))["y"]
    assert guess_task(facts, None, None)[0] == task


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        ([0, 1], 1),
        ([True, False], True),
        (["no", "yes"], "yes"),
        ([1.0, 0.0], 1),
        ([1, 2], 2),
        (["good", "bad"], "bad"),
    ],
)
def test_the_positive_label(values: list[Any], positive: Any) -> None:
    random = np.random.default_rng(0)
    target = [values[0]] * 150 + [values[1]] * 50
    found = guess({"x": random.random(200), "z": random.random(200), "y": target})
    assert found.columns.positive == positive
    assert type(found.columns.positive) is type(positive)


@pytest.mark.parametrize(("value", "label"), [(True, "true"), (7, "7"), (7.0, "7"), (0.5, "0.5"), (" a", " a")])
def test_labels_are_canonical(value: Any, label: str) -> None:
    assert label_of(value) == label


@pytest.mark.parametrize(
    ("name", "yes"), [("id", True), ("userId", True), ("order_id", True), ("paid", False), ("width", False)]
)
def test_names_of_ids(name: str, yes: bool) -> None:
    assert named_like_id(name) is yes


def test_one_instant_is_no_time_to_cut_by() -> None:
    found = guess(
        {"ts": [datetime(2024, 1, 1)] * 300, "x": np.random.default_rng(0).random(300), "y": [1.0, 2.5, 3] * 100}
    )
    assert (found.window, found.reference.rows) == ("100 rows", 150)


# --- several tables -----------------------------------------------------------------------------------------


def three(n: int = 3000) -> tuple[Looked, Looked, Looked]:
    random = np.random.default_rng(8)
    ids = [f"t{i}" for i in range(n)]
    times = [datetime(2026, 1, 1) + timedelta(minutes=30 * i) for i in range(n)]
    features = looked(
        {"txn_id": ids, "amount": random.gamma(2, 9, n), "shop": random.choice(["a", "b"], n)}, "/d/features"
    )
    scored = looked({"txn_id": ids, "ts": times, "p_fraud": random.random(n)}, "/d/scored")
    booked = random.choice(n, n // 20, replace=False)
    labels = looked(
        {
            "txn_id": [ids[i] for i in booked],
            "fraud": [1] * len(booked),
            "booked_at": [times[i] + timedelta(days=int(random.integers(1, 9))) for i in booked],
        },
        "/d/chargebacks.csv",
    )
    return features, scored, labels


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_features_predictions_and_labels(order: tuple[int, ...]) -> None:
    tables = three()
    found = guess_model([tables[i] for i in order], Wishes())
    roles = {t.location: t for t in found.tables}
    assert {k: t.role for k, t in roles.items()} == {
        "/d/features": "features",
        "/d/scored": "predictions",
        "/d/chargebacks.csv": "labels",
    }
    assert {t.on for t in found.tables} == {"txn_id"}
    labels = roles["/d/chargebacks.csv"]
    assert (labels.arrived, labels.absent) == ("booked_at", 0)
    assert labels.delay is not None and 8 <= labels.delay <= 9
    c = found.columns
    assert (c.id, c.target, c.score, c.positive) == ("txn_id", "fraud", "p_fraud", 1)
    assert found.task == "binary"
    assert dict(c.kinds) == {"amount": "numeric", "shop": "categorical"}
    assert c.ignore == ()


def test_features_and_labels_without_predictions() -> None:
    features, _, _ = three()
    ids = features.table["txn_id"].to_pylist()
    labels = looked({"txn_id": ids, "outcome": np.random.default_rng(1).integers(0, 2, len(ids))}, "/d/labels.csv")
    found = guess_model([features, labels], Wishes())
    assert [t.role for t in found.tables] == ["features", "labels"]
    assert (found.columns.target, found.task) == ("outcome", "binary")


def test_a_reference_of_its_own() -> None:
    train = looked(loans(), "/d/train.csv")
    current = looked(loans(600), "/d/current.csv")
    found = guess_model([train, current], Wishes())
    assert [t.role for t in found.tables] == ["reference", "table"]
    assert found.reference.rows is None
    assert found.rows == 600


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ([({"a": [1, 2], "b": [1, 2]}, "/d/x.csv"), ({"c": [1, 2], "d": [3, 4]}, "/d/y.csv")], "share no column"),
        ([({"a": [1, 2], "b": [1, 2]}, "/d/x.csv"), ({"a": [1, 2], "b": [3, 4]}, "/d/y.csv")], "pieces of one table"),
        (
            [({"id": [1, 2], "score": [0.1, 0.2]}, "/d/x.csv"), ({"id": [1, 2], "prob": [0.3, 0.4]}, "/d/y.csv")],
            "both hold predictions",
        ),
    ],
)
def test_tables_that_do_not_fit(tables: list[tuple[dict[str, Any], str]], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        guess_model([looked(data, place) for data, place in tables], Wishes())


def test_partitions_are_windows_where_there_are_no_times() -> None:
    pieces = [pa.table({"x": np.random.default_rng(i).random(300), "y": [0, 1, 1] * 100}) for i in range(6)]
    source = Memory(*pieces, partitions=[{"batch": f"b{i}"} for i in range(6)])
    found = guess_model([look(source, "/lake")], Wishes())
    assert found.window == "partition"
    assert found.reference.partitions == ("b0", "b1", "b2")
    assert found.tables[0].partition == "batch"
    assert found.columns.ignore == ("batch",)


def test_partitions_that_are_dates_are_the_time() -> None:
    pieces = [pa.table({"x": np.random.default_rng(i).random(300), "y": [0, 1, 1] * 100}) for i in range(20)]
    source = Memory(*pieces, partitions=[{"dt": f"2026-03-{i + 1:02}"} for i in range(20)])
    found = guess_model([look(source, "/lake")], Wishes())
    assert found.columns.timestamp == TimestampSpec(("dt",))
    assert (found.window, found.reference.until) == ("1d", date(2026, 3, 10))


# --- large and ragged sources -------------------------------------------------------------------------------


def test_a_large_source_is_looked_at_in_part_but_its_times_in_whole() -> None:
    table = pa.table(bikes())
    pieces = [table.slice(i * 6000, 6000) for i in range(3)]
    one = look(Memory(*pieces), "/lake", most=900)
    assert not one.whole
    assert (one.rows, one.total) == (900, 731 * 24)
    found = guess_model([one], Wishes())
    assert (found.window, found.reference.until) == ("1 month", date(2011, 12, 31))
    assert found.columns.target == "cnt"


@pytest.mark.parametrize("known", [True, False])
def test_a_small_source_is_read_whole(known: bool) -> None:
    pieces = [pa.table({"x": [float(i)] * 10}) for i in range(5)]
    one = look(Memory(*pieces, known=known), "/t", most=1000)
    assert one.whole
    assert one.rows == 50


def test_pieces_may_differ_in_type() -> None:
    one = look(Memory(pa.table({"x": [1, 2], "a": ["u", "v"]}), pa.table({"x": [1.5], "a": [3]})), "/t")
    assert one.table["x"].to_pylist() == [1.0, 2.0, 1.5]
    assert one.table["a"].to_pylist() == ["u", "v", "3"]


def test_no_rows_is_said() -> None:
    with pytest.raises(DataError, match="no rows"):
        looked({"x": pa.array([], pa.float64())})
