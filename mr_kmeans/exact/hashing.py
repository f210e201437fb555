"""Randomness as a function of the seed and the data only, never of a partition, process or order.

The hash of a row x of d values, in arithmetic modulo 2**64::

    h = 0
    for v in (seed, round, bits(x_1), ..., bits(x_d)):
        h = mix(h + v + 0x9E3779B97F4A7C15)

    mix(z):  z = (z xor (z >> 30)) * 0xBF58476D1CE4E5B9
             z = (z xor (z >> 27)) * 0x94D049BB133111EB
             return z xor (z >> 31)

bits(x) is the IEEE 754 bit pattern of the float64 x read as an unsigned integer, with -0 replaced
by 0 and a missing value (any NaN) by 0x7FF8000000000000. A negative seed is taken modulo 2**64.
`mix` and the constant are those of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
Number Generators, OOPSLA 2014). A database computes the same with 64-bit exclusive or, shifts, and
a product modulo 2**64. Equal rows have equal hashes.
"""

from __future__ import annotations

import base64

import numpy as np

GAMMA = 0x9E3779B97F4A7C15
MISSING_BITS = 0x7FF8000000000000
FINGERPRINT_SEED = 0

_MASK = 2**64 - 1
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

_TILE_ROWS = 8192
"""Number of rows hashed at once, for which the working arrays (64 kB each) stay in the caches."""

_SPARE_BITS = 64
"""Number of random bits drawn beyond those of the range, so that the bias of a draw is below
2**-64.
"""


def row_hashes(x, seed, round):
    """Return the hash of each row (the formula is in the module's docstring).

    Parameters
    ----------
    x : list of d float64 ndarrays of shape (n,)
    seed, round : int
        Taken modulo 2**64.

    Returns
    -------
    ndarray of shape (n,), uint64
    """
    n = len(x[0]) if x else 0
    hashes = np.full(n, hash_start(seed, round), dtype=np.uint64)
    scratch = np.empty(min(n, _TILE_ROWS), dtype=np.uint64)
    for start in range(0, n, _TILE_ROWS):
        tile = hashes[start : start + _TILE_ROWS]
        for column in x:
            tile += value_bits(column[start : start + _TILE_ROWS])
            tile += np.uint64(GAMMA)
            _mix_in_place(tile, scratch[: len(tile)])
    return hashes


def hash_start(seed, round):
    """Return the state of `row_hashes` before the first value, for computing the rest elsewhere."""
    return _absorb(_absorb(0, seed), round)


def fingerprint(x):
    """Return the sum of the row hashes (seed 0, round 0) modulo 2**64, the same for the same rows
    in any order.

    Fingerprints of parts of the data add up, modulo 2**64.

    Parameters
    ----------
    x : list of d float64 ndarrays of shape (n,)
    """
    return int(row_hashes(x, FINGERPRINT_SEED, 0).sum(dtype=np.uint64))


def value_bits(column):
    """Return the bit patterns of float64 values, uint64 of shape (n,), with -0 as 0 and the same
    pattern for all NaN.
    """
    column = np.asarray(column, dtype=np.float64) + 0.0
    bits = column.view(np.uint64)
    missing = np.isnan(column)
    if missing.any():
        bits[missing] = MISSING_BITS
    return bits


