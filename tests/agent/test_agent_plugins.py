"""Event hooks, panels and faults of plugins in jobs: who is told what and when, what is kept, who is charged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.rounds import Rounds
from lifecycle_tui.agent.work import events
from lifecycle_tui.agent.work.panels import draw_panels
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.agent.workers.kinds import KINDS, Kind, perform
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.plugin_host import shown
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import alerts, event_cursors, jobs, models, panels, plugin_faults, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import Workspace, open_workspace

NOW = datetime(2026, 5, 1, tzinfo=UTC)
TOML = """\
[models.shop]
task = "binary"
[models.shop.data]
table = "rows.csv"
reference = { until = 2025-01-30 }
[models.shop.columns]
timestamp = "ts"
target = "bought"
"""
HEAD = "import os\nfrom lifecycle_tui.api import *\nfrom lifecycle_tui.api import hookimpl\n"


def hook(name: str, body: str) -> str:
    return f"{HEAD}\n@hookimpl\ndef {name}(event):\n    {body}\n"


class Bench:
    """A workspace whose jobs run in this process."""

    def __init__(self, root: Path, state: State) -> None:
        self.root, self.state = root, state
        self.heard = root / "heard.txt"

    def plugin(self, name: str, text: str) -> None:
        (self.root / "plugins").mkdir(exist_ok=True)
        (self.root / "plugins" / name).write_text(text, "utf-8")

    def writes(self, what: str) -> str:
        return f"open({str(self.heard)!r}, 'a').write({what} + chr(10))"

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.root / "lifecycle.toml")

    @property
    def lines(self) -> list[str]:
        return self.heard.read_text().splitlines() if self.heard.exists() else []

    def context(self, kind: str, model: str | None = None) -> tuple[JobContext, jobs.Job]:
        with self.state.write() as tx:
            jobs.enqueue(tx, kind, model, {}, NOW)
            job = jobs.claim(tx, processes.this(), NOW)
        assert job is not None
        journal = self.root / ".lifecycle" / "calls.jsonl"
        return JobContext(self.state, self.workspace, job.id, FixedClock(NOW), journal, model=model), job

    def tell(self) -> dict[str, Any] | None:
        """What the agent does with plugins: settle who listens, and a job where there is news."""
        plugins = self.workspace.plugins
        events.listen(self.state, plugins)
        if events.enqueue(self.state, plugins, {}, NOW, "test") is None:
            return None
        context, job = self.context("events")
        try:
            return perform(context, None, job)
        finally:
            with self.state.write() as tx:
                jobs.finish(tx, job.id, "done", NOW)

    def alert(self, rule: str) -> None:
        with self.state.write() as tx:
            alerts.store(tx, opened=[Alert("shop", rule, "critical", "open", "w1", NOW, f"{rule} broke")], now=NOW)

    def fault(self, kind: str, name: str) -> plugin_faults.FaultRow | None:
        with self.state.read() as conn:
            return next(iter(plugin_faults.read(conn, kind, name)), None)


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    (tmp_path / "lifecycle.toml").write_text(TOML)
    (tmp_path / "rows.csv").write_text("ts,a,bought\n2025-01-01,1,0\n")
    with State.open(tmp_path) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared("shop", "binary")])
        yield Bench(tmp_path, state)


def test_everybody_is_told_everything_once_whatever_the_others_do(bench: Bench) -> None:
    bench.alert("before")
    bench.plugin("a_raises.py", hook("on_alert", "raise ValueError('no pager')"))
    bench.plugin("b_leaves.py", hook("on_alert", "os._exit(3)"))
    words = "f'{event.id} {event.kind} {event.model} {event.alert.rule} {event.alert.message} {event.at:%F}'"
    bench.plugin("c_hears.py", hook("on_alert", bench.writes(words)))
    assert bench.tell() is None and bench.lines == [], "nothing from before it was there"
    bench.alert("one")
    outcome = bench.tell()
    assert bench.lines == ["2 opened shop one one broke 2026-05-01"]
    assert outcome is not None and (outcome["told"], outcome["failed"]) == (1, 2)
    assert "a_raises: on_alert" in outcome["errors"][0] and "ValueError: no pager" in outcome["errors"][0]
    assert "a_raises.py:7" in outcome["errors"][0] and "exit" in outcome["errors"][1]
    fault = bench.fault("event", "a_raises")
    assert fault is not None and (fault.code, fault.line, fault.times) == ("raised", 7, 1)
    assert bench.tell() is None and len(bench.lines) == 1, "told once"
    bench.plugin("a_raises.py", hook("on_alert", "pass"))
    bench.alert("two")
    assert bench.tell() is not None
    assert bench.fault("event", "a_raises") is None, "it works again"
    assert bench.fault("event", "b_leaves") is not None and len(bench.lines) == 2


def test_versions_and_rollouts_are_told_and_the_disabled_hear_nothing(bench: Bench) -> None:
    text = HEAD + "".join(
        f"\n@hookimpl\ndef {name}(event):\n    {bench.writes(words)}\n"
        for name, words in {
            "on_version": "f'{event.kind} {event.version.label} {event.version.aliases}'",
            "on_rollout": "f'{event.kind} {event.previous} {event.version} {event.why}'",
        }.items()
    )
    bench.plugin("ears.py", text)
    assert bench.tell() is None
    with bench.state.write() as tx:
        for name in ("v1", "v2"):
            versions.register(tx, NewVersion("shop", "named", name), NOW)
        for number, why in ((1, "first"), (2, "better"), (1, "worse")):
            aliases.set_alias(tx, "shop", aliases.CHAMPION, number, "ana", why, NOW)
        aliases.set_alias(tx, "shop", aliases.CHALLENGER, 2, "ana", None, NOW)
        aliases.remove_alias(tx, "shop", aliases.CHAMPION, "ana", "gone", NOW)
    assert bench.tell() == {"told": 6, "failed": 0, "errors": []}
    assert bench.lines == [
        "named v1 ()", "named v2 ('challenger',)",
        "promoted None 1 first", "promoted 1 2 better", "rolled-back 2 1 worse", "withdrawn 1 None gone",
    ]  # fmt: skip
    switch = bench.root / ".lifecycle" / "disabled-plugins.json"
    switch.write_text('["event:ears"]')
    with bench.state.write() as tx:
        versions.register(tx, NewVersion("shop", "named", "v3"), NOW)
    assert bench.tell() is None
    switch.unlink()
    assert bench.tell() is None and len(bench.lines) == 6, "what happened meanwhile is not told"


@pytest.mark.slow
def test_an_event_is_told_again_after_a_kill_and_a_broken_file_keeps_its_place(bench: Bench) -> None:
    good = hook("on_alert", bench.writes("str(event.id)"))
    bench.plugin("ears.py", good)
    bench.tell()
    for rule in ("one", "two"):
        bench.alert(rule)
    with bench.state.read() as conn:
        before = event_cursors.all_of(conn)
    bench.plugin("ears.py", "def (:\n")
    assert bench.tell() is None
    with bench.state.read() as conn:
        assert event_cursors.all_of(conn) == before
    bench.plugin("ears.py", good)
    assert bench.tell() is not None and bench.lines == ["1", "2"]
    with bench.state.write() as tx:  # as if the kill had come between the call and the note of it
        tx.execute("UPDATE event_cursors SET last = 1")
    assert bench.tell() is not None and bench.lines == ["1", "2", "2"]


@pytest.mark.slow
def test_one_that_costs_its_process_again_and_again_hears_the_rest_later(bench: Bench) -> None:
    bench.plugin("dies.py", hook("on_alert", f"{bench.writes('str(event.id)')}; os._exit(1)"))
    bench.tell()
    for n in range(5):
        bench.alert(f"rule{n}")
    with pytest.raises(Exception, match="not all was told to dies on_alert") as caught:
        bench.tell()
    assert "again later" in str(getattr(caught.value, "hint", "")) and bench.lines == ["1", "2", "3"]
    assert bench.tell() is not None and bench.lines == ["1", "2", "3", "4", "5"]


PANEL = """
class Mine:
    \"\"\"Mine.\"\"\"
    name, windows = "mine", 3
    def draw(self, view):
        {body}

