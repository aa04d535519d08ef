"""Guarded calls: what crosses, what each kind of plugin gets, and what happens when processes end."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.errors import DataError, PluginFault
from lifecycle_tui.domain.protocols import Batch, CellProblem, Fragment, Message, Outcomes
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.guardian import descendants
from lifecycle_tui.plugin_host.journal import Call, unfinished
from lifecycle_tui.plugin_host.runner import Codec, Limits, Runner
from lifecycle_tui.profiles import wire
from lifecycle_tui.profiles.profiler import Profiler

Workspace = Callable[..., Path]
HEAD = "from lifecycle_tui.api import *\nfrom lifecycle_tui.api import hookimpl\n"


def hook(kind: str, cls: str) -> str:
    return f"\n@hookimpl\ndef register_{kind}s(register):\n    register({cls})\n"


def detector(body: str, *, name: str = "one", takes: str = "arrow", init: str = "") -> str:
    return (
        f'{HEAD}\nclass One:\n    """One."""\n    name, kinds, takes = "{name}", ("numeric",), "{takes}"\n{init}'
        f"    def measure(self, reference, window):\n        {body}\n{hook('detector', 'One')}"
    )


def opened(root: Path) -> PluginCatalog:
    catalog = PluginCatalog.open(root, [root / "plugins"])
    assert [f"{r.place}: {f.message}" for r, f in catalog.faults] == []
    return catalog


@pytest.fixture(scope="module")
def shared() -> Iterator[Runner]:
    """One process for the tests that do not count processes."""
    with Runner(codec=Codec(wire.encode, "lifecycle_tui.profiles.wire:decode")) as runner:
        yield runner


def test_instance_is_made_once_with_its_options(workspace: Workspace) -> None:
    init = "    made = 0\n    def __init__(self, *, by: float = 1.0, names: list[str] | None = None):\n"
    init += "        One.made += 1\n        self.by, self.names, self.calls = by, names, 0\n"
    body = "self.calls += 1; return Measurement(self.by, n=self.calls, message=repr(self.names), effect=One.made / 4)"
    catalog = opened(workspace(text={"one.py": detector(body, init=init)}))
    info = catalog.find("detector", "one")
    with Runner() as runner:
        first = catalog.make(info, {"by": 2, "names": ["a"]}, runner=runner)
        second = catalog.make(info, runner=runner)
        array = pa.array([1.0])
        assert first.measure(array, array) == Measurement(2.0, n=1, message="('a',)", effect=0.25)
        assert second.measure(array, array) == Measurement(1.0, n=1, message="None", effect=0.5)
        assert first.measure(array, array) == Measurement(2.0, n=2, message="('a',)", effect=0.5)
        assert runner.starts == 1
    assert (first.name, first.kinds, first.takes) == ("one", ("numeric",), "arrow")


def test_pandas_detectors_get_series(workspace: Workspace, shared: Runner) -> None:
    body = "return Measurement(float(window.isna().sum()), message=f'{type(window).__module__} {window.dtype}')"
    catalog = opened(workspace(text={"one.py": detector(body, takes="pandas")}))
    runner = shared
    proxy = catalog.make(catalog.find("detector", "one"), runner=runner)
    got = proxy.measure(pa.array([1.0]), pa.chunked_array([[1, None], [3]]))
    module, dtype = got.message.split()
    assert (got.value, module.split(".")[0], dtype) == (1.0, "pandas", "float64")
    labels = pa.array(["a", None]).dictionary_encode()
    assert proxy.measure(labels, labels).message.endswith("category")


def test_profiles_cross_by_the_codec(workspace: Workspace, shared: Runner) -> None:
    body = "return Measurement(window.quantile(0.5) - reference.quantile(0.5), n=window.n)"
    catalog = opened(workspace(text={"one.py": detector(body, takes="profile")}))

    def profile(values: list[float], grid: Any = None) -> Any:
        profiler = Profiler("numeric", grid)
        profiler.update(pa.array(values))
        return profiler.result()

    reference = profile([1.0, 2.0, 3.0])
    window = profile([3.0, 4.0, 5.0, 6.0, 7.0], reference.grid)
    expected = window.quantile(0.5) - reference.quantile(0.5)
    runner = shared
    proxy = catalog.make(catalog.find("detector", "one"), runner=runner)
    assert proxy.measure(reference, window) == Measurement(expected, n=5)


METRIC = f'''{HEAD}
class Gain:
    """Gain."""
    name, tasks, needs, greater_is_better, range = "gain", ("binary",), "score", True, (0.0, 1.0)
    def measure(self, outcomes):
        outcomes.target[:] = 0
        return float(outcomes.score.sum())
{hook("metric", "Gain")}'''


def test_metrics_get_outcomes_of_their_own(workspace: Workspace, shared: Runner) -> None:
    catalog = opened(workspace(text={"gain.py": METRIC}))
    outcomes = Outcomes(np.array([1, 0], np.int8), score=np.array([0.25, 0.5]))
    runner = shared
    metric = catalog.make(catalog.find("metric", "gain"), runner=runner)
    assert metric.measure(outcomes) == Measurement(0.75)
    assert outcomes.target.tolist() == [1, 0]
    assert (metric.tasks, metric.needs, metric.greater_is_better, metric.range) == (
        ("binary",),
        "score",
        True,
        (0.0, 1.0),
    )
    with pytest.raises(PluginFault, match=r"outside the range 0\.0 to 1\.0"):
        metric.measure(Outcomes(np.array([1], np.int8), score=np.array([2.0])))


def test_metrics_get_groups_beside_their_rows(workspace: Workspace, shared: Runner) -> None:
    body = """
        town = outcomes.groups["town"]
        west = float(outcomes.score[town == "west"].sum())
        says = repr((list(outcomes.groups), town.tolist(), town.dtype.name, town.shape))
        town[:] = "spoilt"
        return Measurement(west, message=says)"""
    source = METRIC.replace("\n        outcomes.target[:] = 0\n        return float(outcomes.score.sum())", body)
    # A process that is shared knows a plugin by its name.
    catalog = opened(workspace(text={"town.py": source.replace('"gain"', '"town_gain"')}))
    groups = {"town": np.array(["east", "", "west"], object), "age": np.array(["34", "", "41.5"], object)}
    outcomes = Outcomes(np.array([1, 0, 0], np.int8), score=np.array([0.25, 0.5, 0.75]), groups=groups)
    metric = catalog.make(catalog.find("metric", "town_gain"), runner=shared)
    found = metric.measure(outcomes)
    assert found == Measurement(0.75, message=repr((["town", "age"], ["east", "", "west"], "object", (3,))))
    assert groups["town"].tolist() == ["east", "", "west"]


SOURCE = f'''{HEAD}
import pyarrow as pa
from lifecycle_tui.api import Batch, CellProblem, DataError, Fragment

class Rows:
    """Rows made up."""
    name, suffixes = "made-up", (".made",)
    def __init__(self, location, *, rows: int = 3, fail: str = ""):
        if location.endswith("missing.made"):
            raise DataError("nothing there")
        self.location, self.rows, self.fail = location, rows, fail
    def fragments(self):
        return [Fragment("b", self.location, 1, 2), Fragment("a", self.location, 1, 2, rows=self.rows)]
    def schema(self):
        return {{"n": pa.int64(), "t": pa.timestamp("us", "UTC")}}
    def read(self, fragment, columns=None, kinds=None, time=None):
        for start in range(0, self.rows, 2):
            if self.fail == "raise" and start:
                raise OSError("half way")
            if self.fail == "data" and start:
                raise DataError("the table is cut short")
            values = list(range(start, min(start + 2, self.rows)))
            columns_here = {{"n": pa.array(values)}}
            if start:
                columns_here["late"] = pa.array([str((columns, kinds, time))] * len(values)).dictionary_encode()
            data = pa.record_batch(columns_here)
            if self.fail == "type" and start:
                data = data.to_pandas()
            yield Batch(data, start, (CellProblem("n", "bad-cell", 1, "x"),) if start else ())
{hook("source", "Rows")}'''


@pytest.fixture
def source(workspace: Workspace) -> PluginCatalog:
    return opened(workspace(text={"rows.py": SOURCE}))


def test_sources_are_read_through_a_spool(source: PluginCatalog) -> None:
    info = source.find("source", "made-up")
    when = datetime(2025, 1, 1, tzinfo=UTC)
    with Runner() as runner:
        table = source.make(info, location="/data/x.made", runner=runner)
        assert table.suffixes == (".made",)
        fragments = table.fragments()
        assert [(f.id, f.rows, f.path) for f in fragments] == [("a", 3, "/data/x.made"), ("b", None, "/data/x.made")]
        assert table.schema() == {"n": pa.int64(), "t": pa.timestamp("us", "UTC")}
        batches = list(table.read(fragments[0], ["n"], {"n": "numeric"}, ("t", when, when)))
        assert [(b.first_row, b.data.column("n").to_pylist(), b.problems) for b in batches] == [
            (0, [0, 1], ()),
            (2, [2], (CellProblem("n", "bad-cell", 1, "x"),)),
        ]
        assert batches[1].data.column("late").to_pylist() == [str((["n"], {"n": "numeric"}, ("t", when, when)))]
        assert list(source.make(info, {"rows": 0}, location="/x.made", runner=runner).read(fragments[0])) == []
        kept = next(table.read(fragments[0]))
    assert isinstance(kept, Batch) and kept.data.column("n").to_pylist() == [0, 1], "the pages outlive the process"


@pytest.mark.parametrize(
    ("fail", "error", "words"),
    [
        ("raise", PluginFault, "half way"),
        ("type", PluginFault, "not Batch of DataFrame"),
        ("data", DataError, "cut short"),
    ],
)
def test_source_that_fails_half_way_gives_nothing(
    source: PluginCatalog, fail: str, error: type[Exception], words: str, shared: Runner
) -> None:
    runner = shared
    table = source.make(source.find("source", "made-up"), {"fail": fail}, location="/x.made", runner=runner)
    with pytest.raises(error, match=words):
        list(table.read(Fragment("a", "/x.made", 1, 2)))
    missing = source.make(source.find("source", "made-up"), location="/missing.made", runner=runner)
    with pytest.raises(DataError, match="nothing there"):
        missing.fragments()


NOTIFIER = f'''{HEAD}
from pathlib import Path
class Filer:
    """Writes files."""
    name = "filer"
    def __init__(self, *, path: str, crash: bool = False):
        self.path, self.crash = path, crash
    def send(self, message):
        with open(self.path, "a") as file:
            file.write(message.subject + str(len(message.alerts)))
        if self.crash:
            import os
            os._exit(1)
        return "ignored"
{hook("notifier", "Filer")}'''


def test_notifiers_are_never_called_twice(workspace: Workspace, tmp_path: Path) -> None:
    root = workspace(text={"filer.py": NOTIFIER, "one.py": detector("return 1.0")})
    catalog = opened(root)
    info, message = catalog.find("notifier", "filer"), Message("hi", "there", ({"rule": "r"},))
    with Runner() as runner:
        array = pa.array([1.0])
        catalog.make(catalog.find("detector", "one"), runner=runner).measure(array, array)
        catalog.make(info, {"path": str(tmp_path / "ok")}, runner=runner).send(message)
        with pytest.raises(PluginFault, match="exit code 1"):
            catalog.make(info, {"path": str(tmp_path / "bad"), "crash": True}, runner=runner).send(message)
    assert (tmp_path / "ok").read_text() == (tmp_path / "bad").read_text() == "hi1"


def test_options_never_reach_the_command_line_or_the_journal(workspace: Workspace, tmp_path: Path) -> None:
    catalog = opened(workspace(text={"filer.py": NOTIFIER}))
    journal = tmp_path / "calls.jsonl"
    seen: list[bytes] = []
    with Runner(journal=journal) as runner:
        filer = catalog.make(catalog.find("notifier", "filer"), {"path": str(tmp_path / "s3cret")}, runner=runner)
        filer.send(Message("hi", "", ()))
        for pid in descendants(os.getpid()):
            seen += [Path(f"/proc/{pid}/cmdline").read_bytes(), Path(f"/proc/{pid}/environ").read_bytes()]
    assert seen and b"s3cret" not in b"".join(seen) + journal.read_bytes()


def test_calls_are_told_and_noted_before_they_are_made(workspace: Workspace, tmp_path: Path) -> None:
    root = workspace(text={"one.py": detector("return 1.0"), "two.py": detector("import os; os._exit(3)", name="two")})
    catalog, journal = opened(root), tmp_path / "deep" / "calls.jsonl"
    told: list[tuple[Call, tuple[Call, ...]]] = []
    with Runner(journal=journal, on_call=lambda call: told.append((call, unfinished(journal)))) as runner:
        array = pa.array([1.0])
        runner.subject = "fraud 2025-03 income"
        catalog.make(catalog.find("detector", "one"), runner=runner).measure(array, array)
        with pytest.raises(PluginFault):
            catalog.make(catalog.find("detector", "two"), runner=runner).measure(array, array)
    assert [(c.number, c.plugin, c.method, c.subject) for c, _ in told] == [
        (1, "detector:one", "measure", "fraud 2025-03 income"),
        (2, "detector:two", "measure", "fraud 2025-03 income"),
    ]
    assert [[n.number for n in noted] for _, noted in told] == [[1], [2]]
    assert unfinished(journal) == () and unfinished(tmp_path / "none") == ()


def test_plugin_that_keeps_dying_is_not_called_again(workspace: Workspace) -> None:
    catalog = opened(workspace(text={"one.py": detector("import os; os._exit(3)")}))
    with Runner(limits=Limits(strikes=2)) as runner:
        proxy = catalog.make(catalog.find("detector", "one"), runner=runner)
        messages = []
        for _ in range(4):
            with pytest.raises(PluginFault) as caught:
                proxy.measure(pa.array([1.0]), pa.array([1.0]))
            messages.append(caught.value.message)
        assert runner.starts == 2
    assert ["not called again" in m for m in messages] == [False, False, True, True]


@pytest.mark.slow
def test_leaked_memory_is_not_charged_to_the_next(workspace: Workspace) -> None:
    leak = "One.hoard = bytearray(b'x') * (180 * 1024 * 1024); return 1.0"
    need = "return float(len(bytearray(b'x') * (180 * 1024 * 1024)))"
    catalog = opened(workspace(text={"one.py": detector(leak), "two.py": detector(need, name="two")}))
    array = pa.array([1.0])
    with Runner(limits=Limits(memory=300 * 1024**2)) as runner:
        catalog.make(catalog.find("detector", "one"), runner=runner).measure(array, array)
        two = catalog.make(catalog.find("detector", "two"), runner=runner)
        assert two.measure(array, array).value == 180 * 1024 * 1024
        assert runner.starts == 2


def test_plugin_changed_since_it_was_indexed_is_named(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("return 1.0")})
    catalog = opened(root)
    (root / "plugins" / "one.py").write_text(detector("return 1.0", name="other"))
    with Runner() as runner, pytest.raises(PluginFault, match="changed since it was indexed"):
        catalog.make(catalog.find("detector", "one"), runner=runner).measure(pa.array([1.0]), pa.array([1.0]))


def test_process_killed_between_calls_costs_nothing(workspace: Workspace) -> None:
    catalog = opened(workspace(text={"one.py": detector("return 1.0")}))
    array, before = pa.array([1.0]), set(descendants(os.getpid()))
    with Runner() as runner:
        proxy = catalog.make(catalog.find("detector", "one"), runner=runner)
        for _ in range(3):
            assert proxy.measure(array, array) == Measurement(1.0)
            pids = [pid for pid in descendants(os.getpid()) if pid not in before]
            ends = [os.pidfd_open(pid) for pid in pids]
            os.kill(pids[-1], signal.SIGKILL)
            for end in ends:
                assert select.select([end], [], [], 60)[0]
                os.close(end)
        assert proxy.measure(array, array) == Measurement(1.0)
        assert runner.uses()[0].faults == 0


def test_runner_serves_threads_one_at_a_time(workspace: Workspace) -> None:
    catalog = opened(workspace(text={"one.py": detector("return float(window[0].as_py())")}))
    got: dict[int, float | None] = {}
    with Runner() as runner:
        proxy = catalog.make(catalog.find("detector", "one"), runner=runner)

        def work(number: int) -> None:
            array = pa.array([float(number)])
            got[number] = proxy.measure(array, array).value

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert runner.starts == 1
    assert got == {n: float(n) for n in range(8)}


@pytest.mark.slow
def test_one_that_is_just_within_its_time_is_not_called_for_every_column(workspace: Workspace) -> None:
    catalog = opened(workspace(text={"one.py": detector("import time; time.sleep(5.1); return 1.0")}))
    told: list[PluginFault | None] = []
    with Runner(limits=Limits(seconds=10.0, slow=2), on_end=lambda info, fault: told.append(fault)) as runner:
        info = catalog.find("detector", "one")
        proxy, array = catalog.make(info, runner=runner), pa.array([1.0])
        for _ in range(2):
            assert proxy.measure(array, array).value == 1.0
        with pytest.raises(PluginFault, match="2 of its calls in this run have taken more than 5 s each") as caught:
            proxy.measure(array, array)
        assert (caught.value.kind, caught.value.line) == ("timeout", info.line)
        assert [fault and fault.kind for fault in told] == [None, None, "timeout"]


def test_interrupted_call_leaves_no_answer_for_the_next(workspace: Workspace) -> None:
    """Ctrl-C while a plugin works: its late answer must not become the next call's."""
    catalog = opened(workspace(text={"one.py": detector("return float(window[0].as_py())")}))
    with Runner() as runner:
        proxy = catalog.make(catalog.find("detector", "one"), runner=runner)
        assert proxy.measure(pa.array([1.0]), pa.array([1.0])).value == 1.0
        process = runner._rooms.last
        assert process is not None
        process._send = lambda pending: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            proxy.measure(pa.array([2.0]), pa.array([2.0]))
        assert not process.alive
        assert proxy.measure(pa.array([3.0]), pa.array([3.0])).value == 3.0


