"""Randomness as a function of the seed and the data only, never of a partition, process or order.

The hash of a row x of d values, in arithmetic modulo 2**64::

    chain(v_1, ..., v_n):  h = 0
                           for v in (v_1, ..., v_n): h = mix(h + v + 0x9E3779B97F4A7C15)

    hash of the row              chain(0, 0, bits(x_1), ..., bits(x_d))
    hash for a seed and a round  chain(0, 0, bits(x_1), ..., bits(x_d), chain(seed, round))

    mix(z):  z = (z xor (z >> 30)) * 0xBF58476D1CE4E5B9
             z = (z xor (z >> 27)) * 0x94D049BB133111EB
             return z xor (z >> 31)

bits(x) is the IEEE 754 bit pattern of the float64 x read as an unsigned integer, with -0 replaced
by 0 and a missing value (any NaN) by 0x7FF8000000000000. A negative seed is taken modulo 2**64.
`mix` and the constant are those of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
Number Generators, OOPSLA 2014). A database computes the same with 64-bit exclusive or, shifts, and
a product modulo 2**64. Equal rows have equal hashes.

The hashes of the rows add up to the fingerprint. Draws (the sample, for example) use the hash for
their seed and round, which costs one more step and no second chain.
"""

from __future__ import annotations

import base64

import numpy as np

from mr_kmeans.exact.column import RAW, Column, to_floats

GAMMA = 0x9E3779B97F4A7C15
MISSING_BITS = 0x7FF8000000000000
_MASK = 2**64 - 1
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

_TILE_ROWS = 16384
"""Number of rows hashed at once, for which the working arrays (128 kB each) stay in the caches, and
numpy's time per call does not count.
"""

_ROOM_VALUES = 2**23
"""Number of values (64 MB) up to which a sample takes its largest room at once. The system gives
the memory as it is used.
"""

_SPARE_BITS = 64
"""Number of random bits drawn beyond those of the range, so that the bias of a draw is below
2**-64.
"""


def row_hashes(columns):
    """Return the hash of each row (the formula is in the module's docstring).

    Parameters
    ----------
    columns : list of d Column of n values
        ``Column(x, RAW)`` for float64 values.

    Returns
    -------
    ndarray of shape (n,), uint64
    """
    n = len(columns[0].values) if columns else 0
    hashes = np.full(n, chain_start(0, 0), dtype=np.uint64)
    scratch = np.empty(min(n, _TILE_ROWS), dtype=np.uint64)
    for start in range(0, n, _TILE_ROWS):
        tile = hashes[start : start + _TILE_ROWS]
        for values, decimals in columns:
            tile += value_bits(values[start : start + _TILE_ROWS], decimals)
            tile += np.uint64(GAMMA)
            _mix_in_place(tile, scratch[: len(tile)])
    return hashes


def seeded_hashes(hashes, seed, round):
    """Return the hashes of rows for a seed and a round, from their `row_hashes`.

    Parameters
    ----------
    hashes : ndarray of shape (n,), uint64
    seed, round : int
        Taken modulo 2**64. Other rounds give other draws.

    Returns
    -------
    ndarray of shape (n,), uint64
    """
    seeded = hashes + np.uint64(chain_start(seed, round) + GAMMA & _MASK)
    _mix_in_place(seeded, np.empty_like(seeded))
    return seeded


def chain_start(*numbers):
    """Return the state of the chain after these numbers, for computing the rest elsewhere."""
    state = 0
    for number in numbers:
        state = _absorb(state, number)
    return state


def fingerprint(hashes):
    """Return the fingerprint of rows, which is the sum of their `row_hashes` modulo 2**64: the same
    for the same rows in any order.

    Fingerprints of parts of the data add up, modulo 2**64.
    """
    return int(hashes.sum(dtype=np.uint64))