@hookimpl
def register_panels(register):
    register(Mine)
"""


@pytest.mark.slow
def test_panels_are_drawn_kept_and_shown_with_their_error(bench: Bench) -> None:
    def drawn(body: str | None) -> panels.PanelRow:
        if body is None:
            (bench.root / "plugins" / "mine.py").unlink()
        else:
            bench.plugin("mine.py", HEAD + PANEL.format(body=body))
        context, job = bench.context("evaluate", "shop")
        with context.runner() as runner:
            draw_panels(context, context.workspace.spec.model("shop"), lambda: runner)
        with bench.state.write() as tx:
            jobs.finish(tx, job.id, "done", NOW)
        with bench.state.read() as conn:
            (row,) = panels.read(conn, "shop")
        return row

    first = drawn(
        "return [Row(view.name, len(view.windows), tone='ok'), Series('s', [1, None, float('nan')], list('abc'))]"
    )
    assert first.error is None
    row, series = shown.from_json(first.data)
    assert (row.name, series.values, series.labels) == ("shop", (1.0, None, None), ("a", "b", "c"))  # type: ignore[union-attr]
    assert (
        drawn("return [Row(view.name, len(view.windows), tone='ok'), Series('s', [1, None, None], list('abc'))]")
        == first
    )
    failed = drawn("return [Row('x', view.nothing)]")
    assert failed.data == first.data and "AttributeError" in str(failed.error) and "mine.py:9" in str(failed.error)
    assert "not NoneType" in str(drawn("pass").error)
    broken = drawn("return [")
    assert "is not registered now" in str(broken.error) and "mine.py" in str(broken.error)
    assert drawn(None).data == [], "it vanishes with its file"


ALL = """
class X:
    \"\"\"X.\"\"\"
    name, kinds, takes, tasks = "x", ("numeric",), "arrow", ("binary",)
    def boom(self, *args, **kwargs): raise ValueError("no luck")
    measure = send = fit = deploy = serving = run = draw = boom

