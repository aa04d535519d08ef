"""Object stores and other places that pyarrow has a file system for: `s3://`, `gs://`, `abfs://`, `hdfs://`, `file://`.

Called by `files` (what lies there), `dialect` and the built-in sources (reading it). Credentials come from where the
store's own tools look for them, the environment first; an address never holds any. What follows a `?` goes to pyarrow
(`s3://lake/scored?region=eu-west-3`, `…?endpoint_override=localhost:9000&scheme=http`).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import DataError

if TYPE_CHECKING:
    import pyarrow.fs as pafs

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]+://"
_ADDRESS = re.compile(rf"(?P<root>{_SCHEME}[^/?*\[]*)(?P<path>.*?)(?P<query>\?[A-Za-z_]+=[^/?*]*)?", re.S)
_MAGIC = re.compile(r"[*?\[]")
_CREDENTIALS = {
    "s3": "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws or the machine's role",
    "gs": "credentials come from GOOGLE_APPLICATION_CREDENTIALS or the machine's account",
    "gcs": "credentials come from GOOGLE_APPLICATION_CREDENTIALS or the machine's account",
    "abfs": "credentials come from AZURE_CLIENT_ID and its like, or the machine's identity",
    "abfss": "credentials come from AZURE_CLIENT_ID and its like, or the machine's identity",
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store: its address, bytes, and modification time (ns; 0 where the store tells none)."""

    address: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Spot:
    """An address taken apart: `system` is pyarrow's file system, `path` the path in it, without a `/` at its end."""

    system: pafs.FileSystem
    path: str
    root: str
    base: str
    query: str

    def address(self, path: str) -> str:
        """The address of another path in the same file system."""
        return f"{self.root}/{path[len(self.base) :].lstrip('/')}{self.query}"


def is_address(location: str) -> bool:
    """Whether a location names a store rather than a path."""
    return re.match(_SCHEME, location) is not None


def spot(address: str) -> Spot:
    """Where an address points. Nothing is looked up there.

    Raises:
        DataError: pyarrow knows no such file system, or it cannot be reached at all.
    """
    match = _ADDRESS.fullmatch(address)
    assert match is not None
    root, path, query = match["root"], match["path"].strip("/"), match["query"] or ""
    system, base = _system(root, query)
    above = f"{base.rstrip('/')}/" if base else ""
    return Spot(system, f"{above}{path}".rstrip("/") or base, root, base.rstrip("/"), query)


@lru_cache(maxsize=64)
def _system(root: str, query: str) -> tuple[Any, str]:
    import pyarrow as pa
    import pyarrow.fs as pafs

    scheme, _, place = root.partition("://")
    if ":" in place.rpartition("@")[0]:
        raise DataError(f"an address of {scheme}:// holds a password", hint=_hint(scheme) or "give it by environment")
    try:
        return pafs.FileSystem.from_uri(f"{root}/{query}" if scheme in ("file", "mock") else f"{root}{query}")
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise DataError(f"{root} cannot be opened: {_first_line(exc)}", hint=_hint(scheme)) from exc


def list_files(address: str) -> tuple[str, list[StoredFile]]:
    """The address of the folder that the files' names are relative to, and the files: one, all below a folder, or those
    that a glob matches, each level of folders listed only where the glob leads there.

    Raises:
        DataError: nothing is there, or it cannot be read.
    """
    import pyarrow.fs as pafs

    here = spot(address)
    try:
        if _MAGIC.search(here.path):
            fixed, found = _globbed(here)
            return here.address(fixed), [_file(here, info) for info in found]
        (info,) = here.system.get_file_info([here.path])
        if info.type == pafs.FileType.NotFound:
            raise DataError(f"{address} does not exist", hint="check the path in lifecycle.toml")
        if info.type == pafs.FileType.File:
            return here.address(here.path.rpartition("/")[0]), [_file(here, info)]
        return here.address(here.path), [_file(here, found) for found in _below(here.system, here.path)]
    except OSError as exc:
        raise unreadable(address, exc) from exc


