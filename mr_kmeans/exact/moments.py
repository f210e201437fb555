"""Moments, which the survey has for each feature: count, range, exact sum and sum of squares.

`Moments.merge` is associative and commutative, with `Moments.zero` as neutral element, so that
blocks can be merged in any order and grouping with the same result to the last bit.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Optional

import numpy as np

from mr_kmeans.exact.column import MAX_DECIMALS, RAW
from mr_kmeans.exact.grid import DECIMAL, MAX_INTEGER, Grid
from mr_kmeans.json_fields import Field

_TILE_ROWS = 8192
"""Number of rows squared at once."""

_PARTS = ((2**20, 1, 0), (2**39, 2, 20), (2**54, 3, 18))
"""(limit, parts, bits): integers below the limit are squared in this number of parts, for example
as a * 2**36 + b * 2**18 + c. Products of two parts are at most 2**40, and their sums over a tile at
most 2**53, so that a float64 matrix product is exact in any order.
"""

_MAX_TOTAL = MAX_INTEGER * 10**MAX_DECIMALS
"""Largest integer in a sum, since values with few decimals may be on a grid with many before the
grid for all rows is chosen.
"""

_FLOAT_EXACT = 2**53
_INT64_LIMIT = 2**63


class Moments(NamedTuple):
    """The moments of one feature.

    Attributes
    ----------
    count : int
        The number of values.
    minimum, maximum : float
        inf and -inf if there are no values.
    decimals : int
        The largest number of decimals of the columns; ``RAW`` if any of them is raw.
    grid : Grid or None
        The grid of the integers in the sums; None if there are no sums, because a raw column was
        added without a grid.
    total, total_squares : int or None
        The exact sums of i and of i**2 over the grid integers i.
    """

    count: int  # type: ignore[assignment]  # it hides the method of tuples
    minimum: float
    maximum: float
    decimals: int
    grid: Optional[Grid]
    total: Optional[int]
    total_squares: Optional[int]

    @classmethod
    def zero(cls):
        """Return the moments of no values."""
        return cls(0, math.inf, -math.inf, 0, Grid(DECIMAL, 0), 0, 0)

    @classmethod
    def of(cls, column):
        """Return the moments of `column` with its own decimals; without sums if it is raw."""
        if column.decimals != RAW:
            return cls.of_grid(column, Grid(DECIMAL, column.decimals), column.values)
        if column.values.size == 0:
            return cls.zero()
        low, high = float(column.values.min()), float(column.values.max())
        return cls(column.values.size, low, high, RAW, None, None, None)

    @classmethod
    def of_grid(cls, column, grid, integers):
        """Return the moments of `column` on `grid`, with sums in steps of the grid and the original
        range.

        Parameters
        ----------
        column : Column
        grid : Grid
        integers : ndarray
            What ``grid.to_integers(column)`` returns.
        """
        values = column.values
        if values.size == 0:
            return cls.zero()
        low, high = values.min(), values.max()
        if integers is values:
            largest = max(-int(low), int(high))
        else:
            largest = max(-int(integers.min()), int(integers.max()))
        if column.decimals == RAW:
            low, high = float(low), float(high)
        else:
            own = Grid(DECIMAL, column.decimals)
            low, high = own.ratio(int(low), 1), own.ratio(int(high), 1)
        sums = exact_sums(integers, largest)
        return cls(values.size, low, high, column.decimals, grid, *sums)

    def merge(self, other):
        """Return the moments of the values of both together.

        Sums on two decimal grids are merged on the finer one; if one side has no sums, the result
        has none.

        Raises
        ------
        ValueError
            If both have sums on different grids and one is binary: these have no common sum.
        """
        if not other.count:
            return self
        if not self.count:
            return other
        decimals = (
            RAW if RAW in (self.decimals, other.decimals) else max(self.decimals, other.decimals)
        )
        grid = total = total_squares = None
        if self.grid and other.grid:
            grid = self.grid if self.grid.exponent >= other.grid.exponent else other.grid
            mine, theirs = self.at(grid), other.at(grid)
            total, total_squares = mine[0] + theirs[0], mine[1] + theirs[1]
        return Moments(
            self.count + other.count,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            decimals,
            grid,
            total,
            total_squares,
        )

    @property
    def largest(self):
        """The largest |x|, a float; 0 if there are no values."""
        return max(-self.minimum, self.maximum) + 0.0 if self.count else 0.0

    def fits(self, grid):
        """Return whether `at` can compute the sums on `grid` without another pass over the data."""
        if not self.count or self.grid == grid:
            return True
        return (
            self.grid is not None
            and self.grid.kind == grid.kind == DECIMAL
            and self.grid.exponent <= grid.exponent
        )

    def at(self, grid):
        """Return (total, total_squares) in steps of `grid`.

        Raises
        ------
        ValueError
            If they are not known on this grid (see `fits`), which requires a pass with `of_grid`.
        """
        if self.grid == grid:
            return self.total, self.total_squares
        if not self.fits(grid):
            raise ValueError(f'sums on the grid {self.grid} do not give those on the grid {grid}')
        if not self.count or self.grid is None:
            return 0, 0
        factor = 10 ** (grid.exponent - self.grid.exponent)
        return self.total * factor, self.total_squares * factor * factor

    def to_json(self):
        """Return the moments as plain JSON types, without loss in any JSON library: floats in
        hexadecimal, large integers as text.
        """
        return [
            self.count,
            self.minimum.hex(),
            self.maximum.hex(),
            self.decimals,
            self.grid and self.grid.to_json(),
            self.grid and str(self.total),
            self.grid and str(self.total_squares),
        ]

    @classmethod
    def from_json(cls, plain, name='moments'):
        """Return the moments that `to_json` wrote.

        Raises
        ------
        FieldError
            If no values can have such moments.
        """
        count, minimum, maximum, decimals, grid, total, total_squares = Field(plain, name).items(7)
        n, low, high = count.whole(), _from_hex(minimum), _from_hex(maximum)
        in_order = low <= high if n else (low, high) == (math.inf, -math.inf)
        maximum.check(in_order, f'no less than the minimum, {low!r}')
        maximum.check(not n or max(-low, high) < math.inf, 'a finite number, as the minimum')
        known = cls(n, low, high, decimals.whole(RAW, MAX_DECIMALS), None, None, None)
        if grid.value is None:
            without = total.value is None and total_squares.value is None
            grid.check(without, 'there, as there are sums')
            return known
        sums = (
            total.numeral(-n * _MAX_TOTAL, n * _MAX_TOTAL),
            total_squares.numeral(0, n * _MAX_TOTAL**2),
        )
        total.check(
            sums[0] ** 2 <= n * sums[1],
            'a sum whose square is at most the count times the sum of squares',
        )
        return known._replace(
            grid=Grid.from_json(grid.value, grid.name), total=sums[0], total_squares=sums[1]
        )


def _from_hex(field):
    """Return the value of a float in hexadecimal, as written by `to_json`."""
    field.matching(r'-?(inf|0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4})', 'a number in hexadecimal')
    try:
        return float.fromhex(field.value)
    except (OverflowError, ValueError):
        raise field.fault('a number in hexadecimal') from None


def exact_sums(integers, largest):
    """Return the sum and the sum of squares of an array of integers as Python ints.

    Parameters
    ----------
    integers : ndarray of shape (n,)
        n < 2**31.
    largest : int
        The largest |i|, below 2**54.
    """
    if largest * largest * integers.size < _FLOAT_EXACT:  # and any partial sum
        values = integers.astype(np.float64)
        return int(values.sum()), int(values.dot(values))
    return _total(integers, largest), _total_squares(integers, largest)


def _total(integers, largest):
    """Return the sum of an integer array as a Python int."""
    if largest * integers.size < _INT64_LIMIT:
        return int(integers.sum(dtype=np.int64))
    integers = np.asarray(integers, np.int64)
    high = int((integers >> 32).sum(dtype=np.int64))
    return (high << 32) + int((integers & 0xFFFFFFFF).sum(dtype=np.int64))


def _total_squares(integers, largest):
    """Return the sum of the squares of an integer array as a Python int."""
    _, n_parts, bits = next(one for one in _PARTS if largest < one[0])
    total, parts = 0, np.empty((n_parts, min(integers.size, _TILE_ROWS)))
    for start in range(0, integers.size, _TILE_ROWS):
        tile = integers[start : start + _TILE_ROWS]
        parts = parts[:, : tile.size]
        parts[0] = tile
        for low in range(1, n_parts):  # part p has the weight 2**(p * bits)
            _split(parts[low - 1], bits, parts[low])
        products = parts.dot(parts.T).tolist()
        for p, row in enumerate(products):
            total += sum(int(product) << (p + q) * bits for q, product in enumerate(row))
    return total


def _split(values, bits, high):
    """Set `high` to the nearest integers to values / 2**bits and subtract these multiples from
    `values`; both are exact.
    """
    np.multiply(values, 2.0**-bits, out=high)
    np.rint(high, out=high)
    values -= high * 2.0**bits
