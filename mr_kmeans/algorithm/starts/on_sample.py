"""Initialization: k centroids found in memory on a sample of the data.

The sample (`HashSample` in exact/hashing.py) holds distinct rows, each with its multiplicity in the
whole data. `random_start` takes the k rows with the smallest hashes. `sample_start` searches
(search.py). The centroids are in ascending order, compared feature by feature: cluster ids depend
neither on which restart won nor on the order in which it found them.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mr_kmeans.algorithm.starts.problem import Problem, check_k, distinct_integers, iterate
from mr_kmeans.algorithm.starts.search import (
    LARGE_K,
    Run,
    Watch,
    in_order,
    quick_search,
    search,
    unwatched,
)
from mr_kmeans.exact.grid import Grid
from mr_kmeans.exact.hashing import HashSample

SAMPLE_ROWS = 20_000
"""Number of rows of a sample if k is small. For uniform data (300,000 x 10, k = 20), samples of
5,000, 10,000, 20,000 and 50,000 rows gave initial inertias 2.1, 1.6, 0.6 and 0.2 % above the final
ones, and took 0.7, 0.9, 1.3 and 2.4 s on one core.
"""

SAMPLE_ROWS_PER_CLUSTER = 50
"""Number of rows of a sample per cluster if k is large: a mean of 50 rows is off by a seventh of a
standard deviation.
"""

LARGE_SAMPLE_ROWS_PER_CLUSTER = 100
"""Number of rows of a sample per cluster if the search uses only its first part (k > LARGE_K): rows
beyond that part cost a few iterations only.
"""

SEARCHED_ROWS_PER_CLUSTER = 20
"""Number of rows per cluster of the part of the sample on which the search is made if k > LARGE_K.
The sample is in the order of hashes, so its first part is a sample, too.
"""

LARGE_FINAL_ITERATIONS = 10
"""Number of iterations on the whole sample after a search on a part of it."""

SAMPLE_VALUES = 4_000_000
"""Maximum number of values in a sample, unless two rows per cluster are more: 32 MB as float64,
about four times that while running.
"""


def sample_capacity(k: int, d: int) -> int:
    """Return the number of distinct rows that a sample should hold for k clusters and d
    features.
    """
    per_cluster = LARGE_SAMPLE_ROWS_PER_CLUSTER if k > LARGE_K else SAMPLE_ROWS_PER_CLUSTER
    wanted = max(SAMPLE_ROWS, per_cluster * k)
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
    integers, _ = distinct_integers(sample.rows, sample.multiplicities, grids)
    check_k(k, len(integers[0]))
    return in_order(
        np.column_stack([grid.to_floats(column[:k]) for grid, column in zip(grids, integers)])
    )


def sample_start(
    sample: HashSample,
    grids: Sequence[Grid],
    weights: Sequence[float],
    k: int,
    seed: int = 0,
    n_init: int = 10,
    run: Run = map,
    watch: Watch = unwatched,
) -> np.ndarray:
    """Return the best start that `n_init` restarts lead to.

    Parameters
    ----------
    sample : HashSample
        A sample of at least `sample_capacity` rows, unless the data have fewer.
    grids : list of d Grid
    weights : sequence of d float
    k, seed, n_init : int
    run : callable
        Function like the built-in map; a parallel one gives the same result.
    watch : callable
        Receives the number of restarts made so far.

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
    points, counts = sample.rows, sample.multiplicities
    problem = Problem.of(points, counts, grids, weights, k, seed)
    part = max(SAMPLE_ROWS, SEARCHED_ROWS_PER_CLUSTER * k)
    if k <= LARGE_K or len(points) <= part:
        return in_order(search(problem, n_init, run, watch).centroids)
    first = Problem.of(points[:part], counts[:part], grids, weights, k, seed)
    found = quick_search(first, n_init, run, watch)
    return in_order(iterate(problem, found.centroids, LARGE_FINAL_ITERATIONS).centroids)
