"""Values as they are read from text (`Readings`), and how they become columns."""

from __future__ import annotations

from typing import List, NamedTuple, Sequence

import numpy as np

from mr_kmeans.exact.column import Column, from_floats, from_integers
from mr_kmeans.exact.grid import MAX_INTEGER

_FLOAT_POWERS = np.array([float(10**p) for p in range(19)])
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_ROOM = (MAX_INTEGER - 1) // _POWERS
"""Largest integer, for each power of ten, whose product with it is still exact in float64."""


class Readings(NamedTuple):
    """n points of d features. Nearly all values are decimal numbers; the others are called odd.

    Attributes
    ----------
    rows : ndarray of shape (n,), int64
        Line numbers of the points.
    integers, decimals : ndarrays of shape (n, d), int64 and int8
        The value is integers / 10**decimals, |integers| < 2**53, decimals <= 18.
    odd : ndarray, int64
        Flat indices of the values that are in `floats` instead; integers and decimals are 0 there.
    floats : ndarray of the shape of `odd`, float64
    ids : list of bytes
        n ids, or an empty list.
    """

    rows: np.ndarray
    integers: np.ndarray
    decimals: np.ndarray
    odd: np.ndarray
    floats: np.ndarray
    ids: List[bytes]

    def take(self, order: np.ndarray) -> Readings:
        """Return the points with the indices `order`, in this order; the others are left out."""
        n, d = self.integers.shape
        place = np.full(n, -1)
        place[order] = np.arange(len(order))
        row, feature = place[self.odd // d], self.odd % d
        kept = row >= 0
        return Readings(
            self.rows[order],
            self.integers[order],
            self.decimals[order],
            (row * d + feature)[kept],
            self.floats[kept],
            [self.ids[i] for i in order.tolist()] if self.ids else [],
        )


def of_floats(
    rows: Sequence[int], values: Sequence[Sequence[float]], ids: Sequence[bytes], d: int
) -> Readings:
    """Return readings of d features whose values are all odd."""
    zeros = np.zeros((len(rows), d), np.int8)
    floats = np.array(values, np.float64).reshape(-1)
    return Readings(
        np.array(rows, np.int64),
        zeros.astype(np.int64),
        zeros,
        np.arange(len(floats)),
        floats,
        list(ids),
    )


def join(parts: Sequence[Readings]) -> Readings:
    """Return one `Readings` with all points of the parts, in order."""
    offsets = np.cumsum([0] + [part.integers.size for part in parts])
    odd = np.concatenate([part.odd + offset for part, offset in zip(parts, offsets)])
    rows, integers, decimals, floats = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ('rows', 'integers', 'decimals', 'floats')
    )
    return Readings(
        rows, integers, decimals, odd, floats, [word for part in parts for word in part.ids]
    )


def to_columns(parts: Sequence[Readings]) -> List[Column]:
    """Return one column per feature, with all points of the parts."""
    d = parts[0].integers.shape[1]
    integers, decimals = (
        _feature_major([getattr(part, name) for part in parts]) for name in ('integers', 'decimals')
    )
    firsts = np.cumsum([0] + [len(part.rows) for part in parts])
    rows = np.concatenate([part.odd // d + first for part, first in zip(parts, firsts)])
    features = np.concatenate([part.odd % d for part in parts])
    floats = np.concatenate([part.floats for part in parts])
    order = np.argsort(features, kind='stable')
    bounds = np.searchsorted(features[order], np.arange(d + 1))
    columns = []
    for j in range(d):
        odd = order[bounds[j] : bounds[j + 1]]
        if len(odd):
            x = integers[j] / _FLOAT_POWERS[decimals[j]]
            x[rows[odd]] = floats[odd]
            columns.append(from_floats(x))
        else:
            columns.append(_column(integers[j], decimals[j]))
    return columns


def _feature_major(tables: Sequence[np.ndarray]) -> np.ndarray:
    """Stack tables of shape (n, d) and return them transposed, as one array of shape (d, n)."""
    shape = tables[0].shape[1], sum(len(table) for table in tables)
    return np.concatenate(
        [table.T for table in tables], axis=1, out=np.empty(shape, tables[0].dtype)
    )


def _column(integers: np.ndarray, decimals: np.ndarray) -> Column:
    """Return the column of integers / 10**decimals, with common decimals if the integers stay
    exact.
    """
    most = int(decimals.max()) if len(decimals) else 0
    if (decimals == most).all():
        return from_integers(integers, most)
    lacking = most - decimals
    if (np.abs(integers) > _ROOM[lacking]).any():
        return from_floats(integers / _FLOAT_POWERS[decimals])
    return from_integers(integers * _POWERS[lacking], most)
