"""Columns: the values of one feature of one block, stored losslessly in as few bytes as possible.

Nearly all text data are decimal numbers with few digits. Such a column is stored as integers i and
one number of decimals p; its values are i / 10**p, one correctly rounded float64 division. Any
other column has its float64 values unchanged (``RAW``). The form is canonical: equal values give
equal columns, whether they were given as floats or as parsed integers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

RAW = -1
"""Value of ``Column.decimals`` for a column of the float64 values themselves."""

MAX_DECIMALS = 15
"""Maximum number of decimals of a decimal column: 10**15 < 2**51, so 16 decimals allow only 0."""

DECIMAL_LIMIT = 2**51
"""Limit of decimal integers: below it, x * 10**p differs from the integer i by less than 1/2 (two
roundings of 2**-53 each), so that rounding x * 10**p to an integer gives i. Up to 2**53 that test
would not be reliable.
"""

POWERS_OF_TEN = tuple(float(10**p) for p in range(23))
"""The powers of ten that are exact float64 numbers: 10**0 ... 10**22."""

_SAMPLE = 64
"""Number of values that are examined first; they determine the number of decimals of nearly every
column without a full pass.
"""

_WIDTHS = (np.int8, np.int16, np.int32, np.int64)


class Column(NamedTuple):
    """The values of one feature.

    Attributes
    ----------
    values : ndarray of shape (n,)
        int8, int16, int32 or int64; float64 when `decimals` is ``RAW``.
    decimals : int
        0 ... 15: the value is ``values / 10**decimals``; ``RAW`` (-1): the values are `values`.
    """

    values: np.ndarray
    decimals: int


def from_floats(x):
    """Make a column from float64 values.

    Parameters
    ----------
    x : ndarray of shape (n,), float64

    Returns
    -------
    Column
        With the smallest p of 0 ... 15 for which every value satisfies ``rint(x * 10**p) / 10**p ==
        x`` and max|x| * 10**p < 2**51, and the narrowest integer type; ``RAW`` if there is no such
        p (also for NaN and infinities). -0 becomes 0.
    """
    x = np.asarray(x, dtype=np.float64) + 0.0
    if x.size == 0:
        return Column(np.zeros(0, dtype=np.int8), 0)
    largest = max_abs(x)
    decimals, sample = 0, x[:: max(1, x.size // _SAMPLE)][:_SAMPLE]
    while True:
        decimals = _next_decimals(sample, decimals, largest)
        if decimals == RAW:
            return Column(x, RAW)
        scaled = np.rint(x * POWERS_OF_TEN[decimals])
        wrong = scaled / POWERS_OF_TEN[decimals] != x
        if not wrong.any():
            return Column(_narrow(scaled, float(scaled.min()), float(scaled.max())), decimals)
        sample, decimals = x[wrong][:_SAMPLE], decimals + 1


def from_integers(integers, decimals):
    """Make a column from parsed decimal numbers, whose values are ``integers / 10**decimals``.

    Parameters
    ----------
    integers : ndarray of shape (n,), integers
        |i| < 2**53, so that each is an exact float64.
    decimals : int
        0 ... 22, so that 10**decimals is an exact float64 and the quotient is correctly rounded.

    Returns
    -------
    Column
        The same column, bit for bit, as `from_floats` returns for the quotients.
    """
    integers = np.asarray(integers)
    if not 0 <= decimals < len(POWERS_OF_TEN):
        raise ValueError(f'decimals={decimals} should be 0 ... {len(POWERS_OF_TEN) - 1}')
    if integers.size == 0:
        return Column(np.zeros(0, dtype=np.int8), 0)
    low, high = int(integers.min()), int(integers.max())
    if low < -(2**53) or high > 2**53:
        raise ValueError(f'integers reach from {low} to {high}, but should be within 2**53')
    if low == high == 0:
        decimals = 0
    while decimals > 0 and not (integers[:_SAMPLE] % 10).any() and not (integers % 10).any():
        integers, low, high, decimals = integers // 10, low // 10, high // 10, decimals - 1
    if decimals > MAX_DECIMALS or max(-low, high) >= DECIMAL_LIMIT:
        return from_floats(integers.astype(np.float64) / POWERS_OF_TEN[decimals])
    return Column(_narrow(integers, low, high), decimals)


def to_floats(column):
    """Return the values of `column`, float64 of shape (n,)."""
    values = column.values.astype(np.float64)
    if column.decimals > 0:
        values /= POWERS_OF_TEN[column.decimals]
    return values


def max_abs(x):
    """Return the largest |x| of a non-empty float64 array; NaN if it contains one."""
    return max(-float(x.min()), float(x.max())) + 0.0


def is_decimal(largest, decimals):
    """Return whether values up to `largest` (float64) can be stored with `decimals`, that is,
    exactly, largest * 10**decimals < 2**51.
    """
    if not largest < DECIMAL_LIMIT:
        return False
    numerator, denominator = float(largest).as_integer_ratio()
    return numerator * 10**decimals < DECIMAL_LIMIT * denominator


def width_for(low, high):
    """Return the narrowest signed integer type (numpy scalar type) that holds `low` ... `high`."""
    for width in _WIDTHS:
        if np.iinfo(width).min <= low and high <= np.iinfo(width).max:
            return width
    raise ValueError(f'{low} ... {high} does not fit 64 bits')


def _next_decimals(sample, decimals, largest):
    """Return the smallest p >= `decimals` that suits `sample` and `largest`, or RAW."""
    for p in range(decimals, MAX_DECIMALS + 1):
        if not is_decimal(largest, p):  # false for NaN, too
            return RAW
        if np.array_equal(np.rint(sample * POWERS_OF_TEN[p]) / POWERS_OF_TEN[p], sample):
            return p
    return RAW


def _narrow(values, low, high):
    """Return integral `values` (any numeric type) in the narrowest integer type for `low` ...
    `high`.
    """
    return values.astype(width_for(low, high))
