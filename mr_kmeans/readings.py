"""Readings as they come out of the text, on their way to columns."""
from __future__ import annotations

from typing import List, NamedTuple, Sequence

import numpy as np

from mr_kmeans.columns import Column, from_floats, from_integers
from mr_kmeans.digits import MAX_INTEGER

_POWERS = 10 ** np.arange(19, dtype=np.int64)
_ROOM = (MAX_INTEGER - 1) // _POWERS
"""Integers up to it may be multiplied by that power and stay exact float64 numbers."""


class Readings(NamedTuple):
    """n points of d features. Nearly all values are decimal numbers; the others are said to be odd.

    Attributes
    ----------
    rows : ndarray of shape (n,), int64
        Their lines.
    integers, decimals : ndarrays of shape (n, d), int64
        The value is integers / 10**decimals, |integers| < 2**53, decimals <= 18.
    odd : ndarray, int64
        Flat indices of the values that stand in `floats` instead; integers and decimals are 0 there.
    floats : ndarray of the shape of `odd`, float64
    ids : list of bytes
        n of them, or none.
    """

    rows: np.ndarray
    integers: np.ndarray
    decimals: np.ndarray
    odd: np.ndarray
    floats: np.ndarray
    ids: List[bytes]

    def take(self, order: np.ndarray) -> Readings:
        """The points whose indices are in `order`, in this order; the others are left out."""
        n, d = self.integers.shape
        place = np.full(n, -1)
        place[order] = np.arange(len(order))
        row, feature = place[self.odd // d], self.odd % d
        kept = row >= 0
        return Readings(self.rows[order], self.integers[order], self.decimals[order], (row * d + feature)[kept],
                      self.floats[kept], [self.ids[i] for i in order.tolist()] if self.ids else [])


def of_floats(rows: Sequence[int], values: Sequence[Sequence[float]], ids: Sequence[bytes], d: int) -> Readings:
    """Readings of d features whose values are all odd."""
    zeros = np.zeros((len(rows), d), np.int64)
    floats = np.array(values, np.float64).reshape(-1)
    return Readings(np.array(rows, np.int64), zeros, zeros, np.arange(len(floats)), floats, list(ids))


def join(parts: Sequence[Readings]) -> Readings:
    """All points of the parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0] + [part.integers.size for part in parts])
    odd = np.concatenate([part.odd + offset for part, offset in zip(parts, offsets)])
    rows, integers, decimals, floats = (np.concatenate([getattr(part, name) for part in parts])
                                        for name in ('rows', 'integers', 'decimals', 'floats'))
    return Readings(rows, integers, decimals, odd, floats, [word for part in parts for word in part.ids])


def to_columns(readings: Readings) -> List[Column]:
    """One column per feature."""
    d = readings.integers.shape[1]
    integers, decimals = np.ascontiguousarray(readings.integers.T), np.ascontiguousarray(readings.decimals.T)
    rows, features = readings.odd // d, readings.odd % d
    columns = []
    for j in range(d):
        if len(features) and (features == j).any():
            x = integers[j] / 10.0 ** decimals[j]
            x[rows[features == j]] = readings.floats[features == j]
            columns.append(from_floats(x))
        else:
            columns.append(_column(integers[j], decimals[j]))
    return columns


def _column(integers: np.ndarray, decimals: np.ndarray) -> Column:
    """The column of integers / 10**decimals, brought to common decimals where there is room."""
    if len(decimals) == 0 or (decimals == decimals[0]).all():
        return from_integers(integers, int(decimals[0]) if len(decimals) else 0)
    most = int(decimals.max())
    missing = most - decimals
    if (np.abs(integers) > _ROOM[missing]).any():
        return from_floats(integers / 10.0 ** decimals)
    return from_integers(integers * _POWERS[missing], most)
