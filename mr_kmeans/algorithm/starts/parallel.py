"""k-means||: candidates drawn from all rows in rounds, one pass each, and clustered in memory.

The first candidate is a row drawn by its hash. Each round draws 2k more rows by their distances to
the candidates so far (draw.py). A last pass counts the rows nearest to each candidate, and k
centroids are searched on the candidates, which count as many times. After Bahmani, Moseley,
Vattani, Kumar, Vassilvitskii: Scalable k-means++ (VLDB 2012), whose rounds draw 2k rows on average;
here their number is exact, so that memory is bounded, and no pass is needed for the sum of
distances.
"""

from __future__ import annotations

import logging
from typing import Optional

import numpy as np

from mr_kmeans.algorithm.draw import Draw, DrawnRows
from mr_kmeans.algorithm.lloyd import Iteration, Passes, PassResult, inertia_of
from mr_kmeans.algorithm.starts.base import Start
from mr_kmeans.algorithm.starts.far import WeightedRows
from mr_kmeans.algorithm.starts.problem import check_apart
from mr_kmeans.algorithm.starts.search import Run, best_start
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.hashing import HashSample
from mr_kmeans.messages import counted

log = logging.getLogger(__name__)

ROUNDS = 5
"""Number of rounds, as in the paper."""

OVERSAMPLING = 2
"""Number of rows drawn in a round, per cluster."""


class ParallelStart(Start):
    """k-means||, with the search of the default start on the candidates.

    Parameters
    ----------
    k, seed, n_init : int
    run : callable
        Function like the built-in map; may work in parallel.
    """

    def __init__(self, k: int, seed: int = 0, n_init: int = 10, run: Run = map):
        self.k, self._seed, self._n_init, self._run = k, seed, n_init, run

    def capacity(self, d: int) -> int:
        """Return k: the first row is a candidate, k rows show that the data have as many."""
        return self.k

    def find(self, sample: HashSample, passes: Passes) -> np.ndarray:
        """Return the centroids, in ascending order."""
        candidates = self._draw_candidates(sample.rows[:1], passes)
        n_apart = len(candidates.rows)
        check_apart(self.k, n_apart, f'no more than {counted(n_apart, "row")}')
        return self.search_rows(candidates, passes.facts.space)

    def search_rows(self, rows: WeightedRows, space: FeatureSpace) -> np.ndarray:
        """Return the centroids found on the candidates."""
        return best_start(
            rows.rows,
            rows.multiplicities,
            space,
            self.k,
            self._seed,
            self._n_init,
            self._run,
        ).centroids

    def _draw_candidates(self, rows: np.ndarray, passes: Passes) -> WeightedRows:
        """Return the candidates that attract a row, and how many each attracts."""
        for number in range(ROUNDS):
            draw = Draw(self._seed, number, OVERSAMPLING * self.k)
            found = _measure(rows, passes, draw, f'round {number + 1} of {ROUNDS}')
            drawn = DrawnRows.none(rows.shape[1]) if found.drawn is None else found.drawn
            if not len(drawn.rows):
                break  # each row is at a candidate
            rows = np.concatenate([rows, drawn.rows])
        else:
            found = _measure(rows, passes, None, 'the rows of each candidate counted')
        counts = np.array(found.counts, dtype=np.int64)
        return WeightedRows(rows[counts > 0], counts[counts > 0])


def _measure(rows: np.ndarray, passes: Passes, draw: Optional[Draw], what: str) -> PassResult:
    """Make a pass with candidates; report their inertia."""
    iteration = Iteration(0, rows, [0] * len(rows))
    [found] = passes([iteration], draw)
    inertia = inertia_of(iteration, found, passes.facts)
    log.info(f'k-means||, {what}: {counted(len(rows), "candidate")}, inertia {inertia:.6g}')
    return found
