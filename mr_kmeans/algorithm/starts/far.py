"""A start that is right where a few rows, far from all others, carry much of the inertia.

A uniform sample misses such rows, or has a few of them that stand for many. So a start found on a
sample is measured by a pass over all rows, the one that the first iteration needs anyway. If its
inertia is well above that on the sample, or if a few rows of the sample have most of it, rows are
drawn by their distances (draw.py) in a pass, the start is searched again on the sample and these
rows together, and a pass measures the new start, too. The start of the smallest inertia is taken.

Sample and draws are independent of each other. A row is in the sample with probability q, the part
of all hashes up to the sample's last one, and in a draw with p = min(1, distance / threshold), by
its distance to the centroids the draw was made with. It is in one of them with probability P = 1 -
(1 - q)(1 - p)(1 - p')..., and counts for the times it occurs divided by P: sums over the rows in
memory then estimate those over all rows without a bias (Horvitz, Thompson: JASA 1952).
"""

from __future__ import annotations

import logging
import math
from typing import Callable, List, NamedTuple, Tuple

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.draw import Draw, DrawnRows
from mr_kmeans.algorithm.lloyd import Iteration, Passes, inertia_of
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.hashing import HashSample
from mr_kmeans.exact.rational import rounded_sum
from mr_kmeans.messages import counted

log = logging.getLogger(__name__)

MIN_EXCESS = 0.05
"""Excess of the exact inertia over that on the sample, as a part of it, that is not looked into; to
it are added three standard errors of the sample's, and what is due to having searched on the
sample. On samples of 20,000 rows the excess was 0.06 at most on clean data (uniform in two
features, k = 100, where 0.09 is allowed), 0.7 to 16 on shuttle.csv, k = 7 to 100.
"""

STANDARD_ERRORS = 3

MIN_EFFECTIVE_PART = 1 / 80
"""Part of the sample's rows that carry the inertia on it, (sum of distances)**2 / (sum of squared
distances), below which a better start is looked for in any case. Of 20,000 rows they were 2,400 to
18,000 on clean data, 19 to 193 on shuttle.csv, k = 7 and 20. Log-normal values with about 1,000
gained nothing for k = 10.
"""

MAX_EFFECTIVE_PART = 1 / 13
"""Part below which the first pass draws rows already, which costs 230 ns a row (10 features, k =
20, one core, where a pass takes 55), and saves a pass if they are used.
"""

DRAWN_PER_SAMPLE = 4
"""A draw has as many rows as the sample, divided by this."""

MAX_PASSES = 2
"""Maximum number of passes beyond the one that the first iteration needs."""

MIN_SHARE = 0.3
"""Share of the inertia from which on a message tells how many rows hold it."""

_SCALE_BITS = 8
"""Number of bits after the point that the weights of rows keep."""

_TOTAL_BITS = 40
"""Number of bits of the sum of all weights with which draws are still precise."""

_N_HASHES = 2.0**64


class WeightedRows(NamedTuple):
    """Distinct rows in memory that stand for all rows.

    Attributes
    ----------
    rows : ndarray of shape (m, d), float64
    multiplicities : ndarray of shape (m,), int64
        How often each counts, >= 1.
    """

    rows: np.ndarray
    multiplicities: np.ndarray


Search = Callable[[WeightedRows, bool], np.ndarray]


class Measured(NamedTuple):
    """A start that a pass has measured.

    Attributes
    ----------
    centroids : ndarray of shape (k, d), float64
    inertia : float
        Exact, except for one rounding.
    drawn : DrawnRows
        Rows that the pass has drawn; none if it was to draw none.
    """

    centroids: np.ndarray
    inertia: float
    drawn: DrawnRows


def improve_by_far_rows(
    centroids: np.ndarray, sample: HashSample, search: Search, passes: Passes, seed: int
) -> np.ndarray:
    """Return a start found on a sample, or a better one found on rows far from it, too.

    Parameters
    ----------
    centroids : ndarray of shape (k, d), float64
        The start found on the sample.
    sample : HashSample
    search : callable
        Takes weighted rows and whether this is the last search, and returns k centroids. The last
        search makes all restarts, the others fewer.
    passes : Passes
    seed : int

    Returns
    -------
    ndarray of shape (k, d), float64
    """
    if int(sample.multiplicities.sum()) == passes.facts.n_samples:
        return centroids  # the sample has all rows
    return FarRows(sample, passes, seed).improve(centroids, search)


