"""Partial sums: the number of points of each cluster and the exact sums of their grid integers.

An iteration sends nothing else over the network; `jobs.lloyd.merge_all` merges them.
"""

from __future__ import annotations

import sys

import numpy as np

FLUSH_ROWS = 2**21
"""Number of rows between flushes to Python integers: sums of integers below 2**31 then stay below
2**52, exact in float64.
"""

_NARROW = 2**31
"""Limit below which integers are summed directly; wider ones are summed as high * 2**32 + low, 0 <=
low < 2**32. For integers of at most 2**53, both sums stay below 2**53 over 2**21 rows, and both
halves already exist as the two words of an int64.
"""

_HALF_BITS = 32
_LOW, _HIGH = (0, 1) if sys.byteorder == 'little' else (1, 0)

_TILE_ROWS = 8192
"""Number of rows summed at once, for which the labels and one column stay in the caches (64 kB
each).
"""


class PartialSums:
    """Exact per-cluster sums over any number of rows.

    Parameters
    ----------
    k : int
        Number of clusters.
    d : int
        Number of features.
    """

    def __init__(self, k, d):
        self._k, self._d = k, d
        self._counts = [0] * k
        self._totals = [[0] * d for _ in range(k)]
        self._clear()

    def _clear(self):
        self._rows = 0
        self._pending_counts = np.zeros(self._k, dtype=np.int64)
        self._pending = np.zeros((self._d, self._k))
        self._pending_high = None

    def add(self, labels, integers):
        """Add points.

        Parameters
        ----------
        labels : integer ndarray of shape (n,)
            The cluster id of each point, 0 ... k-1.
        integers : list of d integer ndarrays of shape (n,)
            Grid integers, at most 2**53 in magnitude.

        Raises
        ------
        ValueError
            If a label is not below k or the number of columns is not d.
        """
        if len(integers) != self._d:
            raise ValueError(f'{len(integers)} columns, should be {self._d}')
        wide = [_is_wide(column) for column in integers]
        for start in range(0, len(labels), _TILE_ROWS):
            tile = slice(start, start + _TILE_ROWS)
            ids = labels[tile].astype(np.intp)
            if self._rows + len(ids) > FLUSH_ROWS:
                self._flush()
            self._rows += len(ids)
            counts = np.bincount(ids, minlength=self._k)
            if len(counts) > self._k:
                raise ValueError(f'label {len(counts) - 1} should be below k={self._k}')
            self._pending_counts += counts
            for j, column in enumerate(integers):
                if wide[j]:
                    self._add_wide(j, ids, np.ascontiguousarray(column[tile], np.int64))
                else:
                    self._pending[j] += np.bincount(ids, weights=column[tile], minlength=self._k)

    def _add_wide(self, j, ids, column):
        if self._pending_high is None:
            self._pending_high = np.zeros((self._d, self._k))
        high, low = column.view(np.int32)[_HIGH::2], column.view(np.uint32)[_LOW::2]
        self._pending_high[j] += np.bincount(ids, weights=high, minlength=self._k)
        self._pending[j] += np.bincount(ids, weights=low, minlength=self._k)

    def _flush(self):
        """Add the pending sums to the Python integers."""
        for c in np.flatnonzero(self._pending_counts).tolist():
            self._counts[c] += int(self._pending_counts[c])
            totals, low = self._totals[c], self._pending[:, c].tolist()
            if self._pending_high is None:
                self._totals[c] = [total + int(part) for total, part in zip(totals, low)]
            else:
                high = self._pending_high[:, c].tolist()
                self._totals[c] = [
                    total + int(part) + (int(upper) << _HALF_BITS)
                    for total, part, upper in zip(totals, low, high)
                ]
        self._clear()

    @property
    def counts(self):
        """The number of points of each cluster, list of k ints."""
        self._flush()
        return self._counts

    @property
    def totals(self):
        """The sums of the grid integers, list of k lists of d ints."""
        self._flush()
        return self._totals


def _is_wide(column):
    """Return whether the integers of `column` reach 2**31."""
    if column.dtype.itemsize <= 4 or not column.size:
        return False
    return max(-int(column.min()), int(column.max())) >= _NARROW
