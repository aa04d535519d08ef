"""`[defaults]` behind each model: a model's own key wins whole; rules meet by name and are filled key by key.

Lists and small tables are never mixed: a model that says `reference = { rows = 500 }` has just that. Of keys that
exclude each other, a default never joins one that the model has itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from lifecycle_tui.config.schema_model import ModelTable
from lifecycle_tui.config.values import Table

T = TypeVar("T", bound=Table)

_SECTIONS = ("data", "columns", "monitor", "training", "rollout")
_EXCLUDING: dict[str, tuple[str, ...]] = {
    "table": ("features", "predictions"),
    "features": ("table",),
    "predictions": ("table",),
    "estimator": ("command",),
    "command": ("estimator",),
}


def with_defaults(model: ModelTable, defaults: ModelTable) -> ModelTable:
    """The model as it counts: its own keys, and those of the defaults that it does not set."""
    if not defaults.model_fields_set:
        return model
    update: dict[str, object] = {}
    for name in defaults.model_fields_set:
        mine, theirs = getattr(model, name), getattr(defaults, name)
        if name == "rules":
            update[name] = {**theirs, **{key: _filled(rule, theirs.get(key)) for key, rule in mine.items()}}
        elif name not in model.model_fields_set or mine is None:
            update[name] = theirs
        elif name in _SECTIONS:
            update[name] = _filled(mine, theirs)
    return model.model_copy(update=update)


def values_with_defaults(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """The same with tables as the file has them: a model's, and those of `[defaults]`."""
    merged = dict(mine)
    for name, value in theirs.items():
        own = mine.get(name)
        if name == "rules" and isinstance(value, dict) and isinstance(own, dict | None):
            rules = {key: _filled_values(rule, value.get(key)) for key, rule in (own or {}).items()}
            merged[name] = {**value, **rules}
        elif own is None:
            merged[name] = value
        elif name in _SECTIONS:
            merged[name] = _filled_values(own, value)
    return merged


def _filled_values(mine: Any, theirs: Any) -> Any:
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return mine
    barred = {other for name in mine for other in _EXCLUDING.get(name, ())}
    return {**{name: value for name, value in theirs.items() if name not in barred}, **mine}


def _filled(mine: T, theirs: T | None) -> T:
    if theirs is None:
        return mine
    barred = {other for name in mine.model_fields_set for other in _EXCLUDING.get(name, ())}
    names = theirs.model_fields_set - mine.model_fields_set - barred
    return mine.model_copy(update={name: getattr(theirs, name) for name in names})
