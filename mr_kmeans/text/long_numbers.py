"""Conversion of numbers with up to 19 digits, or exponents as in `1.5e-07`, to float64, for an
array of fields at once.

The digits make an integer w below 10**19 < 2**64, the value is w * 10**k. The x87's 80-bit floats
hold w and 10**|k|, |k| <= 27, exactly, so one multiplication or division gives the value rounded to
64 bits. Rounding that again to the 53 bits of a float64 gives the correctly rounded value, unless
the 64 bits are halfway between two float64: halfway points have 54 bits, so that a value below
(above) one is not rounded beyond it. Halfway values, one in 2,048, are left to the caller, as is
everything on machines without 80-bit floats.

Without this module, packing numbers of 16 to 19 digits takes 2.2 times the CPU time, and reading
those of 17 digits 2.0 times (`scripts/bench_sklearn parse`, the row `17 digits, one by one`).
"""

import numpy as np

from mr_kmeans.text.digits import number_before

MAX_POWER = 27  # 10**27 = 2**27 * 5**27, and 5**27 < 2**63
_MAX_DIGITS = 19

_INTEGER_POWERS = np.array([10**p for p in range(_MAX_DIGITS + 1)], np.uint64)
_HALF = 0x400
_BELOW = 0x7FF
"""Mask of the lowest 11 of the 64 bits, which a float64 does not have; halfway they are 0x400."""


def available():
    """Return whether numpy's long double is the 80-bit float and computes like one."""
    if np.finfo(np.longdouble).nmant != 63 or np.dtype(np.longdouble).itemsize != 16:
        return False
    x = np.array([2**64 - 1], np.uint64).astype(np.longdouble)
    quotient = x / np.longdouble(3)
    return bool(_mantissas(x)[0] == 2**64 - 1 and _mantissas(quotient)[0] == 0xAAAAAAAAAAAAAAAA)


def read_long(buffer, starts, ends, points):
    """Read decimal numbers with many digits, or with an exponent of a sign and two digits.

    Parameters
    ----------
    buffer, starts, ends, points :
        As for `digits.read_decimals`.

    Returns
    -------
    values : float64 ndarray of shape (n,)
    unread : int64 ndarray
        Indices of the fields that are something else or whose value is in doubt. Their values are
        0.
    """
    first = buffer[starts]
    negative = first == ord('-')
    starts = starts + (negative | (first == ord('+')))
    exponents, ends = _split_exponents(buffer, ends)
    pointed = (points >= starts) & (points < ends)
    middles = np.where(pointed, points, ends)
    n_before, n_behind = middles - starts, ends - middles - pointed
    high, bad = number_before(buffer, middles, n_before, 3)
    low, worse = number_before(buffer, ends, n_behind, 3)
    bad |= worse
    bad |= (n_before > _MAX_DIGITS) | (n_behind > _MAX_DIGITS) | (n_before + n_behind <= 0)
    bad |= (n_before + n_behind > _MAX_DIGITS) & (high != 0)
    powers = exponents - n_behind
    bad |= np.abs(powers) > MAX_POWER
    integers = high * _INTEGER_POWERS[np.where(bad, 0, n_behind)] + low
    values, doubtful = _scale(integers, np.where(bad, 0, powers))
    bad |= doubtful
    values[negative] *= -1
    values[bad] = 0
    values += 0.0  # -0 is 0
    return values, np.flatnonzero(bad)


def _split_exponents(buffer, ends):
    """Return the exponents of fields that end like `e-07`, 0 for others, and where the part before
    the exponent ends.
    """
    letter, sign, tens, ones = (buffer[ends - i] for i in (4, 3, 2, 1))
    tens, ones = tens - np.uint8(ord('0')), ones - np.uint8(ord('0'))
    there = (
        ((letter | 0x20) == ord('e'))
        & ((sign == ord('+')) | (sign == ord('-')))
        & (tens <= 9)
        & (ones <= 9)
    )
    exponents = (tens.astype(np.int64) * 10 + ones) * there
    exponents[sign == ord('-')] *= -1
    return exponents, ends - 4 * there


def _scale(integers, powers):
    """Return integers * 10**powers in float64, and whether the value before rounding was
    halfway.
    """
    extended = integers.astype(np.longdouble)
    extended *= _POWERS[np.maximum(powers, 0)]  # one of the two changes nothing
    extended /= _POWERS[np.maximum(-powers, 0)]
    return extended.astype(np.float64), (_mantissas(extended) & np.uint64(_BELOW)) == _HALF


def _mantissas(extended):
    return extended.view(np.uint64)[::2]


_POWERS = np.cumprod(np.array([1] + [10] * MAX_POWER, np.longdouble))
