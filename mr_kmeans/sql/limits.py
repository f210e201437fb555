"""Products of float64 numbers that underflow or overflow, which PostgreSQL refuses."""

from __future__ import annotations

import math

import numpy as np

from mr_kmeans.algorithm.lloyd import RowFacts
from mr_kmeans.errors import DataError


def _largest(condition) -> float:
    """Return the largest float64 >= 0 for which a condition, true up to some point, holds."""
    low, high = 0, int(np.float64(np.inf).view(np.uint64))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high)
            if condition(float(np.uint64(middle).view(np.float64)))
            else (low, middle)
        )
    return float(np.uint64(low).view(np.float64))


MAX_VANISHING_ROOT = _largest(lambda t: t * t == 0)
"""About 2**-537.5: its square is 0 in float64, that of the next number is not."""


def largest_vanishing(weight: float) -> float:
    """Return the largest s for which weight * s is 0 in float64; 0 for a weight of 0, which makes
    no error.
    """
    return _largest(lambda s: weight * s == 0) if weight else 0.0


def may_vanish(facts: RowFacts, centroids: np.ndarray) -> bool:
    """Tell whether a difference that is not 0 may have a weighted square that is.

    A difference is a multiple of the last bit of the smaller of its terms: it is 0 or at least
    2**-53 of the step of the grid or of the smallest coordinate that is not 0.
    """
    for j, (grid, weight) in enumerate(zip(facts.space.grids, facts.space.weights)):
        sizes = np.abs(centroids[:, j])
        # a step below the smallest float64 has the exponent of that one
        finest = (
            min(
                [math.frexp(float(grid.step) or 5e-324)[1]]
                + [math.frexp(size)[1] for size in sizes[sizes > 0].tolist()]
            )
            - 54
        )
        if weight and min(2 * finest, 2 * finest + math.frexp(weight)[1] - 1) < -1070:
            return True
    return False


def check_overflow(facts: RowFacts, centroids: np.ndarray) -> None:
    """Raise DataError where squared distances may exceed the largest float64, which PostgreSQL
    refuses.
    """
    most = 0.0
    for j, (grid, weight, squares) in enumerate(
        zip(facts.space.grids, facts.space.weights, facts.total_squares)
    ):
        reach = math.isqrt(squares) * grid.step + int(np.abs(centroids[:, j]).max()) + 1
        most += float(min(weight * float(min(reach, 2**510)) ** 2, 1e308)) if weight else 0.0
    if not most < 2.0**1020:
        raise DataError(
            'squared distances may exceed the largest float64 (1.8e308), which PostgreSQL refuses. '
            'Use --engine mapreduce, or DuckDB.'
        )
