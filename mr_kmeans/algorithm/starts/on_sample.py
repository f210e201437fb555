"""Starts: k centroids found in memory on a sample of the data.

The sample (hashing.HashSample) holds distinct rows, each with its multiplicity in the whole data.
`random_start` takes the k rows of the smallest hashes, `sample_start` searches (search.py).

A start is a function of (sample, options, seed) and of nothing else. The centroids come in
ascending order, compared feature by feature: the ids of the clusters do not depend on which restart
won, nor on the order in which it found them.
"""

from __future__ import annotations

from typing import Callable, Sequence

import numpy as np

from mr_kmeans.algorithm.starts.problem import Problem, check_k, distinct_integers
from mr_kmeans.algorithm.starts.search import search
from mr_kmeans.exact.grid import Grid
from mr_kmeans.exact.hashing import HashSample

SAMPLE_ROWS = 20_000
"""Rows of a sample when k is small. Uniform data (300,000 x 10, k = 20), started from 5,000,
10,000, 20,000 and 50,000 rows, began 2.1, 1.6, 0.6 and 0.2 % above the inertia they ended with; the
starts took 0.7, 0.9, 1.3 and 2.4 s of one core."""

SAMPLE_ROWS_PER_CLUSTER = 50
"""Rows of a sample for each cluster when k is large: a mean of 50 rows misses by a seventh of a
standard deviation. k = 1000 then starts from 50,000 rows; with 10 features a restart takes 4 s of
one core, 2.9 of them k-means++, all 45 s."""

SAMPLE_VALUES = 4_000_000
"""Most values in a sample, unless two rows a cluster are more: 32 MB as float64, about four times
that while working."""


def sample_capacity(k: int, d: int) -> int:
    """Return how many distinct rows a sample should hold for starts of k clusters in d features."""
    wanted = max(SAMPLE_ROWS, SAMPLE_ROWS_PER_CLUSTER * k)
    return max(min(wanted, SAMPLE_VALUES // max(d, 1)), 2 * k)


def random_start(sample: HashSample, grids: Sequence[Grid], k: int) -> np.ndarray:
    """Return the k distinct rows of the smallest hashes.

    Parameters
    ----------
    sample : HashSample
        Of at least k rows, unless the data have fewer.
    grids : list of d Grid
    k : int

    Returns
    -------
    ndarray of shape (k, d), float64
        In ascending order.

    Raises
    ------
    DataError
        When there are fewer distinct rows.
    """
    integers, _ = distinct_integers(sample, grids)
    check_k(k, len(integers[0]))
    return _in_order(
        np.column_stack([grid.to_floats(column[:k]) for grid, column in zip(grids, integers)])
    )


def sample_start(
    sample: HashSample,
    grids: Sequence[Grid],
    weights: Sequence[float],
    k: int,
    seed: int = 0,
    n_init: int = 10,
    run: Callable = map,
) -> np.ndarray:
    """Return the best solution of `n_init` restarts of k-means on the sample (search.py).

    Parameters
    ----------
    sample : HashSample
        Of at least `sample_capacity` rows, unless the data have fewer.
    grids : list of d Grid
    weights : sequence of d float
    k, seed, n_init : int
    run : callable
        Like the built-in map; one that works in parallel gives the same result.

    Returns
    -------
    ndarray of shape (k, d), float64
        In ascending order.

    Raises
    ------
    DataError
        When there are fewer than k distinct rows, or fewer that lie apart in the weighted distance.
    """
    if n_init < 1:
        raise ValueError(f'n_init={n_init} should be >= 1')
    problem = Problem.of(sample, grids, weights, k, seed)
    return _in_order(search(problem, n_init, run).centroids)


def _in_order(centroids: np.ndarray) -> np.ndarray:
    return centroids[np.lexsort(centroids.T[::-1])]
