"""The profile of a reference file as a file of its own, so that a scheduled comparison reads the new file alone.

    lifecycle profile train.parquet -o train.profile
    lifecycle drift train.profile today.parquet

Made by `cli.profile`, opened by `files.compare_files`. Format 1: the line `lifecycle-profile`, the format's number and
the length of the rest (`<IQ`), a BLAKE2b digest of it (16 bytes), then a JSON header, preceded by its length (`<I`),
and the columns' grids and profiles as `profiles.codec` writes them. Whatever is cut short, altered or of another format
is refused in words; nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lifecycle_tui.domain.errors import DataError, UsageError
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.monitoring.file_sides import Side, reference_side
from lifecycle_tui.monitoring.file_tables import Table
from lifecycle_tui.profiles.codec import dump, dump_grid, load, load_grid
from lifecycle_tui.profiles.numeric import NumericProfile

MAGIC = b"lifecycle-profile\n"
FORMAT = 1
_HEAD = struct.Struct("<IQ")
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column of a profiled file.

    Attributes:
        side: its profile; None where it could not be read.
        error: why it could not.
    """

    name: str
    side: Side | None
    error: str | None = None

    @property
    def kind(self) -> ColumnKind | None:
        """What kind of column it is; None where it could not be read."""
        if self.side is None:
            return None
        profile = self.side.profile
        return profile.kind if isinstance(profile, NumericProfile) else "categorical"


@dataclass(frozen=True)
class FileProfile:
    """A profiled file: what `files.compare_files` needs of a reference.

    Attributes:
        path: where the profile came from; of a fresh one, the file itself.
        rows: of the file that was profiled.
    """

    path: Path
    rows: int
    columns: tuple[StoredColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in order; a name that occurs twice is listed twice."""
        return tuple(column.name for column in self.columns)

    def reference(self, name: str, kind: ColumnKind | None = None) -> Side:
        """The profile of a column.

        Raises:
            UsageError: if it was profiled as another kind than this.
            TypeError: if it could not be read when the file was profiled.
        """
        column = next(c for c in self.columns if c.name == name)
        if column.side is None:
            raise TypeError(column.error or "could not be read")
        if kind is not None and kind != column.kind:
            raise UsageError(f"{self.path.name} has {name!r} as {column.kind}, not as {kind}")
        return column.side


def profile_table(
    table: Table,
    names: Sequence[str] | None = None,
    *,
    threads: int = 2,
    progress: Callable[[str], None] | None = None,
) -> FileProfile:
    """Profile a file's columns (all, or those named). One that cannot be read costs nothing else.

    Args:
        progress: told "column i of n" as columns are done; may be called from any of the threads.

    Raises:
        UsageError: if the file has no such column.
    """
    chosen = tuple(dict.fromkeys(names or table.names))
    for name in chosen:
        if name not in table.names:
            raise UsageError(f"{table.path.name} has no column {name!r}", hint=f"it has {', '.join(table.names[:20])}")
    done, lock = 0, threading.Lock()

    def one(name: str) -> StoredColumn:
        nonlocal done
        try:
            side = reference_side(table.column(name))
            found = StoredColumn(name, Side(side.profile.compact(), side.bad))
        except Exception as exc:  # as in a comparison: it will say the same of this column
            found = StoredColumn(name, None, str(exc) or type(exc).__name__)
        if progress is not None:
            with lock:
                done += 1
                progress(f"column {done} of {len(chosen)}")
        return found

    with ThreadPoolExecutor(max(1, threads)) as pool:
        return FileProfile(table.path, table.rows, tuple(pool.map(one, chosen)))


def save(found: FileProfile, path: Path) -> int:
    """Write the profile, and give its size in bytes. A file that is there is replaced as a whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    parts: list[bytes] = []
    columns = []
    for column in found.columns:
        grid = profile = b""
        if column.side is not None:
            held = column.side.profile
            grid = dump_grid(held.grid) if isinstance(held, NumericProfile) else b""
            profile = dump(held)
        parts += [grid, profile]
        bad = 0 if column.side is None else column.side.bad
        columns.append([column.name, len(grid), len(profile), bad, column.error])
    header = json.dumps({"rows": found.rows, "columns": columns}, ensure_ascii=True, separators=(",", ":")).encode()
    rest = b"".join([struct.pack("<I", len(header)), header, *parts])
    digest = hashlib.blake2b(rest, digest_size=_DIGEST).digest()
    data = MAGIC + _HEAD.pack(FORMAT, len(rest)) + digest + rest
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    return len(data)


def is_profile(path: Path) -> bool:
    """Whether a file begins as a stored profile does."""
    with path.open("rb") as handle:
        return handle.read(len(MAGIC)) == MAGIC


def open_profile(path: Path) -> FileProfile:
    """The profile that `save` wrote.

    Raises:
        DataError: if it is no profile, of another format, cut short or altered.
    """
    try:
        rest = _checked(path)
        (length,) = struct.unpack_from("<I", rest)
        header = json.loads(rest[4 : 4 + length])
        place, columns = 4 + length, []
        for name, of_grid, of_profile, bad, error in header["columns"]:
            grid, profile = rest[place : place + of_grid], rest[place + of_grid : place + of_grid + of_profile]
            place += of_grid + of_profile
            side = Side(load(profile, load_grid(grid) if grid else None), bad) if profile else None
            columns.append(StoredColumn(name, side, error))
        return FileProfile(path, header["rows"], tuple(columns))
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc}") from exc
    except (ValueError, KeyError, TypeError, struct.error) as exc:
        raise _refused(path, f"it cannot be understood ({exc})") from exc


def _checked(path: Path) -> bytes:
    """What follows the digest, if it is what was written."""
    data = path.read_bytes()
    begin = len(MAGIC) + _HEAD.size + _DIGEST
    if not data.startswith(MAGIC):
        raise _refused(path, "it does not begin as one")
    if len(data) < begin:
        raise _refused(path, "it is cut short")
    number, length = _HEAD.unpack_from(data, len(MAGIC))
    if number != FORMAT:
        raise _refused(path, f"it is of format {number}, and this program reads format {FORMAT}")
    rest = data[begin:]
    if len(rest) != length:
        raise _refused(
            path, f"it is cut short: {len(rest):,} of {length:,} bytes" if len(rest) < length else "it is too long"
        )
    if hashlib.blake2b(rest, digest_size=_DIGEST).digest() != data[begin - _DIGEST : begin]:
        raise _refused(path, "its bytes are not those that were written")
    return rest


def _refused(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} is no stored profile that can be used: {why}", hint="write it again with lifecycle profile"
    )
