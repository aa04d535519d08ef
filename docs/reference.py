"""Makes the parts of these docs that come from the code: what stands between the marks in `hooks/`, `hooks/values.md`,
and `plugin-options.md`. Run by whoever has changed a hook, a protocol or a built-in's option; a test compares.

    python docs/reference.py
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from lifecycle_tui.domain import delivery, explaining, hookspecs, protocols, showing, signals, specs, views
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- from the code: python docs/reference.py -->", "<!-- to here -->"
PROTOCOLS: Mapping[str, type | None] = {
    "register_detectors": protocols.Detector,
    "register_metrics": protocols.Metric,
    "register_sources": protocols.Source,
    "register_notifiers": protocols.Notifier,
    "register_strategies": delivery.Strategy,
    "register_deployers": delivery.Deployer,
    "register_explainers": explaining.Explainer,
    "register_commands": showing.Command,
    "register_panels": showing.Panel,
    "on_alert": None,
    "on_version": None,
    "on_rollout": None,
}
"""Hook → what the classes that it registers follow."""
VALUES: tuple[type, ...] = (
    signals.Measurement,
    protocols.Outcomes,
    protocols.Fragment,
    protocols.Batch,
    protocols.CellProblem,
    protocols.Message,
    delivery.FitRequest,
    delivery.FitResult,
    delivery.Release,
    explaining.ExplainRequest,
    explaining.Explanation,
    views.View,
    views.ModelView,
    views.WindowView,
    signals.Signal,
    views.AlertView,
    views.VersionView,
    showing.Row,
    showing.Series,
    views.AlertEvent,
    views.VersionEvent,
    views.RolloutEvent,
)
"""What crosses between the program and a plugin, in the order of the page."""
VALUES_TOP = """\
# Values

What plugins are given and what they return: frozen dataclasses of `lifecycle_tui.api`. They cross to the plugins'
process and back as copies; `dataclasses.replace(value, field=…)` makes another one. Instants are of the loop's clock,
in UTC. This page is made from the code: `python docs/reference.py`.
"""
OPTIONS_TOP = """\
# Options of the built-in plugins

