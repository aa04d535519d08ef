"""Every kind has a protocol that mypy holds implementations to, an index row and a call; misfits are placed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from lifecycle_tui import api, testing
from lifecycle_tui.domain import showing
from lifecycle_tui.domain.errors import DataError, PluginFault
from lifecycle_tui.domain.hookspecs import API_VERSION, EVENTS, KINDS
from lifecycle_tui.domain.views import AlertEvent, AlertView, ModelView, RolloutEvent, VersionEvent, VersionView, View
from lifecycle_tui.plugin_host import shown, wire
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.hooks import NAMES
from lifecycle_tui.plugin_host.results import BadResult
from lifecycle_tui.plugin_host.runner import Runner

Workspace = Callable[..., Path]
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ALERT = AlertView(7, "shop", "psi", "critical", "open", "w1", NOW, "psi broke", snoozed_until=NOW)
VERSION = VersionView("shop", 2, "v2", "trained", NOW, ("champion",), metrics={"auc": {"value": 0.9}})
MODEL = ModelView("shop", "binary", "ana", ("x",), "ok", None, 2, "auc", NOW, alerts=(ALERT,), versions=(VERSION,))


# One class of each kind, as a team would write it. That they follow the protocols is for mypy to say (see below).


class ADetector:
    name: ClassVar[str] = "a"
    kinds: ClassVar[tuple[api.ColumnKind, ...]] = ("numeric",)
    takes: ClassVar[Any] = "arrow"

    def measure(self, reference: Any, window: Any) -> float:
        return 0.0


class AMetric:
    name: ClassVar[str] = "a"
    tasks: ClassVar[tuple[str, ...]] = ("binary",)
    needs: ClassVar[Any] = "prediction"
    greater_is_better: ClassVar[bool | None] = True
    range: ClassVar[tuple[float | None, float | None]] = (0, 1)

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        return api.Measurement(1.0, n=len(outcomes))


class ASource:
    name: ClassVar[str] = "a"
    suffixes: ClassVar[tuple[str, ...]] = (".a",)

    def fragments(self) -> Sequence[api.Fragment]:
        return []

    def schema(self) -> Mapping[str, pa.DataType]:
        return {}

    def read(
        self, fragment: api.Fragment, columns: Sequence[str] | None = None,
        kinds: Mapping[str, api.ColumnKind] | None = None, time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[api.Batch]:  # fmt: skip
        return iter(())


class ANotifier:
    name: ClassVar[str] = "a"

    def send(self, message: api.Message) -> None:
        return None


class AStrategy:
    name: ClassVar[str] = "a"

    def fit(self, request: api.FitRequest) -> api.FitResult:
        return api.FitResult(b"x", 1)


class ADeployer:
    name: ClassVar[str] = "a"

    def deploy(self, release: api.Release) -> None:
        return None

    def serving(self, folder: str) -> int | None:
        return None


class AnExplainer:
    name: ClassVar[str] = "a"
    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def probe(self, request: api.ExplainRequest) -> pa.Table:
        return request.rows

    def explain(self, request: api.ExplainRequest, scores: pa.Array) -> api.Explanation:
        return api.Explanation(0.0, {name: [0.0] * request.rows.num_rows for name in request.rows.column_names})


class ACommand:
    name: ClassVar[str] = "a"

    def run(self, view: api.View) -> list[dict[str, api.Scalar]]:
        return [{"model": model.name} for model in view.models]


class APanel:
    name: ClassVar[str] = "a"

    def draw(self, view: api.ModelView) -> list[api.Row | api.Series]:
        return [api.Row(view.name), api.Series("x", [1.0])]


def followers() -> tuple[
    api.Detector, api.Metric, api.Source, api.Notifier, api.Strategy, api.Deployer, api.Explainer, api.Command,
    api.Panel,
]:  # fmt: skip
    """What each is checked against: `test_mypy_holds_them_to_the_protocols` runs mypy on this file."""
    return ADetector(), AMetric(), ASource(), ANotifier(), AStrategy(), ADeployer(), AnExplainer(), ACommand(), APanel()


@pytest.mark.slow
def test_mypy_holds_them_to_the_protocols(tmp_path: Path) -> None:
    api_ = pytest.importorskip("mypy.api")
    out, err, code = api_.run(["--cache-dir", str(tmp_path), "--follow-imports=silent", __file__])
    assert code == 0, out + err
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from lifecycle_tui import api\nclass C:\n    name = 'c'\n    def run(self, view: int) -> str:\n"
        "        return ''\nx: api.Command = C()\n"
    )
    assert api_.run(["--cache-dir", str(tmp_path), "--follow-imports=silent", str(wrong)])[2] == 1


def test_every_kind_and_event_has_a_hook_that_says_what_it_is_for() -> None:
    import inspect

    from lifecycle_tui.domain import hookspecs

    assert set(NAMES) == {*KINDS.values(), *EVENTS}
    for name in NAMES:
        spec = getattr(hookspecs, name)
        assert spec.lifecycle_tui_spec is not None
        doc, (parameter,) = inspect.getdoc(spec) or "", inspect.signature(spec).parameters
        assert f"    {parameter}: " in doc and len(doc) > 60, name
    assert len(followers()) == len(KINDS)


# --- what crosses to the plugins' process --------------------------------------------------------------------------


def test_views_and_events_cross_unchanged() -> None:
    view = View(NOW, "/w", (MODEL,))
    events = (
        AlertEvent(1, NOW, "shop", "opened", ALERT, "w1", None, "psi broke"),
        VersionEvent(2, NOW, "shop", "trained", VERSION),
        RolloutEvent(3, NOW, "shop", "promoted", 2, 1, "ana", "better"),
    )
    for value in (view, MODEL, *events, (api.Row("a", 1.5), api.Series("b", (1.0, None), ("x", "y")))):
        packer = wire.Packer()
        assert wire.unpack(packer.pack(value), packer.parts) == value
    with pytest.raises(wire.Unsendable):
        wire.unpack({"$": "Event", "v": {}}, [])
    assert view.model("shop") is MODEL and MODEL.history("psi") == ()
    with pytest.raises(KeyError):
        view.model("other")


FILE = """
import os, sys
from lifecycle_tui.api import DataError, Row, Series, hookimpl
LIFECYCLE_API = 1

