"""Grids: the values of each feature as integer multiples of one step, chosen from the whole data.

On a grid, sums are sums of integers, which are exact and the same in any order. A *decimal* grid
has the step 10**-p and is lossless; a *binary* grid has the step 2**e and rounds once, by at most
2**-53 of the largest value. After this step, "x" means the gridded value.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from mr_kmeans.exact.column import MAX_DECIMALS, POWERS_OF_TEN, RAW, is_decimal, to_floats
from mr_kmeans.json_fields import Field

DECIMAL = 'decimal'
BINARY = 'binary'

MAX_VALUE = 2.0**500
"""Maximum magnitude of a value; squares of larger ones could overflow float64 when summed."""

MAX_INTEGER = 2**53
"""Limit of grid integers: those below it are exact in float64."""

_MANTISSA_BITS = 52
_MIN_EXPONENT = -1074
"""Exponent of the smallest float64 above 0; a finer step would change nothing."""

_MAX_EXPONENT = 971
"""Exponent of the largest float64, which is below 2**1024, minus the bits of the mantissa."""

_TILE_ROWS = 8192
"""Number of rows rounded at once, for which the working arrays (64 kB each) stay in the caches."""

_MAX_FACTOR_EXPONENT = 1022
"""Maximum exponent of factors: 2**-1022 ... 2**1022 are normal float64 numbers, so that a product
with one is exact unless it underflows.
"""


class Grid(NamedTuple):
    """The grid of one feature: its values are integers times `step`.

    Attributes
    ----------
    kind : 'decimal' or 'binary'
    exponent : int
        The step is ``10**-exponent`` (decimal) or ``2**exponent`` (binary).
    """

    kind: str
    exponent: int

    @property
    def step(self):
        """The step as a Fraction."""
        return _step(self.kind, self.exponent)

    @property
    def step_ratio(self):
        """The step as two ints, numerator and denominator."""
        step = self.step
        return step.numerator, step.denominator

    def holds(self, column):
        """Return whether `to_integers` can represent `column`, which is always so for the data from
        which the grid was chosen.

        A decimal grid holds columns with at most its own decimals, a binary one any column; the
        integers must be below 2**53.
        """
        if self.kind == DECIMAL and not 0 <= column.decimals <= self.exponent:
            return False
        if column.values.size == 0:
            return True
        low, high = column.values.min(), column.values.max()
        if column.decimals == RAW:
            largest = Fraction(max(-float(low), float(high)))
        else:
            largest = Fraction(max(-int(low), int(high)), 10**column.decimals)
        return largest < MAX_INTEGER * self.step

    def to_integers(self, column):
        """Return the grid integers of `column`.

        Parameters
        ----------
        column : Column of n values

        Returns
        -------
        ndarray of shape (n,)
            The column's own type if nothing needs to be scaled, else int32 or int64. A binary grid
            rounds to the nearest step, ties to even.

        Raises
        ------
        ValueError
            If the grid does not hold the column (see `holds`).
        """
        if not self.holds(column):
            raise ValueError(
                f'a column of {column.decimals} decimals is not on the {self.kind} grid of exponent'
                f' {self.exponent}'
            )
        if self.kind == DECIMAL:
            return _rescale(column.values, 10 ** (self.exponent - column.decimals))
        integers = np.empty(column.values.size, dtype=np.int64)
        for start in range(0, integers.size, _TILE_ROWS):
            tile = slice(start, start + _TILE_ROWS)
            part = column._replace(values=column.values[tile])
            integers[tile] = self._round(part.values if part.decimals == RAW else to_floats(part))
        return integers

    def to_floats(self, integers):
        """Return the gridded values x, float64 of the shape of `integers`: integer * step, rounded
        at most once.
        """
        x = np.asarray(integers).astype(np.float64)
        if self.kind == BINARY:
            x *= math.ldexp(1.0, self.exponent)
        elif self.exponent > 0:
            x /= POWERS_OF_TEN[self.exponent]
        return x

    def snap(self, column):
        """Return the values of `column` for labeling, float64 of shape (n,), even if the grid does
        not hold it.

        On a decimal grid they are as parsed, on a binary one rounded to the step. For columns that
        the grid holds, they are ``to_floats(to_integers(column))``; they differ only for rows that
        were not in the data from which the grid was chosen.
        """
        x = to_floats(column)
        if self.kind == BINARY:
            fine = np.abs(x) < math.ldexp(
                float(MAX_INTEGER), self.exponent
            )  # larger ones are multiples of the step
            x[fine] = self._round(x[fine]) * math.ldexp(1.0, self.exponent)
        return x

    def _round(self, x):
        """Return x / step of a binary grid, rounded to integers, float64."""
        if abs(self.exponent) <= _MAX_FACTOR_EXPONENT:
            scaled = x * math.ldexp(1.0, -self.exponent)
        else:
            scaled = np.ldexp(x, -self.exponent)
        return np.rint(scaled, out=scaled)

    def ratio(self, total, count):
        """Return total * step / count as a float, exact except for one rounding; never -0.

        Parameters
        ----------
        total, count : int
            Of any size; count > 0.
        """
        if self.kind == DECIMAL:
            return total / (count * 10**self.exponent) + 0.0
        if self.exponent >= 0:
            return (total << self.exponent) / count + 0.0
        return total / (count << -self.exponent) + 0.0

    @staticmethod
    def count_vanished(column, integers):
        """Return the number of values of `column` that are not 0 but become 0 on a grid, where they
        are `integers`.
        """
        return int(np.count_nonzero(column.values)) - int(np.count_nonzero(integers))

    def to_json(self):
        """Return the grid as plain JSON types, such as ``['decimal', 4]``."""
        return [self.kind, self.exponent]

    @classmethod
    def from_json(cls, plain, name='grid'):
        """Return the grid that `to_json` wrote.

        Raises
        ------
        FieldError
            If there is no such grid, such as one with 10**9 decimals.
        """
        kind, exponent = Field(plain, name).items(2, 'values, the kind and the exponent')
        limits = {DECIMAL: (0, MAX_DECIMALS), BINARY: (_MIN_EXPONENT, _MAX_EXPONENT)}
        return cls(kind.value, exponent.whole(*limits[kind.choice((DECIMAL, BINARY))]))


@functools.cache  # there are about 2,000 grids, and tables of 100,000 columns
def _step(kind, exponent):
    """Return the step of a grid."""
    if kind == DECIMAL:
        return Fraction(1, 10**exponent)
    return Fraction(2) ** exponent


def choose_grid(decimals, max_abs):
    """Choose the grid of a feature from the whole data.

    Parameters
    ----------
    decimals : int
        The largest number of decimals of the feature's columns; ``RAW`` if any of them is raw.
    max_abs : float
        The largest |x|, finite.

    Returns
    -------
    Grid
        Decimal with these decimals if, exactly, max|x| * 10**decimals < 2**51; otherwise binary
        with exponent max(floor(log2 max|x|) - 52, -1074), so that |i| < 2**53.
    """
    if not math.isfinite(max_abs):
        raise ValueError(f'max_abs={max_abs} should be finite')
    if decimals != RAW and is_decimal(max_abs, decimals):
        return Grid(DECIMAL, decimals)
    floor_log2 = math.frexp(max_abs)[1] - 1
    return Grid(BINARY, max(floor_log2 - _MANTISSA_BITS, _MIN_EXPONENT))


def _rescale(values, factor):
    """Return integer `values` times `factor`: unchanged for a factor of 1, int32 if they fit, else
    int64.
    """
    if factor == 1 or values.size == 0:
        return values
    low, high = int(values.min()) * factor, int(values.max()) * factor
    width = np.int32 if low > -(2**31) and high < 2**31 else np.int64
    return (
        values.astype(width) * width(factor)
        if factor < 2**31
        else values.astype(np.int64) * np.int64(factor)
    )