Made from the plugins themselves: `python docs/reference.py`. `lifecycle plugins show NAME` and
`lifecycle config explain KEY` say the same of yours. What a plugin does is on the page of its kind:
[signals](signals.md), [tables](data.md), [notifiers](policies.md#notifiers),
[strategies](training.md#strategies), [deployers](delivery.md#the-deployer-local), [explainers](explaining.md).
"""
WORDS: Mapping[str, Any] = {
    "ColumnKind": signals.ColumnKind,
    "Takes": protocols.Takes,
    "Task": specs.Task,
    "SignalState": signals.SignalState,
    "Tone": showing.Tone,
    "Scalar": showing.Scalar,
}
"""Types that have a name."""
SECTION = r"^(?:(?:Class a|A)ttributes|Args|.*It may also have):\n((?: {4}.*\n?)+)"
"""The part of a docstring that says what names mean."""
WIDTH = 120
NEEDED = "needed"
SLOTS = {
    "detector": ("Detectors", "`[models.NAME.monitor] detectors = { psi = { bins = 20 } }`"),
    "metric": ("Metrics", "`[models.NAME.monitor] metrics = { f1 = { … } }`"),
    "source": ("Sources", 'a table of `[models.NAME.data]`: `table = { path = "…", separator = ";" }`'),
    "notifier": ("Notifiers", '`[notifiers.NAME]` with `use = "…"`'),
    "strategy": ("Strategies", '`[models.NAME.training] strategy = { use = "warm-start", iterations = 50 }`'),
    "deployer": ("Deployers", '`[models.NAME.rollout] deployer = { use = "local", keep = 5 }`'),
    "explainer": ("Explainers", "`lifecycle explain MODEL --by occlusion --option samples=50`"),
    "command": ("Commands", "`lifecycle plugins run signals --like psi. --last 5`"),
    "panel": ("Panels", "none: their options have their defaults"),
}
"""Kind → its title, and where its options are given."""


# --- hooks ---------------------------------------------------------------------------------------------------------


def hook_part(hook: str) -> str:
    """What the page of a hook says of its signature, and of the classes that it registers."""
    function = getattr(hookspecs, hook)
    signature = _signature(hook, function)
    rows = [(f"`{name}`", f"`{p.annotation}`", _said(function, name)) for name, p in _parameters(function)]
    text = f"## Signature\n\n```python\n{signature}\n```\n\n{_table(('parameter', 'type', 'is'), rows)}"
    protocol = PROTOCOLS[hook]
    return text if protocol is None else f"{text}\n{_protocol(protocol)}"


def _signature(name: str, function: Any) -> str:
    """As it is written in the code; over the lines where one does not hold it."""
    parameters, returns = [], function.__annotations__["return"]
    for parameter in inspect.signature(function).parameters.values():
        text = parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {parameter.annotation}"
        if parameter.default is not parameter.empty:
            text += f" = {parameter.default!r}"
        parameters.append(text)
    line = f"def {name}({', '.join(parameters)}) -> {returns}: ..."
    if len(line) <= WIDTH:
        return line
    return f"def {name}(\n" + "".join(f"    {text},\n" for text in parameters) + f") -> {returns}: ..."


def _parameters(function: Any) -> list[tuple[str, inspect.Parameter]]:
    return [(n, p) for n, p in inspect.signature(function).parameters.items() if n != "self"]


def _protocol(protocol: type) -> str:
    attributes = protocol.__annotations__
    rows = [(f"`{name}`", _type(text), _said(protocol, name)) for name, text in attributes.items()]
    more = [(f"`{name}`", "", text) for name, text in _meanings(protocol).items() if name not in attributes]
    about = " ".join((protocol.__doc__ or "").split("\n\n")[0].split())
    parts = [f"## `{protocol.__name__}`\n\n{about}\n\n{_table(('class attribute', 'type', 'is'), rows + more)}"]
    for name, method in vars(protocol).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            parts.append(f"```python\n{_signature(name, method)}\n```\n\n{_prose(method.__doc__ or '')}\n")
    return "\n".join(parts)


def _prose(doc: str) -> str:
    """A docstring as Markdown: its sections become a sentence each."""
    blocks = inspect.cleandoc(doc).split("\n\n")
    found = []
    for block in blocks:
        head, _, rest = block.partition("\n")
        if head in ("Raises:", "Args:", "Returns:"):
            items = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", rest, re.M)
            found += [f"{head} `{name}`, {' '.join(text.split())}" for name, text in items]
        else:
            found.append(" ".join(block.split()))
    return "\n\n".join(found)


# --- values --------------------------------------------------------------------------------------------------------


def values_page() -> str:
    """`hooks/values.md`, all of it."""
    parts = [VALUES_TOP]
    for cls in VALUES:
        hints = [(f.name, str(f.type), _default(f)) for f in dataclasses.fields(cls)]
        rows = [(f"`{name}`", _type(text), default, _said(cls, name)) for name, text, default in hints]
        doc = inspect.cleandoc(cls.__doc__ or "").split("\n\nAttributes:")[0]
        parts.append(f"## `{cls.__name__}`\n\n{_prose(doc)}\n\n{_table(('field', 'type', 'default', 'is'), rows)}")
        parts += [_method(name, member) for name, member in vars(cls).items() if _public(name, member)]
    rows = [(f"`{name}`", _type(_words(word))) for name, word in WORDS.items()]
    parts.append(f"## Words\n\n{_table(('type', 'one of'), rows)}")
    return "\n".join(parts)


def _words(word: Any) -> str:
    parts = [repr(w) if isinstance(w, str) else w.__name__ for w in get_args(word)]
    return " | ".join(parts).replace("NoneType", "None")


def _public(name: str, member: Any) -> bool:
    return not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))


def _method(name: str, member: Any) -> str:
    if isinstance(member, property):
        return f"`.{name}`: {_prose(member.__doc__ or '')}\n"
    return f"```python\n{_signature(name, member)}\n```\n\n{_prose(member.__doc__ or '')}\n"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`" if field.default != "" else '`""`'
    return NEEDED if field.default_factory is dataclasses.MISSING else f"`{field.default_factory()!r}`"


# --- options -------------------------------------------------------------------------------------------------------


def options_page() -> str:
    """`plugin-options.md`, all of it."""
    parts = [OPTIONS_TOP]
    catalog = PluginCatalog.open(None, enabled=False)
    for kind, (title, slot) in SLOTS.items():
        infos = catalog.all(kind)
        if not infos:
            continue
        parts.append(f"## {title}\n\nGiven in {slot}.\n")
        without = [f"`{info.name}`" for info in infos if not info.options]
        parts += [_options(info) for info in infos if info.options]
        if without:
            parts.append(f"Without options: {', '.join(without)}.\n")
    return "\n".join(parts)


def _options(info: PluginInfo) -> str:
    rows = [(f"`{o.name}`", _cell(f"`{o.shown_type}`"), _given(o), _cell(o.about)) for o in info.options]
    return f"### `{info.name}`\n\n{info.doc}\n\n{_table(('option', 'type', 'default', 'is'), rows)}"


def _given(option: OptionInfo) -> str:
    if option.required:
        return NEEDED
    return "none" if option.default is None else f"`{str(option.default).lower()}`" if option.type == "bool" else (
        f"`{option.default!r}`"
    )  # fmt: skip


# --- parts of both -------------------------------------------------------------------------------------------------


def _said(of: Any, name: str) -> str:
    meaning = _meanings(of).get(name)
    if not meaning:
        raise LookupError(f"the docstring of {of.__qualname__} says nothing of {name}")
    return _cell(meaning)


def _meanings(of: Any) -> dict[str, str]:
    """Name → what the docstring says of it; `lower, upper: …` speaks of both."""
    found: dict[str, str] = {}
    doc = inspect.cleandoc(of.__doc__ or "")
    for section in re.findall(SECTION, doc, re.M):
        for names, text in re.findall(r"^ {4}([\w, ]+): (.*(?:\n {8}.*)*)", section, re.M):
            found |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return found


def _type(text: str) -> str:
    inner = re.fullmatch(r"ClassVar\[(.*)\]", text)
    return _cell(f"`{inner.group(1) if inner else text}`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that holds something of the code, with the text that it should have."""
    for hook in PROTOCOLS:
        page = HERE / "hooks" / f"{hook}.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        yield page, f"{before}{BEGIN}\n\n{hook_part(hook)}\n{END}{after}"
    yield HERE / "hooks" / "values.md", values_page()
    yield HERE / "plugin-options.md", options_page()


if __name__ == "__main__":
    for page, text in pages():
        page.write_text(text, encoding="utf-8", newline="\n")
