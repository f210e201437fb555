"""Tests of merging centroids pairwise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.algorithm.starts.crossover import merged


def plain_merge(centroids, counts, k, weights):
    """Merge with Python's floats: of all pairs, the cheapest; of equal ones, the first."""
    alive = [(list(centroid), float(count)) for centroid, count in zip(centroids, counts)]
    while len(alive) > k:
        cheapest = None
        for i, (a, n) in enumerate(alive):
            for j, (b, m) in enumerate(alive[:i]):
                squares = 0.0
                for p, q, w in zip(a, b, weights):
                    squares = squares + w * ((p - q) * (p - q))
                cost = squares * (n * m / (n + m))
                if cheapest is None or (cost, j, i) < cheapest:
                    cheapest = cost, j, i
        _, j, i = cheapest
        (a, n), (b, m) = alive[j], alive.pop(i)
        alive[j] = [(n * p + m * q) / (n + m) for p, q in zip(a, b)], n + m
    return [centroid for centroid, _ in alive]


coordinate = st.one_of(st.integers(-9, 9).map(float), st.floats(-1e6, 1e6))


@settings(max_examples=150)
@given(
    st.integers(1, 3).flatmap(
        lambda d: st.lists(
            st.tuples(st.tuples(*[coordinate] * d), st.integers(1, 1000)), min_size=2, max_size=14
        )
    ),
    st.data(),
)
def test_the_cheapest_pair_is_merged_each_time(weighted, data):
    centroids, counts = map(list, zip(*weighted))
    k = data.draw(st.integers(1, len(counts)))
    weights = [1.0, 0.25, 3.0][: len(centroids[0])]
    found = merged(np.array(centroids), np.array(counts), k, np.array(weights))
    assert found.tolist() == plain_merge(centroids, counts, k, weights)


def test_a_few_rows_move_a_centroid_of_many_little():
    found = merged(np.array([[0.0], [1.0], [9.0]]), np.array([999, 1, 5]), 2, np.ones(1))
    assert found.tolist() == [[0.001], [9.0]]


def test_weights_decide_what_is_near():
    centroids, counts = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 1.0]]), np.ones(3)
    assert merged(centroids, counts, 2, np.ones(2)).tolist() == [[0.0, 0.5], [5.0, 0.0]]
    assert merged(centroids, counts, 2, np.array([0.01, 1])).tolist() == [[2.5, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize('weight', [1.7e308, 5e-324, 0.0])
def test_costs_beyond_the_range_of_floats_are_still_merged(weight):
    centroids = np.array([[-1e150], [1e150], [0.0], [2e-300]])
    found = merged(centroids, np.array([1, 2, 3, 2**50]), 2, np.array([weight]))
    assert found.shape == (2, 1) and np.isfinite(found).all()


def test_input_is_not_modified():
    centroids, counts = np.array([[0.0], [1.0]]), np.array([1, 2])
    merged(centroids, counts, 1, np.ones(1))
    assert centroids.tolist() == [[0.0], [1.0]] and counts.tolist() == [1, 2]
