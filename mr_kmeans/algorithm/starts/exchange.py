"""Local search for better initial centroids: a centroid is swapped for a row if that lowers the
inertia of the sample.

Lloyd's iterations never move a centroid from a region with too many to one that lacks a centroid; a
swap does (Lattanzi, Sohler: A Better k-means++ Algorithm via Local Search, ICML 2019). Rows are
drawn by their squared distance as in k-means++, and exact sums of integers decide.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

import numpy as np

from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.algorithm.starts.plusplus import SampleRows, chance_bits, draw_rows, scaled_to
from mr_kmeans.exact.hashing import Draws

MAX_DISTANCES = 8_000_000
"""Maximum of rows times centroids for which swaps are tried: 64 MB of distances. A larger k gains
little from single swaps.
"""

MAX_WORK = 100_000_000
"""Maximum of rows times centroids times swaps, about a second. After a successful swap, everything
is recomputed from all distances.
"""


class Nearest(NamedTuple):
    """What a swap needs to know about m rows and k centroids, with distances as integers.

    Attributes
    ----------
    order : ndarray of shape (m,)
        The rows, sorted by their nearest centroid.
    sizes : ndarray of shape (k,)
        The number of rows nearest to each centroid.
    first, second : ndarrays of shape (m,), int64
        The distances to the nearest and to the second nearest centroid.
    largest : float
        The largest of the second distances; a larger distance is never the smaller of two.
    to_integers : callable
        Function that scales distances of at most `largest` to integers.
    """

    order: np.ndarray
    sizes: np.ndarray
    first: np.ndarray
    second: np.ndarray
    largest: float
    to_integers: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def of(cls, distances: np.ndarray, multiplicities: np.ndarray) -> Nearest:
        """Return it for distances of shape (k, m)."""
        labels = distances.argmin(axis=0)
        first, second = np.partition(distances, 1, axis=0)[:2]
        largest = float(second.max())
        to_integers = scaled_to(chance_bits(multiplicities), largest)
        return cls(
            np.argsort(labels, kind='stable'),
            np.bincount(labels, minlength=len(distances)),
            to_integers(first),
            to_integers(second),
            largest,
            to_integers,
        )


def exchange(rows: SampleRows, centroids: np.ndarray, draws: Draws, n_tries: int) -> np.ndarray:
    """Try to swap centroids for drawn rows.

    Parameters
    ----------
    rows : SampleRows
    centroids : ndarray of shape (k, d), float64
    draws : Draws
    n_tries : int
        The number of rows to draw.

    Returns
    -------
    ndarray of shape (k, d), float64
        Centroids whose inertia is at most that of `centroids`, except for the rounding of distances
        to integers.
    """
    k = len(centroids)
    if k < 2 or k * len(rows.multiplicities) > MAX_DISTANCES:
        return centroids
    centroids = centroids.copy()
    distances = definition_distances(rows.x, centroids, rows.weights)
    nearest = Nearest.of(distances, rows.multiplicities)
    for _ in range(min(n_tries, MAX_WORK // distances.size)):
        chances = nearest.first * rows.multiplicities
        if not chances.any():
            break
        drawn = draw_rows(chances, 1, draws)[0]
        point = np.array([[column[drawn] for column in rows.x]])
        from_drawn = definition_distances(rows.x, point, rows.weights)[0]
        leaving = _best_to_leave(nearest, from_drawn, rows.multiplicities)
        if leaving is not None:
            centroids[leaving], distances[leaving] = point[0], from_drawn
            nearest = Nearest.of(distances, rows.multiplicities)
    return centroids


def _best_to_leave(
    nearest: Nearest, from_drawn: np.ndarray, multiplicities: np.ndarray
) -> Optional[int]:
    """Return the centroid that, swapped for the drawn row, lowers the sum of distances most, or
    None.
    """
    drawn = nearest.to_integers(np.minimum(from_drawn, nearest.largest))
    with_it = np.minimum(nearest.first, drawn)
    gain = int(np.dot(nearest.first - with_it, multiplicities))
    without = (np.minimum(nearest.second, drawn) - with_it) * multiplicities
    sums = np.concatenate(([0], np.cumsum(without[nearest.order])))
    ends = np.cumsum(nearest.sizes)
    losses = sums[ends] - sums[ends - nearest.sizes]
    leaving = int(np.argmin(losses))
    return leaving if losses[leaving] < gain else None
