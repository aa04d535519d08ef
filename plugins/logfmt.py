"""A source of the team's own: tables that lie as lines of key=value pairs. Picked for `.logfmt` by its suffix."""

import shlex

import pyarrow as pa

from lifecycle_tui.api import Batch, DataError, find_fragments, hookimpl


class Logfmt:
    """Files with a row a line: key=value, text with spaces in quotes."""

    name, suffixes = "logfmt", (".logfmt",)

    def __init__(self, location):
        self.location = location

    def fragments(self):
        return find_fragments(self.location, self.suffixes)

    def schema(self):
        return {field.name: field.type for fragment in self.fragments() for field in self._table(fragment).schema}

    def read(self, fragment, columns=None, kinds=None, time=None):
        table = self._table(fragment)
        table = table.select([name for name in table.column_names if columns is None or name in columns])
        for number, name in enumerate(table.column_names):
            if (kinds or {}).get(name) == "numeric":
                try:
                    table = table.set_column(number, name, table[name].cast(pa.float64()))
                except pa.ArrowInvalid as exc:  # the data's fault: anything else would be charged to the plugin
                    raise DataError(f"{fragment.path}: {exc}") from exc
        row = 0
        for batch in table.to_batches():
            yield Batch(batch, row)
            row += batch.num_rows

    def _table(self, fragment):
        try:
            with open(fragment.path, encoding="utf-8") as lines:
                rows = [dict(pair.split("=", 1) for pair in shlex.split(line)) for line in lines]
        except (OSError, ValueError) as exc:
            raise DataError(f"{fragment.path} cannot be read: {exc}") from exc
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


@hookimpl
def register_sources(register):
    register(Logfmt)
