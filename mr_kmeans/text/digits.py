"""Conversion of decimal numbers in a buffer of text to integers, for an array of fields at once.

A field is cut out as the eight bytes that end where it ends (one gather of a uint64 per field, 5
ns). Bytes outside of the field are masked, the point is squeezed out, and eight digits are combined
by three multiplications: into pairs, fours and eight. Fields of up to eight characters take one
such word, longer ones up to four: two for the digits before the point and two for those after it.
Everything else is `odd` and left to the caller. A field takes 18 ns in all.
"""

import numpy as np

from mr_kmeans.exact.grid import MAX_INTEGER
from mr_kmeans.text.fields import MISSING

PAD = 32  # bytes needed before the first field

_WORD = np.dtype('<u8')  # the first byte of the text is the lowest
_ZEROS = 0x3030303030303030  # '00000000'
_HIGH_BITS = 0x8080808080808080
_ABOVE_9 = 0x7676767676767676  # added to a byte above 9, makes its high bit 1
_MAX_DIGITS = 18  # of a field; they fit int64
_POWERS = np.array([10**p for p in range(_MAX_DIGITS + 1)], np.uint64)
_MISSING_WORDS = np.array(
    [int.from_bytes(word.rjust(8, b'\0'), 'little') for word in MISSING], _WORD
)

assert max(map(len, MISSING)) <= 8, 'are_missing looks at eight bytes'


class _Constants:
    """The constants above as uint64 scalars, so that no array becomes float64."""

    zeros, high_bits, above_9 = (np.uint64(x) for x in (_ZEROS, _HIGH_BITS, _ABOVE_9))


def read_decimals(buffer, starts, ends, points):
    """Read plain decimal numbers: a sign, digits with at most one point.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text, with at least PAD bytes before the first field.
    starts, ends : int64 ndarrays of shape (n,)
        Where the fields begin and end.
    points : int64 ndarray of shape (n,)
        Position of each field's last point; any number below `starts` if it has none.

    Returns
    -------
    integers : int64 ndarray of shape (n,)
    decimals : int8 ndarray of shape (n,)
        The value is integers / 10**decimals, |integers| < 2**53 and decimals <= 18.
    odd : int64 ndarray
        Indices of the fields that are not plain decimal numbers or have more digits. Their integers
        and decimals are 0.
    """
    first = buffer[starts]
    negative = first == ord('-')
    starts = starts + (negative | (first == ord('+')))
    pointed = points >= starts
    decimals = (ends - points - 1) * pointed
    lengths = ends - starts
    word = _words(buffer)[ends - 8]
    word ^= _Constants.zeros
    _mask(word, (8 - lengths) << 3)
    if pointed.any():
        _drop_point(word, (64 - (decimals << 3)) * pointed)
    bad = _not_digits(word)
    bad |= lengths <= pointed
    integers = _combine(word).view(np.int64)
    wide = np.flatnonzero(lengths > 8)
    if len(wide):
        integers[wide], bad[wide] = _read_wide(
            buffer, starts[wide], ends[wide], points[wide], pointed[wide]
        )
    integers *= 1 - 2 * negative.view(np.int8)
    odd = np.flatnonzero(bad)
    integers[odd] = 0
    decimals[odd] = 0
    return integers, decimals.astype(np.int8), odd


def _read_wide(buffer, starts, ends, points, pointed):
    """Return (integers without sign, whether they are wrong) for fields of over eight
    characters.
    """
    middles = np.where(
        pointed, points, starts
    )  # where the digits before the point end; if there is none, all are after it
    n_before, n_behind = middles - starts, ends - middles - pointed
    low, bad = number_before(buffer, ends, n_behind, 2)
    high, worse = number_before(buffer, middles, n_before, 2)
    bad |= worse
    bad |= (n_before > 16) | (n_behind > 16) | (n_before + n_behind > _MAX_DIGITS)
    integers = high * _POWERS[np.where(bad, 0, n_behind)] + low
    bad |= integers >= MAX_INTEGER
    return integers.view(np.int64), bad


def are_missing(buffer, starts, ends):
    """Return which fields are empty or words for a missing value, in upper or lower case.

    Parameters
    ----------
    buffer, starts, ends :
        As for `read_decimals`.

    Returns
    -------
    bool ndarray of shape (n,)
    """
    lengths = ends - starts
    word = _words(buffer)[ends - 8]
    _mask(word, (8 - lengths) << 3)
    letters = word.view(np.uint8)
    letters += ((letters >= ord('A')) & (letters <= ord('Z'))) * np.uint8(32)
    return np.isin(word, _MISSING_WORDS) & (lengths <= 8) & ((lengths == 0) | (buffer[starts] != 0))


def number_before(buffer, ends, counts, max_words):
    """Return the number that the last `counts` digits before `ends` form.

    Parameters
    ----------
    buffer : ndarray of uint8
    ends, counts : int64 ndarrays of shape (n,)
    max_words : int
        Maximum number of words of eight digits to look at.

    Returns
    -------
    numbers : uint64 ndarray of shape (n,)
        Digits before the last 8 * max_words are ignored. It may overflow if max_words > 2.
    bad : bool ndarray of shape (n,)
        Whether one of the bytes is not a digit.
    """
    numbers, bad = np.zeros(len(ends), np.uint64), np.zeros(len(ends), bool)
    words = _words(buffer)
    n_words = min(max_words, (int(counts.max(initial=0)) + 7) // 8)
    for i in reversed(range(n_words)):
        word = words[ends - 8 * (i + 1)]
        word ^= _Constants.zeros
        _mask(word, np.clip(8 * (i + 1) - counts, 0, 8) << 3)
        bad |= _not_digits(word)
        numbers *= np.uint64(10**8)
        numbers += _combine(word)
    return numbers, bad


def _words(buffer):
    """Return the eight bytes from each position on as one integer."""
    return np.ndarray((len(buffer) - 7,), _WORD, buffer, strides=(1,))


def _mask(word, bits):
    """Clear the lowest `bits` bits; shifts by 64 and more clear all."""
    bits = bits.view(np.uint64)
    word >>= bits
    word <<= bits


def _drop_point(word, bits):
    """Move the bytes below bit `bits` - 8 up by one, over the point; do nothing where `bits` is
    0.
    """
    behind = np.full_like(word, 0xFFFFFFFFFFFFFFFF)
    behind <<= bits.view(np.uint64)
    before = word << np.uint64(8)
    before ^= word
    word ^= before & ~behind


def _not_digits(word):
    """Return which words have a byte above 9."""
    test = word + _Constants.above_9
    test |= word
    test &= _Constants.high_bits
    return test != 0


def _combine(word):
    """Return the number that eight digits (0 to 9, one per byte, lowest byte first) form. In
    place.
    """
    for factor, bits, mask in (
        (10, 8, 0x00FF00FF00FF00FF),
        (100, 16, 0x0000FFFF0000FFFF),
        (10000, 32, 0xFFFFFFFF),
    ):
        word *= np.uint64((factor << bits) + 1)
        word >>= np.uint64(bits)
        word &= np.uint64(mask)
    return word
