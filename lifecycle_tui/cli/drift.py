"""`lifecycle drift REFERENCE CURRENT`: has the data changed between two files? Needs no workspace.

`monitoring.files` compares; here is only what a person or a script reads. Whole-process CPU time is measured, so the
engine (numpy and pyarrow) is imported only once the words on the command line are known to be good.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output
from lifecycle_tui.cli import text
from lifecycle_tui.domain.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle_tui.monitoring.files import ColumnDrift, FileDrift

SHOWN = 5
"""Drifted columns that are shown with a histogram; `--all` shows every one."""

LEAST = 0.01
"""Share of rows in other bins below which the bins do not show which way a column went."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="drift")
@click.argument("reference", type=FILE)
@click.argument("current", type=FILE)
@click.option(
    "--alpha", type=float, default=0.05, show_default=True, help="Chance of any false alarm, all columns together."
)
@click.option("--columns", metavar="A,B,…", multiple=True, help="Only these columns.")
@click.option("--detectors", metavar="A,B,…", multiple=True, help="Of psi, ks, chi2: what is shown.  [default: all]")
@click.option(
    "--share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of drifted columns from which the data set has drifted; 0 for any column.",
)
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@click.option("--exact/--fast", default=True, help="Exact KS, or certified intervals from one look at the values.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Columns compared at once.")
@click.option("--all", "everything", is_flag=True, help=f"Show every drifted column, not only the first {SHOWN}.")
@click.pass_context
def command(
    ctx: click.Context,
    reference: Path,
    current: Path,
    alpha: float,
    columns: tuple[str, ...],
    detectors: tuple[str, ...],
    share: float,
    fmt: str,
    exact: bool,
    threads: int,
    everything: bool,
) -> None:
    """Compare two files; no workspace needed.

    REFERENCE is the file that defines normal, or its stored profile (see lifecycle profile); CURRENT the one to judge:
    Parquet or CSV. A column has drifted when the difference is no chance at these numbers of rows (corrected over all
    columns) and is large enough to matter.

    \b
    Exit codes: 0 not drifted · 1 drifted · 2 usage · 3 something broke.

    \b
    Examples:
      lifecycle drift train.parquet today.parquet
      lifecycle drift train.profile today.parquet
      lifecycle drift 2024.csv 2025.csv --columns income,age --share 0
      lifecycle drift a.csv b.csv --format json | jq .dataset
    """
    if share != share:  # click's range lets it pass
        raise click.BadParameter("a share is a number from 0 to 1, not nan", ctx, param_hint="'--share'")
    from lifecycle_tui.monitoring.file_tables import lean_memory
    from lifecycle_tui.monitoring.files import DETECTORS, as_json, compare_files

    lean_memory()
    progress = output.Progress()
    try:
        found = compare_files(
            reference,
            current,
            alpha=alpha,
            detectors=listed(detectors) or DETECTORS,
            columns=listed(columns) or None,
            exact=exact,
            threads=threads,
            progress=progress,
            reader=tolerant,
            dataset_share=share,
        )
    finally:
        progress.done()
    if fmt == "json":
        output.json_out(as_json(found))
    else:
        for line in _report(found, SHOWN if not everything else len(found.columns)):
            output.say(line)
    judged = any(column.state in ("ok", "drifted", "cannot-tell") for column in found.columns)
    # Nothing but errors is no all-clear: a script must not go on.
    ctx.exit(1 if found.drifted else 0 if judged or not found.columns else 3)


def listed(words: Sequence[str]) -> list[str]:
    """Names between commas; one that has a comma itself may be quoted, as in a CSV file."""
    return [name for row in csv.reader(words, skipinitialspace=True) for name in row if name]


def tolerant(path: Path) -> pa.Table:
    """A file that the fast readers cannot read, through the shipped source for its suffix."""
    import pyarrow as pa

    from lifecycle_tui.data.opening import open_source
    from lifecycle_tui.plugin_host.catalog import PluginCatalog

    catalog = PluginCatalog.open(None, enabled=False)
    source = open_source(str(path.resolve()), [catalog.load_builtin(info) for info in catalog.all("source")])
    batches, lost = [], 0
    for fragment in source.fragments():
        for batch in source.read(fragment):
            batches.append(pa.Table.from_batches([batch.data]))
            lost += sum(problem.count for problem in batch.problems)
    if not batches:
        raise DataError(f"{path} has no rows")
    if lost:
        output.note(
            f"{output.plain(path.name)}: {text.counted(lost, 'cell or line', 'cells or lines')} could not be read"
        )
    return pa.concat_tables(batches, promote_options="permissive")


# --- text -------------------------------------------------------------------------------------------------


def _report(found: FileDrift, most: int) -> list[str]:
    """What a person wants to know first, then the few columns that matter, then the rest in a line each."""
    by_state: dict[str, list[ColumnDrift]] = {}
    for column in found.columns:
        by_state.setdefault(column.state, []).append(column)
    drifted = sorted(by_state.get("drifted", []), key=lambda c: (-(c.effect or 0), c.name))
    lines = [_verdict(found, by_state), _sizes(found), ""]
    for column in drifted[:most]:
        lines.extend([*_column(column), ""])
    if drifted[most:]:
        lines.append(f"drifted, too: {text.some(c.name for c in drifted[most:])}  (--all shows them)")
    lines.extend(_rest(found, by_state))
    lines.append(_advice(found, drifted, by_state))
    return lines