class Told:
    \"\"\"Rows.\"\"\"
    name = "told"
    def __init__(self, *, how: str = ""): self.how = how
    def run(self, view):
        print("noise")
        return eval(self.how, {**globals(), "view": view})

class Drawn:
    \"\"\"A panel.\"\"\"
    name, tasks, windows = "drawn", ("binary",), 5
    def draw(self, view):
        return [Row(view.name, view.champion), Series("s", [1, None])]

@hookimpl
def register_commands(register): register(Told)

@hookimpl
def register_panels(register): register(Drawn)

@hookimpl(specname="on_alert")
def first(event): raise ValueError(event.alert.rule)

@hookimpl
def on_alert(event): print("second", event.id)

@hookimpl
def on_version(): print("without the argument")

class Why:
    \"\"\"Whatever it is told to.\"\"\"
    name, tasks = "why", ("regression",)
    def __init__(self, *, probe: str = "request.rows", explain: str = ""): self.how = probe, explain
    def probe(self, request):
        return eval(self.how[0])
    def explain(self, request, scores):
        return eval(self.how[1])

def widened(request):
    object.__setattr__(request, "rows", request.rows.append_column("z", request.rows.column(0)))
    return request.rows

from lifecycle_tui.api import Explanation
@hookimpl
def register_explainers(register): register(Why)
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


def test_commands_panels_and_events_are_indexed_and_called(workspace: Workspace, shared: Runner) -> None:
    root = workspace(text={"all.py": FILE})
    catalog = PluginCatalog.open(root, [root / "plugins"])
    assert catalog.faults == ()
    panel, event = catalog.find("panel", "drawn"), catalog.find("event", "all")
    assert (panel.tasks, panel.windows, catalog.find("command", "told").windows) == (("binary",), 5, showing.WINDOWS)
    assert (
        set(event.hooks) == {"on_alert", "on_version"} and event.line in (23, 26, 29) and event.file.endswith("all.py")
    )
    drawn = catalog.make(panel, runner=shared).draw(MODEL)
    assert drawn == (api.Row("shop", 2), api.Series("s", (1.0, None)))

    ears = catalog.make(event, runner=shared)
    with pytest.raises(PluginFault, match="ValueError: psi") as caught:
        ears.hear("on_alert", AlertEvent(1, NOW, "shop", "opened", ALERT))
    assert caught.value.line == 27
    assert "second 1" in next(u.printed for u in shared.uses() if u.plugin == "event:all"), "the other one was told too"
    ears.hear("on_version", VersionEvent(2, NOW, "shop", "trained", VERSION))

    view = View(NOW, "/w", (MODEL,))
    info = catalog.find("command", "told")
    good = "[{'a': m.name, 'n': 1, 'x': float('inf'), 'at': view.now} for m in view.models]"
    rows = catalog.make(info, {"how": good}, runner=shared).run(view)
    assert rows == [{"a": "shop", "n": 1, "x": None, "at": "2026-05-01T12:00:00+00:00"}]
    for how, says in {
        "None": "must return a list of rows", "'text'": "not str", "[1]": "row 1 must be a mapping",
        "[{'a': object()}]": "'a' of row 1", "[{1: 2}]": "a column of row 1", "[{}] * 10_001": "at most 10,000",
        "[{str(i): i for i in range(65)}]": "more than 64 columns", "1 / 0": "ZeroDivisionError",
        "sys.exit(3)": "called exit", "({'a': 1} for _ in iter(int, 1))": "at most 10,000",
    }.items():  # fmt: skip
        with pytest.raises(PluginFault, match=says) as caught:
            catalog.make(info, {"how": how}, runner=shared).run(view)
        assert caught.value.line in (10, 12) and caught.value.file == info.file, how
    with pytest.raises(DataError, match="not yet"):
        raiser = "(_ for _ in ()).throw(DataError('not yet'))"
        catalog.make(info, {"how": raiser}, runner=shared).run(view)


