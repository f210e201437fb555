"""The search for a start on all cores, with its progress."""

from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from typing import Callable, Iterable, Iterator

import numpy as np

from mr_kmeans.algorithm.starts.far import WeightedRows
from mr_kmeans.algorithm.starts.from_sample import SampleStart
from mr_kmeans.algorithm.starts.parallel import ParallelStart
from mr_kmeans.algorithm.starts.problem import Solution
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.hashing import HashSample
from mr_kmeans.system.forking import map_forked, usable_cores
from mr_kmeans.system.progress import Describe, Restarts, current, still_running

MIN_FORKED = 1_000_000
"""Number of rows times clusters times features from which restarts run in processes of their own:
one of them then takes about 10 ms, and a fork two.
"""


class AllCores:
    """A function like the built-in map that works in forked processes where that pays."""

    def __init__(self) -> None:
        self._n_cores = 1

    @contextlib.contextmanager
    def searching(self, size: int, describe: Describe) -> Iterator[None]:
        """Report the progress of a search, by a thread only if no process is forked meanwhile.

        Parameters
        ----------
        size : int
            Rows times clusters times features.
        describe : callable
        """
        self._n_cores = usable_cores() if size >= MIN_FORKED else 1
        is_forked = self._n_cores > 1
        with current().underway(describe) if is_forked else current().meanwhile(describe):
            yield

    def map(self, function: Callable, items: Iterable) -> Iterator[Solution]:
        """Do the same as the built-in map."""
        items = list(items)
        if self._n_cores == 1 or len(items) == 1:
            yield from map(function, items)
            return
        tasks = (lambda item=item: to_bytes(function(item)) for item in items)
        yield from map(from_bytes, map_forked(tasks, self._n_cores))


class ReportedSampleStart(SampleStart):
    """A search on the sample, on all cores, that reports how many restarts are done."""

    def __init__(self, k: int, seed: int, n_init: int):
        self._restarts, self._cores = Restarts(n_init), AllCores()
        super().__init__(k, seed, n_init, self._cores.map, self._restarts.watch)

    def search_sample(self, sample: HashSample, space: FeatureSpace) -> np.ndarray:
        """Return the centroids found on the sample."""
        with self._cores.searching(sample.rows.size * self.k, self._restarts.describe):
            return super().search_sample(sample, space)

    def search_rows(
        self, rows: WeightedRows, space: FeatureSpace, is_last: bool = True
    ) -> np.ndarray:
        """Return the centroids found on weighted rows."""
        with self._cores.searching(rows.rows.size * self.k, _looking_for('a better start')):
            return super().search_rows(rows, space, is_last)


class ReportedParallelStart(ParallelStart):
    """k-means||, whose search among the candidates is reported and uses all cores."""

    def __init__(self, k: int, seed: int, n_init: int):
        self._cores = AllCores()
        super().__init__(k, seed, n_init, self._cores.map)

    def search_rows(self, rows: WeightedRows, space: FeatureSpace) -> np.ndarray:
        """Return the centroids found on the candidates."""
        with self._cores.searching(rows.rows.size * self.k, _looking_for('the start')):
            return super().search_rows(rows, space)


def _looking_for(what: str) -> Describe:
    return lambda seconds: still_running(f'looking for {what}', seconds)


def to_bytes(solution: Solution) -> bytes:
    """Return a solution without loss, to be sent to another process on this machine."""
    numbers = [hex(solution.score.numerator), hex(solution.score.denominator)]
    shape = solution.centroids.shape
    rest = [numbers, shape, solution.counts, solution.n_iter, solution.converged]
    return json.dumps(rest).encode() + b'\n' + solution.centroids.tobytes()


def from_bytes(content: bytes) -> Solution:
    """Return the solution that `to_bytes` wrote."""
    head, _, values = content.partition(b'\n')
    numbers, shape, counts, n_iter, converged = json.loads(head)
    score = Fraction(*(int(number, 16) for number in numbers))
    centroids = np.frombuffer(values, dtype=np.float64).reshape(shape).copy()
    return Solution(score, centroids, counts, n_iter, converged)
