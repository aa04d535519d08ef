"""docs/configuration.md, made from the tables that read the file, so that page and program cannot part.

Run `python -m lifecycle_tui.config.reference FILE` to write it anew; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

from pydantic.fields import FieldInfo

from lifecycle_tui.config.describe import default_of, extra
from lifecycle_tui.config.reference_text import INTRO, LARGE, PROD, SMALL
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.shape import fields, members, tables, words_for
from lifecycle_tui.config.values import OpenTable, Table


def reference_markdown() -> str:
    """The whole page."""
    parts = [INTRO.format(small=SMALL, large=LARGE, prod=PROD)]
    for title, table in _sections():
        parts.append(f"### {title}\n\n{_meaning(table)}\n\n{_rows(table)}")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, type[Table]]]:
    """Every table with its header, each once, in the order of the file."""
    seen: set[type[Table]] = set()

    def visit(table: type[Table], header: str) -> Iterator[tuple[str, type[Table]]]:
        if table in seen:
            return
        seen.add(table)
        yield header or "the file's top", table
        for key, info in fields(table).items():
            if not header and key == "defaults":
                continue  # the same table as models.NAME, which comes last
            below = f"{header}.{key}".strip(".")
            for member in members(info.annotation):
                if get_origin(member) is dict:
                    for inner in tables(get_args(member)[1]):
                        yield from visit(inner, f"{below}.NAME")
                elif get_origin(member) is list:
                    for inner in tables(get_args(member)[0]):
                        yield from visit(inner, f"{below}[]")
                else:
                    for inner in tables(member):
                        yield from visit(inner, below)

    for header, table in visit(FileTable, ""):
        yield (f"`{header}`" if header != "the file's top" else "The file's top"), table


def _meaning(table: type[Table]) -> str:
    text = " ".join((table.__doc__ or "").split())
    if issubclass(table, OpenTable) and "options" not in text:
        text += " Further keys are options of the plugin."
    return text


def _rows(table: type[Table]) -> str:
    lines = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    for key, info in fields(table).items():
        example = " ".join(f"`{text}`" for text in info.examples or ())
        cells = (
            f"`{key}`",
            _escape(words_for(info)),
            _escape(_default(info)),
            info.description or "",
            _escape(example),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _default(info: FieldInfo) -> str:
    text = default_of(info)
    written = text.startswith(("[", '"')) and ";" not in text
    return f"`{text}`" if written or (text not in ("needed", "none") and not extra(info, "default")) else text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_markdown(), encoding="utf-8")
