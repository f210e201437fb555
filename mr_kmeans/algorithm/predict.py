"""The nearest centroid of any rows, whether of the run or new.

In new rows, a decimal feature is used as it was parsed, with any number of decimals; a binary one
is rounded to the step of the run.
"""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.distances import definition_labels, distances_to
from mr_kmeans.exact.column import RAW, Column
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import DECIMAL, Grid

MAX_ASSIGNERS = 8
"""Maximum number of assigners kept, since new rows may have other decimals in each block."""


class Predictor:
    """Prediction of labels and distances of points.

    Parameters
    ----------
    centroids : ndarray of shape (k, d), float64
    space : FeatureSpace
        The feature space of the run that found them.
    """

    def __init__(self, centroids: np.ndarray, space: FeatureSpace):
        self._centroids, self._space = centroids, space
        self._weights = np.array(space.weights, dtype=np.float64)
        self._assigners: Dict[Tuple[Grid, ...], Assigner] = {}

    def predict(self, columns: Sequence[Column]) -> Tuple[np.ndarray, np.ndarray, int]:
        """Return labels (n,), squared distances (n,) by the definition, and the number of rows
        decided by the definition.
        """
        grids = tuple(_grid_for(column, grid) for column, grid in zip(columns, self._space.grids))
        if None in grids:
            x = [grid.snap(column) for column, grid in zip(columns, self._space.grids)]
            labels = definition_labels(x, self._centroids, self._weights)
            return labels, distances_to(x, self._centroids, self._weights, labels), len(labels)
        if grids not in self._assigners:
            if len(self._assigners) >= MAX_ASSIGNERS:
                self._assigners.clear()
            self._assigners[grids] = Assigner(self._centroids, grids, self._weights)
        integers = [grid.to_integers(column) for grid, column in zip(grids, columns)]
        labels, n_slow = self._assigners[grids].assign(integers)
        return labels, self._assigners[grids].distances(integers, labels), n_slow


def _grid_for(column: Column, grid: Grid):
    """Return a grid that has exactly the column's values, or None."""
    if grid.kind == DECIMAL and column.decimals > grid.exponent:
        grid = Grid(DECIMAL, column.decimals)
    if (grid.kind == DECIMAL and column.decimals == RAW) or not grid.holds(column):
        return None
    return grid
