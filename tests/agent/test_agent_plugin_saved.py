"""A plugin that is saved: the newest window is measured anew first, then the others; an error stands in its place."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from lifecycle_tui.agent.agent import Agent
from lifecycle_tui.state import record
from tests.agent.conftest import Space
from tests.agent.test_agent_following import until

DETECTOR = '''"""A detector of the team's."""

from lifecycle_tui import api


class Tails:
    """How far the tails have moved."""

    name, kinds, takes = "tails", ("numeric",), "profile"

    def measure(self, reference, window):
        """A number."""
        return api.Measurement(VALUE)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Tails)
'''


def save(space: Space, value: str) -> None:
    space.write("plugins/tails.py", DETECTOR.replace("VALUE", value))


def tails(space: Space) -> list[tuple[int, float | None, str, int]]:
    """(revision, value, state, id) of the signal in each window, in window order."""
    found = [(e.window, e.signals["tails.age"]) for e in space.history(version="")]
    return [(w.revision, s.value, s.state, w.id) for w, s in found]


@pytest.mark.slow
def test_a_saved_plugin_is_measured_with_at_once_the_newest_window_first(shop: Callable[..., Space]) -> None:
    space = shop()
    save(space, "0.125")
    space.run()
    assert {found[:3] for found in tails(space)} == {(1, 0.125, "ok")} and len(tails(space)) >= 3
    save(space, "0.5")
    outcome = space.run()
    found = tails(space)
    assert {row[:2] for row in found} == {(2, 0.5)}, "a signal's past is of one definition"
    assert outcome["changed"] >= len(found) and outcome["new"] == 0
    assert found[-1][3] < found[0][3], "the newest one was measured first"
    save(space, "1 / 0")
    space.run()
    assert {row[:3] for row in tails(space)} == {(3, None, "error")}
    assert space.history(version="")[-1].signals["ks.age"].value is not None, "the others are complete"
    save(space, "0.5")
    space.run()
    assert tails(space)[-1][1] == 0.5


@pytest.mark.slow
def test_one_that_is_saved_while_it_measures_ends_the_run(
    shop: Callable[..., Space], monkeypatch: pytest.MonkeyPatch
) -> None:
    space = shop()
    save(space, "0.125")
    space.run()
    before = tails(space)
    save(space, "0.25")
    store, done = record.record, list[str]()

    def saved(*args, **kwargs):
        if not done:
            save(space, "0.75 * 1.0")
        done.append("one window")
        return store(*args, **kwargs)

    monkeypatch.setattr(record, "record", saved)
    space.run()
    assert len(done) == 1 and tails(space)[:-1] == before[:-1], "the rest waits for the newer one"
    monkeypatch.undo()
    space.run()
    assert {row[1] for row in tails(space)} == {0.75}


@pytest.mark.slow
def test_a_running_agent_shows_the_new_number_and_then_the_error(shop: Callable[..., Space]) -> None:
    """The whole way: file, agent, worker, plugin's process, state, without a restart."""
    space = shop()
    save(space, "0.125")
    said: list[str] = []
    agent = Agent(space.root / "lifecycle.toml", say=said.append)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:

        def newest() -> tuple | None:
            return tails(space)[-1] if space.history(version="") else None

        until(lambda: newest() is not None and newest()[1] == 0.125, "the first number", most=300)
        save(space, "0.5")
        until(lambda: newest()[1] == 0.5, "the new number", most=300)
        save(space, "1 / 0")
        until(lambda: newest()[2] == "error", "the error", most=300)
        (space.root / "plugins" / "tails.py").write_text("def broken(")
        until(lambda: "tails" in space.history(version="")[-1].signals, "a file that is none", most=300)
        (space.root / "plugins" / "tails.py").unlink()
        until(
            lambda: not any(n.startswith("tails") for n in space.history(version="")[-1].signals),
            "it is gone",
            most=300,
        )
        assert "plugins have changed" in said
    finally:
        agent.stop()
        thread.join(300)
    assert not thread.is_alive()
