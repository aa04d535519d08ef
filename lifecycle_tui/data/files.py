"""Files behind a location: one file, a glob, or a folder with Hive partitions, here or in a store (see `stores`). Used
by the built-in sources."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lifecycle_tui.data import stores
from lifecycle_tui.data.light import scalar
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment

if TYPE_CHECKING:
    import pyarrow as pa

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


def find_fragments(location: str, suffixes: Sequence[str]) -> tuple[Fragment, ...]:
    """One fragment a file, sorted by id; only `stat` is called on them.

    A file is taken whatever its suffix; a folder is searched for `suffixes` to any depth, a glob (`**` allowed)
    takes what it matches, folders in it included. Names that begin with `.` or `_` are skipped, as Hive and Spark
    do. Folders named `key=value` give partitions.

    Raises:
        DataError: if there is nothing there, or it cannot be read.
    """
    if stores.is_address(location):
        return _stored_fragments(location, suffixes)
    path = Path(location)
    try:
        if path.is_dir():
            base, files = path, _walk(path, suffixes)
        elif path.exists() or not glob.has_magic(location):
            base, files = path.parent, [path]
        else:
            base, files = _static_part(location), _globbed(location, suffixes)
        found = [_fragment(file, base) for file in files]
    except FileNotFoundError as exc:
        raise DataError(f"{exc.filename or location} does not exist", hint="check the path in lifecycle.toml") from None
    except OSError as exc:
        raise DataError(f"{location} cannot be read: {exc.strerror or exc}") from exc
    if not found:
        raise DataError(f"{location} holds no file that ends in {' or '.join(suffixes)}")
    return tuple(sorted(found, key=lambda fragment: fragment.id))


def _stored_fragments(location: str, suffixes: Sequence[str]) -> tuple[Fragment, ...]:
    base, files = stores.list_files(location)
    above = base.partition("?")[0].rstrip("/")
    found = []
    for file in files:
        path = file.address.partition("?")[0]
        name = path[len(above) :].lstrip("/")
        if len(files) == 1 or name.lower().endswith(tuple(suffixes)):
            partitions = _partitions(path.split("/")[3:-1])
            found.append(Fragment(name, file.address, file.size, file.modified, partitions=partitions))
    if not found:
        raise DataError(f"{location} holds no file that ends in {' or '.join(suffixes)}")
    return tuple(sorted(found, key=lambda fragment: fragment.id))


def _walk(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [
            Path(parent, name)
            for name in names
            if name.lower().endswith(tuple(suffixes)) and not name.startswith((".", "_"))
        ]
    return found


def _raise(error: OSError) -> None:
    raise error


def _globbed(pattern: str, suffixes: Sequence[str]) -> list[Path]:
    found, fixed = [], len(_static_part(pattern).parts)
    for name in glob.glob(pattern, recursive=True):
        path = Path(name)
        if any(part.startswith((".", "_")) for part in path.parts[fixed:]):
            continue
        found += _walk(path, suffixes) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _static_part(pattern: str) -> Path:
    """The folder above the first component with a wildcard."""
    parts = Path(pattern).parts
    fixed = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return Path(*parts[:fixed]) if fixed else Path(".")


def _fragment(path: Path, base: Path) -> Fragment:
    stat = path.stat()
    relative = path.relative_to(base)
    return Fragment(
        id=relative.as_posix(),
        path=str(path),
        size=stat.st_size,
        modified=stat.st_mtime_ns,
        partitions=_partitions(path.parts[:-1]),
    )


def _partitions(folders: Sequence[str]) -> dict[str, str]:
    found = {}
    for folder in folders:
        key, sign, value = folder.partition("=")
        if sign and key:
            found[unquote(key)] = unquote(value)
    return found


def with_partitions(
    batch: pa.RecordBatch | None, fragment: Fragment, names: Sequence[str], rows: int
) -> pa.RecordBatch:
    """`batch` (None: no columns, `rows` rows) with the fragment's values of the partitions `names` as columns."""
    import pyarrow as pa

    if batch is not None and not names:
        return batch
    arrays = list(batch.columns) if batch is not None else []
    head = list(batch.schema.names) if batch is not None else []
    for name in names:
        value = fragment.partitions[name]
        arrays.append(pa.repeat(scalar(None if value == HIVE_NULL else value, pa.string()), rows))
        head.append(name)
    if not arrays:
        return pa.RecordBatch.from_struct_array(pa.StructArray.from_buffers(pa.struct([]), rows, [None]))
    return pa.RecordBatch.from_arrays(arrays, names=head)
