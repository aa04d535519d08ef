"""`data` as written → `DataSpec`: paths made absolute, dates made instants, what contradicts itself reported.

Called by `build_model`, with the columns, because joins and windows by time rest on them.
"""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from lifecycle_tui.config import units
from lifecycle_tui.config.build_logs import build_logs
from lifecycle_tui.config.build_match import build_match
from lifecycle_tui.config.report import View
from lifecycle_tui.config.schema_data import DataSection, DataTable, LabelsTable, ReferenceFile, ReferenceRange
from lifecycle_tui.config.schema_model import ColumnsSection
from lifecycle_tui.config.shape import fields
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.config.values import OpenTable
from lifecycle_tui.config.words import did_you_mean, near
from lifecycle_tui.domain.nearest import one_slip
from lifecycle_tui.domain.specs import DataSpec, LabelSpec, ReferenceSpec, SecretRef, TableSpec
from lifecycle_tui.domain.windows import FileWindow, PartitionWindow, TimeWindow, WindowSpec

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def location(text: str, root: Path) -> str:
    """A path or glob as an absolute one; the workspace's own folder is never taken for a pattern. URLs stay."""
    if _ADDRESS.match(text):
        return text
    text = os.path.expanduser(text)
    base = glob.escape(str(root)) if glob.has_magic(text) else str(root)
    return os.path.normpath(os.path.join(base, text))


def _elsewhere(written: DataTable | LabelsTable | ReferenceFile) -> bool:
    """Whether an option of the source says where the table is, so that it needs no path."""
    return written.use is not None and "url" in written.options()


