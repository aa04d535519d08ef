"""From anywhere to a place within a model, without piling the same model up twice, and from a plan to its jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

    from lifecycle_tui.tui.source import Source
    from lifecycle_tui.tui.subject import Where


def to_model(app: App[None], source: Source, name: str, where: Where) -> None:
    """Show a place within a model: where its screen lies below, back to that; else a new one on top."""
    from lifecycle_tui.tui.screens.model import ModelScreen

    below = [s for s in app.screen_stack if isinstance(s, ModelScreen) and s.model_name == name]
    if not below:
        app.push_screen(ModelScreen(source, name, where))
        return
    while app.screen is not below[-1]:
        app.pop_screen()
    below[-1].open_pane(where.pane or below[-1].pane.NAME, where)


def to_jobs(app: App[Any], source: Source, ids: Sequence[int]) -> None:
    """Open a job, or of several the list, in place of the screen on top."""
    if len(ids) == 1:
        from lifecycle_tui.tui.screens.job import JobScreen

        app.switch_screen(JobScreen(source, ids[0]))
    else:
        from lifecycle_tui.tui.places import PLACES

        app.switch_screen(PLACES["jobs"].make(source))
