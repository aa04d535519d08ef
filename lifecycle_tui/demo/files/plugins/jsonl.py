"""A source of the team's own: tables that lie as JSON lines, one object a row. Picked for `.jsonl` by its suffix."""

import pyarrow as pa
from pyarrow import json

from lifecycle_tui.api import Batch, DataError, find_fragments, hookimpl


class JsonLines:
    """Files with a JSON object a line."""

    name, suffixes = "jsonl", (".jsonl",)

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
            wanted = {"numeric": pa.float64(), "categorical": pa.string(), "text": pa.string()}.get(
                (kinds or {}).get(name)
            )
            if wanted is not None:
                try:
                    table = table.set_column(number, name, table[name].cast(wanted))
                except pa.ArrowInvalid as exc:  # the data's fault: anything else would be charged to the plugin
                    raise DataError(f"{fragment.path}: {exc}") from exc
        row = 0
        for batch in table.to_batches():
            yield Batch(batch, row)
            row += batch.num_rows

    def _table(self, fragment):
        try:
            return json.read_json(fragment.path)
        except pa.ArrowInvalid as exc:
            raise DataError(f"{fragment.path} cannot be read: {exc}") from exc


@hookimpl
def register_sources(register):
    register(JsonLines)
