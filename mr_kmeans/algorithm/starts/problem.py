"""k-means on rows in memory: the problem that all restarts share, and Lloyd's iterations on it.

All decisions are made with integers, exact fractions or comparisons of distances by the definition,
so that a solution is a function of (rows, options, seed) only.
"""

from __future__ import annotations

from fractions import Fraction
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.starts.plusplus import SampleRows
from mr_kmeans.errors import DataError
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.grid import BINARY, Grid
from mr_kmeans.exact.rational import inertia_fraction, mean_centroids, rounded_sum
from mr_kmeans.messages import at_most_clusters, counted

_EXACT_BITS = 53
"""Number of bits of integers that are exact in float64."""


class Problem(NamedTuple):
    """The data shared by all restarts: m distinct rows, on the grid.

    Attributes
    ----------
    integers : list of d integer ndarrays of shape (m,)
    multiplicities : ndarray of shape (m,), int64
    products : list of d lists of (shift, float64 ndarray of shape (m,))
        integer * multiplicity is the sum of ``part * 2**shift``; the sum of all m parts is exact in
        float64.
    rows : SampleRows
    grids : list of d Grid
    weights : ndarray of shape (d,), float64
    k, seed : int
    """

    integers: List[np.ndarray]
    multiplicities: np.ndarray
    products: List[List[Tuple[int, np.ndarray]]]
    rows: SampleRows
    grids: List[Grid]
    weights: np.ndarray
    k: int
    seed: int

    @classmethod
    def of(
        cls,
        points: np.ndarray,
        multiplicities: np.ndarray,
        grids: Sequence[Grid],
        weights: Sequence[float],
        k: int,
        seed: int,
    ) -> Problem:
        """Return the problem of finding k clusters of points that occur several times.

        Parameters
        ----------
        points : ndarray of shape (m, d), float64
            Distinct rows. Their order matters.
        multiplicities : ndarray of shape (m,), int64
            How often each occurs, >= 1.
        grids : list of d Grid
        weights : sequence of d float
        k, seed : int

        Raises
        ------
        DataError
            If there are fewer than k distinct rows.
        """
        integers, multiplicities = distinct_integers(points, multiplicities, grids)
        check_k(k, len(multiplicities))
        factors = np.array(weights, dtype=np.float64)
        rows = SampleRows(
            [grid.to_floats(column) for grid, column in zip(grids, integers)],
            multiplicities,
            factors,
        )
        products = [_exact_products(column, multiplicities) for column in integers]
        return cls(integers, multiplicities, products, rows, list(grids), factors, k, seed)

    def centroids_at(self, numbers: Sequence[int]) -> np.ndarray:
        """Return rows as centroids, float64 of shape (len(numbers), d)."""
        return np.column_stack([column[list(numbers)] for column in self.rows.x])

    def distances(self, centroids: np.ndarray) -> np.ndarray:
        """Return the squared distance, by the definition, of each row to its nearest centroid."""
        assigner = Assigner(centroids, self.grids, self.weights)
        labels, _ = assigner.assign(self.integers)
        return assigner.distances(self.integers, labels)

    def inertia(self, centroids: np.ndarray) -> float:
        """Return the sum of `distances`, each counted as often as its row occurs, rounded once."""
        return rounded_sum(self.distances(centroids) * self.multiplicities)


class Solution(NamedTuple):
    """The result of Lloyd's iterations on a problem.

    Attributes
    ----------
    score : Fraction
        The inertia of the last partition about its means, minus the sum of squares, which is the
        same for all partitions.
    centroids : ndarray of shape (k, d), float64
    counts : list of k int
        The number of rows of each cluster in that partition.
    n_iter : int
    converged : bool
    """

    score: Fraction
    centroids: np.ndarray
    counts: List[int]
    n_iter: int
    converged: bool