def _verdict(found: FileDrift, by_state: dict[str, list[ColumnDrift]]) -> str:
    able = len(by_state.get("ok", [])) + found.count
    if not able:
        return text.verdict("no column could be judged", "cannot-tell")
    if not found.count:
        said = "the only column has not" if able == 1 else f"none of {able:,} columns has"
        if able < len(found.columns):  # the others are listed below: of them nothing is known
            said = f"none of {text.counted(able, 'column')} that could be judged has"
        return text.verdict(f"no drift: {said} drifted", "ok")
    said = f"{found.count:,} of {text.counted(able, 'column')} drifted"
    if found.drifted:
        return text.verdict(f"{said}: the data set has drifted", "drifted")
    limit = text.percent(found.dataset_share)
    return text.verdict(f"{said}, fewer than {limit}: the data set as a whole has not", "cannot-tell")


def _sizes(found: FileDrift) -> str:
    return (
        f"{text.counted(found.current_rows, 'row')} against {found.reference_rows:,} of the reference"
        f" (at most {text.percent(found.alpha)} chance of a false alarm)"
    )


def _column(column: ColumnDrift) -> list[str]:
    """Name, effect and p in a line; then the reference's histogram above the current one's."""
    facts = "  ".join(part for part in (output.plain(column.message or ""), text.chance(column.p_value)) if part)
    psi = column.signals.get("psi")
    if psi is not None and psi.value is not None:
        facts += f"  PSI {text.number(psi.value, 2)}"
    room = text.room() - len(facts) - len(str(column.kind)) - 8
    name = output.style(text.clipped(column.name, max(12, min(30, room))), "bold")
    lines = [f"{text.mark('drifted')} {name}  ({column.kind})  {facts}"]
    if (moved := _moved(column)) is not None:
        lines.append(f"    {moved}")
    bars = column.bars
    if bars is not None:
        shown = text.picture(bars.reference, bars.window, ("reference", "current"), text.axis(bars.names, bars.edges))
        lines += [f"    {line}" for line in shown]
    return lines


def _moved(column: ColumnDrift) -> str | None:
    """Which way it went, by the bins that are drawn: the label that changed most, or where the values are now."""
    bars = column.bars
    if bars is None or not sum(bars.reference) or not sum(bars.window):
        return None
    before, now = ([count / sum(side) for count in side] for side in (bars.reference, bars.window))
    if bars.edges:
        shift = sum(n * (b - a) for n, (a, b) in enumerate(zip(before, now, strict=True)))
        spread = sum(abs(b - a) for a, b in zip(before, now, strict=True))
        # Less than half a bin on the whole, while much has changed: it is the form that is another.
        if spread < LEAST:
            return None
        if abs(shift) < 0.5 * spread:
            return "values are spread differently"
        return f"values are {'higher' if shift > 0 else 'lower'}"
    most = max(range(len(before)), key=lambda n: abs(now[n] - before[n]))
    word = "more" if now[most] > before[most] else "less"
    label = text.clipped(bars.names[most], 24)
    return f"{label!r} is {word} frequent: {text.percent(now[most])}, before {text.percent(before[most])}"


def _rest(found: FileDrift, by_state: dict[str, list[ColumnDrift]]) -> list[str]:
    lines = []
    for state, words in (("cannot-tell", "cannot tell"), ("error", "error")):
        for column in by_state.get(state, [])[:SHOWN]:
            why = output.plain(column.message or "no reason given")
            lines.append(f"{text.mark(state)} {words}: {text.clipped(column.name, 30)}: {why}")
        if more := by_state.get(state, [])[SHOWN:]:
            lines.append(f"{text.mark(state)} {words}: {text.some(c.name for c in more)}")
    if found.new_columns:
        lines.append(f"new in {output.plain(Path(found.current).name)}: {text.some(found.new_columns)}")
    steady = by_state.get("ok", [])
    if steady:
        seen = f" ({_seen(found, steady)})" if found.count and _seen(found, steady) else ""
        head, *tail = text.folded(f"steady{seen}: {text.some(c.name for c in steady)}", 2, hang=2)
        lines += [f"{text.mark('ok')} {head.lstrip()}", *tail]
    return lines


def _seen(found: FileDrift, steady: Sequence[ColumnDrift]) -> str:
    """What would have been found in the columns that have not drifted."""
    least = max((c.detectable for c in steady if c.detectable is not None), default=None)
    return f"a KS distance of {text.number(max(least, found.floor), 2)} would have been seen" if least else ""


def _advice(found: FileDrift, drifted: Sequence[ColumnDrift], by_state: dict[str, list[ColumnDrift]]) -> str:
    """What to do now, in a line."""
    if drifted:
        lost = [c.name for c in drifted if (gone := c.signals.get("missing")) is not None and gone.effect == c.effect]
        if lost:
            return f"next: fix the feed of {text.some(lost, 20)}: values are missing"
        first = text.clipped(drifted[0].name, max(12, text.room() - 64))
        return f"next: find out what changed {first}; if it is real, retrain on newer rows"
    if by_state.get("error"):
        return "next: see to the columns that could not be read"
    if not by_state.get("ok"):
        return "next: come back with more rows"
    seen = _seen(found, by_state["ok"])
    return f"next: nothing to do{f'; {seen}' if seen else ''}"
