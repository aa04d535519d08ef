"""Pages of the fleet against a plain Python model of the same order, filter and groups."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from state_values import T0, day

from lifecycle_tui.state import fleet, fleet_groups, fleet_pages, jobs, loop, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.fleet_pages import Asked

RANK = {name: rank for rank, name in enumerate(fleet.HEALTH_ORDER)}
SEVERITY = {"critical": 0, "warning": 1, "info": 2, None: 3}
NAMES = (
    "a",
    "B",
    "churn[prod]",
    "Straße",
    "STRASSE",
    "ÄRGER",
    "ärger",
    "客户",
    "k\u0301",
    "K",
    "x'; --",
    "%",
    "z 1",
    "",
)
OWNERS = (None, "crm", "Crm", "ÖL", "risk")
TAGS = ((), ("eu",), ("eu", "pay"), ('q"uote',), ("pay", "ü"))
WORDS = (
    "",
    "a",
    "SS",
    "straSSe",
    "ä",
    "!eu",
    "crm !pay",
    "ok",
    "!ok !warning",
    "!",
    "!!",
    "客",
    "[",
    '"',
    "2026",
    "auc",
    "é",
    "it-runs",
)


def model(name: str):
    """One model as it is written, with what decides its place."""
    return st.fixed_dictionaries({
        "name": st.just(name), "owner": st.sampled_from(OWNERS), "tags": st.sampled_from(TAGS),
        "task": st.sampled_from((None, "binary")), "health": st.sampled_from(fleet.HEALTH_ORDER),
        "declared": st.sampled_from((1, 1, 1, 0)), "champion": st.sampled_from((None, 1, 12)),
        "drift_share": st.sampled_from((None, 0.0, 0.5, 1.0)), "metric": st.sampled_from((None, "auc", "mae")),
        "window_key": st.sampled_from((None, "2026-03", "2026-04")), "window_rows": st.sampled_from((None, 5, 70)),
        "alerts_open": st.integers(0, 3), "snoozed": st.integers(0, 2),
        "awake": st.sampled_from((None, "info", "warning", "critical")), "due": st.sampled_from((None, 1, 5)),
        "job": st.sampled_from((None, None, "queued", "running")),
    })  # fmt: skip


FLEETS = st.lists(st.sampled_from(NAMES), unique=True, max_size=9).flatmap(lambda ns: st.tuples(*map(model, ns)))
ASKED = st.builds(
    Asked, st.sampled_from(WORDS), st.just({"it-runs": ("a", "客户")}),
    st.sampled_from((None, *fleet_pages.SORTS)), st.booleans(), st.booleans(),
)  # fmt: skip


def write(state: State, rows: tuple[dict, ...]) -> None:
    """Exactly these models; what the record keeps for ever is taken away by hand."""
    with state.write(durable=False) as tx:
        for table in ("loop", "heartbeats", "jobs", "models"):
            tx.execute(f"DELETE FROM {table}")
        for n, row in enumerate(rows):
            models.declare(tx, [models.Declared(row["name"], row["task"], row["owner"], row["tags"])])
            fields = [f for f in row if f not in ("name", "owner", "tags", "task", "due", "job")]
            tx.execute(
                f"UPDATE models SET {', '.join(f'{f} = ?' for f in fields)} WHERE name = ?",
                (*(row[f] for f in fields), row["name"]),
            )
            if row["due"] is not None:
                loop.put(tx, row["name"], {}, "x", T0 + timedelta(days=row["due"]), T0)
            if row["job"] is not None:
                row["job"] = (row["job"] == "queued", jobs.enqueue(tx, "evaluate", row["name"], {}, day(n)))
                if not row["job"][0]:
                    jobs.claim(tx, processes.this(), day(n), job_id=row["job"][1])


def urgency(row: dict) -> float:
    if row["snoozed"] and row["health"] in ("critical", "warning"):
        return {"critical": 1, "warning": 2}.get(row["awake"], 3.5)
    return RANK[row["health"]]


def worst_first(row: dict) -> tuple:
    share = row["drift_share"]
    return urgency(row), SEVERITY[row["awake"]], share is None, -(share or 0.0), row["name"]


def passes(row: dict, asked: Asked) -> bool:
    said = [
        row["name"],
        row["health"],
        *(row[f] or "" for f in ("owner", "task", "metric", "window_key")),
        *row["tags"],
    ]
    said += ["it-runs"] if row["name"] in asked.also["it-runs"] else []
    text = " ".join(said).casefold()
    words = [w.casefold() for w in asked.words.split()]
    yes = all(w in text for w in words if not w.startswith("!"))
    return yes and not any(w[1:] in text for w in words if w.startswith("!") and len(w) > 1)


VALUES = {
    "health": lambda r: RANK[r["health"]], "name": lambda r: r["name"].casefold(), "champion": lambda r: r["champion"],
    "window": lambda r: r["window_key"], "drift": lambda r: r["drift_share"], "metric": lambda r: r["metric"],
    "alerts": lambda r: r["alerts_open"] or None, "job": lambda r: r["job"], "next": lambda r: r["due"],
    "owner": lambda r: r["owner"], "rows": lambda r: r["window_rows"], "task": lambda r: r["task"],
}  # fmt: skip


def expected(rows: tuple[dict, ...], asked: Asked) -> list[dict]:
    shown = [r for r in sorted(rows, key=worst_first) if (r["declared"] or asked.retired) and passes(r, asked)]
    if asked.sort is None:
        return shown[::-1] if asked.reverse else shown
    value, falls = VALUES[asked.sort], fleet_pages.SORTS[asked.sort].falls
    known = [r for r in shown if value(r) is not None]
    return sorted(known, key=value, reverse=falls != asked.reverse) + [r for r in shown if value(r) is None]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=FLEETS,
    asks=st.lists(ASKED, min_size=6, max_size=6),
    first=st.integers(0, 4),
    by=st.sampled_from(("owner", "tag")),
)
def test_pages_places_counts_and_groups_are_those_of_the_plain_model(
    state: State, rows: tuple[dict, ...], asks: list[Asked], first: int, by: fleet_groups.By
) -> None:
    write(state, rows)
    with state.read() as conn:
        for asked in asks:
            right = [r["name"] for r in expected(rows, asked)]
            assert list(fleet_pages.names(conn, asked)) == right, asked
            assert list(fleet_pages.names(conn, asked, first, 3)) == right[first : first + 3]
            assert [r.name for r in fleet.rows(conn, right)] == right
            places = [fleet_pages.rank(conn, asked, r["name"]) for r in rows]
            assert places == [right.index(r["name"]) if r["name"] in right else None for r in rows]
            counts = fleet_pages.healths(conn, asked)
            assert counts == {h: n for h in RANK if (n := sum(r["health"] == h for r in expected(rows, asked)))}
            assert fleet_pages.total(conn, retired=asked.retired) == sum(r["declared"] or asked.retired for r in rows)
            some = [r["name"] for r in rows[::2]]
            assert list(fleet_pages.among(conn, asked, some)) == [n for n in right if n in some]
            grouped(conn, by, asked, expected(rows, asked), first)


def grouped(conn, by: fleet_groups.By, asked: Asked, shown: list[dict], first: int) -> None:
    """Groups, their counts and the places in them, against the models that show."""
    values = {r["name"]: [r["owner"]] if by == "owner" else list(r["tags"]) or [None] for r in shown}
    inside = {
        v: [r["name"] for r in shown if v in values[r["name"]]] for v in {x for vs in values.values() for x in vs}
    }
    healths = {r["name"]: r["health"] for r in shown}
    found = fleet_groups.groups(conn, by, asked)
    assert {g.value: g.size for g in found} == {v: len(names) for v, names in inside.items()}
    assert all(g.healths[RANK[h]] == sum(healths[n] == h for n in inside[g.value]) for g in found for h in RANK)
    keys = [(g.value is None, [-n for n in g.healths], g.value or "") for g in found]
    assert keys == sorted(keys), "the worst first, those without a value last"
    flat = [(g.value, name) for g in found for name in inside[g.value]]
    of = [g.value for g in found]
    assert list(fleet_groups.members(conn, by, asked, of)) == flat
    assert list(fleet_groups.members(conn, by, asked, of, first, 4)) == flat[first : first + 4]
    for value, name in flat:
        assert fleet_groups.rank(conn, by, asked, value, name) == inside[value].index(name)
    assert fleet_groups.rank(conn, by, asked, "no such", "a") is None


@pytest.fixture(scope="module")
def many(empty_root, tmp_path_factory) -> State:
    """Ten thousand models, written in bulk."""
    import shutil

    root = tmp_path_factory.mktemp("many")
    shutil.copytree(empty_root / ".lifecycle", root / ".lifecycle")
    state = State.open(root)
    with state.write(durable=False) as tx:
        tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
            "INSERT INTO models (name, owner, tags, health, drift_share, message, drift_history) "
            "SELECT printf('m-%05d', i), 'team-' || (i % 40), CASE i % 3 WHEN 0 THEN '[]' "
            "ELSE json_array('t' || (i % 9)) END, "
            "CASE i % 10 WHEN 0 THEN 'critical' WHEN 1 THEN 'warning' ELSE 'ok' END, (i % 100) / 100.0, "
            "printf('%0900d', i), '[0.25,0.5]' FROM n"
        )
    return state


def steps(conn, read) -> int:
    """Instructions of SQLite's machine, in thousands."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    conn.set_progress_handler(tick, 1000)
    try:
        read()
    finally:
        conn.set_progress_handler(None, 0)
    return count


