"""What the environment says of plugins: none at all, or some of them. Children inherit it.

`lifecycle --no-plugins` sets the first variable; `PluginCatalog.open` and the terminal ask.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

NONE = "LIFECYCLE_NO_PLUGINS"
"""Built-ins alone, unless it is empty or 0."""
ONLY = "LIFECYCLE_PLUGINS"
"""Names of files and entry points that are taken, with commas between; the others are left alone."""


def off(environ: Mapping[str, str] | None = None) -> bool:
    """Whether no plugin but the built-in ones is to be looked at."""
    return (os.environ if environ is None else environ).get(NONE, "").strip() not in ("", "0")


def only(environ: Mapping[str, str] | None = None) -> frozenset[str] | None:
    """The names that are taken; None for all."""
    said = (os.environ if environ is None else environ).get(ONLY, "").strip()
    return frozenset(name.strip() for name in said.split(",") if name.strip()) if said else None
