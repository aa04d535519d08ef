"""`lifecycle config schema`: the JSON schema of lifecycle.toml, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.config.json_schema import Kind


@click.command(name="schema")
@click.option("--output", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, not to stdout.")
@click.option(
    "--of", type=click.Choice(["file", "model", "overlay"]), default="file",
    help="lifecycle.toml, an included file with one model, or an environment's file.",
)  # fmt: skip
def command(out: Path | None, of: str) -> None:
    """Print the JSON schema that editors complete lifecycle.toml by.

    It holds every key and the options of all installed plugins. `lifecycle init` and the agent keep the schemas in
    .lifecycle/ fresh; the file's first line names the one for editors: #:schema .lifecycle/schema.json

    \b
    Example:
      lifecycle config schema --output .lifecycle/schema.json
      lifecycle config schema --of model
    """
    from lifecycle_tui.cli.plugins.places import catalog, places
    from lifecycle_tui.config import json_schema
    from lifecycle_tui.domain.errors import UsageError

    text = json_schema.text(catalog(*places()), cast("Kind", of))
    if out is None:
        output.say(text.rstrip("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{out} cannot be written: {exc.strerror}") from None
    output.note(output.plain(f"wrote {out}"))
