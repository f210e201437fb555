"""Initialization: k centroids found in memory on a sample of the data.

The sample (`HashSample` in exact/hashing.py) holds distinct rows, each with its multiplicity in the
whole data. `random_start` takes the k rows with the smallest hashes. `sample_start` makes restarts
of greedy k-means++ (plusplus.py), swaps of single centroids (exchange.py) and a few of Lloyd's
iterations on the sample, and continues the best of them until no centroid moves.

All decisions are made with integers, exact fractions or comparisons of distances by the definition,
so that the result is a function of (sample, options, seed) only. The centroids are in ascending
order, compared feature by feature: cluster ids depend neither on which restart won nor on the order
in which it found them.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Callable, List, NamedTuple, Sequence, Tuple, Union

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.starts.exchange import exchange
from mr_kmeans.algorithm.starts.plusplus import SampleRows
from mr_kmeans.errors import DataError
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.grid import BINARY, Grid
from mr_kmeans.exact.hashing import Draws, HashSample
from mr_kmeans.exact.rational import inertia_fraction, mean_centroids
from mr_kmeans.messages import at_most_clusters, counted

SAMPLE_ROWS = 20_000
"""Number of rows of a sample if k is small. For uniform data (300,000 x 10, k = 20), samples of
5,000, 10,000, 20,000 and 50,000 rows gave initial inertias 2.1, 1.6, 0.6 and 0.2 % above the final
ones, and took 0.7, 0.9, 1.3 and 2.4 s on one core.
"""

SAMPLE_ROWS_PER_CLUSTER = 50
"""Number of rows of a sample per cluster if k is large: a mean of 50 rows is off by a seventh of a
standard deviation. k = 1000 then has a sample of 50,000 rows; with 10 features a restart takes 4 s
on one core, 2.9 s of them for k-means++, and all restarts 45 s.
"""

SAMPLE_VALUES = 4_000_000
"""Maximum number of values in a sample, unless two rows per cluster are more: 32 MB as float64,
about four times that while running.
"""

RESTART_ITERATIONS = 20
"""Number of Lloyd's iterations of a restart before the best ones are continued; they rank the
restarts in a fraction of the time. Uniform data (20,000 x 10, k = 20) need 95 to 314 iterations,
clustered data 1 to 30.
"""

EXCHANGE_STREAM = 2**32
"""Stream of the draws of swaps, distinct from those of the steps of k-means++, which are numbered
from 0.
"""

FINALISTS = 3
"""Number of restarts that are continued. With only one, spam.csv with k = 50 ended 0.9 % above the
best of all ten.
"""

FINAL_ITERATIONS = 100
"""Maximum number of iterations of a finalist, which need not converge, since iterations on the
whole data follow.
"""

_EXACT_BITS = 53
"""Number of bits of integers that are exact in float64."""


def sample_capacity(k: int, d: int) -> int:
    """Return the number of distinct rows that a sample should hold for k clusters and d
    features.
    """
    wanted = max(SAMPLE_ROWS, SAMPLE_ROWS_PER_CLUSTER * k)
    return max(min(wanted, SAMPLE_VALUES // max(d, 1)), 2 * k)


def random_start(sample: HashSample, grids: Sequence[Grid], k: int) -> np.ndarray:
    """Return the k distinct rows with the smallest hashes.

    Parameters
    ----------
    sample : HashSample
        A sample of at least k rows, unless the data have fewer.
    grids : list of d Grid
    k : int

    Returns
    -------
    ndarray of shape (k, d), float64
        In ascending order.

    Raises
    ------
    DataError
        If there are fewer distinct rows.
    """
    integers, _ = _distinct_integers(sample, grids)
    _check_k(k, len(integers[0]))
    return _in_order(
        np.column_stack([grid.to_floats(column[:k]) for grid, column in zip(grids, integers)])
    )


def sample_start(
    sample: HashSample,
    grids: Sequence[Grid],
    weights: Union[Sequence[float], np.ndarray],
    k: int,
    seed: int = 0,
    n_init: int = 10,
    run: Callable = map,
) -> np.ndarray:
    """Return the best of `n_init` restarts of k-means on the sample.

    Parameters
    ----------
    sample : HashSample
        A sample of at least `sample_capacity` rows, unless the data have fewer.
    grids : list of d Grid
    weights : sequence of d float
    k, seed, n_init : int
    run : callable
        Function like the built-in map; a parallel one, such as multiprocessing.Pool.map, gives the
        same result.

    Returns
    -------
    ndarray of shape (k, d), float64
        In ascending order.

    Raises
    ------
    DataError
        If there are fewer than k distinct rows, or fewer with nonzero weighted distances from each
        other.
    """
    if n_init < 1:
        raise ValueError(f'n_init={n_init} should be >= 1')
    problem = Problem.of(sample, grids, weights, k, seed)
    solutions = list(run(functools.partial(solve, problem), range(n_init)))
    finalists = sorted(solutions, key=_score)[:FINALISTS]  # stable: in a tie, the first stays first
    solutions = list(run(functools.partial(finish, problem), finalists))
    return _in_order(min(solutions, key=_score).centroids)


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
        sample: HashSample,
        grids: Sequence[Grid],
        weights: Union[Sequence[float], np.ndarray],
        k: int,
        seed: int,
    ) -> Problem:
        """Return the problem of finding k clusters in `sample`."""
        integers, multiplicities = _distinct_integers(sample, grids)
        _check_k(k, len(multiplicities))
        factors = np.array(weights, dtype=np.float64)
        rows = SampleRows(
            [grid.to_floats(column) for grid, column in zip(grids, integers)],
            multiplicities,
            factors,
        )
        products = [_exact_products(column, multiplicities) for column in integers]
        return cls(integers, multiplicities, products, rows, list(grids), factors, k, seed)


class Solution(NamedTuple):
    """The result of Lloyd's iterations on the sample.

    Attributes
    ----------
    score : Fraction
        The inertia of the last partition about its means, minus the sum of squares, which is the
        same for all partitions.
    centroids : ndarray of shape (k, d), float64
    n_iter : int
    converged : bool
    """

    score: Fraction
    centroids: np.ndarray
    n_iter: int
    converged: bool


def solve(problem: Problem, restart: int) -> Solution:
    """Make one restart. This is a pure function, so that restarts can run in parallel."""
    chosen = problem.rows.choose(problem.k, problem.seed, restart)
    if len(chosen) < problem.k:
        raise DataError(
            f'-k {problem.k}: of the {counted(len(problem.multiplicities), "distinct row")} looked'
            f' at, no more than {len(chosen)} can be told apart: the squared distance of any other'
            f' to one of these is 0 in float64. {at_most_clusters(len(chosen))} Or multiply the'
            ' columns by a large number.'
        )
    centroids = np.column_stack([column[chosen] for column in problem.rows.x])
    centroids = exchange(
        problem.rows, centroids, Draws(problem.seed, restart, EXCHANGE_STREAM), problem.k
    )
    return iterate(problem, centroids, RESTART_ITERATIONS)


def finish(problem: Problem, solution: Solution) -> Solution:
    """Continue a solution that has not converged."""
    return (
        solution if solution.converged else iterate(problem, solution.centroids, FINAL_ITERATIONS)
    )


def _score(solution: Solution) -> Fraction:
    return solution.score


def iterate(problem: Problem, centroids: np.ndarray, max_iter: int) -> Solution:
    """Make Lloyd's iterations until no centroid moves, at most `max_iter` >= 1, and leave no
    cluster empty.
    """
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        assigner = Assigner(centroids, problem.grids, problem.weights)
        labels, _ = assigner.assign(problem.integers)
        _fill_empty(problem, assigner, labels)
        counts, totals = _sums(problem, labels)
        means = mean_centroids(counts, totals, problem.grids, centroids)
        converged = np.array_equal(means, centroids)
        centroids, n_iter = means, n_iter + 1
    no_squares = [0] * len(problem.grids)
    score = inertia_fraction(centroids, counts, totals, no_squares, problem.grids, problem.weights)
    return Solution(score, centroids, n_iter, converged)


def _fill_empty(problem: Problem, assigner: Assigner, labels: np.ndarray) -> None:
    """Give each empty cluster the row farthest from its centroid (in a tie, the first) among
    clusters with several rows.
    """
    sizes = np.bincount(labels, minlength=problem.k)
    if sizes.all():
        return
    distances = assigner.distances(problem.integers, labels)
    for cluster_id in np.flatnonzero(sizes == 0).tolist():
        farthest = int(np.argmax(np.where(sizes[labels] > 1, distances, -1.0)))
        sizes[labels[farthest]] -= 1
        sizes[cluster_id] = 1
        labels[farthest] = cluster_id


def _sums(problem: Problem, labels: np.ndarray) -> Tuple[List[int], List[List[int]]]:
    """Return the exact counts and sums of grid integers per cluster, each row counted as often as
    it occurs.
    """
    counts = [
        int(count)
        for count in np.bincount(labels, weights=problem.multiplicities, minlength=problem.k)
    ]
    columns = []
    for parts in problem.products:
        column = [0] * problem.k
        for shift, part in parts:
            sums = np.bincount(labels, weights=part, minlength=problem.k).tolist()
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


def _distinct_integers(
    sample: HashSample, grids: Sequence[Grid]
) -> Tuple[List[np.ndarray], np.ndarray]:
    """Return the grid integers (d arrays of shape (m,)) and the multiplicities of the sampled rows,
    in the order of the sample.
    """
    rows, multiplicities = sample.rows, sample.multiplicities
    integers = [grid.to_integers(from_floats(rows[:, j])) for j, grid in enumerate(grids)]
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


def _check_k(k: int, n_distinct: int) -> None:
    if k > n_distinct:
        raise DataError(
            f'-k {k}: the data have only {counted(n_distinct, "distinct row")}. '
            + at_most_clusters(n_distinct)
        )


def _in_order(centroids: np.ndarray) -> np.ndarray:
    return centroids[np.lexsort(centroids.T[::-1])]
