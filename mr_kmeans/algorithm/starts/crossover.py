"""Crossover of two solutions: their 2k centroids, merged pairwise to k.

Merging the pair that raises the inertia least, again and again, is the pairwise nearest neighbor
method (Equitz 1989) on weighted centroids, and gives a good child of two solutions of k-means
(Fränti: Genetic algorithm with deterministic crossover for vector quantization, Pattern
Recognition Letters 2000). Where one solution has a centroid too many and the other has it in the
right place, the child keeps what is right in both.

Merging centroids a and b of n_a and n_b rows raises the inertia by

    n_a n_b / (n_a + n_b) * sum_j w_j (a_j - b_j)**2.

Everything is elementwise float64, feature by feature, and of equal costs the first one counts: the
same bits on every machine.
"""

from __future__ import annotations

import numpy as np

MAX_CLUSTERS = 2048
"""Maximum k for which solutions are crossed: the costs of all pairs of 4,096 centroids take 128
MB.
"""


def merged(centroids: np.ndarray, counts: np.ndarray, k: int, weights: np.ndarray) -> np.ndarray:
    """Merge centroids, pair by pair at the lowest cost, until k are left.

    Parameters
    ----------
    centroids : ndarray of shape (m, d), float64
        m >= k.
    counts : ndarray of shape (m,)
        The number of rows of each, > 0.
    k : int
    weights : ndarray of shape (d,), float64

    Returns
    -------
    ndarray of shape (k, d), float64

    Examples
    --------
    >>> merged(np.array([[0.0], [1.0], [9.0]]), np.array([3, 1, 4]), 2, np.ones(1))
    array([[0.25],
           [9.  ]])
    """
    columns, counts = np.array(centroids.T, dtype=np.float64, order='C'), counts.astype(np.float64)
    costs = _all_costs(columns, counts, weights)
    while len(counts) > k:
        alive = _merge(columns, counts, costs, weights, max(k, len(counts) * 2 // 3))
        columns, counts, costs = columns[:, alive].copy(), counts[alive], costs[alive][:, alive]
    return columns.T.copy()


def _all_costs(columns: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the costs of merging all pairs, shape (m, m), infinity on the diagonal."""
    costs = np.full((len(counts), len(counts)), np.inf)
    for i in range(len(counts) - 1):
        row = _costs(columns[:, i:], counts[i:], 0, weights)
        costs[i, i:] = costs[i:, i] = row
    return costs


def _merge(
    columns: np.ndarray, counts: np.ndarray, costs: np.ndarray, weights: np.ndarray, k: int
) -> np.ndarray:
    """Merge in place until k centroids are left; return which ones these are, bool of shape
    (m,).
    """
    alive = np.ones(len(counts), dtype=bool)
    partner = costs.argmin(axis=1)
    least = costs[np.arange(len(counts)), partner]
    for _ in range(len(counts) - k):
        i = int(least.argmin())
        i, j = sorted((i, int(partner[i])))
        total = counts[i] + counts[j]
        columns[:, i] = (counts[i] * columns[:, i] + counts[j] * columns[:, j]) / total
        counts[i], alive[j] = total, False
        row = _costs(columns, counts, i, weights)
        row[~alive] = np.inf
        costs[i], costs[:, i] = row, row
        costs[j], costs[:, j], least[j] = np.inf, np.inf, np.inf
        stale = alive & ((partner == i) | (partner == j))
        stale[i] = True
        numbers = np.flatnonzero(stale)
        partner[numbers] = costs[numbers].argmin(axis=1)
        least[numbers] = costs[numbers, partner[numbers]]
        nearer = alive & (row < least)
        partner[nearer], least[nearer] = i, row[nearer]
    return alive


def _costs(columns: np.ndarray, counts: np.ndarray, i: int, weights: np.ndarray) -> np.ndarray:
    """Return the cost of merging centroid i with each of the others, infinity with itself."""
    costs, term = np.zeros(len(counts)), np.empty(len(counts))
    with np.errstate(all='ignore'):
        for column, weight in zip(columns, weights):
            np.subtract(column, column[i], out=term)
            np.multiply(term, term, out=term)
            np.multiply(term, weight, out=term)
            np.add(costs, term, out=costs)
        costs *= counts * counts[i] / (counts + counts[i])
    costs[np.isnan(costs)] = np.inf
    costs[i] = np.inf
    return costs
