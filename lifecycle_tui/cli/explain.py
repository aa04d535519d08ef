"""`lifecycle explain MODEL`: what each feature adds to the scores of some rows. The work is a job; here it is asked and
told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import LifecycleError, UsageError

if TYPE_CHECKING:
    from lifecycle_tui.agent.work.question import Question
    from lifecycle_tui.state.jobs import Job

SHOWN = 15
"""Features of a row that are shown; JSON and CSV have all that the job kept."""
COLUMNS = (
    "model", "version", "by", "id", "time", "window", "prediction", "label", "score", "base", "rest", "feature",
    "value", "contribution", "protected",
)  # fmt: skip
"""Of the CSV: one line for each row and feature."""


@click.command(name="explain")
@click.argument("model")
@click.option("--row", "rows", multiple=True, metavar="ID", help="A row, by its id; may be given several times.")
@click.option("--window", metavar="KEY", help="The window that the rows are in.  [default: the newest]")
@click.option("--rows", "count", type=click.IntRange(1, 100), default=5, show_default=True,
              help="How many of the newest rows, where no --row is given.")  # fmt: skip
@click.option("--version", "number", type=click.IntRange(1), help="A version's number.  [default: the champion]")
@click.option("--by", default="additive", show_default=True, help="An explainer: additive, occlusion, or a plugin's.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE",
              help="An option of the explainer, in TOML; may be given several times.")  # fmt: skip
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def command(
    model: str,
    rows: tuple[str, ...],
    window: str | None,
    count: int,
    number: int | None,
    by: str,
    options: tuple[str, ...],
    fmt: str,
) -> None:
    """Say why a version scores rows as it does.

    For each row: prediction, base, and what each feature adds to the score, largest first. The score is the predicted
    number, or the probability of the positive class, of the predicted one where there are more than two. Base and
    contributions of `additive` add up to the score; those of `occlusion` need not. docs/explaining.md says what they
    mean and do not mean. The values of the rows are kept with the job.

    Exit codes: 0 explained · 2 usage, or there is no such row · 3 something broke · 130 interrupted.

    \b
    Examples:
      lifecycle explain bikes
      lifecycle explain loans --row 4711 --by occlusion
      lifecycle explain loans --window 2025-06 --rows 100 --format csv > why.csv
    """
    from lifecycle_tui.agent.work.question import MOST_ROWS, Question
    from lifecycle_tui.cli.plugins.check import option_of

    if len(rows) > MOST_ROWS:
        raise UsageError(f"at most {MOST_ROWS} rows at once, not {len(rows)}")
    question = Question(rows, window, count, number, by, dict(option_of(text) for text in options))
    job = _asked(model, question)
    found = job.outcome
    if found.get("refused"):
        raise UsageError(str(found["refused"]), hint=found.get("hint"))
    if found["missing"]:
        missing = ", ".join(output.plain(id_) for id_ in found["missing"])
        where = "" if window is None else f" in window {window}"
        if not found["rows"]:
            raise UsageError(f"no row of {model}{where} has the id {missing}")
        output.note(f"no row{where} has the id {missing}")
    if fmt == "json":
        output.json_out({"job": job.id, **{k: v for k, v in found.items() if k not in ("text", "seconds")}})
    elif fmt == "csv":
        output.rows_out([line for row in found["rows"] for line in _lines(found, row)], COLUMNS, "csv")
    else:
        _tell(found)


def _asked(model: str, question: Question) -> Job:
    """The job at its end.

    Raises:
        UsageError: it cannot be asked. LifecycleError: it broke.
    """
    from lifecycle_tui.agent.work import question as asking
    from lifecycle_tui.agent.workers.context import Cancelled
    from lifecycle_tui.agent.workers.pool import Pool
    from lifecycle_tui.domain.folder import FILE, find_root
    from lifecycle_tui.state import audit, clock, folder, jobs, lease
    from lifecycle_tui.state.database import State
    from lifecycle_tui.workspace import open_workspace

    root = find_root()
    workspace = open_workspace(root / FILE)
    spec = _declared(workspace.spec.models, model)
    if not folder.database(root).exists():
        raise UsageError("nothing has been checked here yet", hint="`lifecycle check` comes first")
    with State.open(root) as state:
        with state.read() as conn:
            if (other := lease.elsewhere(conn)) is not None:
                raise UsageError(other, hint="give `--env` as the agent has it, or stop the agent first")
            asking.version_of(conn, spec, question.version)
            asking.explainer_of(workspace.plugins, spec, question)
            asking.refuse_ids(spec, question)
            now = clock.now(conn)
        with state.write() as tx:
            id_ = jobs.enqueue(
                tx, "explain", model, question.payload(), now, by=audit.person()[0], alone=False,
                time_limit=asking.SECONDS,
            )  # fmt: skip
        progress = output.Progress()
        try:
            job = Pool(state, workspace.spec.file).run([id_], lambda found: progress(_state(found[0])))[0]
        finally:
            progress.done()
    if job.state == "cancelled":
        raise Cancelled(f"job {job.id} was cancelled" + (f" by {job.cancelled_by}" if job.cancelled_by else ""))
    if job.state != "done":
        raise LifecycleError(job.error or f"job {job.id} failed", hint=f"`lifecycle jobs log {job.id}` says more")
    return job


def _declared(models: Any, model: str) -> Any:
    from difflib import get_close_matches

    for spec in models:
        if spec.name == model:
            return spec
    names = [spec.name for spec in models]
    near = get_close_matches(model, names, 1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names[:8]) or 'none'}"
    raise UsageError(f"there is no model {model!r}", hint=hint)


def _state(job: Job) -> str:
    from lifecycle_tui.state.job_words import progress_text

    told = progress_text(job) if job.state == "running" else ""
    return told or f"job {job.id} is {job.state}"


def _lines(found: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for the CSV."""
    shared = {"model": found["model"], "version": found["version"], "by": found["by"]}
    shared |= {name: row[name] for name in ("id", "time", "window", "prediction", "label", "score", "base", "rest")}
    return [shared | dict(feature) for feature in row["features"]]


