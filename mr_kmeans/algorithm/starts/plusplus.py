"""Further centroids by greedy k-means++ on rows in memory, the same on every machine.

Each next centroid is a row, drawn with a probability proportional to its squared distance to the
nearest centroid so far, times its multiplicity (Arthur, Vassilvitskii: k-means++, SODA 2007).
Greedy means that of several drawn rows, the one that lowers the sum of these products (the
potential) most is chosen. Distances are those of the definition (distances.py). Chances and
potentials are integers, the distances times a power of two, rounded down, so that all sums and
comparisons are exact. Most rows are farther from a new centroid than from their nearest one; a
matrix product with a rigorous bound finds these without the definition:

With y = r(x - m), b = r(c - m) in float64, r the rounded roots of the weights, m arbitrary, N = |y|
+ |b|, u = 2**-53: rounding y and b changes |y - b|**2 by at most 4.4uN**2, rounding r by 2.3uN**2,
the matrix product and the sum |y|**2 + |b|**2 - 2y.b in any order, with or without FMA, by (d +
3)uN**2; the definition itself errs by (d + 5)uN**2. Comparing with a distance of at most 2N**2 errs
by 12uN**2 more; a row whose nearest centroid is farther than that is kept anyway. Factors that
underflow where N > 2**-1021 add 2duN**2. As N**2 <= 2(|y|**2 + |b|**2), all this is less than 8(d +
12)u(|y|**2 + |b|**2); any other underflow is less than 8(d + 1)(1 + max w)2**-1074. If squares
overflow, no row is left out.
"""

from __future__ import annotations

import math
from typing import Callable, List, NamedTuple, Sequence

import numpy as np

from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.exact.hashing import Draws

_POTENTIAL_BITS = 62
"""Number of bits of a potential, so that sums of at most total multiplicity times the largest
scaled distance fit int64.
"""

_DISTANCE_BITS = 52
"""Maximum number of bits of a scaled distance: a float64 has no more."""

_MAX_FACTOR = 1000
"""Maximum exponent of the power of two to multiply by at once; distances may be as small as
2**-1074.
"""

_MAX_NORM = 2.0**1000
"""Maximum square of a vector; larger ones may overflow when added and doubled."""


def n_trials(k: int) -> int:
    """Return the number of rows a greedy step draws: about 2 + ln k, as an integer, which is Arthur
    and Vassilvitskii's own choice.
    """
    return 2 + k.bit_length() * 7 // 10


def chance_bits(multiplicities: np.ndarray) -> int:
    """Return the number of bits that a scaled distance may have so that sums over all rows are
    exact.
    """
    return min(_DISTANCE_BITS, _POTENTIAL_BITS - int(multiplicities.sum()).bit_length())


class SampleRows:
    """The rows from which centroids are chosen.

    Parameters
    ----------
    x : list of d float64 ndarrays of shape (m,)
    multiplicities : ndarray of shape (m,), int64
        How often each row occurs, >= 1.
    weights : ndarray of shape (d,), float64
    """

    def __init__(self, x: Sequence[np.ndarray], multiplicities: np.ndarray, weights: np.ndarray):
        self.x = list(x)
        self.multiplicities = multiplicities
        self.weights = np.asarray(weights, dtype=np.float64)
        self._screen = _Screen.of(self.x, self.weights)

    def choose_more(self, nearest: np.ndarray, count: int, k: int, draws: Draws) -> List[int]:
        """Choose rows that are far from the centroids found so far.

        Parameters
        ----------
        nearest : ndarray of shape (m,), float64
            The distance of each row to its nearest centroid.
        count : int
            The number of rows to choose.
        k : int
            The number of clusters of the problem.
        draws : Draws

        Returns
        -------
        list of int
            Row numbers; fewer than `count` if all other rows are at distance 0.
        """
        nearest = nearest.copy()
        chosen: List[int] = []
        while len(chosen) < count and nearest.any():
            chosen.append(self._choose_one(nearest, n_trials(k), draws))
        return chosen

    def _choose_one(self, nearest: np.ndarray, n_drawn: int, draws: Draws) -> int:
        """Return the best of some drawn rows, and lower `nearest` to the distances to it."""
        to_integers = scaled_to(chance_bits(self.multiplicities), float(nearest.max()))
        scaled = to_integers(nearest)
        trials = draw_rows(scaled * self.multiplicities, n_drawn, draws)
        best_gain = 0
        for trial, rows in zip(trials, self._screen.nearer(trials, nearest)):
            distances = self._distances(rows, trial)
            nearer = distances < nearest[rows]
            rows, distances = rows[nearer], distances[nearer]
            gain = int(np.dot(scaled[rows] - to_integers(distances), self.multiplicities[rows]))
            if gain > best_gain:  # in a tie, the first; a drawn row gains at least itself
                best_gain, best = gain, (trial, rows, distances)
        trial, rows, distances = best
        nearest[rows] = distances
        return trial

    def _distances(self, rows, trial: int) -> np.ndarray:
        centroid = np.array([[column[trial] for column in self.x]])
        return definition_distances([column[rows] for column in self.x], centroid, self.weights)[0]


class _Screen(NamedTuple):
    """The matrix product of the module's docstring."""

    y: np.ndarray  # (d, m)
    norms: np.ndarray  # (m,), |y|**2
    relative: float
    absolute: float
    usable: bool

    @classmethod
    def of(cls, x: List[np.ndarray], weights: np.ndarray) -> _Screen:
        d = len(x)
        with np.errstate(all='ignore'):
            y = np.array(
                [(column - column.mean()) * root for column, root in zip(x, np.sqrt(weights))]
            )
            norms = np.einsum('ij,ij->j', y, y)
            absolute = 8 * (d + 1) * (1 + float(weights.max())) * 2.0**-1074
            return cls(
                y, norms, math.ldexp(8 * (d + 12), -53), absolute, bool(norms.max() < _MAX_NORM)
            )

    def nearer(self, trials: List[int], nearest: np.ndarray) -> List[np.ndarray]:
        """Return for each trial the numbers of all rows that may be nearer to it than `nearest`,
        and few others.
        """
        if not self.usable:
            return [np.arange(len(nearest))] * len(trials)
        products = (2.0 * self.y[:, trials].T) @ self.y
        rest = self.norms * (1.0 - self.relative) - nearest
        offsets = self.norms[trials] * (1.0 - self.relative) - self.absolute
        return [
            np.flatnonzero(product >= rest + offset) for product, offset in zip(products, offsets)
        ]


def draw_rows(chances: np.ndarray, count: int, draws: Draws) -> List[int]:
    """Draw row numbers with probabilities proportional to the given integers."""
    borders = np.cumsum(chances)
    return [
        int(np.searchsorted(borders, draws.below(int(borders[-1])), side='right'))
        for _ in range(count)
    ]


def scaled_to(bits: int, largest: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from distances of at most `largest` to integers below 2**bits."""
    if math.isinf(largest):  # absurd weights only: infinitely distant rows are equally likely
        return lambda distances: np.isinf(distances).astype(np.int64)
    exponent = bits - math.frexp(largest)[1]
    first = math.ldexp(1.0, min(exponent, _MAX_FACTOR))
    second = math.ldexp(1.0, max(exponent - _MAX_FACTOR, 0))
    return lambda distances: (distances * first * second).astype(np.int64)
