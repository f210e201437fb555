"""The starts by the sample, of which one may need passes, and centroids that are given."""

from __future__ import annotations

import numpy as np

from mr_kmeans.algorithm.lloyd import Passes
from mr_kmeans.algorithm.starts.base import Start
from mr_kmeans.algorithm.starts.far import WeightedRows, improve_by_far_rows
from mr_kmeans.algorithm.starts.on_sample import random_start, sample_capacity, sample_start
from mr_kmeans.algorithm.starts.search import Run, Watch, best_start, unwatched
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.hashing import HashSample

FEWER = 3
"""Divisor of the number of restarts of a search whose result is searched again."""


class SampleStart(Start):
    """The best of several restarts of k-means on the sample, and on rows far away where a few of
    them carry the inertia.

    Parameters
    ----------
    k, seed, n_init : int
    run : callable
        Function like the built-in map; may work in parallel.
    watch : callable
        Receives the number of restarts made so far.
    """

    def __init__(
        self,
        k: int,
        seed: int = 0,
        n_init: int = 10,
        run: Run = map,
        watch: Watch = unwatched,
    ):
        self.k, self._seed, self._n_init = k, seed, n_init
        self._run, self._watch = run, watch

    def capacity(self, d: int) -> int:
        """Return the rows that restarts of k clusters need."""
        return sample_capacity(self.k, d)

    def find(self, sample: HashSample, passes: Passes) -> np.ndarray:
        """Return the centroids, in ascending order."""
        space = passes.facts.space
        centroids = self.search_sample(sample, space)
        return improve_by_far_rows(
            centroids,
            sample,
            lambda rows, is_last: self.search_rows(rows, space, is_last),
            passes,
            self._seed,
        )

    def search_rows(
        self, rows: WeightedRows, space: FeatureSpace, is_last: bool = True
    ) -> np.ndarray:
        """Return the centroids found on weighted rows; with fewer restarts if rows are drawn by
        these centroids and searched again.
        """
        found = best_start(
            rows.rows,
            rows.multiplicities,
            space,
            self.k,
            self._seed,
            self._n_init if is_last else -(-self._n_init // FEWER),
            self._run,
        )
        return found.centroids

    def search_sample(self, sample: HashSample, space: FeatureSpace) -> np.ndarray:
        """Return the centroids found on the sample."""
        return sample_start(
            sample,
            space.grids,
            space.weights,
            self.k,
            self._seed,
            self._n_init,
            self._run,
            self._watch,
        )


class RandomStart(Start):
    """The k distinct rows of the smallest hashes.

    Parameters
    ----------
    k : int
    """

    def __init__(self, k: int):
        self.k = k

    def capacity(self, d: int) -> int:
        """Return k."""
        return self.k

    def find(self, sample: HashSample, passes: Passes) -> np.ndarray:
        """Return the rows, in ascending order."""
        return random_start(sample, passes.facts.space.grids, self.k)


class GivenStart(Start):
    """Centroids from elsewhere, such as a file or an earlier run.

    Parameters
    ----------
    centroids : ndarray of shape (k, d), float64
    """

    def __init__(self, centroids: np.ndarray):
        self.k, self._centroids = len(centroids), centroids

    def capacity(self, d: int) -> int:
        """Return k: by a sample of k rows it is seen whether the data have that many."""
        return self.k

    def find(self, sample: HashSample, passes: Passes) -> np.ndarray:
        """Return the centroids as they are."""
        return self._centroids
