"""Tests of the geometry of the screens: when there is one, and that it fulfills the assumptions of
screen.py.
"""

import math
from fractions import Fraction

import numpy as np
import pytest

from mr_kmeans.algorithm.geometry import Geometry
from mr_kmeans.exact.grid import Grid


def test_no_screen_if_the_bound_would_not_hold():
    grid = [Grid('binary', 0)]
    assert Geometry.of(np.array([[0.0], [np.inf]]), grid, [1.0]) is None
    assert Geometry.of(np.array([[0.0], [1.0]]), grid, [0.0]) is None
    assert Geometry.of(np.array([[0.0], [2.0**500]]), grid, [1e10]) is None
    assert Geometry.of(np.array([[0.0], [1.0]]), [Grid('binary', 600)], [1.0]) is None
    assert Geometry.of(np.array([[0.0], [5e-324]]), [Grid('binary', -1074)], [1.0]) is None
    assert Geometry.of(np.array([[0.0], [1.0]]), grid, [1.0]).ids.tolist() == [0, 1]


def test_coincident_centroids_are_screened_once_with_the_lowest_id():
    centroids = np.array([[2.0, 7.0], [1.0, 5.0], [2.0, 6.0], [1.0, 4.0], [0.0, -0.0], [-0.0, 0.0]])
    geometry = Geometry.of(centroids, [Grid('decimal', 0)] * 2, [1.0, 0.0])
    assert sorted(geometry.ids.tolist()) == [0, 1, 4] and geometry.features == [0]


@pytest.mark.parametrize(
    'grids',
    [
        [Grid('decimal', 2)] * 3,
        [Grid('binary', -80), Grid('decimal', 0), Grid('decimal', 15)],
        [Grid('binary', 200), Grid('binary', -1000), Grid('decimal', 4)],
    ],
)
@pytest.mark.parametrize('weights', [[1.0, 1.0, 1.0], [1e-30, 1.0, 1e30]])
def test_numbers_fulfill_the_screens_assumptions(grids, weights):
    rng = np.random.default_rng(0)
    integers = rng.integers(-(10**6), 10**6, (7, 3)) + [0, 10**9, 2**49]
    centroids = np.column_stack([grid.to_floats(integers[:, j]) for j, grid in enumerate(grids)])
    geometry = Geometry.of(centroids, grids, weights)
    assert (0.25 if len(set(grids)) == 1 else 0) < np.sqrt((geometry.b**2).sum(axis=1)).max() <= 1
    assert (np.diff((geometry.b**2).sum(axis=1)) >= 0).all()
    scale = Fraction(2) ** geometry.scale
    for j, (grid, weight) in enumerate(zip(grids, weights)):
        m, root = geometry.origin[j], Fraction(math.sqrt(weight))
        assert m == int(np.float32(m)) and abs(m) <= 2**53
        rho = scale * root * grid.step * Fraction(2) ** geometry.shifts[j]
        assert geometry.rho[j] == pytest.approx(float(rho), rel=1e-15)
        assert 2.0**-60 <= geometry.rho[j] <= 2.0**40 or abs(geometry.shifts[j]) == 120
        origin = scale * root * abs(m) * grid.step
        assert geometry.far[j] == (origin > 1)
        for row, c in zip(geometry.b, centroids[geometry.ids, j]):
            exact = scale * root * (Fraction(c) - m * grid.step)
            allowed = (
                Fraction(6, 2**53) * abs(exact) + Fraction(3, 2**106) * origin + Fraction(2) ** -170
            )
            assert abs(Fraction(row[j]) - exact) <= allowed
