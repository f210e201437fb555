"""Distances and labels by the definition, which is slow, and with which every fast path must agree
to the last bit.

d(x, c) = Sum_j w_j (x_j - c_j)**2 in float64, feature by feature in order: ``t = x - c; t = t * t;
t = w * t; acc = acc + t``. No fused operation, no BLAS, no pairwise sum. A point's label is the
lowest id among the clusters at the smallest distance. Overflow to inf is allowed, without warning;
a cluster at distance NaN is never preferred to one at a number.
"""

from __future__ import annotations

import numpy as np

TILE_ROWS = 4096
"""Number of rows at once, for which the five working arrays (32 kB each) stay in the L2 cache."""


def definition_distances(x, centroids, weights):
    """Return the squared distance of every point to every centroid.

    Parameters
    ----------
    x : list of d float64 ndarrays of shape (n,)
    centroids : ndarray of shape (k, d), float64
    weights : ndarray of shape (d,), float64

    Returns
    -------
    ndarray of shape (k, n), float64
        Squared distances in the features' weighted units.
    """
    n = len(x[0]) if len(x) else 0
    distances = np.zeros((len(centroids), n))
    for tile in tiles(n, TILE_ROWS):
        columns = [column[tile] for column in x]
        term = np.empty(tile.stop - tile.start)
        for c in range(len(centroids)):
            accumulate(columns, centroids[c], weights, distances[c, tile], term)
    return distances


def definition_labels(x, centroids, weights):
    """Return the label of every point: the cluster at the smallest distance, in a tie the lowest
    id.

    Parameters
    ----------
    x, centroids, weights
        As in `definition_distances`.

    Returns
    -------
    ndarray of shape (n,), int32
    """
    n = len(x[0]) if len(x) else 0
    labels = np.zeros(n, dtype=np.int32)
    for tile in tiles(n, TILE_ROWS):
        columns = [column[tile] for column in x]
        size = tile.stop - tile.start
        best, distance, term = np.full(size, np.nan), np.empty(size), np.empty(size)
        for c in range(len(centroids)):
            distance[:] = 0.0
            accumulate(columns, centroids[c], weights, distance, term)
            nearer = ~(best <= distance) & (distance == distance)
            best[nearer] = distance[nearer]
            labels[tile][nearer] = c
    return labels


def distances_to(x, centroids, weights, ids):
    """Return the squared distance of each point to the centroid given by its id.

    Parameters
    ----------
    x, centroids, weights
        As in `definition_distances`.
    ids : integer ndarray of shape (n,)
        The centroid of each point.

    Returns
    -------
    ndarray of shape (n,), float64
    """
    distances = np.zeros(len(ids))
    for tile in tiles(len(ids), TILE_ROWS):
        term = np.empty(tile.stop - tile.start)
        accumulate(
            [column[tile] for column in x],
            np.take(centroids, ids[tile], axis=0).T,
            weights,
            distances[tile],
            term,
        )
    return distances


def accumulate(x, centroid, weights, distance, term):
    """Add the terms of the definition to `distance`, in place, in the order of the features.

    Parameters
    ----------
    x : list of d float64 ndarrays of shape (n,)
    centroid : sequence of d floats, or of d float64 ndarrays of shape (n,)
    weights : ndarray of shape (d,)
    distance, term : ndarrays of shape (n,), float64
        The result, initially zeros, and working space.
    """
    with np.errstate(all='ignore'):
        for j, column in enumerate(x):
            np.subtract(column, centroid[j], out=term)
            np.multiply(term, term, out=term)
            np.multiply(term, weights[j], out=term)
            np.add(distance, term, out=distance)


def tiles(n, size):
    """Yield slices of at most `size` that cover 0 ... n-1."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