class Draws:
    """A stream of random integers for draws in memory: SplitMix64, initialized with `seed` and
    `stream`.

    Parameters
    ----------
    seed : int
    *stream : int
        The purpose of the draws (such as the number of a restart); other numbers give other draws.
    """

    def __init__(self, seed, *stream):
        state = _absorb(0, seed)
        for number in stream:
            state = _absorb(state, number)
        self._state = state

    def next(self):
        """Return the next 64 random bits as an int."""
        self._state = (self._state + GAMMA) & _MASK
        return _mix(self._state)

    def below(self, total):
        """Return a random integer from 0 to `total` - 1.

        Parameters
        ----------
        total : int
            At least 1, of any size.
        """
        if total < 1:
            raise ValueError(f'total={total} should be >= 1')
        words = -(-(total.bit_length() + _SPARE_BITS) // 64)
        drawn = 0
        for _ in range(words):
            drawn = drawn << 64 | self.next()
        return total * drawn >> 64 * words


class HashSample:
    """The `capacity` distinct rows with the smallest (hash, values), each with its multiplicity.

    The sample is a function of the rows as a multiset and does not depend on the order of adding
    and merging. Memory is bounded by a few times `capacity` rows.

    Parameters
    ----------
    capacity : int
        Maximum number of distinct rows to keep, >= 1.
    d : int
        Number of features.
    """

    def __init__(self, capacity, d):
        if capacity < 1:
            raise ValueError(f'capacity={capacity} should be >= 1')
        self.capacity, self.d = capacity, d
        self._parts = [_empty_part(d)]
        self._spare = 0
        self._limit = None

    def add(self, hashes, x):
        """Add rows.

        Parameters
        ----------
        hashes : ndarray of shape (n,), uint64
            The `row_hashes` of the rows, all with the same seed and round.
        x : list of d float64 ndarrays of shape (n,)
        """
        room = max(self.capacity, _TILE_ROWS)
        for start in range(0, len(hashes), room):
            tile = hashes[start : start + room]
            chosen = slice(None) if self._limit is None else np.flatnonzero(tile <= self._limit)
            part = tile[chosen].copy()
            if not part.size:
                continue
            bits = np.empty((part.size, self.d), dtype=np.uint64)
            for j, column in enumerate(x):
                bits[:, j] = value_bits(column[start : start + room][chosen])
            self._append((part, bits, np.ones(part.size, dtype=np.int64)))

    def merge(self, other):
        """Add the rows of another sample of the same capacity to this one."""
        if (self.capacity, self.d) != (other.capacity, other.d):
            raise ValueError(
                f'a sample of {other.capacity} rows of {other.d} features cannot be merged into one'
                f' of {self.capacity} rows of {self.d}'
            )
        self._append(other._compact())

    def _append(self, part):
        if not part[0].size:
            return
        self._parts.append(part)
        self._spare += part[0].size
        if self._spare > max(self.capacity, _TILE_ROWS):
            self._compact()

    def _compact(self):
        """Reduce everything to one sorted part of at most `capacity` distinct rows, and return
        it.
        """
        if len(self._parts) > 1:
            hashes, bits, multiplicities = (np.concatenate(arrays) for arrays in zip(*self._parts))
            order, first = _distinct(hashes, bits)
            multiplicities = np.add.reduceat(multiplicities[order], np.flatnonzero(first))
            kept = order[first][: self.capacity]
            self._parts = [(hashes[kept], bits[kept], multiplicities[: self.capacity])]
            self._spare = 0
            if kept.size == self.capacity:
                self._limit = self._parts[0][0][-1]
        return self._parts[0]

    @property
    def hashes(self):
        """The hashes of the sampled rows, uint64 of shape (m,), ascending."""
        return self._compact()[0]

    @property
    def rows(self):
        """The sampled rows, float64 of shape (m, d), in the order of their hashes."""
        return self._compact()[1].view(np.float64)

    @property
    def multiplicities(self):
        """How often each sampled row occurs in all rows added, int64 of shape (m,)."""
        return self._compact()[2]

    def to_json(self):
        """Return the sample as plain JSON types, without loss: little-endian 64-bit words in
        base64.
        """
        return [self.capacity, self.d] + [
            base64.b64encode(words.astype(words.dtype.newbyteorder('<')).tobytes()).decode('ascii')
            for words in self._compact()
        ]

    @classmethod
    def from_json(cls, plain):
        """Return the sample that `to_json` wrote."""
        capacity, d, hashes, bits, multiplicities = plain
        sample = cls(capacity, d)
        sample._append(
            (
                _words(hashes, np.uint64),
                _words(bits, np.uint64).reshape(-1, d),
                _words(multiplicities, np.int64),
            )
        )
        return sample


def _absorb(state, number):
    return _mix((state + number + GAMMA) & _MASK)


def _mix(z):
    z = (z ^ z >> 30) * _FIRST & _MASK
    z = (z ^ z >> 27) * _SECOND & _MASK
    return z ^ z >> 31


def _mix_in_place(z, scratch):
    """Apply `_mix` to the uint64 array `z`; numpy's products wrap modulo 2**64."""
    for shift, factor in ((30, _FIRST), (27, _SECOND), (31, None)):
        np.right_shift(z, np.uint64(shift), out=scratch)
        np.bitwise_xor(z, scratch, out=z)
        if factor is not None:
            np.multiply(z, np.uint64(factor), out=z)


def _distinct(hashes, bits):
    """Sort rows by (hash, values) and mark the first of each run of equal rows.

    Returns
    -------
    order : ndarray of shape (n,)
    first : ndarray of shape (n,), bool
        In the sorted order.
    """
    order = np.argsort(hashes, kind='stable')
    new_hash, new_row = _changes(hashes, bits, order)
    if (
        new_row & ~new_hash
    ).any():  # different rows with the same hash: their values decide, feature by feature
        values = bits.view(np.float64)
        order = np.lexsort([values[:, j] for j in reversed(range(bits.shape[1]))] + [hashes])
        new_hash, new_row = _changes(hashes, bits, order)
    return order, new_hash | new_row


def _changes(hashes, bits, order):
    """Mark where the hash, and where any value, differs from the row before, in the given order;
    the first row always does.
    """
    new_hash, new_row = np.ones(order.size, dtype=bool), np.ones(order.size, dtype=bool)
    hashes, bits = hashes[order], bits[order]
    new_hash[1:] = hashes[1:] != hashes[:-1]
    new_row[1:] = (bits[1:] != bits[:-1]).any(axis=1)
    return new_hash, new_row


def _empty_part(d):
    return (
        np.zeros(0, dtype=np.uint64),
        np.zeros((0, d), dtype=np.uint64),
        np.zeros(0, dtype=np.int64),
    )


def _words(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype=np.dtype(dtype).newbyteorder('<')).astype(
        dtype
    )