def value_bits(values, decimals=RAW):
    """Return the bit patterns of the values of a column, uint64 of shape (n,), with -0 as 0 and the
    same pattern for all NaN.
    """
    if decimals != RAW:  # neither -0 nor NaN
        return to_floats(Column(values, decimals)).view(np.uint64)
    values = np.asarray(values, dtype=np.float64) + 0.0
    bits = values.view(np.uint64)
    if values.size and np.isnan(values.min()):  # NaN if any value is
        bits[np.isnan(values)] = MISSING_BITS
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
        self._state = chain_start(seed, *stream)

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
        self._hashes = np.empty(0, dtype=np.uint64)  # these three have room for more rows
        self._bits = np.empty((0, d), dtype=np.uint64)
        self._multiplicities = np.empty(0, dtype=np.int64)
        self._size = 0
        self._limit = None

    def add(self, hashes, columns):
        """Add rows.

        Parameters
        ----------
        hashes : ndarray of shape (n,), uint64
            The `seeded_hashes` of the rows, all for the same seed and round.
        columns : list of d Column of n values
        """
        room = max(self.capacity, _TILE_ROWS)
        for start in range(0, len(hashes), room):
            tile = hashes[start : start + room]
            chosen = slice(None) if self._limit is None else np.flatnonzero(tile <= self._limit)
            part = tile[chosen]
            new = self._make_room(part.size)
            self._hashes[new], self._multiplicities[new] = part, 1
            for bits, (values, decimals) in zip(self._bits[new].T, columns):
                bits[:] = value_bits(values[start : start + room][chosen], decimals)

    def merge(self, other):
        """Add the rows of another sample of the same capacity to this one."""
        if (self.capacity, self.d) != (other.capacity, other.d):
            raise ValueError(
                f'a sample of {other.capacity} rows of {other.d} features cannot be merged into one'
                f' of {self.capacity} rows of {self.d}'
            )
        self._append(*other._sorted())

    def _append(self, hashes, bits, multiplicities):
        new = self._make_room(hashes.size)
        self._hashes[new], self._bits[new], self._multiplicities[new] = hashes, bits, multiplicities

    def _make_room(self, n):
        """Return the slice of the arrays for `n` new rows."""
        most = 2 * max(self.capacity, _TILE_ROWS)
        if self._size + n > most:
            self._compact()
        if self._size + n > self._hashes.size:
            rows = most if most * self.d <= _ROOM_VALUES else max(2 * self._size, self._size + n)
            self._hashes, self._bits, self._multiplicities = (
                _with_room(array[: self._size], rows)
                for array in (self._hashes, self._bits, self._multiplicities)
            )
        self._size += n
        return slice(self._size - n, self._size)

    def _compact(self):
        """Keep at most `capacity` distinct rows, and return their order."""
        used = slice(0, self._size)
        order, first = _distinct(self._hashes[used], self._bits[used])
        if self._size <= self.capacity and first.all():
            return order
        kept = order[first][: self.capacity]
        multiplicities = np.add.reduceat(self._multiplicities[order], np.flatnonzero(first))
        self._multiplicities[kept] = multiplicities[: kept.size]
        if kept.size == self.capacity:
            self._limit = self._hashes[kept[-1]]
        is_kept = np.zeros(self._size, dtype=bool)
        is_kept[kept] = True
        places = np.arange(self._size)  # where a row is afterwards: only few have to move
        holes = np.flatnonzero(~is_kept[: kept.size])
        movers = np.flatnonzero(is_kept[kept.size :]) + kept.size
        places[movers] = holes
        for array in (self._hashes, self._bits, self._multiplicities):
            array[holes] = array[movers]
        self._size = kept.size
        return places[kept]

    def _sorted(self):
        """Return hashes, bits and multiplicities of the sampled rows, in their order."""
        order = self._compact()
        return self._hashes[order], self._bits[order], self._multiplicities[order]

    def __len__(self):
        """Return the number of sampled rows."""
        self._compact()
        return self._size

    @property
    def hashes(self):
        """The hashes of the sampled rows, uint64 of shape (m,), ascending."""
        return self._hashes[self._compact()]

    @property
    def rows(self):
        """The sampled rows, float64 of shape (m, d), in the order of their hashes."""
        return self._bits[self._compact()].view(np.float64)

    @property
    def multiplicities(self):
        """How often each sampled row occurs in all rows added, int64 of shape (m,)."""
        return self._multiplicities[self._compact()]

    def to_json(self):
        """Return the sample as plain JSON types, without loss: little-endian 64-bit words in
        base64.
        """
        return [self.capacity, self.d] + [
            base64.b64encode(words.astype(words.dtype.newbyteorder('<')).tobytes()).decode('ascii')
            for words in self._sorted()
        ]

    @classmethod
    def from_json(cls, plain):
        """Return the sample that `to_json` wrote."""
        capacity, d, hashes, bits, multiplicities = plain
        sample = cls(capacity, d)
        sample._append(
            _words(hashes, np.uint64),
            _words(bits, np.uint64).reshape(-1, d),
            _words(multiplicities, np.int64),
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


def _with_room(array, n):
    """Return `array` with room for `n` rows."""
    larger = np.empty((n, *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


def _distinct(hashes, bits):
    """Sort rows by (hash, values) and mark the first of each run of equal rows.

    Parameters
    ----------
    hashes : ndarray of shape (n,)
    bits : ndarray of shape (n, d)

    Returns
    -------
    order : ndarray of shape (n,)
    first : ndarray of shape (n,), bool
        In the sorted order.
    """
    order = np.argsort(hashes)
    first, same_hash = _firsts(hashes, bits, order)
    if first[same_hash].any():  # different rows of the same hash: their values decide, by feature
        order = np.lexsort([*bits.view(np.float64).T[::-1], hashes])
        first, _ = _firsts(hashes, bits, order)
    return order, first


def _firsts(hashes, bits, order):
    """Mark where a row differs from the one before, in an order by hash; the first always does.

    Returns
    -------
    first : ndarray of shape (n,), bool
    same_hash : ndarray
        Where the hash is that of the row before: only there are the values compared.
    """
    first = np.ones(order.size, dtype=bool)
    sorted_hashes = hashes[order]
    same_hash = np.flatnonzero(sorted_hashes[1:] == sorted_hashes[:-1]) + 1
    first[same_hash] = (bits[order[same_hash]] != bits[order[same_hash - 1]]).any(axis=1)
    return first, same_hash


def _words(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype=np.dtype(dtype).newbyteorder('<')).astype(
        dtype
    )
