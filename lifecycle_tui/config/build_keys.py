"""`[keys]` of lifecycle.toml, checked: unknown ids, keys that there are none of, clashes, the last way out.

Called by `loading`. Nothing of it goes into the specs: the terminal reads the table itself (`keys_file`).
"""

from __future__ import annotations

from lifecycle_tui.config.report import Layer, Report, View
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.sources import Source


def check_keys(main: Source, file: FileTable, report: Report) -> None:
    """Report what is wrong with the keys, each at its own line."""
    if not file.keys:
        return
    from lifecycle_tui.config.bindings import read

    view = View(("keys",), (Layer(main, ("keys",)),), report)
    _, flaws = read({id_: list(value) if isinstance(value, list) else value for id_, value in file.keys.items()})
    for flaw in flaws:
        view.problem(
            flaw.code,
            (flaw.id,) if flaw.item is None else (flaw.id, flaw.item),
            flaw.message,
            part="key" if flaw.code == "unknown-binding" else "value",
            hint=flaw.hint,
            related=[] if flaw.other is None else [(flaw.other,)],
        )
