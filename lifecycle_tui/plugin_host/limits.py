"""What this machine grants a plugin: the limits of `runner` and `index`, moved by two environment variables.

Read by whoever opens plugins for real work (the workspace, the jobs). They are the machine's affair and not the
workspace's: the same lifecycle.toml runs on a laptop and on a server, so they are no keys of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.plugin_host.index import IMPORT_LIMITS, IndexLimits

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.runner import Limits

SECONDS = "LIFECYCLE_PLUGIN_SECONDS"
"""Wall time of one call; of an import too where it is less than the import's own limit."""
MEMORY = "LIFECYCLE_PLUGIN_MEMORY"
"""MiB that a plugin's process may grow by, in calls and imports."""


def call_limits(environ: Mapping[str, str] = os.environ) -> Limits:
    """Limits of calls.

    Raises:
        UsageError: a variable holds no positive number.
    """
    from lifecycle_tui.plugin_host.runner import Limits

    plain = Limits()
    seconds, mebibytes = _number(environ, SECONDS), _number(environ, MEMORY)
    return replace(
        plain,
        seconds=plain.seconds if seconds is None else seconds,
        memory=plain.memory if mebibytes is None else int(mebibytes * 1024**2),
    )


def import_limits(environ: Mapping[str, str] = os.environ) -> IndexLimits:
    """Limits of the import that indexes a file.

    Raises:
        UsageError: as `call_limits`.
    """
    seconds, mebibytes = _number(environ, SECONDS), _number(environ, MEMORY)
    return IndexLimits(
        seconds=IMPORT_LIMITS.seconds if seconds is None else min(seconds, IMPORT_LIMITS.seconds),
        memory=IMPORT_LIMITS.memory if mebibytes is None else int(mebibytes * 1024**2),
    )


def _number(environ: Mapping[str, str], name: str) -> float | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) == 0:
        what = "seconds" if name == SECONDS else "MiB"
        raise UsageError(f"{name} must be a positive number of {what}, not {text!r}", hint="unset it for the default")
    return float(text)