def iterate(problem: Problem, centroids: np.ndarray, max_iter: int) -> Solution:
    """Make Lloyd's iterations until no centroid moves, at most `max_iter` >= 1, and leave no
    cluster empty.

    Parameters
    ----------
    problem : Problem
    centroids : ndarray of shape (any number of clusters, d), float64
    max_iter : int
    """
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        assigner = Assigner(centroids, problem.grids, problem.weights)
        labels, _ = assigner.assign(problem.integers)
        _fill_empty(problem, assigner, labels, len(centroids))
        counts, totals = _sums(problem, labels, len(centroids))
        means = mean_centroids(counts, totals, problem.grids, centroids)
        converged = np.array_equal(means, centroids)
        centroids, n_iter = means, n_iter + 1
    no_squares = [0] * len(problem.grids)
    score = inertia_fraction(centroids, counts, totals, no_squares, problem.grids, problem.weights)
    return Solution(score, centroids, counts, n_iter, converged)


def _fill_empty(problem: Problem, assigner: Assigner, labels: np.ndarray, k: int) -> None:
    """Give each empty cluster the row farthest from its centroid (in a tie, the first) among
    clusters with several rows.
    """
    sizes = np.bincount(labels, minlength=k)
    if sizes.all():
        return
    distances = assigner.distances(problem.integers, labels)
    for cluster_id in np.flatnonzero(sizes == 0).tolist():
        farthest = int(np.argmax(np.where(sizes[labels] > 1, distances, -1.0)))
        sizes[labels[farthest]] -= 1
        sizes[cluster_id] = 1
        labels[farthest] = cluster_id


def _sums(problem: Problem, labels: np.ndarray, k: int) -> Tuple[List[int], List[List[int]]]:
    """Return the exact counts and sums of grid integers per cluster, each row counted as often as
    it occurs.
    """
    counts = [
        int(count) for count in np.bincount(labels, weights=problem.multiplicities, minlength=k)
    ]
    columns = []
    for parts in problem.products:
        column = [0] * k
        for shift, part in parts:
            sums = np.bincount(labels, weights=part, minlength=k).tolist()
            column = [total + (int(more) << shift) for total, more in zip(column, sums)]
        columns.append(column)
    return counts, [list(totals) for totals in zip(*columns)]


def _exact_products(
    integers: np.ndarray, multiplicities: np.ndarray
) -> List[Tuple[int, np.ndarray]]:
    """Return integers * multiplicities, split into parts whose sums are exact in float64 (see
    Problem.products).
    """
    largest = max(-int(integers.min()), int(integers.max())) * int(multiplicities.max())
    product = integers.astype(np.int64 if largest < 2**63 else object) * multiplicities
    bits = _EXACT_BITS - len(multiplicities).bit_length()
    parts, shift = [], 0
    while largest >> bits:
        parts.append((shift, (product & (2**bits - 1)).astype(np.float64)))
        product, largest, shift = product >> bits, (largest >> bits) + 1, shift + bits
    parts.append((shift, product.astype(np.float64)))
    return parts


def distinct_integers(
    points: np.ndarray, multiplicities: np.ndarray, grids: Sequence[Grid]
) -> Tuple[List[np.ndarray], np.ndarray]:
    """Return the grid integers (d arrays of shape (m,)) and the multiplicities of distinct points,
    in their order.
    """
    integers = [grid.to_integers(from_floats(points[:, j])) for j, grid in enumerate(grids)]
    if not any(grid.kind == BINARY for grid in grids):
        return integers, multiplicities
    # a binary grid rounds: rows that become equal count as one row, the first of them
    _, first, row_of = np.unique(
        np.column_stack(integers), axis=0, return_index=True, return_inverse=True
    )
    merged = np.zeros(len(first), dtype=np.int64)
    np.add.at(merged, row_of.reshape(-1), multiplicities)
    order = np.argsort(first)
    return [column[first[order]] for column in integers], merged[order]


def check_k(k: int, n_distinct: int) -> None:
    """Raise DataError if there are fewer than k distinct rows."""
    if k > n_distinct:
        raise DataError(
            f'-k {k}: the data have only {counted(n_distinct, "distinct row")}. '
            + at_most_clusters(n_distinct)
        )


def check_apart(k: int, n_apart: int, found: str) -> None:
    """Raise DataError if fewer than k rows can be told apart; `found` names how many can."""
    if n_apart < k:
        raise DataError(
            f'-k {k}: {found} can be told apart: the squared distance of any other to one of these'
            f' is 0 in float64. {at_most_clusters(n_apart)} Or multiply the columns by a large'
            ' number.'
        )
