"""What is stored of a window that is over is small; one that can still grow keeps all that growing needs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifecycle_tui.profiles import nested
from lifecycle_tui.profiles.codec import load, load_grid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.state import reference, sums, windows
from lifecycle_tui.state.database import State
from tests.agent.conftest import PREDICTIONS, Space, scored_rows

INPUTS = """\
[models.shop]
task = "binary"
[models.shop.data]
table = { path = "rows/*.csv" }
reference = { until = 2025-01-16 }
window = "1 week"
[models.shop.columns]
timestamp = "ts"
numeric = ["age", "p"]
ignore = ["id", "version", "city"]
"""


@pytest.fixture(autouse=True)
def _few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "MOST_STORED", 20)


def _stored(space: Space, key: str) -> dict[str, tuple[NumericProfile, bool]]:
    """The numeric profiles of a window, and whether each is on its column's own grid."""
    found = {}
    with State.open(space.root) as state, state.read() as conn:
        row = windows.window(conn, "shop", key)
        assert row is not None
        for profile in windows.profiles(conn, row.id):
            if profile.grid:
                kept = reference.get_grid(conn, "shop", profile.column, profile.grid)
                assert kept is not None
                grid = load_grid(kept.data)
                loaded = load(profile.data, grid)
                assert isinstance(loaded, NumericProfile)
                found[profile.column] = (loaded, loaded.grid == grid)
    return found


def _keys(space: Space) -> list[str]:
    return sorted({e.window.key for e in space.history(version="")})


@pytest.fixture
def inputs(space: Space) -> Space:
    """Three weeks of rows without labels, after a reference."""
    space.write("lifecycle.toml", INPUTS)
    space.write("rows/0.csv", "\n".join([PREDICTIONS, *scored_rows(range(38), per_day=20)[0]]) + "\n")
    return space


def test_a_window_that_is_over_is_stored_small_and_read_whole_where_it_grows(inputs: Space) -> None:
    space = inputs
    space.run()
    key = _keys(space)[1]
    before = _stored(space, key)
    assert before.keys() == {"age", "p"}
    assert all(len(profile.sparse()[0]) <= 20 and not own for profile, own in before.values())
    day = (datetime.fromisoformat(key) - datetime(2025, 1, 1)).days
    late, _ = scored_rows(range(day, day + 2), per_day=30, seed=99)
    space.write("rows/late.csv", "\n".join([PREDICTIONS, *late]) + "\n")
    assert space.run()["grown"] == 1
    assert _stored(space, key)["age"][0].rows == before["age"][0].rows + 60
    fresh = Space(space.root / "fresh", space.clock)
    for name in ("lifecycle.toml", "rows/0.csv", "rows/late.csv"):
        fresh.write(name, (space.root / name).read_text())
    fresh.run()
    assert [f[:6] for f in fresh.facts() if f[0] == key] == [f[:6] for f in space.facts() if f[0] == key]
    assert _stored(fresh, key) == _stored(space, key)


def test_a_window_becomes_small_when_it_is_over_and_keeps_its_sums(inputs: Space) -> None:
    space = inputs
    space.clock.instant = datetime(2025, 2, 8, tzinfo=UTC)
    space.run()
    key = _keys(space)[-1]
    open_ = _stored(space, key)
    assert all(own and len(profile.sparse()[0]) > 20 for profile, own in open_.values())

    def kept() -> bytes:
        with State.open(space.root) as state, state.read() as conn:
            row = windows.window(conn, "shop", key)
            assert row is not None
            return sums.of(conn, row.id)

    of_open = kept()
    assert of_open
    space.clock.instant = datetime(2025, 6, 1, tzinfo=UTC)
    assert space.run()["relabelled"] >= 1
    over = _stored(space, key)
    assert over.keys() == open_.keys()
    assert all(profile == nested.small(open_[name][0]) and not own for name, (profile, own) in over.items())
    assert kept() == of_open
    assert not any(space.run()[kind] for kind in ("new", "grown", "changed", "relabelled"))