class FarRows:
    """A sample that is not of all rows, and the rows drawn for it."""

    def __init__(self, sample: HashSample, passes: Passes, seed: int):
        self._sample, self._passes, self._seed = sample, passes, seed
        self._space = passes.facts.space
        self._q = (int(sample.hashes[-1]) + 1) / _N_HASHES
        self._draws: List[Measured] = []

    def improve(self, centroids: np.ndarray, search: Search) -> np.ndarray:
        """Return the centroids, or better ones."""
        expected, effective = self._expect(centroids)
        part = effective / len(self._sample.rows)
        has_drawn = part < MAX_EFFECTIVE_PART
        best = self._measure(centroids, has_drawn)
        excess = best.inertia / expected - 1 if expected else math.inf
        allowed = MIN_EXCESS + STANDARD_ERRORS / math.sqrt(effective)
        allowed += 2 * len(centroids) / len(self._sample.rows)
        if not (excess > allowed or part < MIN_EFFECTIVE_PART) or not best.inertia:
            return centroids
        n_left = MAX_PASSES
        if not has_drawn:
            best, n_left = self._measure(centroids, True), n_left - 1
        self._report(best, excess, effective)
        last = best
        while n_left and len(last.drawn.rows):
            n_left -= 1
            self._draws.append(last)
            rows = self._weighted()
            last = self._measure(search(rows, not n_left), n_left > 0)
            log.info(
                f'the start on the sample and {len(rows.rows) - len(self._sample.rows):,} rows'
                f' drawn by their distance: inertia {last.inertia:.6g}, before {best.inertia:.6g}'
            )
            best = min(best, last, key=lambda one: one.inertia)  # in a tie, the first
        return best.centroids

    def _expect(self, centroids: np.ndarray) -> Tuple[float, float]:
        """Return the inertia that the sample lets expect, and how many of its rows carry it."""
        distances = distances_to_nearest(self._sample.rows, centroids, self._space)
        terms = distances * self._sample.multiplicities
        return rounded_sum(terms) / self._q, effective_rows(terms)

    def _measure(self, centroids: np.ndarray, draws: bool) -> Measured:
        iteration = Iteration(0, centroids, [0] * len(centroids))
        n_rows = max(1, self._sample.capacity // DRAWN_PER_SAMPLE)
        draw = Draw(self._seed, len(self._draws), n_rows) if draws else None
        [found] = self._passes([iteration], draw)
        drawn = DrawnRows.none(centroids.shape[1]) if found.drawn is None else found.drawn
        return Measured(centroids, inertia_of(iteration, found, self._passes.facts), drawn)

    def _weighted(self) -> WeightedRows:
        """Return the rows of the sample and of all draws, weighted by how they came here."""
        drawn = [one.drawn for one in self._draws]
        rows = np.concatenate([self._sample.rows, *(one.rows for one in drawn)])
        counts = np.concatenate([self._sample.multiplicities, *(one.counts for one in drawn)])
        first = np.sort(np.unique(rows.view(np.uint64), axis=0, return_index=True)[1])
        rows, counts = rows[first], counts[first]
        missed = np.full(len(rows), 1.0 - self._q)
        for one in self._draws:
            distances = distances_to_nearest(rows, one.centroids, self._space)
            missed = missed * (1.0 - chances(distances, one.drawn))
        bits = _TOTAL_BITS - self._passes.facts.n_samples.bit_length()
        scale = 2.0 ** max(0, min(_SCALE_BITS, bits))
        weights = np.rint(counts / (1.0 - missed) * scale)
        return WeightedRows(rows, np.maximum(1, weights).astype(np.int64))

    def _report(self, measured: Measured, excess: float, effective: float) -> None:
        """Say why a better start is looked for."""
        drawn = measured.drawn
        distances = distances_to_nearest(drawn.rows, measured.centroids, self._space)
        certain = distances >= drawn.threshold
        share = rounded_sum((distances * drawn.counts)[certain]) / measured.inertia
        if share >= MIN_SHARE:
            reason = (
                f'{counted(int(drawn.counts[certain].sum()), "row")} far from the centroids'
                f' hold {share:.0%} of the inertia'
            )
        elif excess > MIN_EXCESS:
            reason = f'the inertia is {excess:.0%} above that on the sample'
        else:
            reason = f'about {effective:.0f} rows of the sample hold most of the inertia on it'
        log.info(f'{reason}: looking for a better start')


def chances(distances: np.ndarray, drawn: DrawnRows) -> np.ndarray:
    """Return the probability of each row, at its distance, to be drawn."""
    if not drawn.threshold:
        return (distances > 0).astype(np.float64)
    return np.minimum(1.0, distances / drawn.threshold)


def effective_rows(terms: np.ndarray) -> float:
    """Return how many terms carry their sum: all if they are equal, one if the others are 0."""
    largest = float(terms.max())
    if not 0 < largest < math.inf:
        return float(len(terms))
    parts = terms / largest
    return rounded_sum(parts) ** 2 / rounded_sum(parts * parts)


def distances_to_nearest(
    rows: np.ndarray, centroids: np.ndarray, space: FeatureSpace
) -> np.ndarray:
    """Return the exact squared distance of each row, float64 of shape (m, d), to the nearest
    centroid.
    """
    if not len(rows):
        return np.zeros(0)
    integers = space.to_integers([from_floats(column) for column in rows.T])
    assigner = Assigner(centroids, space.grids, np.array(space.weights))
    labels, _ = assigner.assign(integers)
    return assigner.distances(integers, labels)
