"""The feature space of a run: its features with their grids and weights."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from mr_kmeans.exact.column import RAW, Column
from mr_kmeans.exact.grid import Grid
from mr_kmeans.json_fields import Field


class FeatureSpace(NamedTuple):
    """The mapping from columns to grid integers and from these to distances, the same for all tasks
    of a run.

    Attributes
    ----------
    features : list of d str
    grids : list of d Grid
    weights : list of d float
        The weights of the squared differences, >= 0.
    """

    features: List[str]
    grids: List[Grid]
    weights: List[float]

    def to_integers(self, columns: Sequence[Column]) -> List[np.ndarray]:
        """Return the grid integers of d columns, d arrays of shape (n,)."""
        return [grid.to_integers(column) for grid, column in zip(self.grids, columns)]

    def to_floats(self, integers: Sequence[np.ndarray]) -> List[np.ndarray]:
        """Return the gridded values, d float64 arrays of shape (n,)."""
        return [grid.to_floats(column) for grid, column in zip(self.grids, integers)]

    def to_columns(self, integers: Sequence[np.ndarray]) -> List[Column]:
        """Return the gridded values as d columns."""
        return [Column(x, RAW) for x in self.to_floats(integers)]

    def to_json(self) -> Dict:
        """Return the space as plain JSON types, without loss."""
        return {
            'features': list(self.features),
            'grids': [grid.to_json() for grid in self.grids],
            'weights': [float(weight) for weight in self.weights],
        }

    @classmethod
    def from_json(cls, plain: Dict, name: str = 'space', grids: str = 'grids') -> FeatureSpace:
        """Return the space that `to_json` wrote.

        Parameters
        ----------
        plain : dict
        name : str
            The name of the field that holds it; empty for a whole object.
        grids : str
            The name of the field of the grids.

        Raises
        ------
        FieldError
        """
        field = Field(plain, name)
        features = field.get('features').names()
        d = len(features)
        found = [
            Grid.from_json(grid.value, grid.name) for grid in field.get(grids).items(d, 'grids')
        ]
        return cls(features, found, field.get('weights').numbers(d, 0.0))
