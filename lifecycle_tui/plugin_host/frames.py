"""Frames on the pipes between the program and a plugin's process: a JSON head and binary parts, each with its length.

    b"LCF1" | u32 length of head | u32 number of parts | u64 length of each part … | head | parts …

`Assembler` takes bytes as they come (the host reads without blocking); `read` and `write` block (the child).
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Sequence
from typing import Any

MAGIC = b"LCF1"
_FIXED = struct.Struct("!4sII")
MAX_HEAD = 64 * 1024 * 1024
MAX_PARTS = 4096
_JOIN = 256 * 1024

# Bound here, before a plugin is imported, so that its monkeypatching of these modules does not reach the channel.
_os_read, _os_write = os.read, os.write
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_decode = json.JSONDecoder().decode
_pack, _unpack, _unpack_from = struct.pack, struct.unpack, struct.unpack_from

Frame = tuple[dict[str, Any], list[bytes]]


class BrokenFrame(Exception):
    """Bytes on the channel that are not a frame, or more of them than allowed."""


def pack(head: dict[str, Any], parts: Sequence[Any] = ()) -> list[Any]:
    """The buffers to write, in order. Small ones are joined (each write may wake the reader), large ones not copied."""
    text = _encode(head).encode()
    views = [memoryview(p).cast("B") for p in parts]
    sizes = _pack(f"!{len(views)}Q", *map(len, views))
    pieces: list[Any] = [_FIXED.pack(MAGIC, len(text), len(views)), sizes, text, *views]
    return [b"".join(pieces)] if sum(map(len, pieces)) <= _JOIN else pieces


class Assembler:
    """Puts frames together from whatever pieces arrive.

    Args:
        limit: bytes that one frame may hold.
    """

    def __init__(self, limit: int) -> None:
        self._buffer = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Complete frames after `data`.

        Raises:
            BrokenFrame: if what arrived is not a frame or is too large.
        """
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < _FIXED.size:
            if buffer and not MAGIC.startswith(bytes(buffer[:4])):
                raise BrokenFrame("wrote to the channel that carries results")
            return None
        head_size, count = _fixed(bytes(buffer[: _FIXED.size]))
        start = _FIXED.size + 8 * count
        if len(buffer) < start:
            return None
        sizes = _unpack_from(f"!{count}Q", buffer, _FIXED.size)
        total = start + head_size + sum(sizes)
        if total > self._limit:
            raise BrokenFrame(f"returned {total:,} bytes; {self._limit:,} are allowed")
        if len(buffer) < total:
            return None
        whole = bytes(buffer[:total])
        del buffer[:total]
        return _head(whole[start : start + head_size]), _split(whole, start + head_size, sizes)


def _fixed(data: bytes) -> tuple[int, int]:
    magic, head_size, count = _FIXED.unpack(data)
    if magic != MAGIC or head_size > MAX_HEAD or count > MAX_PARTS:
        raise BrokenFrame("wrote to the channel that carries results")
    return head_size, count


def _head(data: bytes) -> dict[str, Any]:
    try:
        head = _decode(data.decode())
    except (ValueError, RecursionError):
        raise BrokenFrame("wrote to the channel that carries results") from None
    if not isinstance(head, dict):
        raise BrokenFrame("wrote to the channel that carries results")
    return head


def _split(whole: bytes, at: int, sizes: Sequence[int]) -> list[bytes]:
    parts = []
    for size in sizes:
        parts.append(whole[at : at + size])
        at += size
    return parts


def write(fd: int, head: dict[str, Any], parts: Sequence[Any] = ()) -> None:
    """Write one frame, blocking.

    Raises:
        OSError: if the other side is gone.
    """
    for piece in pack(head, parts):
        view = memoryview(piece)
        while view:
            view = view[_os_write(fd, view) :]


def read(fd: int) -> Frame | None:
    """The next frame, blocking; None at the end of the stream.

    Raises:
        BrokenFrame: if the bytes are not a frame.
    """
    first = _exactly(fd, _FIXED.size)
    if first is None:
        return None
    head_size, count = _fixed(first)
    sizes = _unpack(f"!{count}Q", _exactly(fd, 8 * count) or b"")
    head = _head(_exactly(fd, head_size) or b"")
    return head, [_exactly(fd, size) or b"" for size in sizes]


def _exactly(fd: int, size: int) -> bytes | None:
    """`size` bytes; None at the end of the stream."""
    if size == 0:
        return b""
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        piece = _os_read(fd, min(size - at, 1 << 20))
        if not piece:
            if at:
                raise BrokenFrame("the stream ends within a frame")
            return None
        view[at : at + len(piece)] = piece
        at += len(piece)
    view.release()
    return bytes(data)
