"""Values as JSON and Arrow, for the pipes between the program and a plugin's process. Never pickles.

`Packer` on the side that sends, `unpack` on the side that receives. What JSON has no word for is an object with one key
`$`: an instant, a tuple, one of the few dataclasses below, or the number of a binary part (Arrow IPC, plain bytes, or
bytes that a codec made from a value of a room that this one may not import).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from importlib import import_module
from typing import Any

from lifecycle_tui.domain.delivery import FitRequest, FitResult, Release
from lifecycle_tui.domain.explaining import ExplainRequest, Explanation
from lifecycle_tui.domain.protocols import CellProblem, Fragment, Message, Outcomes
from lifecycle_tui.domain.showing import Row, Series
from lifecycle_tui.domain.signals import Measurement, Signal

_PLAIN: dict[str, type] = {
    c.__name__: c
    for c in (
        Measurement, Fragment, CellProblem, Message, Release, FitRequest, FitResult, Signal, Row, Series,
        ExplainRequest, Explanation,
    )
}  # fmt: skip
"""Dataclasses that cross field by field."""
_VIEWS = "lifecycle_tui.domain.views"
"""A module whose dataclasses cross field by field too; it is imported where the first of them comes."""
_TIMES: dict[str, Any] = {"datetime": datetime, "date": date}
_ARROW = {
    "array": "Array",
    "chunked": "ChunkedArray",
    "batch": "RecordBatch",
    "table": "Table",
    "schema": "Schema",
    "type": "DataType",
}
"""Form on the wire → pyarrow's class."""


