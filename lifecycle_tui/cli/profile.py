"""`lifecycle profile FILE`: what a file's columns hold, and the profile to compare later files with. No workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli import text
from lifecycle_tui.cli.drift import FILE, listed, tolerant
from lifecycle_tui.domain.errors import DataError

if TYPE_CHECKING:
    from lifecycle_tui.monitoring.file_profiles import StoredColumn

COLUMNS = ("column", "kind", "values", "missing", "distinct", "minimum", "median", "maximum", "most", "error")


@click.command(name="profile")
@click.argument("file", type=FILE)
@click.option(
    "-o", "--output", "target", type=click.Path(dir_okay=False, path_type=Path), help="Where to store the profile."
)
@click.option("--columns", metavar="A,B,…", multiple=True, help="Only these columns.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Columns read at once.")
def command(file: Path, target: Path | None, columns: tuple[str, ...], fmt: str, threads: int) -> None:
    """Profile a file, to compare others with.

    Lists what each column of FILE holds (Parquet, CSV, or a stored profile). With --output the profile is stored:
    `lifecycle drift` takes it in place of the file, and then reads only the new one. It has counts on a fine grid, so
    KS distances come as certified intervals; everything else is the same to the last bit.

    \b
    Examples:
      lifecycle profile train.parquet
      lifecycle profile train.parquet -o train.profile
      lifecycle drift train.profile today.parquet
    """
    from lifecycle_tui.monitoring.file_profiles import FileProfile, profile_table, save
    from lifecycle_tui.monitoring.file_tables import lean_memory
    from lifecycle_tui.monitoring.files import open_reference

    lean_memory()
    opened = open_reference(file, tolerant)
    if isinstance(opened, FileProfile):
        found = opened
    else:
        progress = output.Progress()
        try:
            found = profile_table(opened, listed(columns) or None, threads=threads, progress=progress)
        finally:
            progress.done()
    output.rows_out([_row(column) for column in found.columns], COLUMNS, fmt)
    if target is None:
        return
    try:
        size = save(found, target)
    except OSError as exc:
        raise DataError(f"{target} cannot be written: {exc.strerror or exc}") from exc
    said = f"{text.counted(len(found.columns), 'column')} of {text.counted(found.rows, 'row')}, {size:,} bytes"
    output.note(f"{output.plain(str(target))}: {said}")


def _row(column: StoredColumn) -> dict[str, Any]:
    """What is worth knowing of a column at a glance."""
    from lifecycle_tui.profiles.categorical import CategoricalProfile

    row: dict[str, Any] = {"column": column.name, "kind": column.kind, "error": column.error}
    if column.side is None:
        return row
    profile = column.side.profile
    row |= {"values": profile.n, "missing": profile.missing}
    if isinstance(profile, CategoricalProfile):
        top = profile.top(1)
        return row | {"distinct": profile.distinct, "most": top[0][0] if top else None}
    if profile.kind == "time" or not profile.n:
        return row
    median = profile.quantile(0.5)
    return row | {"minimum": profile.minimum, "median": median, "maximum": profile.maximum}
