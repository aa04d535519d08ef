"""The first-run hints: one line the first time that a person opens a screen, gone with the first key, never again.

Called by `screens.base`. Which ones were seen is kept by `memory`, for all workspaces together; `LIFECYCLE_HINTS=0`
shows none.
"""

from __future__ import annotations

import os

HINTS: dict[str, str] = {
    "fleet": "Enter opens a model · ? all keys · : goes anywhere",
    "model.overview": "1 to 9 or Tab: its panes · x what can be done · Esc back",
    "model.drift": "Enter all of it · o other list · v another view",
    "model.performance": "Enter all of it · o other list · v by segments",
    "model.versions": "v compares with this one · p promotes · b rolls back",
    "model.alerts": "Enter goes to the cause · a acknowledges · z snoozes",
    "model.policy": "Enter edits its rules, and shows what would change",
    "model.history": "Enter all of it · f which kinds · / filters",
    "model.logs": "s sorts the patterns · Enter all of one · / filters",
    "alerts": "Enter goes to the cause · Space marks · a z @ act",
    "jobs": "Enter its log, live · c cancels · jobs outlive this",
    "job": "/ searches the log · End follows it · Esc: it goes on",
    "history": "Enter all of it · f which kinds · / filters",
    "audit": "who did what · Enter all of it · / filters, e.g. by:ana",
    "plugins": "Enter all of a plugin, and what is wrong with it",
    "workspace": "what needs somebody comes first · r measures anew",
    "policy": "Enter edits · w shows the change, then saves · u undoes",
}
"""Name of a screen, or of a pane of the model screen, → what to do there, in at most 58 cells."""


def wanted() -> bool:
    """Whether to show any."""
    return os.environ.get("LIFECYCLE_HINTS", "") != "0"
