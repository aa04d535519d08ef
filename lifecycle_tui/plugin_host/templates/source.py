"""The source `template`: tables of fixed-width text, whose first line has the columns' names where they begin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from lifecycle_tui.api import Batch, CellProblem, DataError, Fragment, Register, find_fragments, hookimpl, parse_numbers


class Template:
    """Text files in columns of fixed width, a line for each row."""

    name = "template"  # what `use = "template"` names
    suffixes = (".fwf",)  # picked for these, without `use`

    def __init__(self, location: str) -> None:  # an absolute path, folder or glob; options come after `*,`
        self.location = location

    def fragments(self) -> Sequence[Fragment]:
        return find_fragments(self.location, self.suffixes)  # raises DataError where there is none

    def schema(self) -> Mapping[str, pa.DataType]:
        return {name: pa.string() for fragment in self.fragments() for name in self._columns(fragment)}

    def read(self, fragment: Fragment, columns: Any = None, kinds: Any = None, time: Any = None) -> Iterator[Batch]:
        found = self._columns(fragment)
        arrays, problems = {}, []
        for name in [n for n in found if columns is None or n in columns]:
            arrays[name] = pa.array(found[name], pa.string())
            if (kinds or {}).get(name) == "numeric":  # bad cells become nulls, and are reported
                numbers = parse_numbers(arrays[name])
                arrays[name] = pa.array(numbers.values, from_pandas=True)
                if numbers.bad:
                    problems.append(CellProblem(name, "bad-cell", numbers.bad, repr(numbers.example)))
        yield Batch(pa.RecordBatch.from_pydict(arrays), 0, tuple(problems))

    def _columns(self, fragment: Fragment) -> dict[str, list[str | None]]:
        try:
            with open(fragment.path, encoding="utf-8") as file:
                head, *rows = file.read().splitlines() or [""]
        except (OSError, UnicodeError) as exc:  # the data's fault: anything else would be the plugin's
            raise DataError(f"{fragment.path} cannot be read: {exc}") from exc
        starts = [match.start() for match in re.finditer(r"\S+", head)]
        cuts = [slice(a, b) for a, b in zip(starts, [*starts[1:], None], strict=True)]
        return {head[cut].strip(): [row[cut].strip() or None for row in rows] for cut in cuts}


@hookimpl
def register_sources(register: Register) -> None:
    register(Template)
