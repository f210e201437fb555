"""Tests that the definition in numpy agrees with plain Python floats to the last bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.algorithm.distances import definition_distances, definition_labels, distances_to

numbers = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-10, 10), st.floats(-(2.0**500), 2.0**500)
)
weights_ = st.one_of(st.sampled_from([0.0, 1.0, 1e-30, 1e30]), st.floats(0, 1e300))


def plain_distance(point, centroid, weights):
    acc = 0.0
    for x, c, w in zip(point, centroid, weights):
        t = x - c
        t = t * t
        t = w * t
        acc = acc + t
    return acc


def plain_label(point, centroids, weights):
    best, label = None, 0
    for c, centroid in enumerate(centroids):
        distance = plain_distance(point, centroid, weights)
        if not math.isnan(distance) and (best is None or distance < best):
            best, label = distance, c
    return label


@given(st.data(), st.integers(1, 4), st.integers(1, 5), st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_distances_agree_with_plain_python(data, d, k, n):
    rows = st.lists(numbers, min_size=d, max_size=d)
    points = data.draw(st.lists(rows, min_size=n, max_size=n))
    centroids = data.draw(st.lists(rows, min_size=k, max_size=k))
    weights = data.draw(st.lists(weights_, min_size=d, max_size=d))
    x = [np.array([point[j] for point in points], dtype=np.float64) for j in range(d)]
    arrays = np.array(centroids), np.array(weights)
    expected = [
        [plain_distance(point, centroid, weights) for point in points] for centroid in centroids
    ]
    np.testing.assert_array_equal(
        definition_distances(x, *arrays), np.array(expected).reshape(k, n)
    )
    labels = definition_labels(x, *arrays)
    assert labels.dtype == np.int32
    assert labels.tolist() == [plain_label(point, centroids, weights) for point in points]
    np.testing.assert_array_equal(
        distances_to(x, *arrays, labels), [expected[c][i] for i, c in enumerate(labels)]
    )


def test_ties_go_to_the_lowest_id_also_at_infinity():
    x = [np.array([1e200, 0.0])]
    assert definition_labels(x, np.array([[5.0], [-5.0], [5.0]]), np.array([1.0])).tolist() == [
        0,
        0,
    ]
    assert definition_labels(x, np.array([[3.0], [2.0], [-2.0]]), np.array([1e200])).tolist() == [
        0,
        1,
    ]


def test_numbers_are_preferred_to_nan_distances():
    x = [np.array([0.0, 1.0])]
    centroids = np.array([[np.nan], [4.0], [3.0]])
    assert definition_labels(x, centroids, np.array([1.0])).tolist() == [2, 2]
    assert definition_labels(x, centroids[:1], np.array([1.0])).tolist() == [0, 0]


@pytest.mark.parametrize('n', [0, 1, 4095, 4096, 4097, 10_000])
def test_result_does_not_depend_on_tiles(n):
    rng = np.random.default_rng(n)
    x = [rng.normal(size=n).round(1) for _ in range(3)]
    centroids, weights = rng.normal(size=(5, 3)).round(1), np.array([1.0, 0.5, 3.0])
    labels = definition_labels(x, centroids, weights)
    pieces = [
        definition_labels([column[i : i + 7] for column in x], centroids, weights)
        for i in range(0, n, 7)
    ]
    assert labels.tolist() == [label for piece in pieces for label in piece.tolist()]
    np.testing.assert_array_equal(
        labels, definition_distances(x, centroids, weights).argmin(axis=0)
    )
