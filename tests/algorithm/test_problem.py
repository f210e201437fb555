"""Tests of Lloyd's iterations on rows in memory: exact, and no cluster is left empty."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import blobs, decimal, problem_of, sample_of, with_multiplicities

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.distances import definition_labels
from mr_kmeans.algorithm.starts.problem import _exact_products, _fill_empty, iterate


def plain_lloyd(rows, times, centroids, weights, max_iter):
    """Weighted Lloyd with fractions; rows on a grid of whole numbers."""
    for n_iter in range(1, max_iter + 1):
        labels = definition_labels(
            [np.array(column, dtype=float) for column in zip(*rows)], centroids, weights
        )
        means = []
        for c in range(len(centroids)):
            members = [(row, t) for row, t, label in zip(rows, times, labels) if label == c]
            count = sum(t for _, t in members)
            means.append(
                [
                    float(Fraction(sum(int(row[j]) * t for row, t in members), count))
                    for j in range(len(rows[0]))
                ]
            )
        inertia = sum(
            t * Fraction(w) * (Fraction(v) - Fraction(c)) ** 2
            for row, t, label in zip(rows, times, labels)
            for v, c, w in zip(row, means[label], weights.tolist())
        )
        if means == centroids.tolist():
            return centroids, inertia, n_iter, True
        centroids = np.array(means)
    return centroids, inertia, max_iter, False


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(-(2**40), 2**40)),
        min_size=4,
        max_size=40,
        unique=True,
    ),
    st.sampled_from([1, 10**3, 2**45]),
)
def test_weighted_lloyd_is_exact(points, most):
    rows = np.array(points, dtype=np.float64)
    times = [1 + i * 7919 % most for i in range(len(rows))]
    sample = with_multiplicities(sample_of(rows), times)
    problem = problem_of(sample, decimal(2), [1.0, 1e-9], 3, 0)
    first = np.array(sample.rows[:3])
    for max_iter in (1, 2, 50):
        got = iterate(problem, first, max_iter)
        expected, inertia, n_iter, converged = plain_lloyd(
            sample.rows.tolist(), times, first, problem.weights, max_iter
        )
        assert got.centroids.tobytes() == expected.tobytes() and (got.n_iter, got.converged) == (
            n_iter,
            converged,
        )
        squares = sum(
            t * Fraction(w) * Fraction(v) ** 2
            for row, t in zip(sample.rows.tolist(), times)
            for v, w in zip(row, problem.weights.tolist())
        )
        assert got.score == inertia - squares


def test_multiplicity_equals_repetition():
    rows, _ = blobs(4, n=60)
    repeated = np.concatenate([rows[:20]] * 3 + [rows])
    one = problem_of(sample_of(repeated), decimal(3, 2), [1.0] * 3, 4, 0)
    assert sorted(set(one.multiplicities.tolist())) == [1, 4]
    start = rows[:4]
    labels = definition_labels([np.ascontiguousarray(c) for c in repeated.T], start, np.ones(3))
    means = [
        [
            float(
                Fraction(
                    sum(round(v * 100) for v in repeated[labels == c, j].tolist()),
                    100 * int((labels == c).sum()),
                )
            )
            for j in range(3)
        ]
        for c in range(4)
    ]
    assert iterate(one, start, 1).centroids.tolist() == means


@given(
    st.lists(
        st.tuples(st.integers(-(2**53), 2**53), st.integers(1, 2**50)), min_size=1, max_size=30
    )
)
def test_products_are_split_without_loss(pairs):
    integers, times = (np.array(values, dtype=np.int64) for values in zip(*pairs))
    parts = _exact_products(integers, times)
    limit = 2 ** (53 - len(pairs).bit_length())
    for i, (value, time) in enumerate(pairs):
        assert sum(int(part[i]) << shift for shift, part in parts) == value * time
    assert all(np.abs(part).max() <= limit for _, part in parts)


def test_small_products_are_one_part():
    parts = _exact_products(np.array([-(2**31), 2**31 - 1, 5], dtype=np.int64), np.array([1, 2, 3]))
    assert [(shift, part.tolist()) for shift, part in parts] == [
        (0, [-(2.0**31), 2.0**32 - 2, 15.0])
    ]


def test_empty_clusters_get_the_farthest_rows():
    rows = [[float(x)] for x in (0, 1, 2, 50, 99, 100)]
    problem = problem_of(sample_of(rows), decimal(1), [1.0], 4, 0)
    centroids = np.array([[0.0], [1000.0], [2000.0], [100.0]])
    assigner = Assigner(centroids, problem.grids, problem.weights)
    labels, _ = assigner.assign(problem.integers)
    assert set(labels.tolist()) == {0, 3}
    _fill_empty(problem, assigner, labels, 4)
    by_value = dict(zip(problem.integers[0].tolist(), labels.tolist()))
    assert (
        by_value[50] == 1
        and sorted(labels.tolist())[1:] != labels.tolist()
        and set(labels.tolist()) == {0, 1, 2, 3}
    )
    solution = iterate(problem, centroids, 50)
    assert solution.converged and len(np.unique(solution.centroids)) == 4


def test_filling_never_empties_another_cluster():
    rows = [[0.0], [10.0], [11.0]]
    problem = problem_of(sample_of(rows), decimal(1), [1.0], 3, 0)
    solution = iterate(problem, np.array([[-500.0], [10.0], [10.0]]), 20)
    assert sorted(solution.centroids[:, 0].tolist()) == [0.0, 10.0, 11.0]


def test_inertia_is_of_the_nearest_centroids():
    problem = problem_of(sample_of([[0.0], [1.0], [1.0], [10.0]]), decimal(1), [2.0], 1)
    assert problem.inertia(np.array([[0.0], [10.0]])) == 4.0
    assert problem.inertia(np.array([[2.0]])) == 2.0 * (4 + 1 + 1 + 64)


def test_absurd_weights_give_an_infinite_inertia():
    problem = problem_of(sample_of([[-9e9], [9e9]]), decimal(1), [1.7e308], 1)
    assert problem.inertia(np.array([[0.0]])) == np.inf
