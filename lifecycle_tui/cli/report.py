"""`lifecycle report MODEL`: one self-contained HTML file, from state alone (`agent.reporting`, `monitoring.report`)."""

from __future__ import annotations

import os
from pathlib import Path

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import DataError, UsageError


@click.command(name="report")
@click.argument("model")
@click.option("-o", "--output", "place", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where to write it; - for stdout.  [default: MODEL.html]")  # fmt: skip
@click.option("--windows", "count", type=click.IntRange(2, 200), default=60, show_default=True,
              help="How many windows the histories show.")  # fmt: skip
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Another lifecycle.toml.")
def command(model: str, place: Path | None, count: int, file: Path | None) -> None:
    """Write all that is known of a model as one HTML file.

    Verdict and what to do, alerts, columns with histogram, density, quantiles and history, performance with estimates,
    segments, importance, log, data report, versions, and how it was computed. It reads state only: what the last check
    found. The file needs no network, has no script and is smaller than a megabyte: it can be mailed and archived.

    Exit codes: 0 written · 2 usage, or the model was never checked · 3 it could not be written.

    \b
    Examples:
      lifecycle report card-fraud
      lifecycle report card-fraud -o reports/fraud.html --windows 120
    """
    from datetime import UTC, datetime

    from lifecycle_tui.agent.reporting import gather
    from lifecycle_tui.domain.folder import FILE, find_root
    from lifecycle_tui.monitoring.report.page import render
    from lifecycle_tui.state import folder
    from lifecycle_tui.state.database import State
    from lifecycle_tui.workspace import open_workspace

    workspace = open_workspace(file or find_root() / FILE)
    spec = next((m for m in workspace.spec.models if m.name == model), None)
    if spec is None:
        from difflib import get_close_matches

        names = [m.name for m in workspace.spec.models]
        near = get_close_matches(model, names, 1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names[:8]) or 'none'}"
        raise UsageError(f"there is no model {model!r}", hint=hint)
    root = workspace.spec.root
    if not folder.database(root).exists():
        raise UsageError("nothing has been checked here yet", hint="`lifecycle check` comes first")
    with State.view(root) as state, state.read() as conn:
        content = gather(conn, workspace.spec, spec, count)
    page = render(content, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    if str(place) == "-":
        output.say(page.removesuffix("\n"))
        return
    path = place or Path(f"{spec.name}.html")
    write(path, page.encode())
    output.say(f"wrote {output.plain(str(path))} ({len(page.encode()) / 1024:,.0f} kB)")


def write(path: Path, data: bytes) -> None:
    """Write the file whole or not at all.

    Raises:
        DataError: it cannot be written there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc
    finally:
        beside.unlink(missing_ok=True)