HOST = """
import sys
from pathlib import Path
import pyarrow as pa
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.runner import Runner
root = Path(sys.argv[1])
catalog = PluginCatalog.open(root, [root / "plugins"])
runner = Runner(journal=root / "calls.jsonl")
runner.subject = "the last call"
catalog.make(catalog.find("detector", "one"), runner=runner).measure(pa.array([1.0]), pa.array([1.0]))
"""


@pytest.mark.slow
def test_killed_program_leaves_no_process_and_its_call_is_known(workspace: Workspace, tmp_path: Path) -> None:
    """A native loop that never lets go of the interpreter, with a child of its own in another session."""
    body = (
        "import itertools, subprocess; subprocess.Popen(['sleep', '86433'], start_new_session=True); "
        "open(__file__ + '.started', 'w').close(); return sum(itertools.count())"
    )
    root = workspace(text={"one.py": detector(body)})
    os.mkfifo(root / "plugins" / "one.py.started")
    host = subprocess.Popen([sys.executable, "-c", HOST, str(root)])
    with open(root / "plugins" / "one.py.started"):
        pids = descendants(host.pid)
    ends = [os.pidfd_open(pid) for pid in pids]
    assert len(ends) >= 3, "guardian, plugin's process, sleep"
    host.kill()
    host.wait()
    for end in ends:
        assert select.select([end], [], [], 60)[0], "a process outlived the program"
        os.close(end)
    (call,) = unfinished(root / "calls.jsonl")
    assert (call.plugin, call.method, call.subject) == ("detector:one", "measure", "the last call")


