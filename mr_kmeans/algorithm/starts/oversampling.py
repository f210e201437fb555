"""Initial centroids of a restart: more rows than needed, drawn in rounds, then merged to k.

In each round, rows are drawn with a probability proportional to their squared distance to the
nearest row drawn in earlier rounds, times their multiplicity; each drawn row then counts as many
rows as are nearest to it, and the pairs that cost least are merged (crossover.py) until k are left.
The rounds are those of k-means|| (Bahmani and others: Scalable K-Means++, VLDB 2012), in memory;
merging instead of k-means++ on what was drawn gives better starts. Compared with greedy k-means++,
restarts are as good and take a third of the time (blobs, 20,000 x 10, k = 20: 15 instead of 60
ms), because a round draws many rows for one reading of the distances. For more clusters than can be
merged in memory, k rows are drawn, those that the rounds leave out one by one.
"""

from __future__ import annotations

from typing import List

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.starts.crossover import MAX_CLUSTERS, merged
from mr_kmeans.algorithm.starts.plusplus import chance_bits, draw_rows, scaled_to
from mr_kmeans.algorithm.starts.problem import Problem, check_apart
from mr_kmeans.exact.hashing import Draws
from mr_kmeans.messages import counted

ROUNDS = 5
"""Number of rounds, as in the paper, where more do not help."""

DRAWN = 6
"""Number of rows drawn per cluster, if k is small."""

MIN_DRAWN = 2
"""Minimum number of rows drawn per cluster."""

MANY_DRAWN = 2000
"""Number of rows beyond which fewer than `DRAWN` per cluster are drawn: merging 2,000 of 32
features to 1,000 takes half a second, twice as many two seconds.
"""

OVERSAMPLING_STREAM = 2**34
"""Stream of these draws, distinct from those of improvements."""


def oversampled(problem: Problem, number: int) -> np.ndarray:
    """Return the initial centroids of a restart.

    Parameters
    ----------
    problem : Problem
    number : int
        The number of the restart; others have other draws.

    Returns
    -------
    ndarray of shape (k, d), float64

    Raises
    ------
    DataError
        If fewer than k rows have nonzero weighted distances from each other.
    """
    k, rows = problem.k, problem.rows
    drawing = _Drawing(problem, Draws(problem.seed, number, OVERSAMPLING_STREAM))
    if k <= MAX_CLUSTERS:
        n_drawn = -(-max(MIN_DRAWN * k, min(DRAWN * k, MANY_DRAWN)) // ROUNDS)
    else:
        n_drawn = (k - 1) // ROUNDS
    for _ in range(ROUNDS):
        drawing.draw(n_drawn)
    if len(drawing.chosen) < k:
        missing = k - len(drawing.chosen)
        drawing.take(rows.choose_more(drawing.nearest, missing, k, drawing.draws))
    n_apart, n_rows = len(drawing.chosen), counted(len(problem.multiplicities), 'distinct row')
    check_apart(k, n_apart, f'of the {n_rows} looked at, no more than {n_apart}')
    if len(drawing.chosen) == k:
        return problem.centroids_at(drawing.chosen)
    counts = np.bincount(drawing.labels, weights=problem.multiplicities)
    return merged(problem.centroids_at(drawing.chosen), counts, k, problem.weights)


class _Drawing:
    """Rows drawn so far, no two of them at distance 0 from each other.

    Attributes
    ----------
    draws : Draws
    chosen : list of int
        The row numbers.
    nearest : ndarray of shape (m,), float64
        The distance of each row to the nearest of them.
    labels : integer ndarray of shape (m,)
        The position of that one in `chosen`.
    """

    def __init__(self, problem: Problem, draws: Draws):
        self._problem, self.draws = problem, draws
        self.chosen: List[int] = []
        self.nearest = np.full(len(problem.multiplicities), np.inf)
        self.labels = np.zeros(len(problem.multiplicities), dtype=np.intp)
        self.take(draw_rows(problem.multiplicities, 1, draws))

    def draw(self, count: int) -> None:
        """Draw rows by their distance; equal ones count once."""
        largest = float(self.nearest.max())
        if not largest:
            return
        multiplicities = self._problem.multiplicities
        chances = scaled_to(chance_bits(multiplicities), largest)(self.nearest) * multiplicities
        self.take(sorted(set(draw_rows(chances, count, self.draws))))

    def take(self, numbers: List[int]) -> None:
        """Add rows, except those at distance 0 from one before them."""
        if not numbers:
            return
        problem = self._problem
        assigner = Assigner(problem.centroids_at(numbers), problem.grids, problem.weights)
        labels, _ = assigner.assign(problem.integers)
        distances = assigner.distances(problem.integers, labels)
        own = labels[numbers] == np.arange(len(numbers))
        positions = len(self.chosen) + np.cumsum(own) - 1  # of each, if it is its own nearest
        nearer = distances < self.nearest
        self.nearest[nearer] = distances[nearer]
        self.labels[nearer] = positions[labels[nearer]]
        self.chosen += np.array(numbers)[own].tolist()
