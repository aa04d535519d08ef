"""What has been read of a model's log: `.lifecycle/logs/NAME/`, so that a check reads new lines alone.

`state.json` says how far each file was read and holds the mined templates; `lines-N.arrow` hold the lines, 29 bytes
each. A file is known by the bytes before the place where reading stopped, so one that was moved by rotation goes on
where it was, and one that was cut short or replaced is read from its beginning. Called by `logs`.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.logs import BAD, ERROR, UNKNOWN, LogBatch, read_lines
from lifecycle_tui.data.zones import MISSING
from lifecycle_tui.domain.specs import LogSpec
from lifecycle_tui.monitoring.log_templates import Miner
from lifecycle_tui.monitoring.logs import Lines
from lifecycle_tui.state.folder import folder

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 1
TAIL = 512
"""Bytes before the place where reading stopped that tell a file from others."""

COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})
"""What rotation packs was read before it was."""

MERGED = 2_000_000
"""Lines of one stored part at most; smaller ones are put together as they come."""


@dataclass
class LogStore:
    """The log of one model.

    Attributes:
        files: path → (bytes read, digest of the bytes before).
        parts: (number, lines, earliest, latest time) of what is stored.
        untimed: lines that could not be read, before the first time of their file.
    """

    root: Path
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    parts: list[tuple[int, int, int, int]] = field(default_factory=list)
    templates: list[dict[str, Any]] = field(default_factory=list)
    untimed: int = 0
    mined: bool = True

    @classmethod
    def open(cls, root: Path, model: str, spec: LogSpec, timezone: str) -> LogStore:
        """What is stored for the model; nothing where the log is declared in another way now, or cannot be read."""
        of = json.dumps(
            [FORMAT, spec.path, spec.format, spec.pattern, spec.timestamp, spec.time_format, spec.level, spec.message,
             spec.latency, spec.id, spec.status, spec.errors, timezone]
        )  # fmt: skip
        name = hashlib.sha256(model.encode()).hexdigest()[:16]
        place = folder(root) / "logs" / f"{name}-{hashlib.sha256(of.encode()).hexdigest()[:16]}"
        try:
            facts = json.loads((place / "state.json").read_text(encoding="utf-8"))
            return cls(
                place,
                {path: (int(at), str(tail)) for path, (at, tail) in facts["files"].items()},
                [(int(a), int(b), int(c), int(d)) for a, b, c, d in facts["parts"]],
                facts["templates"],
                int(facts["untimed"]),
                bool(facts["mined"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            for old in (folder(root) / "logs").glob(f"{name}-*"):
                shutil.rmtree(old, ignore_errors=True)
            return cls(place)

    def take_in(
        self, spec: LogSpec, timezone: str, miner: Miner | None, progress: Callable[[int], None]
    ) -> tuple[tuple[int, int] | None, list[str]]:
        """Read what is new in the files, and store it.

        Returns:
            (earliest and latest time of new lines, None without any; files that could not be read, and why).
        """
        if miner is not None and not self.mined and self.parts:
            self.files, self.parts, self.templates, self.untimed = {}, [], [], 0  # read without it before: once more
        self.mined = miner is not None
        faults: list[str] = []
        found: list[Lines] = []
        known: dict[str, tuple[int, str]] = {}
        span: tuple[int, int] | None = None
        total = 0
        for path in sorted(glob.glob(spec.path, recursive=True)) if glob.has_magic(spec.path) else [spec.path]:
            file = Path(path)
            if not file.is_file() or file.suffix in COMPRESSED:
                continue
            try:
                start = self._start(file)
                end = start
                for batch in read_lines(file, start, spec, timezone):
                    lines = self._lines(batch, spec, miner)
                    total, end = total + len(lines), batch.end
                    if len(lines):
                        span = _wider(span, lines)
                        found.append(lines)
                        if sum(map(len, found)) >= MERGED:
                            self._add(_together(found))
                            found = []
                    progress(total)
                known[path] = (end, _tail(file, end))
            except OSError as exc:
                faults.append(f"{path}: {exc.strerror or exc}")
        changed = span is not None or any(self.files.get(path) != place for path, place in known.items())
        self.files |= known  # one that is gone may come back
        if found:
            self._add(_together(found))
        if changed:
            self.templates = [] if miner is None else miner.facts()
            self._save()
        return span, faults

    def _start(self, file: Path) -> int:
        """Where to go on: behind what was read of this file under whatever name it had."""
        size = file.stat().st_size
        names = [str(file), *sorted(set(self.files) - {str(file)})]
        for name in names:
            at, tail = self.files.get(name, (0, ""))
            if 0 < at <= size and _tail(file, at) == tail:
                return at
        return 0

    def _lines(self, batch: LogBatch, spec: LogSpec, miner: Miner | None) -> Lines:
        import numpy as np
        import pyarrow as pa

        from lifecycle_tui.data.hashing import hash_strings

        template = np.full(len(batch.time), -1, np.int32)
        if miner is not None:
            # Errors; where nothing says what an error is, everything.
            for i in np.flatnonzero((batch.state == ERROR) | (batch.state == UNKNOWN)).tolist():
                template[i] = miner.add(batch.messages[i])
        ids = hash_strings(pa.array(batch.ids, pa.string()))
        ids = np.where([v is None for v in batch.ids], np.uint64(0), ids).astype(np.uint64)
        lines = Lines(batch.time, batch.state, template, batch.latency, ids)
        timed = batch.time != MISSING
        self.untimed += int(((batch.state == BAD) & ~timed).sum())
        return lines.at(timed)

    def _add(self, lines: Lines) -> None:
        """Store lines, put together with parts that are not larger."""
        while self.parts and self.parts[-1][1] <= 2 * len(lines) and self.parts[-1][1] + len(lines) <= MERGED:
            lines = _together([self._read(self.parts.pop()[0]), lines])
        number = max((part[0] for part in self.parts), default=0) + 1
        while (self.root / f"lines-{number}.arrow").exists():
            number += 1  # of a part that was merged, or of a check that was killed
        self.root.mkdir(parents=True, exist_ok=True)
        _write(lines, self.root / f"lines-{number}.arrow")
        self.parts.append((number, len(lines), int(lines.time.min()), int(lines.time.max())))

    def _save(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        facts = {
            "files": self.files, "parts": self.parts, "templates": self.templates, "untimed": self.untimed,
            "mined": self.mined,
        }  # fmt: skip
        beside = self.root / f"state.{os.getpid()}"
        beside.write_text(json.dumps(facts), encoding="utf-8")
        os.replace(beside, self.root / "state.json")
        kept = {f"lines-{number}.arrow" for number, *_ in self.parts}
        for old in self.root.glob("lines-*.arrow"):
            if old.name not in kept:
                old.unlink(missing_ok=True)

    def between(self, start: int, end: int) -> Lines:
        """The stored lines of a half-open stretch of time, microseconds since 1970 UTC."""
        found = [self._read(n).between(start, end) for n, _, low, high in self.parts if low < end and high >= start]
        return _together(found)

    def _read(self, number: int) -> Lines:
        import numpy as np
        import pyarrow as pa

        with pa.memory_map(str(self.root / f"lines-{number}.arrow")) as file:
            table = pa.ipc.open_file(file).read_all()
        columns = (table.column(name).to_numpy() for name in ("time", "state", "template", "latency", "id"))
        return Lines(*(np.array(column) for column in columns))


def _wider(span: tuple[int, int] | None, lines: Lines) -> tuple[int, int]:
    low, high = int(lines.time.min()), int(lines.time.max())
    return (low, high) if span is None else (min(span[0], low), max(span[1], high))


def _together(parts: list[Lines]) -> Lines:
    import numpy as np

    if not parts:
        return Lines(
            np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0, np.int32), np.empty(0), np.empty(0, np.uint64)
        )
    names = ("time", "state", "template", "latency", "id")
    return Lines(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _write(lines: Lines, path: Path) -> None:
    import pyarrow as pa

    names = ("time", "state", "template", "latency", "id")
    table = pa.table({name: pa.array(getattr(lines, name)) for name in names})
    beside = path.with_suffix(f".{os.getpid()}")
    with pa.OSFile(str(beside), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    os.replace(beside, path)


def _tail(file: Path, at: int) -> str:
    with file.open("rb") as handle:
        handle.seek(max(0, at - TAIL))
        return hashlib.sha256(handle.read(min(at, TAIL))).hexdigest()[:24]
