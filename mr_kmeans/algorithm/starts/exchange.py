"""Local search for a better start: a centroid is exchanged for a row where that lowers the inertia
of the sample.

Lloyd's iterations never move a centroid from where there are too many to where one is missing; an
exchange does (Lattanzi, Sohler: A Better k-means++ Algorithm via Local Search, ICML 2019). Rows are
drawn by their squared distance as in k-means++, and what decides are exact sums of integers.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

import numpy as np

from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.algorithm.starts.plusplus import Rows, chance_bits, draw_rows, scaled_to
from mr_kmeans.exact.hashing import Draws

MAX_DISTANCES = 8_000_000
"""Rows times centroids up to which exchanges are tried: 64 MB of distances. A larger k gains little
by single exchanges."""

MAX_WORK = 100_000_000
"""Rows times centroids times exchanges: about a second. What a success changes is found out anew
from all distances."""


class Nearest(NamedTuple):
    """What an exchange must know of m rows and k centroids; distances in integers.

    Attributes
    ----------
    order : ndarray of shape (m,)
        The rows, sorted by their nearest centroid.
    sizes : ndarray of shape (k,)
        How many rows are nearest to each centroid.
    first, second : ndarrays of shape (m,), int64
        To the nearest and to the second nearest centroid.
    largest : float
        Of the second distances; what lies beyond it is never the smaller of two.
    to_integers : callable
        Scales distances of at most `largest`.
    """

    order: np.ndarray
    sizes: np.ndarray
    first: np.ndarray
    second: np.ndarray
    largest: float
    to_integers: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def of(cls, distances: np.ndarray, multiplicities: np.ndarray) -> Nearest:
        """Return it for distances (k, m)."""
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


def exchange(rows: Rows, centroids: np.ndarray, draws: Draws, n_tries: int) -> np.ndarray:
    """Try to exchange centroids for drawn rows.

    Parameters
    ----------
    rows : Rows
    centroids : ndarray of shape (k, d), float64
    draws : Draws
    n_tries : int
        Rows to draw.

    Returns
    -------
    ndarray of shape (k, d), float64
        Of at most the inertia of `centroids`, but for the rounding of distances to integers.
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
    """Return the centroid whose exchange for the drawn row lowers the sum of distances most, None
    when none does.
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
