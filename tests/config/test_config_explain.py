"""What a key means, from the tables that validate it and the options that plugins declare."""

from __future__ import annotations

import pytest

from lifecycle_tui.config.explain import Explained, every_key, explain, explained
from lifecycle_tui.config.extensions import KINDS
from lifecycle_tui.config.keypath import parse_key
from lifecycle_tui.config.readers import READERS
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.plugin_host.catalog import PluginCatalog

PLUGINS = PluginCatalog.open(None, enabled=False)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("models.churn.rules.psi.when", {"type": "expression", "default": "needed", "example": '"auc.upper < 0.92"'}),
        ("models.NAME.rules.NAME.for", {"type": "whole number", "unit": "windows", "default": "1", "example": "3"}),
        ("models.*.rules.*.for", {"key": "models.NAME.rules.NAME.for"}),
        ("rules.psi.severity", {"default": '"warning"', "choices": ('"info"', '"warning"', '"critical"')}),
        ("cooldown", {"key": "models.NAME.training.cooldown", "type": "duration", "default": "none"}),
        ("workspace.timezone", {"default": '"UTC"', "readers": READERS["workspace.timezone"]}),
        ("defaults.monitor.min_rows", {"unit": "rows", "default": "30", "key": "defaults.monitor.min_rows"}),
        ("models.x.rollout.steps[0].weight", {"unit": "percent", "default": "needed"}),
        ("steps.weight", {"key": "models.NAME.rollout.steps.weight"}),
        ("columns.score.cat", {"type": "column name", "key": "models.NAME.columns.score.cat"}),
        ("data.reference.until", {"type": "date or date with time", "default": "no end"}),
        ('models."a b".task', {"key": 'models."a b".task'}),
        ("models.x", {"type": "table", "key": "models.x"}),
        # plugins and their options
        ("detectors.psi.bins", {"key": "models.NAME.monitor.detectors.psi.bins", "default": "10"}),
        ("psi.bins", {"key": "models.NAME.monitor.detectors.psi.bins", "readers": ("the detector psi",)}),
        ("models.x.monitor.detectors.psi.columns.income.bins", {"type": "whole number", "default": "10"}),
        ("models.x.monitor.detectors.psi", {"type": "detector", "keys": ("bins", "floor", "missing", "columns")}),
        ("psi", {"type": "detector", "key": "models.NAME.monitor.detectors.psi"}),
        ("strategies.warm-start.iterations", {"key": "models.NAME.training.strategy.iterations", "default": "50"}),
        ("notifiers.oncall.url", {"type": "text", "default": "needed", "readers": ("the notifier webhook",)}),
        ("log.format", {"choices": ('"json"', '"text"'), "example": '"text"', "type": '"json" | "text"'}),
        ("notifiers.NAME.url", {"key": "notifiers.NAME.url"}),
    ],
)  # fmt: skip
def test_a_key(key: str, wanted: dict[str, object]) -> None:
    found = explain(key, PLUGINS)
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert found.meaning and found.readers


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("models.x.training.colldown", 'did you mean "models.x.training.cooldown"?'),
        ("colldown", 'did you mean "cooldown"?'),
        ("mnitor.floor", 'did you mean "monitor.floor"?'),
        ("workspace.timezon", 'did you mean "workspace.timezone"?'),
        ("detectors.psi.bnis", 'did you mean "detectors.psi.bins"?'),
        ("psi.bnis", 'did you mean "psi.bins"?'),
        ("models.x.monitor.detectors.pssi", 'did you mean "models.x.monitor.detectors.psi"?'),
        ("webhok", 'did you mean "webhook"?'),
        ("workspace.zzzzz", "keys of workspace: plugins, timezone, "),
        ("qqqqqq", "lists all keys"),
        ("models.x.rules.y.when.z", ""),
    ],
)
def test_a_key_that_there_is_not(key: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(key, PLUGINS)
    assert hint in (caught.value.hint or "") and "there is no key" in caught.value.message


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", "[0]", "a b.", 'a."b', "a[x]"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(UsageError, match="is no key"):
        parse_key(text)


@pytest.mark.parametrize("text", ["a.b-c_d", 'a."b.c".d', "a[0].b", 'a."say \\"x\\""', "a.b[1][2]"])
def test_a_key_is_written_as_it_was_read(text: str) -> None:
    assert dotted(parse_key(text)) == text


def test_a_key_at_several_places_lists_them() -> None:
    found = [one.key for one in explained("timezone", PLUGINS)]
    assert found == ["workspace.timezone", "models.NAME.data.timezone"]
    assert len(explained("path", PLUGINS)) > 5  # tables, and options of plugins
    with pytest.raises(UsageError, match="several places") as caught:
        explain("timezone", PLUGINS)
    assert "workspace.timezone" in (caught.value.hint or "")


def test_which_plugin_an_option_belongs_to_can_be_said() -> None:
    every = explained("notifiers.x.timeout", PLUGINS)
    assert {one.readers for one in every} == {("the notifier webhook",), ("the notifier command",)}
    assert explain("notifiers.x.timeout", PLUGINS, use="command").readers == ("the notifier command",)


def test_every_key_of_the_program_can_be_explained() -> None:
    keys = every_key()
    assert len(keys) > 80 and "models.NAME.rules.NAME.when" in keys
    for key in keys:
        found = explain(key, PLUGINS)
        assert found.meaning and found.readers and found.type, key
        assert found.type == "table" or found.default, key


def test_every_option_of_the_built_in_plugins_can_be_explained() -> None:
    for plugin in (row for row in PLUGINS.rows if row.kind in KINDS):
        for option in plugin.options:
            (found,) = explained(f"{plugin.name}.{option.name}", PLUGINS)
            assert found.meaning == option.about and found.place == plugin.place
            assert found.readers == (f"the {plugin.kind} {plugin.name}",)


def test_readers_are_said_of_keys_that_there_are() -> None:
    keys = {*every_key(), "", "defaults", "models"}
    assert set(READERS) - keys == set()


def test_a_plugin_option_without_a_docstring_says_so() -> None:
    from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo

    quiet = PluginInfo("detector", "quiet", "drop-in", "q.py", 3, options=(OptionInfo("n", "int", 1),))
    found = explain("quiet.n", PluginCatalog([quiet]))
    assert "says nothing" in found.meaning and found.place == "q.py:3"
    assert isinstance(found, Explained)