def test_the_first_page_of_ten_thousand_models_costs_a_page(many: State) -> None:
    with many.read() as conn:
        assert steps(conn, lambda: fleet.rows(conn, fleet_pages.names(conn, Asked(), 0, 70))) <= 25
        assert steps(conn, lambda: fleet_pages.names(conn, Asked(reverse=True), 0, 70)) <= 3
        assert len(fleet_pages.names(conn, Asked(), 9990, 70)) == 10
        plan = conn.execute(
            f"EXPLAIN QUERY PLAN SELECT name FROM fleet WHERE declared = 1 ORDER BY {fleet_pages.order(Asked())}"
        )
        assert [row[3] for row in plan] == ["SEARCH fleet USING COVERING INDEX fleet_worst (declared=?)"]
        assert fleet_pages.healths(conn, Asked()) == {"critical": 1000, "warning": 1000, "ok": 8000}


@pytest.mark.parametrize(
    "asked", [*(Asked(sort=s) for s in fleet_pages.SORTS), Asked("team-3 !m-00"), Asked("Ä")], ids=str
)
def test_no_page_of_ten_thousand_models_reads_the_wide_rows(many: State, asked: Asked) -> None:
    """About 10 ms each on a quiet machine; steps do not depend on how busy this one is."""
    with many.read() as conn:
        assert steps(conn, lambda: fleet_pages.names(conn, asked, 5000, 70)) < 1000
        assert steps(conn, lambda: fleet_pages.healths(conn, asked)) < 1000


def test_the_narrow_rows_follow_the_wide_ones(state: State) -> None:
    with state.write() as tx:
        models.declare(tx, [models.Declared("a", "binary", "crm"), models.Declared("b")])
        models.put_model(tx, models.ModelFacts("a", "warning", T0, drift_share=0.5, metric="auc"))
        models.put_error(tx, "b", "broken", T0)
    with state.read() as conn:
        assert fleet.names(conn) == (("b", "error"), ("a", "warning"))
        assert fleet_pages.names(conn, Asked("auc")) == ("a",)
    with state.write() as tx:
        models.declare(tx, [models.Declared("a", "binary", "risk", ("eu",))])
        models.retire_missing(tx, ["a"])
    with state.read() as conn:
        assert fleet_pages.names(conn, Asked("risk eu")) == ("a",) and fleet_pages.names(conn, Asked("crm")) == ()
        assert fleet_pages.names(conn, Asked()) == ("a",) and fleet_pages.names(conn, Asked(retired=True)) == ("b", "a")
