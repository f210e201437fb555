"""Tests of swapping centroids for rows."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.algorithm.starts.exchange import Nearest, _best_to_leave, exchange
from mr_kmeans.algorithm.starts.plusplus import SampleRows
from mr_kmeans.exact.hashing import Draws


def cost(points, multiplicities, centroids):
    """Return the exact sum of squared distances to the nearest centroid."""
    return sum(
        int(m)
        * min(
            sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(point, centroid))
            for centroid in centroids
        )
        for point, m in zip(points.tolist(), multiplicities.tolist())
    )


def rows_of(points, multiplicities=None):
    points = np.asarray(points, dtype=np.float64)
    multiplicities = (
        np.ones(len(points), np.int64)
        if multiplicities is None
        else np.asarray(multiplicities, np.int64)
    )
    return SampleRows(
        [points[:, j].copy() for j in range(points.shape[1])],
        multiplicities,
        np.ones(points.shape[1]),
    )


def test_superfluous_centroid_moves_to_an_uncovered_cluster():
    points = np.array([[0.0], [1.0], [2.0], [100.0], [101.0], [102.0]])
    found = exchange(rows_of(points), np.array([[0.5], [1.5]]), Draws(0, 0), 10)
    assert (
        cost(points, np.ones(6, np.int64), found.tolist()) <= 2 * 5
    )  # one centroid in each group: at most 5 a group
    assert (found < 50).sum() == 1


def test_useless_swaps_are_not_made():
    points = np.array([[0.0], [100.0], [200.0]])
    assert exchange(rows_of(points), points.copy(), Draws(0, 0), 10).tolist() == points.tolist()
    assert exchange(rows_of(points), np.array([[0.0]]), Draws(0, 0), 10).tolist() == [[0.0]]


def test_input_centroids_are_not_modified():
    points = np.array([[0.0], [1.0], [100.0]])
    given_centroids = np.array([[0.0], [1.0]])
    exchange(rows_of(points), given_centroids, Draws(0, 0), 10)
    assert given_centroids.tolist() == [[0.0], [1.0]]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_best_centroid_to_swap_agrees_with_brute_force(data):
    m, k = data.draw(st.integers(3, 12)), data.draw(st.integers(2, 4))
    coordinate = st.integers(-20, 20)
    points = np.array(
        data.draw(st.lists(st.tuples(coordinate, coordinate), min_size=m, max_size=m)),
        dtype=np.float64,
    )
    multiplicities = np.array(
        data.draw(st.lists(st.integers(1, 5), min_size=m, max_size=m)), dtype=np.int64
    )
    centroids = np.array(
        data.draw(st.lists(st.tuples(coordinate, coordinate), min_size=k, max_size=k)),
        dtype=np.float64,
    )
    drawn = points[data.draw(st.integers(0, m - 1))]
    distances = ((points[None] - centroids[:, None]) ** 2).sum(axis=2)
    nearest = Nearest.of(distances, multiplicities)
    leaving = _best_to_leave(nearest, ((points - drawn) ** 2).sum(axis=1), multiplicities)
    before = cost(points, multiplicities, centroids.tolist())
    after = []
    for c in range(k):
        changed = centroids.copy()
        changed[c] = drawn
        after.append(cost(points, multiplicities, changed.tolist()))
    if leaving is None:
        assert min(after) >= before
    else:
        assert after[leaving] == min(after) < before


@pytest.mark.parametrize('seed', range(3))
def test_cost_never_rises_and_is_reproducible(seed):
    rng = np.random.default_rng(seed)
    points = np.round(rng.normal(size=(200, 3)) + 8 * rng.integers(0, 4, size=(200, 1)), 3)
    multiplicities = rng.integers(1, 4, size=200)
    start = points[rng.choice(200, 5, replace=False)]
    found = [exchange(rows_of(points, multiplicities), start, Draws(seed, 1), 20) for _ in range(2)]
    assert found[0].tobytes() == found[1].tobytes()
    assert cost(points, multiplicities, found[0].tolist()) <= cost(
        points, multiplicities, start.tolist()
    )
