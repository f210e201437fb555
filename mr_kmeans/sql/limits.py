"""Products of float64 numbers that underflow or overflow, which PostgreSQL refuses."""

from __future__ import annotations

import math

import numpy as np

from mr_kmeans.algorithm.lloyd import RowFacts
from mr_kmeans.errors import DataError


def check_products(facts: RowFacts, centroids: np.ndarray) -> None:
    """Refuse rows whose squared distances PostgreSQL may refuse: it raises an error where a product
    overflows, and where one underflows to 0.

    Raises
    ------
    DataError
    """
    if _may_overflow(facts, centroids):
        found = 'may exceed the largest float64 (1.8e308)'
    elif _may_vanish(facts, centroids):
        found = 'may be below the smallest float64 (4.9e-324)'
    else:
        return
    raise DataError(
        f'squared distances {found}, which PostgreSQL refuses. Use --engine mapreduce, or DuckDB.'
    )


def _may_vanish(facts: RowFacts, centroids: np.ndarray) -> bool:
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


def _may_overflow(facts: RowFacts, centroids: np.ndarray) -> bool:
    """Tell whether squared distances may exceed the largest float64."""
    most = 0.0
    for j, (grid, weight, squares) in enumerate(
        zip(facts.space.grids, facts.space.weights, facts.total_squares)
    ):
        reach = math.isqrt(squares) * grid.step + int(np.abs(centroids[:, j]).max()) + 1
        most += float(min(weight * float(min(reach, 2**510)) ** 2, 1e308)) if weight else 0.0
    return not most < 2.0**1020
