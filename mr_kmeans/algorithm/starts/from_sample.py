"""The starts that need no pass: on the sample, and centroids that are given."""

from __future__ import annotations

import numpy as np

from mr_kmeans.algorithm.lloyd import Passes
from mr_kmeans.algorithm.starts.base import Start
from mr_kmeans.algorithm.starts.on_sample import random_start, sample_capacity, sample_start
from mr_kmeans.algorithm.starts.search import Run, Watch, unwatched
from mr_kmeans.exact.hashing import HashSample


class SampleStart(Start):
    """The best of several restarts of k-means on the sample.

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
