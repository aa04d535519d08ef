"""Profiles and grids as bytes, for `state/` and for the process that runs a team's plugins.

Format 1: two bytes of magic, a version, a letter for what follows, then zlib of little-endian parts. Sparse: a cell
that holds nothing takes no room. Equal profiles give equal bytes. A profile names the grid that it lies on, which may
be a coarser one of the column's (see `nested`).
"""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np

from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.grids import AffineGrid, Grid, IntegerGrid, PatternGrid, PointGrid
from lifecycle_tui.profiles.moments import Sums
from lifecycle_tui.profiles.nested import find
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.text import dump_text, load_text

_MAGIC = b"lp"
_VERSION = 1
_KINDS: tuple[ColumnKind, ...] = ("numeric", "text", "time")
_WIDTHS = ("<u1", "<u2", "<u4", "<u8")
_HEAD = struct.Struct("<BQQQQddB")


def dump_grid(grid: Grid) -> bytes:
    """The grid as bytes."""
    return _packed(grid.kind[0], grid.payload())


def load_grid(data: bytes) -> Grid:
    """The grid that `dump_grid` wrote.

    Raises:
        ValueError: if these are not the bytes of a grid, or of a newer format.
    """
    letter, body = _unpacked(data)
    if letter == "p":
        return PointGrid(np.frombuffer(body, "<f8"))
    if letter == "i":
        low, high = (int(x) for x in np.frombuffer(body, "<i8"))
        return IntegerGrid(low, high)
    if letter == "a":
        start, scale = (float(x) for x in np.frombuffer(body[:16], "<f8"))
        return AffineGrid(start, scale, int(np.frombuffer(body[16:], "<i8")[0]))
    if letter == "l":
        first, shift, cells = (int(x) for x in np.frombuffer(body, "<i8"))
        return PatternGrid(first, shift, cells)
    raise ValueError("these bytes hold no grid")


def dump(profile: NumericProfile | CategoricalProfile) -> bytes:
    """The profile as bytes, without its values and without its grid (see `dump_grid`)."""
    if isinstance(profile, CategoricalProfile):
        facts = [profile.rows, profile.other, profile.horizon, list(profile.counts), list(profile.counts.values())]
        text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        return _packed("C", text.encode("utf-8", "surrogatepass"))
    cells, counts = profile.sparse()
    head = _HEAD.pack(
        _KINDS.index(profile.kind),
        profile.rows,
        len(cells),
        profile.negative_inf,
        profile.positive_inf,
        profile.minimum,
        profile.maximum,
        profile.sums is not None,
    )
    parts = [bytes.fromhex(profile.grid.id), head, _whole(np.diff(cells, prepend=0)), _whole(counts)]
    if profile.sums is not None:
        parts += [struct.pack("<Q", profile.sums.n), _integer(profile.sums.total), _integer(profile.sums.squares)]
    if profile.text is None:
        return _packed("N", b"".join(parts))
    return _packed("T", b"".join([*parts, dump_text(profile.text)]))


def load(data: bytes, grid: Grid | None = None) -> NumericProfile | CategoricalProfile:
    """The profile that `dump` wrote; `grid` is the one it was made on, or a finer one (categories need none).

    Raises:
        ValueError: if the bytes are no profile, of a newer format, or made on another grid.
    """
    letter, body = _unpacked(data)
    if letter == "C":
        rows, other, horizon, labels, numbers = json.loads(body.decode("utf-8", "surrogatepass"))
        return CategoricalProfile(rows, dict(zip(labels, numbers, strict=True)), other=other, horizon=horizon)
    if letter not in ("N", "T"):
        raise ValueError("these bytes hold no profile")
    made_on = None if grid is None else find(grid, body[:8].hex())
    if made_on is None:
        raise ValueError("this profile was made on another grid")
    kind, rows, filled, negative, positive, low, high, summed = _HEAD.unpack_from(body, 8)
    place = 8 + _HEAD.size
    gaps, place = _read_whole(body, place, filled)
    counts, place = _read_whole(body, place, filled)
    sums = None
    if summed:
        (n,) = struct.unpack_from("<Q", body, place)
        total, place = _read_integer(body, place + 8)
        squares, place = _read_integer(body, place)
        sums = Sums(n, total, squares)
    return NumericProfile(
        made_on,
        rows,
        counts,
        cells=np.cumsum(gaps),
        kind=_KINDS[kind],
        extremes=(low, high),
        infinite=(negative, positive),
        sums=sums,
        text=load_text(body[place:]) if letter == "T" else None,
    )


def _packed(letter: str, body: bytes) -> bytes:
    return _MAGIC + bytes([_VERSION]) + letter.encode() + zlib.compress(body, 6)


def _unpacked(data: bytes) -> tuple[str, bytes]:
    if len(data) < 4 or data[:2] != _MAGIC:
        raise ValueError("these bytes hold neither a profile nor a grid")
    if data[2] != _VERSION:
        raise ValueError(f"a profile of format {data[2]}; this program reads format {_VERSION}")
    try:
        return chr(data[3]), zlib.decompress(data[4:])
    except zlib.error as exc:
        raise ValueError(f"a damaged profile or grid: {exc}") from None


def _whole(numbers: np.ndarray) -> bytes:
    """Non-negative whole numbers in the narrowest width that holds them."""
    top = int(numbers.max()) if len(numbers) else 0
    width = next(i for i in range(4) if top < 1 << (8 << i))
    return bytes([width]) + numbers.astype(_WIDTHS[width]).tobytes()


def _read_whole(body: bytes, place: int, count: int) -> tuple[np.ndarray, int]:
    width = body[place]
    end = place + 1 + (count << width)
    return np.frombuffer(body, _WIDTHS[width], count, place + 1).astype(np.int64), end


def _integer(value: int) -> bytes:
    """A Python integer of any size: trailing zero bits left out, they are many here."""
    shift = (value & -value).bit_length() - 1 if value else 0
    value >>= shift
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return struct.pack("<HH", shift, len(raw)) + raw


def _read_integer(body: bytes, place: int) -> tuple[int, int]:
    shift, length = struct.unpack_from("<HH", body, place)
    end = place + 4 + length
    return int.from_bytes(body[place + 4 : end], "little", signed=True) << shift, end