@pytest.mark.slow
def test_hundred_random_kills_change_no_result(workspace: Workspace) -> None:
    """Guardian or plugin's process, coming up, at work or idle: the call is made again, or (killed twice) a fault."""
    text = {f"d{n}.py": detector(f"return float(window[0].as_py() + {n})", name=f"d{n}") for n in range(3)}
    catalog = opened(workspace(text=text))
    generator = random.Random(7)
    stop = threading.Event()
    before = set(descendants(os.getpid()))
    kills = again = faults = done = number = 0

    def kill() -> None:
        nonlocal kills, again
        in_a_row, seen = 0, 0
        while kills < 100 and not stop.wait(generator.uniform(0.0, 0.8)):
            in_a_row, seen = (in_a_row, seen) if done == seen else (0, done)
            pids = [pid for pid in descendants(os.getpid()) if pid not in before]
            # More without one call between would test a program that cannot work at all. A machine that starts
            # processes slowly has most of its kills there, and each that comes again may be a fault.
            if pids and in_a_row < (3 if again < 20 else 1):
                os.kill(generator.choice(pids), signal.SIGKILL)
                kills, again, in_a_row = kills + 1, again + (in_a_row > 0), in_a_row + 1

    killer = threading.Thread(target=kill)
    with Runner(limits=Limits(strikes=10**6)) as runner:
        proxies = [catalog.make(catalog.find("detector", f"d{n}"), runner=runner) for n in range(3)]
        killer.start()
        try:
            while killer.is_alive() or done <= 100:  # on a machine that is slow the kills are over first
                array = pa.array([float(number)])
                for index, proxy in enumerate(proxies):
                    try:
                        assert proxy.measure(array, array) == Measurement(float(number + index))
                        done += 1
                    except PluginFault as fault:
                        assert fault.kind == "died"
                        faults += 1
                number += 1
        finally:
            stop.set()
            killer.join()
        array = pa.array([0.0])
        assert [p.measure(array, array).value for p in proxies] == [0.0, 1.0, 2.0]
    assert kills == 100 and done > 100 and faults < 30
    assert set(descendants(os.getpid())) <= before
