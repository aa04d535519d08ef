"""The light list of actions says what the actions themselves declare."""

from __future__ import annotations

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.actions.registry import ACTIONS

KINDS = ("model", "version", "alert", "notification", "job", "key", "plugin", "entry")


def test_the_light_list_is_the_registry() -> None:
    assert list(NAMED) == list(ACTIONS)
    for name, action in ACTIONS.items():
        named = NAMED[name]
        subjects = [p for p in action.parameters if p.kind in KINDS]
        assert (named.title, named.key) == (action.title, action.key)
        assert named.needs == tuple(p.kind for p in subjects if p.required)
        assert named.takes == tuple(p.kind for p in subjects if not p.required)


def test_keys_are_unique() -> None:
    keys = [named.key for named in NAMED.values() if named.key is not None]
    assert len(keys) == len(set(keys))
