"""docs/hooks/ is true: a page for each hook with its exact signature, and an example that runs as it stands."""

from __future__ import annotations

import builtins
import dataclasses
import dis
import importlib.util
import inspect
import json
import re
import sqlite3
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tomli_w

from lifecycle_tui import api, testing, workspace
from lifecycle_tui.agent.work import deploy, notify
from lifecycle_tui.domain import explaining, hookspecs, showing
from lifecycle_tui.domain.errors import DataError, PluginFault, TrainingError
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import TrainingSpec
from lifecycle_tui.domain.views import AlertView
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.introspect import METHODS
from lifecycle_tui.plugin_host.runner import Limits, Runner
from lifecycle_tui.policy import grouping

DOCS = Path(__file__).parents[1] / "docs"
HOOKS = DOCS / "hooks"
ALL = [*hookspecs.KINDS.values(), *hookspecs.EVENTS]
OF = {hook: kind for kind, hook in hookspecs.KINDS.items()}
NOW = datetime(2026, 5, 1, tzinfo=UTC)
NOTICE = grouping.Notice(Alert("toy", "moved", "warning", "open", "w1", NOW, "psi.x 0.3 > 0.2"), "opened", NOW)
SECTIONS = ["Signature", "When it is called", "Options", "What comes of it", "Limits and errors", "Example"]


def page(hook: str) -> str:
    return (HOOKS / f"{hook}.md").read_text("utf-8")


