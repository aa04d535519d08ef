"""Exact sums of floats, so that mean and standard deviation merge bit for bit, in any order.

A float is a whole number times a power of two. Values are cut into short whole pieces whose sums, and sums of
products, fit a float64 without rounding; the totals are kept as Python integers. Called by `Profiler`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_UNIT = 1074  # the smallest float is 2^-1074: sums are whole multiples of it, squares of 2^-2148
_BLOCK = 8_192  # 2^13 products of at most 38 bits stay below 2^53
_BITS = 18
_PIECE = float(2**_BITS)
_SPREAD = 2.0**-200  # floats within this ratio of the largest are cut without underflow
_SMALL = 2**23


@dataclass(frozen=True, slots=True)
class Sums:
    """Exact sum and sum of squares of `n` finite values.

    Attributes:
        total: Σx in units of 2^-1074.
        squares: Σx² in units of 2^-2148.
    """

    n: int = 0
    total: int = 0
    squares: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """The correctly rounded mean; NaN without values."""
        return self.total / (self.n << _UNIT) if self.n else math.nan

    @property
    def variance(self) -> float:
        """The population variance (divided by n), correctly rounded; NaN without values, inf beyond floats."""
        if not self.n:
            return math.nan
        try:
            return (self.n * self.squares - self.total**2) / (self.n**2 << (2 * _UNIT))
        except OverflowError:
            return math.inf

    @classmethod
    def of(cls, values: np.ndarray) -> Sums:
        """Sums of finite float64 or int64 values."""
        total = squares = 0
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK]
            first, second = _whole(block) or _floats(block)
            total += first
            squares += second
        return cls(len(values), total, squares)


def _whole(block: np.ndarray) -> tuple[int, int] | None:
    """Sums of small whole numbers through int64; None if they are not all that."""
    if not -_SMALL < block[0] < _SMALL or not (block.min() > -_SMALL and block.max() < _SMALL):
        return _integers(block) if block.dtype.kind == "i" else None
    whole = block.astype(np.int64, copy=False)
    if block.dtype.kind == "f" and not (whole == block).all():
        return None
    return int(whole.sum()) << _UNIT, int((whole * whole).sum()) << (2 * _UNIT)


def _integers(block: np.ndarray) -> tuple[int, int]:
    """Sums of any int64, cut into pieces of 22 bits."""
    low, rest = block & 0x3FFFFF, block >> 22
    middle, high = rest & 0x3FFFFF, rest >> 22
    s = [int(x.sum()) for x in (low, middle, high)]
    total = s[0] + (s[1] << 22) + (s[2] << 44)
    products = (
        (low, low, 0, 1), (low, middle, 22, 2), (low, high, 44, 2),
        (middle, middle, 44, 1), (middle, high, 66, 2), (high, high, 88, 1),
    )  # fmt: skip
    squares = sum(times * int((x * y).sum()) << shift for x, y, shift, times in products)
    return total << _UNIT, squares << (2 * _UNIT)


def _floats(block: np.ndarray) -> tuple[int, int]:
    """Sums of any finite floats: pieces of 18 bits, the same place value for all rows, multiplied as a matrix."""
    size = np.abs(block)
    top = float(size.max())
    if top == 0:
        return 0, 0
    exponent = math.frexp(top)[1]
    if bool(((size > 0) & (size < top * _SPREAD)).any()):
        return _by_exponent(block)
    rest = np.ldexp(block, _BITS - exponent)
    pieces = []
    while rest.any():
        piece = np.rint(rest)
        pieces.append(piece)
        rest -= piece
        rest *= _PIECE
    matrix = np.array(pieces)
    places = range(len(pieces))
    sums = [int(x) for x in matrix.sum(axis=1)]
    products = (matrix @ matrix.T).astype(np.int64).tolist()  # every partial sum is whole and below 2^53: exact
    unit = exponent + _UNIT - _BITS * len(pieces)  # the last piece's place value, in units
    last = len(pieces) - 1
    total = sum(sums[i] << (_BITS * (last - i)) for i in places)
    squares = sum(products[i][j] << (_BITS * (2 * last - i - j)) for i in places for j in places)
    return _shift(total, unit), _shift(squares, 2 * unit)


def _by_exponent(block: np.ndarray) -> tuple[int, int]:
    """The same for floats of wildly different sizes: grouped by exponent; about 100 ns a value."""
    mantissa, exponent = np.frexp(block)  # x = mantissa · 2^exponent, 1/2 ≤ |mantissa| < 1
    floor = int(exponent.min())
    key = (exponent - floor).astype(np.intp)
    rest = mantissa * _PIECE
    a = np.trunc(rest)
    rest = (rest - a) * _PIECE
    b = np.trunc(rest)
    c = (rest - b) * _PIECE  # 53 bits in all: what is left is whole
    ab = a * b
    sums = [np.bincount(key, weights=w) for w in (a * _PIECE + b, c, a * a, ab, 2 * a * c + b * b, b * c, c * c)]
    total = squares = 0
    for place in np.flatnonzero(np.bincount(key)).tolist():
        high, low, aa, ab_, mid, bc, cc = (int(s[place]) for s in sums)
        power = place + floor - 54 + _UNIT
        total += _shift((high << 18) + low, power)
        squares += _shift((aa << 72) + (ab_ << 55) + (mid << 36) + (bc << 19) + cc, 2 * power)
    return total, squares


def _shift(value: int, power: int) -> int:
    """value · 2^power; exact also for negative powers, because subnormals end in zeros."""
    return value << power if power >= 0 else value >> -power
