"""Assignment of labels that are exactly those of the definition (distances.py), at the speed of
matrix products.

A float32 screen (screen.py) decides nearly all points, a float64 screen most of the rest, and the
definition itself those that are too close to call. A label does not depend on how it was decided.
"""

from __future__ import annotations

import numpy as np

from mr_kmeans.algorithm.distances import definition_labels, distances_to, tiles
from mr_kmeans.algorithm.geometry import Geometry
from mr_kmeans.algorithm.screen import Screen

_TILE_BYTES = 1 << 23
_TILE_ROWS = (512, 6144)
_PAIRS = 1 << 16
"""Number of candidates (point, cluster) decided at once by the definition."""


class Assigner:
    """Assignment of points to the nearest of given centroids.

    Parameters
    ----------
    centroids : ndarray of shape (k, d), float64
        Finite, k >= 1.
    grids : list of d Grid
    weights : ndarray of shape (d,), float64
        Finite, >= 0.
    """

    def __init__(self, centroids, grids, weights):
        self._centroids = np.array(centroids, dtype=np.float64, ndmin=2) + 0.0
        self._weights = np.array(weights, dtype=np.float64, ndmin=1)
        self._grids = list(grids)
        k, d = self._centroids.shape
        if not len(self._grids) == len(self._weights) == d:
            raise ValueError(
                f'{d} features in the centroids, {len(self._grids)} grids, {len(self._weights)}'
                ' weights'
            )
        if not (np.isfinite(self._weights).all() and (self._weights >= 0).all()):
            raise ValueError(f'weights should be finite and >= 0: {self._weights.tolist()}')
        self._geometry = Geometry.of(self._centroids, self._grids, self._weights)
        self._screens = []
        if self._geometry is not None and len(self._geometry.ids) > 1:
            screens = [Screen(self._geometry, dtype) for dtype in (np.float32, np.float64)]
            self._screens = [screen for screen in screens if screen.usable]
        bytes_per_row = 6 * k + 8 * d
        self._tile = min(
            _TILE_ROWS[1], max(_TILE_ROWS[0], _TILE_BYTES // bytes_per_row // 512 * 512)
        )

    def assign(self, integers):
        """Return the label of every point.

        Parameters
        ----------
        integers : list of d integer ndarrays of shape (n,)
            Grid integers, at most 2**53 in magnitude.

        Returns
        -------
        labels : ndarray of shape (n,), int32
        n_slow : int
            The number of points decided by the definition because no screen could.
        """
        n = len(integers[0])
        if self._geometry is not None and len(self._geometry.ids) == 1:
            return np.full(n, self._geometry.ids[0], dtype=np.int32), 0
        if not self._screens:
            return definition_labels(self._floats(integers), self._centroids, self._weights), n
        labels = np.empty(n, dtype=np.int32)
        columns = [integers[j] for j in self._geometry.features]
        with np.errstate(all='ignore'):
            undecided = self._first_screen(columns, labels)
            n_slow = sum(
                self._decide(integers, columns, undecided[tile], labels)
                for tile in tiles(len(undecided), self._tile)
            )
        return labels, n_slow

    def distances(self, integers, labels):
        """Return the squared distance, by the definition, of every point to its label's centroid.

        Parameters
        ----------
        integers : list of d integer ndarrays of shape (n,)
        labels : integer ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,), float64
        """
        return distances_to(self._floats(integers), self._centroids, self._weights, labels)

    def _floats(self, integers):
        return [grid.to_floats(column) for grid, column in zip(self._grids, integers)]

    def _fillers(self, columns, dtype):
        """Return for each screened column a function that fills its row of z."""
        geometry = self._geometry
        return [
            _filler(column, m, shift, far or dtype != np.float32, dtype)
            for column, m, shift, far in zip(
                columns, geometry.origin, geometry.shifts, geometry.far
            )
        ]

    def _first_screen(self, columns, labels):
        """Label the points that the first screen decides; return the row numbers of the others."""
        screen, undecided = self._screens[0], []
        fills = self._fillers(columns, screen.dtype)
        for tile in tiles(len(labels), _even(len(labels), self._tile)):
            Z = screen.reserve(tile.stop - tile.start)
            for column, fill, row in zip(columns, fills, Z):
                fill(column[tile], row)
            labels[tile], open_rows, _ = screen.run()
            if open_rows.any():
                undecided.append(np.flatnonzero(open_rows) + tile.start)
        return np.concatenate(undecided) if undecided else np.zeros(0, dtype=np.intp)

    def _decide(self, integers, columns, rows, labels):
        """Label the points `rows`; return how many were decided by the definition."""
        screen = self._screens[-1]
        Z, parts = screen.reserve(len(rows)), [column[rows] for column in columns]
        for part, fill, row in zip(parts, self._fillers(parts, screen.dtype), Z):
            fill(part, row)
        labels[rows], open_rows, candidates = screen.run()
        left = np.flatnonzero(open_rows)
        candidates = candidates[:, left]
        candidates[:, ~candidates.any(axis=0)] = True
        for tile in tiles(len(left), max(1, _PAIRS // len(candidates))):
            chosen = rows[left[tile]]
            x = self._floats([column[chosen] for column in integers])
            labels[chosen] = self._nearest_candidate(x, candidates[:, tile])
        return len(left)

    def _nearest_candidate(self, x, candidates):
        """Return the labels of points `x` by the definition, among `candidates` of shape (K, n), at
        least one for each point.
        """
        points, positions = np.nonzero(candidates.T)
        ids = self._geometry.ids[positions]
        distances = distances_to(
            [column[points] for column in x], self._centroids, self._weights, ids
        )
        starts = np.flatnonzero(np.diff(points, prepend=-1))
        nearest = np.minimum.reduceat(distances, starts)
        ids[distances != nearest[points]] = len(self._centroids)
        return np.minimum.reduceat(ids, starts)


def _even(n, largest):
    """Return the size, at most `largest`, of tiles that cover n rows evenly."""
    return max(1, -(-n // max(1, -(-n // largest))))


def _filler(column, m, shift, by_integers, dtype):
    """Return a function (part of `column`, row of z) that sets the row to (part - m) * 2**-shift,
    rounded as in screen.py.
    """
    origin = dtype.type(m)
    if not m:

        def fill(part, row):
            np.copyto(row, part, casting='unsafe')

    elif not by_integers:

        def fill(part, row):
            np.copyto(row, part, casting='unsafe')
            np.subtract(row, origin, out=row)

    else:
        width = _difference_width(column, m)

        def fill(part, row):
            np.copyto(row, np.subtract(part, width(m), dtype=width), casting='unsafe')

    if not shift:
        return fill
    factor = dtype.type(2.0**-shift)

    def fill_scaled(part, row):
        fill(part, row)
        np.multiply(row, factor, out=row)

    return fill_scaled


def _difference_width(column, m):
    """Return the integer type in which `column` - m cannot overflow: int32 or int64."""
    if column.dtype.itemsize > 4 or not -(2**31) <= m < 2**31 or not column.size:
        return np.int64
    low, high = int(column.min()) - m, int(column.max()) - m
    return np.int32 if low >= -(2**31) and high < 2**31 else np.int64
