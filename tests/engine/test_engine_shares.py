"""Shares of a window: any split, added up in any grouping, is the whole; and nothing is lost on the way as bytes."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.agent.engine.gathered import dump_batches, load_batches
from lifecycle_tui.agent.engine.outcomes import FIELDS, dump_collector, load_collector
from lifecycle_tui.agent.engine.shares import Share, add_shares, decided, dump_share, load_share, share_of
from lifecycle_tui.agent.engine.splitting import groups, levels, rows_of
from lifecycle_tui.agent.work.reading import Reader, Settings
from lifecycle_tui.agent.work.rows import Batches
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.shares import ScanShare
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.specs import ColumnsSpec
from lifecycle_tui.domain.windows import DataFinding, FragmentPart
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.profiles import pending, profiler
from lifecycle_tui.profiles.codec import dump

CODING = Coding("binary", ("0", "1"))
SETTINGS = Settings(
    ColumnsSpec(target="y", score="p"), CODING,
    {"amount": "numeric", "city": "categorical", "note": "text"}, {"p": "numeric"}, text=True,
)  # fmt: skip

ROW = st.tuples(
    st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("inf"))),
    st.sampled_from([None, "Lyon", "Nîmes", ""]),
    st.one_of(st.none(), st.text(max_size=6)),
    st.sampled_from(["0", "1", None, "2"]),
    st.floats(0, 1),
    st.sampled_from(["v1", "v2", None]),
    st.integers(0, 3),
)


class Rows:
    """Stands where a scan does: the batches of one share, and what it has learned."""

    away = None

    def __init__(self, rows: list[Any], name: str) -> None:
        self.rows, self.name = rows, name

    def __iter__(self) -> Any:
        if not self.rows:
            return
        amount, city, note, target, score, version, day = (list(column) for column in zip(*self.rows, strict=True))
        n = len(amount)
        table = pa.table(
            {
                "amount": pa.array([np.nan if v is None else v for v in amount], pa.float64()),
                "city": pa.array(city, pa.string()).dictionary_encode(),
                "note": pa.array(note, pa.string()),
            }
        )
        yield ScanBatch(
            table, n, np.arange(n), np.array(day), None, pa.array(version, pa.string()).dictionary_encode(), None,
            np.array(score, np.float64), pa.array(target, pa.string()),
            np.array([t is not None for t in target], bool),
            groups={"city": np.array([c or "" for c in city] + [None], object)[:-1]},
        )  # fmt: skip

    def share(self) -> ScanShare:
        n = len(self.rows)
        digest = f"{n * 977:016x}{n * 3:016x}"
        return ScanShare(
            n, n // 2, n == 1, (FragmentPart(self.name, n, digest),), (), digest,
            (("infinite", n, "amount", self.name),) if n else (),
            (DataFinding("unreadable-file", 1, "labels are gone"),) if n > 3 else (),
        )  # fmt: skip


def share(rows: list[Any], name: str, grids: Any = None) -> Share:
    scan: Any = Rows(rows, name)
    return share_of(SETTINGS.reader(grids).pass_over(scan), scan.share())


def there(one: Share, grids: Any = None) -> Share:
    """Sent and received."""
    return load_share(dump_share(one), grids or {}, CODING)


def tree(draw: Any, shares: list[Share], grids: Any = None) -> Share:
    while len(shares) > 1:
        at = draw(st.integers(0, len(shares) - 1))
        to = draw(st.integers(at + 1, len(shares)))
        shares[at:to] = [there(add_shares(shares[at:to]), grids)]
    return shares[0]


def numbers(found: Share) -> Any:
    """All that can be measured of it."""
    outcomes = {}
    for version in found.collector.versions:
        told = found.collector.outcomes(version)
        if told is not None:
            arrays = [told.target, told.score, told.day, *told.groups.values()]
            outcomes[version] = [None if a is None else a.tolist() for a in arrays]
    rows = {version: found.collector.rows(version) for version in found.collector.versions}
    return outcomes, rows, found.scan.finished(True, "set")


@given(st.data(), st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=5))
@settings(max_examples=12, deadline=None)
def test_any_split_in_any_grouping_is_the_whole(data: st.DataObject, pieces: list[list[Any]]) -> None:
    most = data.draw(st.sampled_from([3, 10_000]), "values that are kept at most")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "MOST_KEPT", most)
        patch.setattr(profiler, "MOST_KEPT", most)
        rows: Any = Rows([row for piece in pieces for row in piece], "all")
        whole = SETTINGS.reader(None).read(rows, again=lambda: rows)
        shares = [share(piece, f"f{i}") for i, piece in enumerate(pieces)]
        found, again = decided(tree(data.draw, shares))
        if again:
            grids = {**again, **{n: c.grid for n, c in found.columns.items() if hasattr(c, "grid")}}
            counted = [share(piece, f"f{i}", grids) for i, piece in enumerate(pieces)]
            second = tree(data.draw, counted, grids)
            found = replace(found, columns={**found.columns, **{n: second.columns[n] for n in again}})
    assert list(found.columns) == list(whole.columns) or set(again)
    for name, column in whole.columns.items():
        assert dump(found.columns[name]) == dump(column.profile), name
    alone = add_shares([share(piece, f"f{i}") for i, piece in enumerate(pieces)])
    assert numbers(found)[:2] == numbers(replace(alone, collector=whole.collector))[:2]
    assert numbers(found)[2] == numbers(alone)[2]


def test_kept_rows_and_a_sample_arrive() -> None:
    rows = [(1.0, "Lyon", "a", "1", 0.5, "v1", 1), (2.0, None, None, "0", 0.25, None, 2)]
    told = replace(SETTINGS, keep_rows=True, sample=10)
    scan: Any = Rows(rows, "f")
    one = share_of(told.reader(None).pass_over(scan), scan.share())
    found = there(one)
    assert found.kept["amount"].to_pylist() == [1.0, 2.0]
    assert found.kept["city"].to_pylist() == ["Lyon", None]
    assert one.sample is not None and found.sample is not None
    assert found.sample.table.equals(one.sample.table)
    assert found.sample.keys.tolist() == one.sample.keys.tolist() and found.sample.rows == 2
    both = add_shares([found, there(one)])
    assert both.kept["amount"].to_pylist() == [1.0, 2.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="no share"):
        add_shares([])


def test_nothing_that_a_collector_holds_is_lost() -> None:
    assert set(vars(Collector(CODING))) == FIELDS, "a new field has to travel too: engine/outcomes.py"


def test_nothing_that_a_reader_reads_with_is_lost() -> None:
    """A new argument of the reader's has to be a setting too, or a cluster reads without it."""
    here_only = {"self", "grids", "scorer", "progress", "columns", "coding", "kinds", "outputs"}
    given_to = set(inspect.signature(Reader.__init__).parameters) - here_only
    assert given_to == {f.name for f in fields(Settings)} - {"columns", "coding", "kinds", "outputs"}