class Unsendable(Exception):
    """A value that has no form on the wire."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of a room that the host may not import (profiles) cross to the child.

    Attributes:
        encode: host side, object → bytes.
        decode: child side, import path `package.module:function`, bytes → object.
    """

    encode: Callable[[Any], bytes]
    decode: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a codec made of a value, kept by a caller that sends the same one many times (a reference profile)."""

    data: bytes


class Packer:
    """Turns values into JSON-able ones and collects their binary parts.

    Args:
        codec: for values that this module does not know; None to refuse them.
    """

    def __init__(self, codec: Codec | None = None) -> None:
        self.parts: list[Any] = []
        self._codec = codec

    def pack(self, value: Any) -> Any:
        """The JSON-able form of `value`.

        Raises:
            Unsendable: if it has none.
        """
        if value is None or type(value) in (str, int, float, bool):
            return value
        if isinstance(value, Encoded):
            return {"$": "codec", "part": self._part(value.data)}
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, tuple):
            return {"$": "tuple", "v": [self.pack(v) for v in value]}
        if isinstance(value, list):
            return [self.pack(v) for v in value]
        if isinstance(value, datetime | date):
            return {"$": type(value).__name__, "v": value.isoformat()}
        if isinstance(value, bytes):
            return {"$": "bytes", "part": self._part(value)}
        if type(value) in _PLAIN.values() or type(value).__module__ == _VIEWS:
            return {"$": type(value).__name__, "v": {f.name: self.pack(getattr(value, f.name)) for f in fields(value)}}
        if isinstance(value, Outcomes):
            return self._outcomes(value)
        return self._other(value)

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        if not all(isinstance(k, str) for k in value):
            raise Unsendable("a mapping with keys that are not text")
        packed = {k: self.pack(v) for k, v in value.items()}
        return {"$": "dict", "v": packed} if "$" in packed else packed

    def _part(self, data: Any) -> int:
        self.parts.append(data)
        return len(self.parts) - 1

    def _other(self, value: Any) -> Any:
        form = _arrow_form(value)
        if form is not None:
            return {"$": form, "part": self._part(_to_ipc(value, form))}
        if self._codec is not None:
            return {"$": "codec", "part": self._part(self._codec.encode(value))}
        raise Unsendable(f"a {type(value).__module__}.{type(value).__qualname__}")

    def _outcomes(self, value: Outcomes) -> Any:
        """Aligned arrays as one record batch; the columns of a two-dimensional score are `score.0`, `score.1` …"""
        import pyarrow as pa

        columns: dict[str, Any] = {}
        dtypes: dict[str, str] = {}
        for name in ("target", "prediction", "score", "weight", "day", "query", "time"):
            array = getattr(value, name)
            if array is None:
                continue
            dtypes[name] = array.dtype.str
            if array.ndim == 2:
                columns.update({f"{name}.{i}": _to_arrow(array[:, i]) for i in range(array.shape[1])})
                dtypes[name] = f"{array.shape[1]}:{array.dtype.str}"
            else:
                columns[name] = _to_arrow(array)
        groups = []
        for i, (name, values) in enumerate(value.groups.items()):
            names, columns[f"groups.{i}"] = _coded(values)
            groups.append([name, self._part(_to_ipc(names, "array"))])
        batch = pa.record_batch(list(columns.values()), names=list(columns))
        return {
            "$": "Outcomes",
            "part": self._part(_to_ipc(batch, "batch")),
            "dtypes": dtypes,
            "classes": value.classes,
            "groups": groups,
            "before": None if value.before is None else self._part(_to_ipc(_to_arrow(value.before), "array")),
        }


def _to_arrow(array: Any) -> Any:
    """A NumPy column as Arrow, by its buffers: `pa.array` and `to_numpy` import pandas, dear in a new process."""
    import numpy as np
    import pyarrow as pa

    if array.dtype.kind == "b":
        array = array.view(np.uint8)
    if array.dtype.kind in "iuf":
        array = np.ascontiguousarray(array)
        return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), len(array), [None, pa.py_buffer(array)])
    texts = [str(text).encode("utf-8", "surrogatepass") for text in array.tolist()]
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(t) for t in texts], out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.large_binary(), len(texts), buffers)


def _coded(texts: Any) -> tuple[Any, Any]:
    """The distinct texts and, for each row, the place of its own: groups have few, and cross once for each resample."""
    import numpy as np

    places: dict[str, int] = {}
    codes = np.fromiter((places.setdefault(text, len(places)) for text in texts.tolist()), np.int64, len(texts))
    return _to_arrow(np.array([*places, ""], object)[:-1]), _to_arrow(codes)


def _to_numpy(column: Any, dtype: str) -> Any:
    """The inverse, as a copy that may be written to: a plugin that works in place spoils no numbers but its own."""
    import numpy as np

    kind = np.dtype(dtype)
    if kind.kind in "biuf":
        return np.frombuffer(column.buffers()[1], kind, len(column), column.offset * kind.itemsize).copy()
    texts = [text.decode("utf-8", "surrogatepass") for text in column.to_pylist()]
    return np.array(texts, dtype=kind) if texts else np.empty(0, dtype=kind)


def _arrow_form(value: Any) -> str | None:
    pa = sys.modules.get("pyarrow")  # an Arrow value cannot exist before pyarrow was imported
    if pa is None:
        return None
    return next((form for form, name in _ARROW.items() if isinstance(value, getattr(pa, name))), None)


def _to_ipc(value: Any, form: str) -> Any:
    import pyarrow as pa

    if form == "type":
        value, form = pa.schema([("", value)]), "schema"
    if form == "schema":
        return value.serialize()
    if form == "array":
        value = pa.record_batch([value], names=[""])
    elif form == "chunked":
        value = pa.table([value], names=[""])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)
    return sink.getvalue()


def _from_ipc(data: Any, form: str, check: bool) -> Any:
    import pyarrow as pa

    if form in ("schema", "type"):
        schema = pa.ipc.read_schema(pa.py_buffer(data))
        return schema.field(0).type if form == "type" else schema
    reader = pa.ipc.open_stream(pa.py_buffer(data))
    whole = reader.read_next_batch() if form in ("batch", "array") else reader.read_all()
    if check:
        whole.validate(full=True)
    return whole.column(0) if form in ("array", "chunked") else whole


def unpack(
    value: Any, parts: Sequence[Any], decode: Callable[[bytes], Any] | None = None, *, check: bool = True
) -> Any:
    """The value that `Packer.pack` was given.

    Args:
        parts: the frame's binary parts.
        decode: the codec's function, where the sender had one.
        check: validate Arrow data in full, as it may come from a process that a plugin has ruined.

    Raises:
        Unsendable: for a form this side does not take. Values of a ruined process may raise anything.
    """
    if isinstance(value, list):
        return [unpack(v, parts, decode, check=check) for v in value]
    if not isinstance(value, dict):
        return value
    tag = value.get("$")
    if tag is None:
        return {k: unpack(v, parts, decode, check=check) for k, v in value.items()}
    if tag == "tuple":
        return tuple(unpack(v, parts, decode, check=check) for v in value["v"])
    if tag == "dict":
        return {k: unpack(v, parts, decode, check=check) for k, v in value["v"].items()}
    if tag in _TIMES:
        return _TIMES[tag].fromisoformat(value["v"])
    if tag == "Outcomes":
        return _outcomes(value, parts, check)
    if tag == "bytes":
        return bytes(parts[value["part"]])
    if tag == "codec" and decode is not None:
        return decode(parts[value["part"]])
    if tag in _ARROW:
        return _from_ipc(parts[value["part"]], tag, check)
    if tag in _PLAIN or tag in _views():
        return (_PLAIN.get(tag) or _views()[tag])(
            **{k: unpack(v, parts, decode, check=check) for k, v in value["v"].items()}
        )
    raise Unsendable(f"a value of the form {tag!r}")


@cache
def _views() -> Mapping[str, type]:
    module = import_module(_VIEWS)
    return {name: found for name, found in vars(module).items() if getattr(found, "__module__", "") == _VIEWS}


def _outcomes(value: Mapping[str, Any], parts: Sequence[Any], check: bool) -> Outcomes:
    import numpy as np

    batch = _from_ipc(parts[value["part"]], "batch", check)
    arrays: dict[str, Any] = {}
    for name, dtype in value["dtypes"].items():
        width, _, kind = dtype.rpartition(":")
        if not width:
            arrays[name] = _to_numpy(batch.column(name), kind)
        elif int(width):
            arrays[name] = np.column_stack([_to_numpy(batch.column(f"{name}.{i}"), kind) for i in range(int(width))])
        else:
            arrays[name] = np.empty((len(batch), 0), dtype=np.dtype(kind))
    groups = {}
    for i, (name, part) in enumerate(value["groups"]):
        names = _to_numpy(_from_ipc(parts[part], "array", check), "|O")
        groups[name] = names[_to_numpy(batch.column(f"groups.{i}"), "<i8")]
    before = None if value["before"] is None else _to_numpy(_from_ipc(parts[value["before"]], "array", check), "<f8")
    return Outcomes(**arrays, classes=tuple(value["classes"]), groups=groups, before=before)
