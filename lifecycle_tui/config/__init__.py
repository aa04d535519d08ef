"""lifecycle.toml → frozen specs; problems with line and column (floor 2).

`load`, `check`, `examine`, `find`, `locate` and `known_keys` read a workspace's files; `reference_markdown` writes the
reference page. pydantic is imported when one of them is first used, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle_tui.config.loading import FILE as FILE
    from lifecycle_tui.config.loading import check as check
    from lifecycle_tui.config.loading import examine as examine
    from lifecycle_tui.config.loading import find as find
    from lifecycle_tui.config.loading import known_keys as known_keys
    from lifecycle_tui.config.loading import load as load
    from lifecycle_tui.config.loading import locate as locate
    from lifecycle_tui.config.reference import reference_markdown as reference_markdown

_HOMES = {
    "FILE": "loading",
    "check": "loading",
    "examine": "loading",
    "find": "loading",
    "known_keys": "loading",
    "load": "loading",
    "locate": "loading",
    "reference_markdown": "reference",
}

__all__ = ["FILE", "check", "examine", "find", "known_keys", "load", "locate", "reference_markdown"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"lifecycle_tui.config has no {name!r}")
    value = getattr(import_module(f"lifecycle_tui.config.{home}"), name)
    globals()[name] = value
    return value