def test_outcomes_of_several_classes_and_left_out_rows_arrive() -> None:
    collector = Collector(Coding("multiclass", ("a", "b", "c")))
    score = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    collector.add("v", pa.array(["a", "c"]), np.array([True, True]), pa.array(["a", "b"]), score, None)
    collector.leave_out("w", 3, "it is gone")
    found = load_collector(dump_collector(collector), collector.coding)
    one, other = collector.outcomes("v"), found.outcomes("v")
    assert one is not None and other is not None and other.score is not None and one.score is not None
    assert other.score.tolist() == one.score.tolist() and other.prediction.tolist() == one.prediction.tolist()
    assert (found.versions, found.rows("w"), found.measure("w", ()).rows) == (("v", "w"), 3, 3)


def test_gathered_rows_arrive() -> None:
    batches = Batches()
    batches.tables = [pa.table({"city": pa.array(["a", None]).dictionary_encode()}),
                      pa.table({"city": pa.array(["b"]).dictionary_encode()})]  # fmt: skip
    batches.targets = [np.array(["0", "1"], object), np.array(["1"], object)]
    batches.times, batches.unlabelled, batches.keys = [np.array([1, 2]), np.array([3])], 4, ["w", "w"]
    batches.said = {"id": [np.array(["x", None], object), np.array(["y"], object)],
                    "score": [np.array([0.5, np.nan]), np.array([1.0])]}  # fmt: skip
    found, unreadable = load_batches(dump_batches(batches, 2))
    assert unreadable == 2 and found.unlabelled == 4 and found.keys == ["w"]
    assert found.tables[0].column("city").to_pylist() == ["a", None, "b"]
    assert found.targets[0].tolist() == ["0", "1", "1"] and found.times[0].tolist() == [1, 2, 3]
    assert found.said["id"][0].tolist() == ["x", None, "y"]
    nothing, _ = load_batches(dump_batches(Batches()))
    assert nothing == Batches()


@given(st.lists(st.integers(0, 600 << 20), max_size=40), st.integers(1, 5))
def test_every_fragment_is_in_one_group_in_order(sizes: list[int], threads: int) -> None:
    fragments = [Fragment(f"f{i:03}", "", size, 0) for i, size in enumerate(sizes)]
    found = groups(fragments, threads)
    assert [name for group in found for name in group] == [f.id for f in fragments]
    assert all(found) and sum(rows_of(found, fragments, 1000)) == (1000 if found else 0)
    assert all(n >= 0 for n in rows_of(found, fragments, 1000))
    assert all(found) and (len(found) >= min(len(sizes), 2) or not sizes)


@given(st.integers(1, 700), st.integers(2, 9))
def test_the_tree_adds_up_every_share_once(count: int, fan: int) -> None:
    below = [[i] for i in range(count)]
    for level in levels(count, fan):
        assert all(1 <= last - first <= fan for first, last in level)
        below = [[i for part in below[first:last] for i in part] for first, last in level]
    assert below == [list(range(count))]
