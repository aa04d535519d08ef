"""Whether this process may look and do nothing: `lifecycle --read-only`, or LIFECYCLE_READ_ONLY=1. Children inherit it.

Asked wherever something would be written: state, the actions, the terminal and its start of an agent. It keeps people
from slips, on a screen that hangs on a wall or in an account for guests; file permissions are what keeps others out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from lifecycle_tui.domain.errors import UsageError

VARIABLE = "LIFECYCLE_READ_ONLY"
"""Read-only, unless it is empty or 0."""
WHY = "read-only: what is asked for from here is not done"
HINT = f"start it without `--read-only` ({VARIABLE})"


def on(environ: Mapping[str, str] | None = None) -> bool:
    """Whether nothing may be done."""
    return (os.environ if environ is None else environ).get(VARIABLE, "").strip() not in ("", "0")


def refuse() -> None:
    """Raise UsageError where nothing may be done."""
    if on():
        raise UsageError(WHY, hint=HINT)