def test_explainers_are_called_and_held_to_what_they_were_asked(workspace: Workspace, shared: Runner) -> None:
    root = workspace(text={"all.py": FILE})
    info = PluginCatalog.open(root, [root / "plugins"]).find("explainer", "why")
    request = testing.explain_request({"a": [1.0, 2.0], "c": ["x", None]})
    scores = pa.array([0.5, 1.5])

    def ask(method: str, how: str) -> Any:
        options, more = {method: how}, [scores] if method == "explain" else []
        made = PluginCatalog([info]).make(info, options, runner=shared)
        return getattr(made, method)(request, *more)

    assert info.tasks == ("regression",)
    assert ask("probe", "request.background").equals(request.background)
    assert ask("probe", "request.rows.to_batches()[0]").equals(request.rows)
    good = ask("explain", "Explanation(scores[0].as_py(), {'a': scores}, request.label)")
    assert good == api.Explanation(0.5, {"a": (0.5, 1.5)})
    for method, how, kind, says in [
        ("probe", "None", "result", "probe: must return a pyarrow.Table"),
        ("probe", "request.rows.select(['a'])", "result", "they lack 'c'"),
        ("probe", "widened(request)", "result", "have 'z' too much"),  # the request that it has changed says otherwise
        ("probe", "1 / 0", "raised", "ZeroDivisionError"),
        ("explain", "sys.exit(3)", "exited", "called exit"),
        ("explain", "Explanation(0, {'a': [1]})", "result", "2 rows were asked about, and there are 1 numbers"),
        ("explain", "Explanation(0, {'a': [1, float('nan')]})", "result", "must be finite, not nan"),
        ("explain", "widened(request) and Explanation(0, {'z': [1, 2]})", "result", "has 'z', which request.rows"),
    ]:
        with pytest.raises(PluginFault, match=says) as caught:
            ask(method, how)
        assert (caught.value.kind, caught.value.file) == (kind, info.file), how
        assert caught.value.line in (35, 39, 40, 41, 42), "the method, its line, or the class"
    with pytest.raises(DataError, match="not these"):
        ask("probe", "(_ for _ in ()).throw(DataError('not these'))")


@pytest.mark.parametrize(
    ("drawing", "says"),
    [
        ([api.Row("a")] * 101, "more than 100 of Row"),
        ([api.Series("a", [])] * 9, "more than 8 of Series"),
        ([api.Series("a", [0.0] * 2001)], "at most 2,000"),
        ([api.Series("a", [1.0], ["x", "y"])], "as many as its values: 2 for 1"),
        ([api.Series("a", ["1"])], "must be numbers or None, not str"),  # type: ignore[list-item]
        ([api.Series("a", [1.0], threshold="x")], "threshold"),  # type: ignore[arg-type]
        ([api.Row("")], "the name of a row"),
        ([api.Row("a", tone="red")], "tone of row 'a'"),  # type: ignore[arg-type]
        ([api.Row("a", [1])], "the value of row 'a'"),  # type: ignore[arg-type]
        ([{"name": "a"}], "Row and Series values, not dict"),
        (None, r"return \[\] where there is nothing"),
        (api.Row("a"), "must return a list"),
    ],
)
def test_what_a_panel_may_not_return(drawing: Any, says: str) -> None:
    with pytest.raises(BadResult, match=says):
        shown.as_drawing(drawing)


