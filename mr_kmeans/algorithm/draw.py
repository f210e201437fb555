"""A draw: rows far from their centroids, drawn in the pass that measures how far they are.

Each distinct row has a hash, which depends on the seed, the number of the draw and the row's values
only. From its first 53 bits comes u, a multiple of 2**-53 in (0, 1], and with the exact squared
distance to the nearest centroid (distances.py), at most `MAX_DISTANCE`, its score::

    score = distance / u

A draw of m rows is that of the m largest scores, ties by the values, without rows at distance 0:
whatever the order of the rows and the parts they are read in, it is the same. This is priority
sampling (Duffield, Lund, Thorup: JACM 2007): beside a threshold t, the score that comes next, a row
is drawn where u < distance / t, with a probability of min(1, distance / t). Rows that have much of
the inertia are thus always drawn. A row that occurs several times is drawn as one, and its
occurrences are counted.

As the bits of positive float64 numbers are in the order of these numbers, a draw is a `HashSample`
whose smallest "hashes" are the keys of the largest scores.
"""

from __future__ import annotations

from typing import Iterable, NamedTuple, Sequence

import numpy as np

from mr_kmeans.exact.column import Column
from mr_kmeans.exact.hashing import HashSample, row_hashes, seeded_hashes

FIRST_ROUND = 16
"""Round of `seeded_hashes` for draw number 0; smaller ones are for the survey."""

MAX_DISTANCE = 2.0**960
"""Larger distances count as this: no score is infinite."""

_INFINITE = np.uint64(0x7FF0000000000000)
"""The bits of infinity, above those of all scores."""

_HASH_BITS, _U_BITS = 64, 53


class Draw(NamedTuple):
    """What to draw in a pass.

    Attributes
    ----------
    seed : int
    number : int
        Other numbers give other draws, >= 0.
    n_rows : int
        Maximum number of distinct rows, >= 1.
    """

    seed: int
    number: int
    n_rows: int

    def dumps(self) -> str:
        """Return it as an argument of a job; a negative seed is taken modulo 2**64."""
        return f'{self.seed % 2**64},{self.number},{self.n_rows}'

    @property
    def round(self) -> int:
        """The round of the rows' hashes."""
        return FIRST_ROUND + self.number

    @property
    def capacity(self) -> int:
        """The rows to keep: the last one has the threshold of the others."""
        return self.n_rows + 1


class Drawer:
    """Draws from the rows of a task for one candidate.

    Parameters
    ----------
    draw : Draw
    d : int
    """

    def __init__(self, draw: Draw, d: int):
        self._kept = HashSample(draw.capacity, d)

    def add(self, columns: Sequence[Column], hashes: np.ndarray, distances: np.ndarray) -> None:
        """Add rows.

        Parameters
        ----------
        columns : list of d Column of n values
        hashes : ndarray of shape (n,), uint64
            By `hashes_of`.
        distances : ndarray of shape (n,), float64
            The squared distance of each row to its nearest centroid.
        """
        far = np.flatnonzero(distances > 0)
        if far.size:
            keys = keys_of(scores_of(distances[far], hashes[far]))
            self._kept.add(keys, [Column(values[far], decimals) for values, decimals in columns])

    def to_json(self) -> list:
        """Return what is kept, as plain JSON types; `merge` merges such."""
        return self._kept.to_json()


def hashes_of(columns: Sequence[Column], draw: Draw) -> np.ndarray:
    """Return the hash of each row, uint64 of shape (n,)."""
    return seeded_hashes(row_hashes(columns), draw.seed, draw.round)


def scores_of(distances: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Return the scores of rows, float64 of shape (n,)."""
    u = ((hashes >> np.uint64(_HASH_BITS - _U_BITS)) + np.uint64(1)) * 2.0**-_U_BITS
    return np.minimum(distances, MAX_DISTANCE) / u


def keys_of(scores: np.ndarray) -> np.ndarray:
    """Return keys that sort like scores, the largest first, uint64 of shape (n,)."""
    return _INFINITE - np.asarray(scores, dtype=np.float64).view(np.uint64)


def merge(parts: Iterable[list]) -> list:
    """Merge what tasks have kept, at least one; this is associative and commutative."""
    parts = iter(parts)
    merged = HashSample.from_json(next(parts))
    for part in parts:
        merged.merge(HashSample.from_json(part))
    return merged.to_json()


class DrawnRows(NamedTuple):
    """The rows of a draw.

    Attributes
    ----------
    rows : ndarray of shape (m, d), float64
        Distinct, the largest score first.
    counts : ndarray of shape (m,), int64
        How often each occurs among all rows.
    threshold : float
        A row is drawn with a probability of min(1, distance / threshold); 0 where all rows at a
        distance above 0 are drawn.
    """

    rows: np.ndarray
    counts: np.ndarray
    threshold: float

    @classmethod
    def of(cls, draw: Draw, scores: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> DrawnRows:
        """Return what was drawn.

        Parameters
        ----------
        draw : Draw
        scores : ndarray of shape (n,), float64
            The largest scores of all rows, at most ``draw.capacity``, in descending order.
        rows : ndarray of shape (n, d), float64
        counts : ndarray of shape (n,), int64
        """
        n = draw.n_rows
        return cls(rows[:n], counts[:n], float(scores[n]) if len(scores) > n else 0.0)

    @classmethod
    def none(cls, d: int) -> DrawnRows:
        """Return no rows of d features."""
        return cls(np.zeros((0, d)), np.zeros(0, dtype=np.int64), 0.0)

    @classmethod
    def from_json(cls, draw: Draw, plain: list) -> DrawnRows:
        """Return what was drawn, given what all tasks have kept, merged."""
        kept = HashSample.from_json(plain)
        scores = (_INFINITE - kept.hashes).view(np.float64)
        return cls.of(draw, scores, kept.rows, kept.multiplicities)
