"""Saves an edit by the action "configure", so that it is checked, written at once and recorded. Runs in the child."""

from __future__ import annotations

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.tui.doing import fault
from lifecycle_tui.tui.policy.asked import Save, Saved


def save(request: Save) -> Saved:
    """Write the files of the edit; or why not, and then nothing is written."""
    from lifecycle_tui.actions import configure

    try:
        done = configure.edit_files(request.root, request.before, request.after, note=request.note)
    except LifecycleError as exc:
        found = fault(exc)
        return Saved(refused=found.text, more=(*found.more, *((found.hint,) if found.hint else ())), moved=found.moved)
    return Saved(text=done)