def test_a_stored_panel_is_read_back_or_refused() -> None:
    drawing = shown.as_drawing([api.Row("a", True, "n", "ok"), api.Series("s", [1, None], unit="u", threshold=2)])
    assert shown.from_json(shown.to_json(drawing)) == drawing
    for data in (
        [{"is": "row"}],
        [{"is": "row", "name": "a", "other": 1}],
        [1],
        {"a": 1},
        7,
        [{"is": "row", "name": 3}],
    ):
        with pytest.raises(BadResult):
            shown.from_json(data)


# --- misfits -------------------------------------------------------------------------------------------------------

HOOK = "from lifecycle_tui.api import hookimpl\n\n@hookimpl\ndef {name}({arguments}):\n    pass\n"
CLASS = (
    "from lifecycle_tui.api import hookimpl\n\nclass A:\n    '''A.'''\n    name = 'a'\n{body}\n\n"
    "@hookimpl\ndef register_{kind}s(register):\n    register(A)\n"
)
MISFITS: dict[str, tuple[str, str, int, str, str]] = {
    "newer": ("X = 1\nLIFECYCLE_API = 2\nfrom lifecycle_tui.api import NotThereYet\n", "api", 2,
              f"made for version 2 of the plugin API; this program has version {API_VERSION}", "a newer lifecycle-tui"),
    "older": ("LIFECYCLE_API: int = 0\n", "api", 1, "version 0", "a newer version of the plugin"),
    "odd": ("LIFECYCLE_API = '1'\n", "api", 1, "must be the number of a version", ""),
    "computed": ("LIFECYCLE_API = 1 + 1\n" + HOOK.format(name="on_alert", arguments="event"), "api", 1,
                 "version 2", ""),
    "misspelt": (HOOK.format(name="register_detector", arguments="register"), "unknown-hook", 3,
                 "no hook is called 'register_detector'", 'did you mean "register_detectors"?'),
    "event": (HOOK.format(name="on_alerts", arguments="event"), "unknown-hook", 3, "on_alerts", '"on_alert"'),
    "unmarked": ("\ndef on_rollout(event):\n    pass\n", "unknown-hook", 2, "not marked", "@hookimpl"),
    "argument": (HOOK.format(name="on_version", arguments="evnt"), "unknown-hook", 3, "asks for 'evnt'", '"event"'),
    "more": (HOOK.format(name="register_panels", arguments="register, config"), "unknown-hook", 3, "'config'",
             "write def register_panels(register):"),
    "wrapper": ("from lifecycle_tui.api import hookimpl\n@hookimpl(wrapper=True)\ndef on_alert(event):\n    yield\n",
                "unknown-hook", 2, "wrapper", ""),
    "no-run": (CLASS.format(kind="command", body="    def runn(self, view): ..."), "class", 3, "no method 'run'", ""),
    "windows": (CLASS.format(kind="panel", body="    windows = 0\n    def draw(self, view): ..."), "class", 3,
                "windows must be a whole number from 1 to 1,000", ""),
    "tasks": (CLASS.format(kind="panel", body="    tasks = ('binry',)\n    def draw(self, view): ..."), "class", 3,
              "tasks has 'binry'", ""),
    "no-explain": (CLASS.format(kind="explainer", body="    tasks = ('binary',)\n    def probe(self, request): ..."),
                   "class", 3, "no method 'explain'", ""),
    "no-tasks": (CLASS.format(kind="explainer", body="    probe = explain = print"), "class", 3,
                 "needs a class attribute `tasks`", ""),
    "taken": (CLASS.format(kind="command", body="    def __init__(self, *, format=''): ...\n    run = print"),
              "options", 6, "'format' is an option", ""),
}  # fmt: skip


def test_misfits_are_refused_with_file_line_and_hint(workspace: Workspace) -> None:
    root = workspace(text={f"{name}.py": text for name, (text, *_) in MISFITS.items()})
    catalog = PluginCatalog.open(root, [root / "plugins"])
    found = {Path(row.home).stem: (row, fault) for row, fault in catalog.faults}
    assert set(found) == set(MISFITS)
    for name, (_, kind, line, says, hint) in MISFITS.items():
        row, fault = found[name]
        assert (fault.kind, fault.line) == (kind, line), (name, fault)
        assert fault.file == str(root / "plugins" / f"{name}.py") and not row.usable
        assert says in fault.message and hint in (fault.hint or ""), (name, fault)
