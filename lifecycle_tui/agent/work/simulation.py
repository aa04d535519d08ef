"""What a job on a simulated clock may see: nothing that the data holds beyond that clock.

On the machine's clock the future is not in the files. On a simulated one it is, so windows that are not over yet are
passed over, and labels that no declaration dates arrive with their rows instead of with their file, whose time says
nothing here. Every job that opens a model's data goes through here first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import Window

FUTURE = "future-row"
"""Finding about rows after the clock: on a simulated one there are always some, and nobody may know."""


def as_simulated(job: JobContext, spec: ModelSpec) -> ModelSpec:
    """The model as the job reads it; on the machine's clock, as it is declared."""
    labels = spec.data.labels
    if not job.simulated or labels.arrived is not None or labels.delay is not None:
        return spec
    return replace(spec, data=replace(spec.data, labels=replace(labels, delay=timedelta(0))))


def passed(job: JobContext, spec: ModelSpec, survey: Survey) -> Survey:
    """The survey without what lies after the clock; on the machine's clock, as it is.

    Raises:
        DataError: the reference itself is not over yet.
    """
    if not job.simulated:
        return survey
    if not is_over(survey.reference, job.now):
        raise DataError(
            f"the reference of {spec.name} ends after the clock ({job.now:%Y-%m-%d %H:%M})",
            hint="let the simulated clock begin when the reference is over",
        )
    windows = tuple(state for state in survey.windows if is_over(state.window, job.now))
    return replace(
        survey,
        windows=windows,
        # In the window that the clock is in, the newest row is one of the future: how late the data is, nobody can say.
        newest=survey.newest if len(windows) == len(survey.windows) else None,
        findings=tuple(finding for finding in survey.findings if finding.code != FUTURE),
    )


def is_over(window: Window, now: datetime) -> bool:
    """Whether every row of the window lies before the clock; a window without times is over once it is complete."""
    return window.complete if window.end is None else window.end <= now