def secrets(value: Any) -> Any:
    """Plugin options with `{ env = "NAME" }` and `{ file = "…" }` as `SecretRef`s, at any depth."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((kind, name),) = value.items()
            if kind in ("env", "file") and isinstance(name, str):
                return SecretRef(kind, name)
        return {key: secrets(item) for key, item in value.items()}
    return [secrets(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class _Builder:
    view: View
    data: DataSection
    columns: ColumnsSection
    root: Path
    zone: str

    def table(self, name: str, written: str | DataTable | LabelsTable | ReferenceFile | None) -> TableSpec | None:
        if written is None:
            return None
        place = self.view.later(name, part="key")
        if isinstance(written, str):
            return TableSpec(location(written, self.root), place=place)
        options = written.options()
        if written.path is not None:
            where = location(written.path, self.root)
        else:
            if not _elsewhere(written):
                if not self.view.broken(name, "path") and not self.slipped("path", name):
                    self.view.problem("missing-key", (name, "path"), '"path" is missing', part="header")
                self.view.report.broken.add((*self.view.key, name))
                return None
            where = f"{written.use}://{options.get('table') or 'query'}"  # what its messages call it
        return TableSpec(
            where,
            use=written.use,
            on=None if isinstance(written, ReferenceFile) else written.on,
            partition=None if isinstance(written, ReferenceFile) else written.partition,
            options={key: secrets(value) for key, value in options.items()},
            place=place,
        )

    def slipped(self, key: str, *names: str) -> bool:
        """Whether one of the tables has a further key that was surely meant to be `key`: reported here, as that."""
        found = False
        for name in names:
            table = getattr(self.data, name)
            if not isinstance(table, OpenTable) or key in table.model_fields_set:
                continue
            for option in table.options():
                if one_slip(option, key):
                    says = f'"{option}" is not a key of [{dotted((*self.view.key, name))}]'
                    self.view.problem("unknown-key", (name, option), says, part="key", hint=f'did you mean "{key}"?')
                    self.view.report.broken.add((*self.view.key, name, option))
                    found = True
        return found

    def labels(self) -> LabelSpec:
        written = self.data.labels
        if written is None or isinstance(written, str):
            return LabelSpec(self.table("labels", written))
        if written.path is None and not _elsewhere(written) and not self.view.broken("labels", "path"):
            self._labels_without_path(written)
        late = written.delay is not None or self.view.broken("labels", "delay")
        if written.absent is not None and not late and not self.slipped("delay", "labels"):
            self._no_delay()
        table = self.table("labels", written) if written.path is not None or _elsewhere(written) else None
        return LabelSpec(table, written.arrived, written.delay, written.absent)

    def _no_delay(self) -> None:
        self.view.problem(
            "missing-key",
            ("labels", "absent"),
            "absent says what no label means after the delay, and there is no delay",
            part="key",
            hint='add delay = "30d"',
        )

    def _labels_without_path(self, written: LabelsTable) -> None:
        keys = [key for key in fields(LabelsTable) if key not in written.model_fields_set]
        if self.slipped("path", "labels"):
            return  # the further keys are for the source of that path
        for key in written.options():
            if meant := near(key, keys):
                self.view.report.broken.add((*self.view.key, "labels", meant))
            self.view.problem(
                "unknown-key",
                ("labels", key),
                f'"{key}" is not a key of labels without a path',
                part="key",
                hint=did_you_mean(key, keys) or f"keys here: {', '.join(keys)}",
            )
        for key in ("use", "on", "partition"):
            if key in written.model_fields_set:
                self.view.problem(
                    "missing-key",
                    ("labels", key),
                    f'"{key}" speaks of a table of labels, and there is no path',
                    part="key",
                )

    def joined(self, tables: dict[str, TableSpec | None]) -> dict[str, TableSpec | None]:
        """The tables with their keys: `on`, else the model's `id`. One table alone needs none."""
        present = [name for name, table in tables.items() if table is not None]
        if len(present) < 2:
            return tables
        keyless = [name for name in present if (table := tables[name]) and table.on is None]
        key = self.columns.id
        if keyless and key is None:
            # With one table too many, that is what has to be said.
            many = self.data.table and (self.data.features or self.data.predictions)
            if not self._columns_broken("id") and not many and not self.slipped("on", *keyless):
                self.view.problem(
                    "missing-key",
                    (keyless[0],),
                    f"{' and '.join(present)} are joined by key, and nothing says which column that is",
                    part="key",
                    hint='give the columns an "id", or each table an "on"',
                    related=[(name,) for name in keyless[1:]],
                )
            return tables
        return {n: replace(t, on=key) if t is not None and t.on is None else t for n, t in tables.items()}

    def _columns_broken(self, key: str) -> bool:
        return View(self.view.key[:-1], _above(self.view), self.view.report).broken("columns", key)

    def logs_path(self) -> str | None:
        written = self.data.logs
        path = written if written is None or isinstance(written, str) else written.path
        return None if path is None else location(path, self.root)

    def window(self, base: TableSpec | None) -> WindowSpec:
        found = self.data.window
        if found is None:
            if self.columns.timestamp is not None or self._columns_broken("timestamp"):
                found = TimeWindow(1, "day")
            else:
                found = PartitionWindow() if base is not None and base.partition else FileWindow()
        elif isinstance(found, TimeWindow):
            self._needs_timestamp(("window",), "windows by time need")
        elif isinstance(found, PartitionWindow) and base is not None and not base.partition:
            self._needs_partition(("window",), "windows by partition")
        if isinstance(found, TimeWindow):
            return replace(found, grace=self.data.grace or timedelta(0))
        if self.data.grace is not None and self.view.own("grace"):
            self.view.problem(
                "no-effect",
                ("grace",),
                "grace is for windows by time, and these are not",
                part="key",
                related=[("window",)],
                level="warning",
            )
        return found

    def _needs_timestamp(self, path: tuple[str, ...], what: str) -> None:
        if self.columns.timestamp is None and not self._columns_broken("timestamp"):
            self.view.problem(
                "missing-key",
                path,
                f"{what} to know when a row happened: the columns have no timestamp",
                hint=f'add timestamp = "…" to [{dotted((*self.view.key[:-1], "columns"))}]',
            )

    def _needs_partition(self, path: tuple[str, ...], what: str) -> None:
        names = ("table", "predictions", "features")
        broken = any(self.view.unsure(name) for name in names)
        if not broken and not self.slipped("partition", *names):
            self.view.problem(
                "missing-key",
                path,
                f"{what} need the name of the partition column",
                hint='{ path = "…", partition = "dt" }',
                related=[(n,) for n in ("predictions", "table", "features") if self.view.own(n)][:1],
            )

    def reference(self, base: TableSpec | None, window: WindowSpec) -> ReferenceSpec | None:
        written = self.data.reference
        if written is None:
            self.view.missing("reference", hint="say which data is normal: reference = { until = 2011-12-31 }")
            return None
        if not isinstance(written, ReferenceRange):
            if not isinstance(written, str):
                for key in ("from", "until", "rows", "partitions"):
                    if key in written.options():
                        self._exclude(key, "path")
            return ReferenceSpec(table=self.table("reference", written), match=self._match(written, window))
        return replace(self._range(written, base), match=self._match(written, window))

    def _match(self, written: str | ReferenceFile | ReferenceRange, window: WindowSpec) -> tuple[str, ...]:
        if isinstance(written, str) or written.match is None:
            return ()
        units_, says, hint = build_match(written.match, window)
        if says:
            self.view.problem("value", ("reference", "match"), says, hint=hint)
            return ()
        self._needs_timestamp(("reference", "match"), "seasons need")
        return units_

    def _exclude(self, key: str, other: str) -> None:
        self.view.problem(
            "contradiction",
            ("reference", key),
            f"a reference has {key} or {other}, not both",
            part="key",
            related=[("reference", other)],
        )

    def _range(self, written: ReferenceRange, base: TableSpec | None) -> ReferenceSpec:
        given = [
            key for key in fields(ReferenceRange) if getattr(written, _attribute(key)) is not None and key != "match"
        ]
        whole = [key for key in given if key in ("rows", "partitions")]
        for key in whole:
            for other in given[: given.index(key)]:
                self._exclude(key, other)
        if not given and not self.view.unsure("reference"):
            self.view.problem(
                "missing-key", ("reference",), "says nothing", hint="give it from and until, rows, partitions or a path"
            )
        start = self._instant("from", written.from_)
        end = self._instant("until", written.until, through=True)
        if start and end and end <= start:
            self.view.problem(
                "contradiction",
                ("reference", "until"),
                "the reference ends before it begins",
                related=[("reference", "from")],
            )
        if start or end:
            self._needs_timestamp(("reference",), "a reference by time needs")
        if written.partitions and base is not None and not base.partition:
            self._needs_partition(("reference", "partitions"), "partitions")
        return ReferenceSpec(start, end, written.rows, tuple(written.partitions or ()))

    def _instant(self, key: str, value: date | datetime | None, *, through: bool = False) -> datetime | None:
        if value is None:
            return None
        try:
            return units.instant(value, self.zone, through=through)
        except units.BadValueError as exc:
            self.view.problem("value", ("reference", key), exc.message)
            return None

    def tables_given(self) -> None:
        """Report a model with no table, or with one table too many."""
        parts = [name for name in ("features", "predictions") if getattr(self.data, name) is not None]
        if self.data.table is not None and parts:
            self.view.problem(
                "contradiction",
                ("table",),
                f"table means that all is in one table, but there is {' and '.join(parts)} as well",
                part="key",
                hint="keep the one or the other; labels may stay",
                related=[(name,) for name in parts],
            )
        if (
            self.data.table is None
            and not parts
            and not (self.view.broken("features") or self.view.broken("predictions"))
        ):
            self.view.missing("table", "there is no table of data", 'add table = "…", or predictions or features')


def _attribute(key: str) -> str:
    return "from_" if key == "from" else key


def _above(view: View) -> tuple[Any, ...]:
    return tuple(replace(layer, base=layer.base[:-1]) for layer in view.layers)


def build_data(view: View, data: DataSection, columns: ColumnsSection, root: Path, zone: str) -> DataSpec:
    """The spec of a model's data; where too little is sound the report says why.

    Args:
        view: the `data` table.
        zone: the workspace's time zone.
    """
    builder = _Builder(view, data, columns, root, data.timezone or zone)
    builder.tables_given()
    labels = builder.labels()
    tables = builder.joined(
        {
            "table": builder.table("table", data.table),
            "predictions": builder.table("predictions", data.predictions),
            "features": builder.table("features", data.features),
            "labels": labels.table,
        }
    )
    base = tables["predictions"] or tables["table"] or tables["features"]
    window = builder.window(base)
    reference = builder.reference(base, window) or ReferenceSpec()
    return DataSpec(
        reference,
        window,
        table=tables["table"],
        features=tables["features"],
        predictions=tables["predictions"],
        labels=replace(labels, table=tables["labels"]),
        timezone=builder.zone,
        logs=build_logs(view, data.logs, builder.logs_path()),
    )
