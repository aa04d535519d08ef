"""Which version of the plugin API a file says it is made for: `LIFECYCLE_API = 1` at module level.

Read from the text before the import: a file made for another version may ask `api` for names that are not there, and
the reason would be lost behind an ImportError.
"""

from __future__ import annotations

import ast
from typing import Any

from lifecycle_tui.domain.hookspecs import API_VERSION
from lifecycle_tui.plugin_host.info import FaultInfo

NAME = "LIFECYCLE_API"


def refusal(path: str) -> FaultInfo | None:
    """Why the file cannot be used with this program; None where it does not say, or says what fits."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        if NAME.encode() not in text:
            return None
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # the import says what is wrong
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if any(isinstance(t, ast.Name) and t.id == NAME for t in targets):
            value = getattr(statement, "value", None)
            said = value.value if isinstance(value, ast.Constant) else None
            return None if said is None else unfit(said, path, statement.lineno)
    return None


def unfit(said: Any, path: str, line: int | None) -> FaultInfo | None:
    """The fault of something that is made for the version `said`; None where that is ours."""
    if type(said) is not int:
        message = f"{NAME} must be the number of a version of the plugin API, e.g. {API_VERSION}, not {said!r:.60}"
        return FaultInfo("api", message, path, line)
    if said == API_VERSION:
        return None
    message = f"is made for version {said} of the plugin API; this program has version {API_VERSION}"
    update = "a newer lifecycle-tui" if said > API_VERSION else "a newer version of the plugin"
    return FaultInfo("api", message, path, line, hint=f"it needs {update}, or to be changed as docs/plugins.md says")