class Table(X):
    \"\"\"A table.\"\"\"
    name = "x"
    def __init__(self, location): ...
    fragments = schema = read = X.boom
"""
CALLS = {
    "detector": "measure", "metric": "measure", "source": "fragments", "notifier": "send", "strategy": "fit",
    "deployer": "deploy", "command": "run", "panel": "draw",
}  # fmt: skip


def probe(context: JobContext, spec: Any, job: jobs.Job) -> dict[str, Any]:
    """A job that calls a plugin of every kind."""
    plugins = context.workspace.plugins
    with context.runner() as runner:
        for kind, method in CALLS.items():
            proxy = plugins.make(plugins.find(kind, "x"), location="/x" if kind == "source" else None, runner=runner)
            with pytest.raises(PluginFault, match="no luck"):
                proxy.call(method)
    raise LifecycleError("the job ends badly, and the faults are noted all the same")


@pytest.mark.slow
def test_faults_of_every_kind_are_noted_however_the_job_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = (
        f"\n@hookimpl\ndef register_{'strategie' if kind == 'strategy' else kind}s(register):\n"
        f"    register({'Table' if kind == 'source' else 'X'})\n"
        for kind in CALLS
    )
    bench.plugin("x.py", HEAD + ALL + "".join(hooks))
    monkeypatch.setitem(KINDS, "evaluate", Kind(f"{__name__}:probe"))
    context, job = bench.context("evaluate", "shop")
    with pytest.raises(LifecycleError, match="ends badly"):
        perform(context, None, job)
    with bench.state.read() as conn:
        found = plugin_faults.read(conn)
    assert {(f.kind, f.name) for f in found} == {(kind, "x") for kind in CALLS}
    assert {(f.code, f.line, f.model, f.job_id) for f in found} == {("raised", 8, "shop", job.id)}


def test_the_agent_tells_hooks_and_takes_a_disabled_plugin(bench: Bench) -> None:
    """The first look settles who listens; later ones enqueue what happened, and no more once the plugin is off."""
    bench.plugin("ears.py", hook("on_alert", bench.writes("str(event.id)")))
    watched = Watched(bench.root / "lifecycle.toml")
    # Of the duty it needs the right to write, and of the rest of the agent nothing.
    rounds = Rounds(watched, None, None, bench.state, print, None, FixedClock(NOW))  # type: ignore[arg-type]

    def look() -> list[str]:
        rounds._tell_at = 0.0
        with bench.state.read() as conn:
            rounds._tell_plugins(conn)
            return [job.state for job in jobs.jobs(conn, kind="events")]

    assert look() == []
    with bench.state.read() as conn:
        assert event_cursors.all_of(conn) == {("on_alert", "ears"): 0}
    bench.alert("one")
    assert look() == ["queued"] == look(), "one job, however often it looks"
    context, job = bench.context("events")
    perform(context, None, job)
    with bench.state.write() as tx:
        jobs.finish(tx, job.id, "done", NOW)
    assert bench.lines == ["1"] and look() == ["done"]
    (bench.root / ".lifecycle" / "disabled-plugins.json").write_text('["event:ears"]')
    assert watched.look(), "picked up without a restart"
    bench.alert("two")
    assert look() == ["done"]
    with bench.state.read() as conn:
        assert event_cursors.all_of(conn) == {}
