"""Tests of starts in memory: exactly k centroids, a function of only sample, options and seed."""

import functools
import json
import os
import pickle
import subprocess
import sys
from fractions import Fraction
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.distances import definition_labels
from mr_kmeans.algorithm.starts.on_sample import (
    FINALISTS,
    SAMPLE_ROWS,
    Problem,
    _exact_products,
    _fill_empty,
    iterate,
    random_start,
    sample_capacity,
    sample_start,
    solve,
)
from mr_kmeans.errors import DataError
from mr_kmeans.exact.grid import BINARY, DECIMAL, Grid
from mr_kmeans.exact.hashing import HashSample, row_hashes


def sample_of(rows, capacity=1000, seed=0):
    rows = np.array(rows, dtype=np.float64)
    columns = [np.ascontiguousarray(column) for column in rows.T]
    sample = HashSample(capacity, rows.shape[1])
    sample.add(row_hashes(columns, seed, 1), columns)
    return sample


def decimal(d, exponent=0):
    return [Grid(DECIMAL, exponent)] * d


def blobs(k, n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.permutation(k * k)[:k, None] * 10.0 + np.zeros(d)
    return np.round(centers[np.arange(n) % k] + rng.uniform(-1, 1, (n, d)), 2), centers


def test_clusters_are_found_and_sorted():
    rows, centers = blobs(7)
    start = sample_start(sample_of(rows), decimal(3, 2), [1.0] * 3, 7)
    assert start.shape == (7, 3) and start.dtype == np.float64
    assert np.abs(start - np.sort(centers, axis=0)).max() < 0.5
    assert start.tolist() == sorted(start.tolist())


def test_worked_example():
    rows = [[x] for x in (2, 4, 10, 12, 3, 20, 30, 11, 25)]
    assert sample_start(sample_of(rows), decimal(1), [1.0], 2).tolist() == [[7.0], [25.0]]


def test_result_does_not_depend_on_order_of_rows_or_merging():
    rows, _ = blobs(5)
    rows = np.concatenate([rows, rows[:100]])
    expected = sample_start(
        sample_of(rows, 150), decimal(3, 2), [1.0, 2.0, 0.5], 5, seed=3, n_init=3
    )
    merged = sample_of(rows[::-3], 150)
    merged.merge(sample_of(rows[-2::-3], 150))
    merged.merge(sample_of(rows[-3::-3], 150))
    merged = HashSample.from_json(json.loads(json.dumps(merged.to_json())))
    got = sample_start(merged, decimal(3, 2), [1.0, 2.0, 0.5], 5, seed=3, n_init=3)
    assert got.tobytes() == expected.tobytes()


def test_restarts_can_run_in_parallel_and_in_any_order():
    rows, _ = blobs(9, d=2, seed=4)
    sample = sample_of(rows)
    expected = sample_start(sample, decimal(2, 2), [1.0, 1.0], 9)

    def backwards(function, items):
        return reversed([function(item) for item in reversed(list(items))])

    assert (
        sample_start(sample, decimal(2, 2), [1.0, 1.0], 9, run=backwards).tobytes()
        == expected.tobytes()
    )
    pickled = pickle.loads(
        pickle.dumps(functools.partial(solve, Problem.of(sample, decimal(2, 2), [1.0, 1.0], 9, 0)))
    )
    assert pickled(3).score == solve(Problem.of(sample, decimal(2, 2), [1.0, 1.0], 9, 0), 3).score
    with ThreadPool(2) as pool:
        assert (
            sample_start(sample, decimal(2, 2), [1.0, 1.0], 9, run=pool.map).tobytes()
            == expected.tobytes()
        )


def test_seeds_matter_and_more_restarts_are_never_worse():
    rng = np.random.default_rng(2)
    sample = sample_of(np.round(rng.random((300, 2)), 3))
    starts = {
        sample_start(sample, decimal(2, 3), [1.0, 1.0], 12, seed, 1).tobytes() for seed in range(4)
    }
    assert len(starts) == 4
    problem = Problem.of(sample, decimal(2, 3), [1.0, 1.0], 12, 0)
    scores = [solve(problem, restart).score for restart in range(10)]
    best = sample_start(sample, decimal(2, 3), [1.0, 1.0], 12)
    assert iterate(problem, best, 1).score <= min(scores) and FINALISTS < 10


# Lloyd on the sample


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
    sample = sample_of(rows)
    times = [1 + i * 7919 % most for i in range(len(rows))]
    sample.multiplicities[:] = times
    problem = Problem.of(sample, decimal(2), [1.0, 1e-9], 3, 0)
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
    one = Problem.of(sample_of(repeated), decimal(3, 2), [1.0] * 3, 4, 0)
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
    problem = Problem.of(sample_of(rows), decimal(1), [1.0], 4, 0)
    centroids = np.array([[0.0], [1000.0], [2000.0], [100.0]])
    assigner = Assigner(centroids, problem.grids, problem.weights)
    labels, _ = assigner.assign(problem.integers)
    assert set(labels.tolist()) == {0, 3}
    _fill_empty(problem, assigner, labels)
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
    problem = Problem.of(sample_of(rows), decimal(1), [1.0], 3, 0)
    solution = iterate(problem, np.array([[-500.0], [10.0], [10.0]]), 20)
    assert sorted(solution.centroids[:, 0].tolist()) == [0.0, 10.0, 11.0]


# Degenerate data


@pytest.mark.parametrize(
    'start',
    [
        lambda s, k: sample_start(s, decimal(1), [1.0], k),
        lambda s, k: random_start(s, decimal(1), k),
    ],
)
def test_too_few_distinct_rows_are_refused(start):
    sample = sample_of([[1.0], [2.0], [2.0], [3.0]] * 5)
    assert start(sample, 3).tolist() == [[1.0], [2.0], [3.0]]
    with pytest.raises(DataError) as error:
        start(sample, 8)
    assert str(error.value) == '-k 8: the data have only 3 distinct rows. Choose -k 3 or less.'


def test_rows_at_distance_zero_are_refused():
    sample = sample_of([[0.0, i] for i in range(6)] + [[1.0, 9]])
    assert sample_start(sample, decimal(2), [1.0, 0.0], 2)[:, 0].tolist() == [0.0, 1.0]
    with pytest.raises(
        DataError,
        match=(
            '^-k 3: of the 7 distinct rows looked at, no more than 2 can be told apart: .* Choose'
            ' -k 2 or less. Or multiply'
        ),
    ):
        sample_start(sample, decimal(2), [1.0, 0.0], 3)


def test_one_cluster_is_the_mean():
    assert sample_start(
        sample_of([[1.0, 5], [2.0, 5], [2.0, 5]]), decimal(2), [1.0, 0.0], 1
    ).tolist() == [[5 / 3, 5.0]]


def test_a_million_equal_rows_count_as_one():
    sample = HashSample(10, 1)
    for _ in range(10):
        column = np.full(100000, 7.0)
        sample.add(row_hashes([column], 0, 1), [column])
    assert sample_start(sample, decimal(1), [1.0], 1).tolist() == [[7.0]]
    with pytest.raises(DataError, match='only 1 distinct row. Choose -k 1.'):
        random_start(sample, decimal(1), 2)


def test_rows_made_equal_by_a_binary_grid_count_as_one():
    grids = [Grid(BINARY, 0)]
    sample = sample_of([[0.9], [1.1], [5.0], [5.25], [9.0]])
    problem = Problem.of(sample, grids, [1.0], 3, 0)
    assert sorted(problem.integers[0].tolist()) == [1, 5, 9] and sorted(
        problem.multiplicities.tolist()
    ) == [1, 2, 2]
    assert random_start(sample, grids, 3).tolist() == [[1.0], [5.0], [9.0]]
    with pytest.raises(DataError, match='only 3 distinct rows'):
        random_start(sample, grids, 4)


def test_values_of_very_different_scales():
    rows = [[1e-300, 1e100], [2.0, -1e100], [3e-5, 1e99], [7.0, 12345678.123456789]]
    grids = [Grid(BINARY, -50), Grid(BINARY, 280)]
    assert sample_start(sample_of(rows), grids, [1e200, 1.0], 4).shape == (4, 2)


# The random start


def test_random_start_takes_the_smallest_hashes():
    rows = np.arange(200.0).reshape(100, 2)
    for seed in (0, 1):
        columns = [np.ascontiguousarray(column) for column in rows.T]
        smallest = np.argsort(row_hashes(columns, seed, 1))[:7]
        assert random_start(sample_of(rows, seed=seed), decimal(2), 7).tolist() == sorted(
            rows[smallest].tolist()
        )


# The size of the sample


@pytest.mark.parametrize(
    'k, d, expected',
    [
        (1, 1, SAMPLE_ROWS),
        (20, 10, SAMPLE_ROWS),
        (1000, 10, 50000),
        (20, 1000, 4000),
        (1000, 10**6, 2000),
        (5, 0, SAMPLE_ROWS),
    ],
)
def test_sample_capacity_depends_on_k_and_features(k, d, expected):
    assert sample_capacity(k, d) == expected


def test_n_init_below_one_is_refused():
    with pytest.raises(ValueError):
        sample_start(sample_of([[1.0]]), decimal(1), [1.0], 1, n_init=0)


# The machine leaves no trace

PROGRAM = """
import sys, hashlib
sys.path.insert(0, sys.argv[1])
from test_on_sample import *
rng = np.random.default_rng(7)
sample = sample_of(np.round(rng.normal(size=(3000, 12)), 4), 3000)
start = sample_start(sample, decimal(12, 4), [1 / 3] * 12, 15, n_init=4)
print(hashlib.sha256(start.tobytes()).hexdigest())
"""


def test_result_does_not_depend_on_blas_kernels_and_threads():
    here = os.path.dirname(os.path.abspath(__file__))
    results = set()
    for extra in (
        {},
        {'OPENBLAS_CORETYPE': 'Prescott', 'OPENBLAS_NUM_THREADS': '1'},
        {'OPENBLAS_CORETYPE': 'Haswell', 'NPY_DISABLE_CPU_FEATURES': 'AVX2 FMA3'},
    ):
        tests = os.path.dirname(here)
        path = os.pathsep.join(
            [
                os.path.dirname(tests),
                os.path.join(tests, 'support'),
                os.environ.get('PYTHONPATH', ''),
            ]
        )
        environment = dict(os.environ, PYTHONPATH=path, **extra)
        results.add(
            subprocess.run(
                [sys.executable, '-c', PROGRAM, here],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
        )
    assert len(results) == 1 and len(results.pop()) == 65