def script(name: str) -> ModuleType:
    """A module of docs/."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"docs_{name}"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """docs/reference.py, which makes what comes from the code."""
    return script("reference")


# --- what is there -------------------------------------------------------------------------------------------------


def test_there_is_a_page_for_every_hook_and_none_for_others() -> None:
    assert {p.stem for p in HOOKS.glob("*.md")} == {*ALL, "index", "values"}
    declared = {n for n, f in vars(hookspecs).items() if inspect.isfunction(f) and n.startswith(("register_", "on_"))}
    assert declared == set(ALL)
    index = (HOOKS / "index.md").read_text("utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\1\.md\)", index, re.M) == ALL


def test_what_comes_from_the_code_is_as_the_code_is(reference: ModuleType) -> None:
    """If this fails: python docs/reference.py"""
    for path, text in reference.pages():
        assert path.read_text("utf-8") == text, path.name


@pytest.mark.parametrize("hook", ALL)
def test_a_page_has_signature_protocol_and_every_section(hook: str, reference: ModuleType) -> None:
    """Looked for in the page itself, so that what makes it cannot leave anything out."""
    text = page(hook)
    heads = re.findall(r"^## (.*)$", text, re.M)
    assert [head for head in heads if head in SECTIONS] == SECTIONS
    function = getattr(hookspecs, hook)
    (line,) = re.findall(rf"^def {hook}\((\w+): (\w+)\) -> None: \.\.\.$", text, re.M)
    assert [line] == [(name, p.annotation) for name, p in inspect.signature(function).parameters.items()]
    assert f"| `{line[0]}` | `{line[1]}` |" in text
    protocol = reference.PROTOCOLS[hook]
    if hook not in OF or OF[hook] not in METHODS:
        assert protocol is None
        return
    assert f"`{protocol.__name__}`" in heads
    for name in protocol.__annotations__:
        assert re.search(rf"^\| `{name}` \| `.+` \| \S.* \|$", text, re.M), f"{hook} says nothing of {name}"
    for name in METHODS[OF[hook]]:
        method = getattr(protocol, name)
        (parameters,) = re.findall(
            rf"^def {name}\(([^`]*?)\) -> {re.escape(method.__annotations__['return'])}: ", text, re.M
        )
        found = re.findall(r"(\w+)(?:: ([^=]+?))?(?: = None)?(?:,\s|,?\s*\Z)", re.sub(r"\[[^]]*\]", _flat, parameters))
        wanted = [
            (n, "" if p.annotation is p.empty else p.annotation)
            for n, p in inspect.signature(method).parameters.items()
        ]
        assert [(n, a) for n, a in found] == [(n, re.sub(r"\[[^]]*\]", _flat, a)) for n, a in wanted]


def _flat(match: re.Match[str]) -> str:
    return match.group().replace(",", ";")


def test_every_value_and_each_of_its_fields_is_described(reference: ModuleType) -> None:
    text = (HOOKS / "values.md").read_text("utf-8")
    for value in reference.VALUES:
        section = text.split(f"\n## `{value.__name__}`\n")[1].split("\n## ")[0]
        for field in dataclasses.fields(value):
            assert re.search(rf"^\| `{field.name}` \| `.+` \| \S.* \| \S.* \|$", section, re.M), field.name
    shown = {name for name in api.__all__ if dataclasses.is_dataclass(getattr(api, name))}
    ours = {name for name in shown if getattr(api, name).__module__.startswith("lifecycle_tui.domain.")}
    assert ours == {value.__name__ for value in reference.VALUES}, "what api offers of the domain is on the page"


def test_limits_are_as_the_pages_say() -> None:
    seconds = {hook: [60] for hook in ALL if hook.startswith("register_")}
    seconds |= {hook: [int(hookspecs.EVENT_SECONDS)] for hook in hookspecs.EVENTS}
    seconds["register_panels"] = [int(showing.PANEL_SECONDS)]
    seconds["register_deployers"] = [int(deploy.SECONDS)]
    seconds["register_strategies"] = []
    for hook, said in seconds.items():
        section = page(hook).split("## Limits and errors")[1].split("##")[0]
        assert [int(n) for n in re.findall(r"(\d+) seconds", section)] == said, hook
    assert int(Limits().seconds) == 60 and TrainingSpec.time_limit == timedelta(hours=2)
    assert f"at most {showing.MOST_ROWS:,} rows and {showing.MOST_COLUMNS} columns" in page("register_commands")
    panel = (
        f"At most {showing.PANEL_ROWS} rows, {showing.PANEL_SERIES} series and {showing.PANEL_POINTS:,} points a series"
    )
    assert panel in page("register_panels")
    cells, usual = explaining.MOST_CELLS // 1_000_000, explaining.BACKGROUND
    assert f"ask for {cells} million cells" in page("register_explainers")
    assert f"at most {cells} million cells" in page("register_explainers"), "the protocol itself"
    assert f"up to {usual} rows of the reference" in page("register_explainers")
    windows = f"{showing.WINDOWS} without it, at most {showing.MOST_WINDOWS:,}."
    assert windows in page("register_panels") and windows in page("register_commands")
    minutes = [int(later.total_seconds() / 60) for later in notify.LATER]
    assert f"after {minutes[0]}, {minutes[1]}, {minutes[2]} and {minutes[3]} minutes" in page("register_notifiers")
    facts = grouping.message_of([NOTICE]).alerts[0]
    listed = page("register_notifiers").split("has `id`")[1].split(", all JSON values")[0]
    assert ["id", *re.findall(r"`(\w+)`", listed)] == list(facts)


def test_every_name_of_the_api_is_described() -> None:
    """If this fails: python docs/names.py"""
    names = script("names")
    text = names.PAGE.read_text("utf-8")
    assert text == names.page()
    for name in api.__all__:
        assert re.search(rf"^(### |- )`{name}`", text, re.M), f"{name} is not on the page"
    assert not re.search(r"^\| `[^`]+` \|\s*\|$", text, re.M), "every member has a docstring"


def test_every_option_of_every_built_in_is_described() -> None:
    text = (DOCS / "plugin-options.md").read_text("utf-8")
    for info in PluginCatalog.open(None, enabled=False).rows:
        section = text.split(f"\n### `{info.name}`\n")[-1].split("\n##")[0]
        for option in info.options:
            assert option.about, f"{info.place}: the docstring says nothing of {option.name}"
            assert f"| `{option.name}` |" in section
        assert info.options or re.search(rf"^Without options:.*`{info.name}`", text, re.M)


# --- the examples --------------------------------------------------------------------------------------------------


def example(hook: str) -> str:
    (text,) = [block for block in re.findall(r"```python\n(.*?)```", page(hook), re.S) if "@hookimpl" in block]
    return text


def unknown(text: str) -> set[str]:
    """Names that a program uses and has nowhere."""

    def used(code: CodeType) -> set[str]:
        loads = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
        return loads.union(*(used(c) for c in code.co_consts if isinstance(c, CodeType)))

    have: dict[str, Any] = {"__name__": "example"}
    code = compile(text, "example", "exec")
    exec(code, have)
    inner = set().union(*(vars(one) for one in have.values() if inspect.isclass(one)))
    return used(code) - set(have) - set(vars(builtins)) - inner


@pytest.mark.parametrize("hook", ALL)
def test_an_example_is_complete_and_registers_its_kind_alone(hook: str) -> None:
    text = example(hook)
    assert unknown(text) == set()
    assert re.findall(r"^@hookimpl\ndef (\w+)\(", text, re.M) == [hook]
    assert len(text.splitlines()) <= 60


class Examples:
    """The examples of all pages as one plugin file of one workspace, made through one runner."""

    def __init__(self, root: Path, runner: Runner) -> None:
        self.root, self.runner = root, runner
        (root / "plugins").mkdir()
        (root / "plugins" / "examples.py").write_text("\n\n".join(map(example, ALL)), "utf-8")
        self.catalog = PluginCatalog.open(root, [root / "plugins"])

    def make(self, name: str, options: dict[str, Any] | None = None, **more: Any) -> Any:
        (info,) = [row for row in self.catalog.rows if row.name == name and row.origin != "builtin"]
        return self.catalog.make(info, options, runner=self.runner, **more)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    root = tmp_path_factory.mktemp("hooks")
    with pytest.MonkeyPatch.context() as patch, Runner() as runner:
        patch.chdir(root)  # plugins run in the workspace's folder
        yield Examples(root, runner)
        assert runner.starts <= 2, "one process for all; a further one where the strategy fails in one that others used"


def test_the_index_takes_them(examples: Examples) -> None:
    found = [row for row in examples.catalog.rows if row.origin != "builtin"]
    assert [f"{row.place} {p.message}" for row in found for p in row.problems] == []
    assert {row.kind for row in found} == {*hookspecs.KINDS, "event"} and len(found) == len(hookspecs.KINDS) + 1
    assert all(row.doc for row in found if row.kind != "event")
    assert all(option.about for row in found for option in row.options), "an option is explained"


MODELS = {
    "credit": {"task": "binary", "columns": {"prediction": "p", "positive": 1, "categorical": ["age_group"]}},
    "bikes": {"task": "regression", "columns": {"prediction": "p", "numeric": ["price"]}},
    "prices": {"task": "regression", "columns": {"prediction": "p"}},
}


def test_options_are_given_as_the_pages_say(examples: Examples) -> None:
    """The TOML of each page is valid where its plugin is there: table, key, names and types of options."""
    seen = set()
    for hook in hookspecs.KINDS.values():
        for text in re.findall(r"```toml\n(.*?)```", page(hook), re.S):
            said = tomllib.loads(text)
            (name,) = said.get("models", {"prices": {}})
            model = {**MODELS[name], "data": {"table": "t.csv", "reference": {"rows": 10}, "window": "10 rows"}}
            model["columns"] = {**model["columns"], "target": "y"}
            for key, value in said.get("models", {}).get(name, {}).items():
                model[key] = {**model.get(key, {}), **value}
            whole = {"models": {name: model}, "notifiers": said.get("notifiers", {})}
            file = examples.root / "lifecycle.toml"
            file.write_text(tomli_w.dumps(whole), "utf-8")
            problems = [problem for problem in workspace.check(file) if problem.level == "error"]
            assert [f"{hook}: {p.place} {p.message}" for p in problems] == []
            seen.add(hook)
    assert seen >= {f"register_{kind}s" for kind in ("detector", "metric", "source", "notifier", "deployer")}


def test_detector(examples: Examples) -> None:
    detector = examples.make("round_numbers", {"unit": 100.0})
    found = detector.measure(pa.array([110.0, 200.0, None, 330.5, 17.0]), pa.array([100.0, 300.0]))
    assert (found.value, found.n, found.message) == (0.75, 2, "25% of the values then, 100% now")
    assert detector.measure(pa.array([1.0]), pa.array([], pa.float64())).value is None


def test_metric(examples: Examples) -> None:
    metric = examples.make("approval_ratio", {"column": "sex", "least": 10})
    said = np.array([1] * 30 + [0] * 20 + [1] * 40 + [0] * 10, np.int8)
    groups = {"sex": np.array(["f"] * 50 + ["m"] * 50, object)}
    found = metric.measure(api.Outcomes(said, said, groups=groups))
    assert found.value == pytest.approx(0.75) and 0 < found.lower < 0.75 < found.upper <= 1 and found.n == 50
    few = metric.measure(api.Outcomes(said[:55], said[:55], groups={"sex": groups["sex"][:55]}))
    assert few.value is None and "two groups" in few.message


def test_source(examples: Examples) -> None:
    file = examples.root / "scored.sqlite"
    with sqlite3.connect(file) as conn:
        conn.execute("CREATE TABLE scored (id TEXT, zip INTEGER, amount REAL)")
        conn.executemany("INSERT INTO scored VALUES (?, ?, ?)", [("a", 1, 2.5), ("b", 2, None), ("c", None, 1.0)])
    conn.close()
    source = examples.make("scored-db", {"table": "scored", "batch": 2}, location=str(file))
    (fragment,) = source.fragments()
    assert source.schema()["amount"] == pa.float64()
    one, two = source.read(fragment, ["zip", "amount"], {"zip": "categorical", "amount": "numeric"})
    assert one.data.to_pydict() == {"zip": ["1", "2"], "amount": [2.5, None]} and (one.first_row, two.first_row) == (
        0,
        2,
    )
    with pytest.raises(DataError, match=r"scored\.sqlite: no such table: gone"):
        list(examples.make("scored-db", {"table": "gone"}, location=str(file)).read(fragment))


def test_notifier(examples: Examples) -> None:
    path = examples.root / "box"
    examples.make("mbox", {"path": str(path), "to": "ana"}).send(testing.message("psi.income 0.31 > 0.2"))
    text = path.read_text("utf-8")
    assert "To: ana\nSubject: warning: toy: moved\n" in text and "psi.income 0.31 > 0.2" in text
    with pytest.raises(PluginFault, match="No such file"):
        examples.make("mbox", {"path": str(examples.root / "no" / "box")}).send(testing.message())


@pytest.mark.slow
def test_strategy(examples: Examples) -> None:
    x = [float(i) for i in range(200)]
    request = testing.fit_request("regression", {"x": x}, [2 * v for v in x])
    made = examples.make("trimmed", {"share": 0.05}).fit(request)
    assert made.rows == 180 and made.artifact and made.note == "without 20 rows outside 19.9 to 378.1"
    with pytest.raises(TrainingError, match="only numbers have extremes"):
        examples.make("trimmed").fit(testing.fit_request("binary", {"x": x}, ["a", "b"] * 100))


def test_deployer(examples: Examples) -> None:
    folder = examples.root / "serve"
    slots = examples.make("slots", {"path": str(folder)})
    assert slots.serving("") is None
    for version in (1, 2, 2, 3):
        slots.deploy(testing.release(examples.root, version))
        assert slots.serving("") == version
        assert (folder / "live" / "model.skops").read_bytes() == b"model %d" % version
    with pytest.raises(PluginFault, match="only named by the data"):
        slots.deploy(testing.release(examples.root, 4, artifact=None))
    assert slots.serving("") == 3


def test_command(examples: Examples) -> None:
    view = testing.view()
    old = [
        AlertView(n, "toy", "psi", "warning", state, "w", view.now - timedelta(days=n), "", assigned_to=who)
        for n, state, who in [(1, "open", None), (3, "open", None), (4, "acknowledged", None), (5, "open", "ana")]
    ]
    view = testing.view(alerts=tuple(old))
    assert examples.make("unattended", {"days": 2.0}).run(view) == [
        {"alert": 3, "model": "toy", "rule": "psi", "severity": "warning", "days": 3}
    ]
    with pytest.raises(DataError, match="cannot be negative"):
        examples.make("unattended", {"days": -1.0}).run(view)


def test_panel(examples: Examples) -> None:
    panel = examples.make("labels")
    assert panel.draw(testing.view().model("toy")) == ()
    days = [{"key": f"d{n}", "rows": 10, "labels": 10 - 2 * n, "mature": n < 1} for n in range(5)]
    first, second, line = panel.draw(testing.view(windows=days).model("toy"))
    assert first == api.Row("labelled in the newest window", 0.2, "d4")
    assert (second.value, second.tone) == (4, "warning")
    assert list(line.values) == pytest.approx([1, 0.8, 0.6, 0.4, 0.2]) and line.unit == "share"


def test_explainer(examples: Examples) -> None:
    request = testing.explain_request(
        {"n": [5.0, None], "c": ["x", "y"]}, background={"n": [1.0, None, 3.0], "c": ["y", "y", "x"]}
    )
    typical = examples.make("typical")
    probe = typical.probe(request).to_pydict()
    assert probe["n"][2:] == [2.0, 2.0, 5.0, pytest.approx(float("nan"), nan_ok=True)]
    assert probe["c"] == ["x", "y", "x", "y", "y", "y"]
    found = typical.explain(request, pa.array([10.0, 20.0, 7.0, 20.0, 10.5, 20.0]))
    assert found.contributions == {"n": (3.0, 0.0), "c": (-0.5, 0.0)} and found.base == pytest.approx(87.5 / 6)
    labels = examples.make("typical", {"numbers": False})
    assert list(labels.explain(request, pa.array([1.0] * 4)).contributions) == ["c"]
    with pytest.raises(DataError, match="n has no value"):
        typical.probe(testing.explain_request({"n": [1.0]}, background={"n": [None]}))


def test_events(examples: Examples) -> None:
    events = examples.make("examples")
    for kind in ("opened", "acknowledged", "resolved"):
        events.hear("on_alert", testing.alert_event(7, kind=kind))
    lines = [json.loads(line) for line in (examples.root / "alerts.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["opened", "resolved"] and lines[0]["rule"] == "moved"
    events.hear("on_version", testing.version_event(8, number=3))
    assert (examples.root / "cards" / "toy-3.md").read_text().startswith("# toy, version 3\n\ntrained 2025-")
    for version in (2, None):
        events.hear("on_rollout", testing.rollout_event(9, version=version))
        assert (examples.root / "toy.serving").read_text() == str(version or "none")
