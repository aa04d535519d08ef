"""`lifecycle init DATA …`: looks at a team's tables and writes a commented `lifecycle.toml`.

What was guessed, what was left out and why goes to stderr; the file itself is the only result. An existing file gets
another model's tables appended to it, its own bytes stay as they are.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click

from lifecycle_tui import output
from lifecycle_tui.data.stores import is_address
from lifecycle_tui.domain.errors import ConfigError, DataError, UsageError
from lifecycle_tui.domain.specs import Task

if TYPE_CHECKING:
    from lifecycle_tui.data.guess_tables import Looked
    from lifecycle_tui.domain.guesses import ModelGuess
    from lifecycle_tui.domain.protocols import Source


@click.command(name="init")
@click.argument("data", nargs=-1, required=True)
@click.option("--model", metavar="NAME", help="Name of the model; by default that of the file.")
@click.option("--target", metavar="COLUMN", help="The column that is predicted.")
@click.option("--time", metavar="COLUMN", help='When a row happened; "day,hour" joins two columns.')
@click.option("--task", type=click.Choice(get_args(Task)), help="What is predicted.")
@click.option("--reference-until", metavar="DATE", help="Last day of the data that is normal.")
@click.option("--window", metavar="WINDOW", help='Slices to judge: "1d", "1 month", "5000 rows", "partition", "file".')
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lifecycle.toml"),
    show_default=True,
    help="The file to write, or to add the model to.",
)
@click.option("--force", is_flag=True, help="Write the file anew; the old one is kept with .bak after its name.")
@click.option("--dry-run", is_flag=True, help="Print the text instead of writing it.")
def command(
    data: tuple[str, ...],
    model: str | None,
    target: str | None,
    time: str | None,
    task: str | None,
    reference_until: str | None,
    window: str | None,
    file: Path,
    force: bool,
    dry_run: bool,
) -> None:
    """Write a lifecycle.toml from data files.

    DATA is a file, a folder or a quoted pattern (CSV, JSON lines, Parquet, SQLite; also s3://… and its like): one
    table with everything, or up to three tables (features, predictions, labels) that share a key; or two with the
    same columns, one of them named reference or train. Roles, kinds of columns, windows and reference are guessed and
    explained; features that give the target away are named and ignored.

    \b
    Examples:
      lifecycle init bike_hour.csv
      lifecycle init scored.parquet labels.csv --model card-fraud
      lifecycle init "exports/*.csv" --target churned --reference-until 2025-06-30
    """
    from lifecycle_tui.data.guess import Wishes, guess_model

    name = _model_name(model, data)
    wishes = Wishes(
        target=target,
        time=tuple(part.strip() for part in time.split(",") if part.strip()) if time else (),
        task=cast("Task | None", task),
        until=_until(reference_until),
        window=_window(window),
    )
    old = _old_file(file, name, force)
    progress = output.Progress()
    try:
        tables = _look(data, progress)
        progress(f"guessing from {sum(one.rows for one in tables):,} rows")
        guess = guess_model(tables, wishes)
    finally:
        progress.done()
    text = _compose(guess, name, file, old)
    _tell(guess, name)
    if dry_run:
        output.say(text.rstrip("\n"))
        output.note(f"nothing was written (--dry-run); without it this would go to {file}")
        return
    kept = _write(file, text, old)
    if old is None or b"#:schema .lifecycle/" in old:
        _write_schema(file)
    verb = "added to" if old is not None else "wrote"
    output.note(f"\n{verb} {file}" + (f" (the old one is {kept.name} now)" if kept else ""))
    where = "" if file.parent.resolve() == Path.cwd() else f"cd {file.parent} && "
    output.note(f"next: read it, then run  {where}lifecycle check")


# --- what was asked for -----------------------------------------------------------------------------------


def _model_name(given: str | None, data: Sequence[str]) -> str:
    """The model's name: letters, digits, `-`, `_` and `.`."""
    if given is not None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", given):
            raise UsageError(f"{given!r} is no model's name", hint="use letters, digits, - _ and .")
        return given
    path = Path(data[0])
    stem = path.name.split(".")[0] if not glob.has_magic(path.name) else path.absolute().parent.name
    name = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-").lower()
    return name or "model"


def _until(text: str | None) -> date | datetime | None:
    if text is None:
        return None
    from lifecycle_tui.config.units import BadValueError, moment

    try:
        return moment(text)
    except BadValueError as exc:
        raise UsageError(f"--reference-until: {exc.message}", hint="write 2025-01-31, or 2025-01-31T12:00:00") from None


def _window(text: str | None) -> str | None:
    if text is None:
        return None
    from lifecycle_tui.config.units import BadValueError, window

    try:
        window(text)
    except BadValueError as exc:
        raise UsageError(f"--window: {exc.message}", hint=exc.hint) from None
    return text.strip()


# --- reading ----------------------------------------------------------------------------------------------


def _look(data: Sequence[str], progress: output.Progress) -> list[Looked]:
    """The tables that the words name; several files with the same columns that a pattern describes are one table."""
    from lifecycle_tui.data.guess_tables import look, same_columns

    classes = _source_classes()
    looked = []
    for word in data:
        progress(f"reading {word}")
        looked.append(look(_open(word, classes), _location(word)))
    if len(looked) > 1 and same_columns(looked) and not any(one.called_reference for one in looked):
        pattern = _pattern(data)
        if pattern is not None:
            return [look(_open(pattern, classes), pattern)]
    return looked


def _location(word: str) -> str:
    if is_address(word):
        return word
    return os.path.normpath(os.path.join(os.getcwd(), os.path.expanduser(word)))


def _open(word: str, classes: Iterable[type[Source]]) -> Source:
    from lifecycle_tui.data.opening import open_source

    location = _location(word)
    if is_address(word):
        return open_source(location, classes)
    if not os.path.exists(location) and not (glob.has_magic(word) and glob.glob(location, recursive=True)):
        raise UsageError(f"there is no file, folder or match for {word}")
    return open_source(location, classes)


def _source_classes() -> list[type[Source]]:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog

    catalog = PluginCatalog.open(None, enabled=False)
    classes = [catalog.load_builtin(info) for info in catalog.all("source")]
    if not classes:
        raise DataError("this installation has no sources: it is incomplete", hint="install it again")
    return cast("list[type[Source]]", classes)


def _pattern(data: Sequence[str]) -> str | None:
    """A glob that matches exactly these files, if they lie in one folder and have one suffix."""
    paths = [Path(_location(word)) for word in data]
    folder, suffix = paths[0].parent, paths[0].suffix
    if not all(p.is_file() and p.parent == folder and p.suffix == suffix for p in paths):
        return None
    pattern = os.path.join(glob.escape(str(folder)), f"*{suffix}")
    return pattern if sorted(glob.glob(pattern)) == sorted(str(p) for p in paths) else None


# --- writing ----------------------------------------------------------------------------------------------


def _old_file(file: Path, name: str, force: bool) -> bytes | None:
    """The bytes to add to; None for a new file.

    Raises:
        UsageError: if the file has a model of that name, or cannot be added to.
    """
    import tomllib

    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")
    if force or not file.exists():
        return None
    old = file.read_bytes()
    try:
        models = tomllib.loads(old.decode("utf-8")).get("models", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f"{file} cannot be read, so nothing was added: {exc}", hint="run `lifecycle config check`, or use --force"
        ) from None
    if name in models:
        raise UsageError(
            f'{file} has a model "{name}" already; it was left as it is',
            hint="add this one under another name with --model NAME, or write the file anew with --force",
        )
    return old


def _compose(guess: ModelGuess, name: str, file: Path, old: bytes | None) -> str:
    """The text to write or append."""
    import tomllib

    from lifecycle_tui.config.draft import draft

    text = draft(guess, name, file.absolute().parent, first=old is None)
    if old is not None:
        gap = "\n" if old.endswith(b"\n") or not old else "\n\n"
        text = gap + text
    try:
        whole = (old or b"") + text.encode("utf-8")
        tomllib.loads(whole.decode("utf-8"))
    except UnicodeEncodeError:
        raise UsageError("a file's or column's name is not valid UTF-8, which TOML cannot hold") from None
    except tomllib.TOMLDecodeError as exc:
        raise UsageError(
            f"{file} declares its models in a way that cannot be added to ({exc})",
            hint="use --dry-run and paste the text where it belongs",
        ) from None
    return text


def _write(file: Path, text: str, old: bytes | None) -> Path | None:
    """Replace the file in one step: nobody ever sees half of it. A file that would be lost is kept beside it."""
    import shutil

    kept = None

    target = file.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as handle:
            handle.write((old or b"") + text.encode("utf-8"))
            handle.flush()
            os.fsync(handle.fileno())
        if target.exists():
            shutil.copymode(target, draft)
            if old is None:
                kept = target.with_name(target.name + ".bak")
                shutil.copy2(target, kept)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return kept


def _write_schema(file: Path) -> None:
    """What the file's first line points editors to; where it cannot be written they do without."""
    from contextlib import suppress

    from lifecycle_tui.config import json_schema
    from lifecycle_tui.domain.errors import LifecycleError
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.limits import import_limits
    from lifecycle_tui.state import folder

    root = file.resolve().parent
    with suppress(LifecycleError):
        plugins = PluginCatalog.open(root, [root / "plugins"], limits=import_limits())
        json_schema.refresh(folder.make(root), plugins)


# --- saying -----------------------------------------------------------------------------------------------


def _tell(guess: ModelGuess, name: str) -> None:
    """What was guessed and why, what is ignored and why, and what a person should look at."""
    rows = f"{guess.rows:,} rows" if guess.whole else f"the first {guess.rows:,} rows of its pieces"
    output.note(f"{output.style(output.plain(name), 'bold')}: {guess.task}, from {rows}")
    for key, found in _facts(guess):
        why = guess.reasons.get(key, "")
        output.note(f"  {key:<10} {output.plain(found)}" + (f"  ({output.plain(why)})" if why else ""))
    kinds = list(guess.columns.kinds.values())
    counts = [f"{kinds.count(kind)} {kind}" for kind in ("numeric", "categorical", "text") if kind in kinds]
    output.note(f"  features   {', '.join(counts) or 'none'}")
    if guess.ignored:
        output.note("ignored:")
    for group in guess.ignored:
        alone = len(group.columns) == 1
        said = f"{group.columns[0]}: {group.reason}" if alone else f"{group.reason}, ignored"
        output.note(f"  {output.plain(said)}")
    if guess.doubts:
        output.note(output.style("please look:", "yellow"))
    for doubt in guess.doubts:
        output.note(f"  {output.plain(doubt)}")


def _facts(guess: ModelGuess) -> list[tuple[str, str]]:
    """The guesses as a person reads them, in the order of the file."""
    c = guess.columns
    found: list[tuple[str, str]] = []
    for table in guess.tables:
        if len(guess.tables) > 1:
            found.append(
                (table.role, table.location if is_address(table.location) else os.path.relpath(table.location))
            )
    for key in ("id", "version", "target", "positive", "prediction", "score"):
        value = getattr(c, key)
        if value is not None:
            found.append((key, ", ".join(value.values()) if isinstance(value, dict) else str(value)))
    if c.timestamp:
        found.append(("timestamp", " + ".join(c.timestamp.columns)))
    r = guess.reference
    said = f"until {r.until}" if r.until else f"the first {r.rows:,} rows" if r.rows else ", ".join(r.partitions)
    return [*found, ("reference", said or "a table of its own"), ("window", guess.window)]
