"""From anywhere to a place within a model, without piling the same model up twice, and from a plan to its jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from textual.app import App

    from lifecycle_tui.tui.app import LifecycleApp
    from lifecycle_tui.tui.source import Source
    from lifecycle_tui.tui.subject import Where


def to_model(app: App[Any], name: str, where: Where | None = None) -> None:
    """Show a model, at a place within it: where its screen lies below, back to that; else it goes on top."""
    keeping = cast("LifecycleApp", app)
    screen = keeping.model_screen(name)
    _follow(app, name)
    if screen in app.screen_stack:
        while app.screen is not screen:
            app.pop_screen()
    else:
        app.push_screen(screen)
    if where is not None:
        screen.to(where)


def _follow(app: App[Any], name: str) -> None:
    """The fleet's cursor goes along: who comes back, wherever from, stands on the model that was looked at."""
    from lifecycle_tui.tui.screens.fleet import FleetScreen

    for screen in app.screen_stack:
        if isinstance(screen, FleetScreen):
            row = screen.grid.model
            if row is not None and row.name != name:
                screen.grid.go(name)


def to_jobs(app: App[Any], source: Source, ids: Sequence[int]) -> None:
    """Open a job, or of several the list, in place of the screen on top."""
    if len(ids) == 1:
        from lifecycle_tui.tui.screens.job import JobScreen

        app.switch_screen(JobScreen(source, ids[0]))
    else:
        app.switch_screen(cast("LifecycleApp", app).place("jobs"))
