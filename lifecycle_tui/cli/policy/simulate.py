"""`lifecycle policy simulate`: what an edited policy would have done with the history that state holds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import ConfigError, StateError, UsageError

if TYPE_CHECKING:
    from lifecycle_tui.agent.whatif import WhatIf
    from lifecycle_tui.domain.problems import Place
    from lifecycle_tui.workspace import Workspace


@click.command(name="simulate")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--config", "edited", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The edited file, read in place of lifecycle.toml; it may lie anywhere.",
)  # fmt: skip
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help="A key with another value; may be repeated.")
@click.option(
    "--since", metavar="SPAN|DATE", help="Tell what happened since then: 1y, 90d, 2026-03-01. All by default."
)
@click.option("--until", metavar="DATE", help="Replay up to then; by default to the newest that state holds.")
@click.option("--all", "everything", is_flag=True, help="List models that nothing changes for too.")
@click.option("--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", help="How to print it.")
def command(
    models: tuple[str, ...], edited: Path | None, changes: tuple[str, ...], since: str | None, until: str | None,
    everything: bool, fmt: str,
) -> None:  # fmt: skip
    """Ask what an edited policy would have done.

    Replays the stored windows of each MODEL (by default of all) through the loop's own rules and steps, once with the
    policy in force and once with the edited one: the file of --config, the changes of --set, or the file on disk where
    the agent has not taken it yet. Prints what each would have done, and every alert, retraining and rollback that the
    edited policy gains, loses or moves. What follows from a training that never happened is marked as unknown. Nothing
    is run, trained or written.

    \b
    Examples:
      lifecycle policy simulate --set 'models.bikes.rules.error-high.when="mae.lower > 60"'
      lifecycle policy simulate --config edited.toml --since 1y
      lifecycle policy simulate bikes --format json
    """
    from lifecycle_tui.agent.whatif import ask, models_of
    from lifecycle_tui.agent.whatif_many import answers
    from lifecycle_tui.cli.policy import simulate_text
    from lifecycle_tui.config import find

    file = find(Path.cwd())
    before, after = _two(file, edited, changes)
    names = models_of(before, after, models)
    _known(models, names, after)
    for name in sorted({m.name for m in before.spec.models} ^ {m.name for m in after.spec.models}):
        output.note(f"{output.plain(name)} is declared by one of the two alone, and is not compared")
    if not names:
        raise UsageError("there is no model to replay", hint="both files have to declare it")
    end = None if until is None else _instant(until, None)
    start = None if since is None else _instant(since, end or _newest(before.spec.root))
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--since {since} is not before --until {until}")
    asked = [ask(before, after, name, since=start, until=end) for name in names]
    progress = output.Progress()
    found: list[WhatIf] = []
    for answer in answers(before.spec.root, asked):
        found.append(answer)
        progress(f"{len(found)} of {len(asked)} models replayed")
    progress.done()
    if fmt == "json":
        output.json_out(simulate_text.as_json(found))
    elif fmt == "csv":
        output.rows_out(simulate_text.difference_rows(found), simulate_text.COLUMNS, "csv")
    else:
        same = before.spec.digest == after.spec.digest
        simulate_text.show(found, same=same, everything=everything or len(found) <= 10)


def _two(file: Path, edited: Path | None, changes: Sequence[str]) -> tuple[Workspace, Workspace]:
    """The policy in force, and the edited one.

    Raises:
        ConfigError: if the edited one is not valid, with its problems at their places.
        UsageError: if a change cannot be made.
    """
    from lifecycle_tui.state import folder
    from lifecycle_tui.workspace import open_workspace

    accepted = folder.accepted(file.parent)
    over: dict[Path, bytes] = {} if edited is None else {file: edited.read_bytes()}
    for change in changes:
        over |= _set(file, change, over)
    try:
        after = open_workspace(file, over=over)
    except ConfigError as exc:
        raise _placed(exc, file, edited) from None
    if not accepted.get(file):
        before = open_workspace(file) if over else after
    elif over or {path: path.read_bytes() for path in after.spec.files} != accepted:
        before = open_workspace(file, given=accepted)
    else:
        before = after
    return before, after


def _set(file: Path, change: str, over: Mapping[Path, bytes]) -> dict[Path, bytes]:
    from lifecycle_tui.config.edit import plan_set
    from lifecycle_tui.config.keypath import parse_key
    from lifecycle_tui.config.typed import typed

    key, equals, text = change.partition("=")
    if not equals:
        raise UsageError(f"--set {change!r} has no value", hint="write --set 'models.NAME.rules.RULE.for=3'")
    path = parse_key(key.strip())
    made = plan_set(file, path, typed(path, text.strip()), over=over)
    return {made.file: made.after}


def _placed(exc: ConfigError, file: Path, edited: Path | None) -> ConfigError:
    """The problems of an edited file at its own name, not at that of the file it stands in for."""
    if edited is None:
        return exc
    name = os.path.relpath(file)

    def at(place: Place) -> Place:
        return replace(place, file=str(edited)) if place.file == name else place

    moved = [
        replace(p, place=None if p.place is None else at(p.place), related=tuple(map(at, p.related)))
        for p in exc.problems
    ]
    return ConfigError(exc.message.replace(str(file), str(edited)), tuple(moved), hint=exc.hint)


def _known(wanted: Sequence[str], names: Sequence[str], after: Workspace) -> None:
    from lifecycle_tui.domain.nearest import nearest

    for name in wanted:
        if name not in names:
            near = nearest(name, [spec.name for spec in after.spec.models])
            hint = f'did you mean "{near}"?' if near else "`lifecycle status` lists the models"
            raise UsageError(f"no model is called {name!r} in both files", hint=hint)


def _instant(text: str, end: datetime | None) -> datetime:
    """A date or instant; a span counts back from `end`."""
    from lifecycle_tui.config.units import BadValueError, duration
    from lifecycle_tui.domain.moments import understood

    if end is not None:
        words = text.strip()
        years = words[:-1] if words[-1:] == "y" and words[:-1].isdecimal() else None
        try:
            return end - (duration(f"{365 * int(years)}d") if years else duration(words))
        except BadValueError:
            pass
        except OverflowError:
            raise UsageError(f"{text!r} lies before all time") from None
    return understood(text, end or datetime.now(UTC))


def _newest(root: Path) -> datetime:
    """The newest instant that state holds a window of; now where it holds none."""
    from lifecycle_tui.state.database import State, version
    from lifecycle_tui.state.text import maybe_moment

    if version(root) in (None, 0):
        raise StateError("nothing has been evaluated here yet", hint="run `lifecycle check` first")
    with State.view(root) as state, state.read() as conn:
        (text,) = conn.execute("SELECT max(as_of) FROM windows").fetchone()
    return maybe_moment(text) or datetime.now(UTC)
