"""A profile with its grid as one run of bytes, for the process that runs a team's plugins (see `plugin_host`)."""

from __future__ import annotations

import struct

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.codec import dump, dump_grid, load, load_grid
from lifecycle_tui.profiles.numeric import NumericProfile

_LENGTH = struct.Struct("<Q")


def encode(profile: NumericProfile | CategoricalProfile) -> bytes:
    """The profile and its grid; the values at hand stay behind."""
    grid = getattr(profile, "grid", None)
    first = b"" if grid is None else dump_grid(grid)
    return _LENGTH.pack(len(first)) + first + dump(profile)


def decode(data: bytes) -> NumericProfile | CategoricalProfile:
    """The profile that `encode` wrote.

    Raises:
        ValueError: if these are other bytes.
    """
    (length,) = _LENGTH.unpack_from(data)
    first, rest = data[_LENGTH.size : _LENGTH.size + length], data[_LENGTH.size + length :]
    return load(rest, load_grid(first) if first else None)
