"""The interface of a start: what finds the centroids of iteration 0."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from mr_kmeans.algorithm.lloyd import Passes
from mr_kmeans.exact.hashing import HashSample


class Start(ABC):
    """A way to find k centroids to begin with.

    It may depend on the rows as a multiset, on its parameters and on the seed, and on nothing else:
    it decides by hashes and exact comparisons, and has a rule for ties.

    Attributes
    ----------
    k : int
    """

    k: int

    @abstractmethod
    def capacity(self, d: int) -> int:
        """Return how many distinct rows in d features the sample should hold, at least k."""

    @abstractmethod
    def find(self, sample: HashSample, passes: Passes) -> np.ndarray:
        """Return the centroids.

        Parameters
        ----------
        sample : HashSample
            Of `capacity` distinct rows, unless the data have fewer; of k at least.
        passes : Passes
            Makes passes over all rows, with any centroids and for several candidates at once;
            ``passes.facts`` has the feature space. Each call reads all rows once.

        Returns
        -------
        ndarray of shape (k, d), float64

        Raises
        ------
        DataError
            When there are fewer than k rows that can be told apart.
        """