def first_name(address: str, suffixes: Sequence[str]) -> str | None:
    """The path of some file there that ends in one of the suffixes; one folder is listed at a time."""
    import pyarrow.fs as pafs

    here = spot(address)
    try:
        if _MAGIC.search(here.path):
            return next((i.path for i in _globbed(here)[1] if i.path.lower().endswith(tuple(suffixes))), None)
        (info,) = here.system.get_file_info([here.path])
        if info.type == pafs.FileType.NotFound:
            raise DataError(f"{address} does not exist", hint="check the path")
        if info.type == pafs.FileType.File:
            return here.path
        folders = [here.path]
        while folders:
            inside = _listed(here.system, folders.pop())
            names = [
                i.path for i in inside if i.type == pafs.FileType.File and i.path.lower().endswith(tuple(suffixes))
            ]
            if names:
                return names[0]
            folders += [i.path for i in inside if i.type == pafs.FileType.Directory]
    except OSError as exc:
        raise unreadable(address, exc) from exc
    return None


def open_stored(address: str) -> Any:
    """A file of a store for reading anywhere in it, as a pyarrow file.

    Raises:
        OSError: it is not there, or may not be read.
    """
    here = spot(address)
    return here.system.open_input_file(here.path)


def unreadable(address: str, exc: BaseException) -> DataError:
    """What is said where a store does not give what is asked of it."""
    return DataError(f"{address} cannot be read: {_first_line(exc)}", hint=_hint(address.partition("://")[0]))


def _hint(scheme: str) -> str | None:
    return _CREDENTIALS.get(scheme)


def _first_line(exc: BaseException) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]


def _file(here: Spot, info: pafs.FileInfo) -> StoredFile:
    return StoredFile(here.address(info.path), info.size or 0, info.mtime_ns or 0)


def _skipped(name: str) -> bool:
    return name.startswith((".", "_"))


def _listed(system: pafs.FileSystem, folder: str) -> list[pafs.FileInfo]:
    import pyarrow.fs as pafs

    found = system.get_file_info(pafs.FileSelector(folder, allow_not_found=True))
    return sorted((i for i in found if not _skipped(i.base_name)), key=lambda i: i.path)


def _below(system: pafs.FileSystem, folder: str) -> list[pafs.FileInfo]:
    """All files below a folder, in one listing."""
    import pyarrow.fs as pafs

    found = system.get_file_info(pafs.FileSelector(folder, recursive=True, allow_not_found=True))
    cut = len(folder.rstrip("/")) + 1
    return [
        info
        for info in found
        if info.type == pafs.FileType.File and not any(_skipped(part) for part in info.path[cut:].split("/"))
    ]


def _globbed(here: Spot) -> tuple[str, list[pafs.FileInfo]]:
    """The folder above the first wildcard, and the files that match; a folder that does stands for what is below."""
    import pyarrow.fs as pafs

    parts = here.path.split("/")
    first = next(i for i, part in enumerate(parts) if _MAGIC.search(part))
    fixed = "/".join(parts[:first])
    found: dict[str, pafs.FileInfo] = {}
    for info in _matching(here.system, fixed, parts[first:]):
        inside = [info] if info.type == pafs.FileType.File else _below(here.system, info.path)
        found |= {one.path: one for one in inside}
    return fixed, list(found.values())


def _matching(system: pafs.FileSystem, folder: str, parts: Sequence[str]) -> Iterator[pafs.FileInfo]:
    import pyarrow.fs as pafs

    head, rest = parts[0], parts[1:]
    if head == "**":
        for info in _listed(system, folder):
            if info.type == pafs.FileType.Directory:
                yield from _matching(system, info.path, parts)
        if rest:
            yield from _matching(system, folder, rest)
        else:
            yield from (i for i in _listed(system, folder) if i.type == pafs.FileType.File)
        return
    for info in _listed(system, folder):
        if not fnmatch.fnmatchcase(info.base_name, head):
            continue
        if not rest:
            yield info
        elif info.type == pafs.FileType.Directory:
            yield from _matching(system, info.path, rest)