# --- for people ------------------------------------------------------------------------------------------------------


def _tell(found: Mapping[str, Any]) -> None:
    label = "" if found["label"] == str(found["version"]) else f" ({found['label']})"
    head = f"{found['model']} version {found['version']}{label} · by {found['by']}"
    output.say(output.style(output.plain(head), "bold"))
    for row in found["rows"]:
        output.say()
        _tell_row(row)
    for note in dict.fromkeys(row["note"] for row in found["rows"] if row["note"]):
        output.note(output.plain(note))


def _tell_row(row: Mapping[str, Any]) -> None:
    from lifecycle_tui.cli.text import clipped, number

    name = f"row {row['id']}" if row["id"] is not None else "a row"
    at = None if row["time"] is None else row["time"][:16].replace("T", " ")
    said = number(row["prediction"], 5) if row["label"] is None else str(row["prediction"])
    facts = [name, row["window"] if at is None else at, f"prediction {said}"]
    if row["label"] is not None:
        facts.append(f"probability of {row['label']} {number(row['score'], 4)}")
    output.say(output.style(output.plain(" · ".join(facts)), "bold"))
    features, others = row["features"][:SHOWN], row["features"][SHOWN:]
    digits = _decimals([row["base"], row["score"], *(one["contribution"] for one in features)])
    cells = [("base", "", f"{row['base']:,.{digits}f}", "")]
    for one in features:
        value = one["value"]
        shown = "missing" if value is None else number(value, 5) if isinstance(value, float) else str(value)
        cells.append(
            (one["feature"], shown, f"{one['contribution']:+,.{digits}f}", "protected" if one["protected"] else "")
        )
    count = len(others) + row["others"]["features"]
    if count:
        total = sum(one["contribution"] for one in others) + row["others"]["contribution"]
        words = "one more feature" if count == 1 else f"{count:,} more features, together"
        cells.append((words, "", f"{total:+,.{digits}f}", ""))
    if abs(row["rest"]) > 1e-9 * max(abs(row["score"]), abs(row["base"]), 1e-9):
        cells.append(("rest: does not add up", "", f"{row['rest']:+,.{digits}f}", ""))
    shown_cells = [(clipped(a, 32), clipped(b, 24), c, d) for a, b, c, d in cells]
    wide = [max(len(line[i]) for line in shown_cells) for i in range(3)]
    for a, b, c, d in shown_cells:
        mark = f"  {output.style(d, 'yellow')}" if d else ""
        output.say(f"  {a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}{mark}".rstrip())


def _decimals(values: list[float]) -> int:
    """Decimals at which the largest of the numbers has four digits: those of one row stand below each other."""
    from math import floor, log10

    largest = max(map(abs, values))
    return 0 if largest == 0 else min(12, max(0, 3 - floor(log10(largest))))
